//! A tenant's webhook as a back channel of its own: events about users end their sessions.
//!
//! An IntelliAuth tenant signs what it delivers with a secret that both sides know. What a delivery says is read
//! by [`protocol::webhook`](crate::protocol::webhook): signature, time and event. Here it is done, as a logout
//! token's deed is: remembered for sign-ins under way, then the sessions end that began before the event.
//!
//! Deliveries come again and out of order. None is remembered, since a session that is newer than its event is
//! not touched.

use std::sync::Arc;
use std::time::Duration;

use crate::context::Context;
use crate::context::events::{EndReason, EventKind};
use crate::error::Error;
use crate::protocol::webhook::{self, Delivery, LogoutTarget};
use crate::session::{Selection, SubjectId};
use crate::web::pages;
use crate::web::reply::Reply;

/// The most that a delivery may hold.
pub(crate) const MAX_BODY: usize = 256 * 1024;
/// Sign-ins are told in whole seconds, so a session of the event's own second ends with it.
const SECOND: Duration = Duration::from_secs(1);

/// Does what a delivery says. Delivered again, or later than it should, it ends nothing that is newer than the
/// event. An event about something else is answered 200, so that the tenant does not send it again.
///
/// # Errors
/// [`ErrorCode::WebhookUnsigned`](crate::ErrorCode::WebhookUnsigned),
/// [`ErrorCode::WebhookRejected`](crate::ErrorCode::WebhookRejected), and the store's.
pub(crate) async fn receive(context: &Context, delivery: &Delivery) -> Result<Reply, Error> {
    let (settings, now) = (&context.settings, context.clock.now());
    let issuer = &context.client_for_provider_logout()?.issuer;
    let Some(event) = webhook::read(delivery, &settings.webhook_secrets, now, settings.timeouts.leeway)?
    else {
        tracing::debug!("a webhook about something else");
        return Ok(pages::done());
    };
    let before = Selection::all().created_before(event.at.plus(SECOND));
    let (subject, ended) = match &event.target {
        LogoutTarget::Session(sid) => {
            context.provider_logouts.of_session(issuer, None, sid, event.at, now);
            (None, context.sessions.end_sid(issuer, sid, before, EndReason::Webhook).await?)
        }
        LogoutTarget::User(user) => {
            context.provider_logouts.of_subject(issuer, user, event.at, now);
            let subject = SubjectId::new(Arc::clone(issuer), user.as_str());
            let ended = context.sessions.end_subject(&subject, before, EndReason::Webhook).await?;
            (Some(subject), ended)
        }
    };
    for key in &ended {
        context.events.tell(EventKind::Ended(EndReason::Webhook), subject.as_ref(), Some(*key));
    }
    tracing::info!(sessions = ended.len(), "the tenant ended sessions by a webhook");
    Ok(pages::done())
}
