//! A tenant's webhook as a back channel of its own: events about users end their sessions.

use std::time::Duration;

use crate::context::events::{EndReason, EventKind};
use crate::error::Error;
use crate::protocol::webhook::{self, Delivery, Whose};
use crate::relying_party::Inner;
use crate::session::Selection;
use crate::web::pages;
use crate::web::reply::Reply;

/// The most that a delivery may hold.
pub(crate) const MAX_BODY: usize = 256 * 1024;
/// Sign-ins are told in whole seconds.
const SECOND: Duration = Duration::from_secs(1);

/// Does what a delivery says. Delivered again, or later than it should, it ends nothing that is newer than the event.
pub(crate) async fn receive(inner: &Inner, delivery: &Delivery) -> Result<Reply, Error> {
    let settings = &inner.settings;
    let now = inner.clock.now();
    let Some(ending) = webhook::read(delivery, &settings.webhook_secrets, now, settings.leeway)? else {
        tracing::debug!("a webhook about something else");
        return Ok(pages::done());
    };
    let before = Selection::all().created_before(ending.at.plus(SECOND));
    let (subject, ended) = match &ending.whose {
        Whose::Session(sid) => {
            inner.endings.of_session(None, sid, ending.at, now);
            (None, inner.sessions.end_sid(sid, before).await?)
        }
        Whose::User(user) => {
            inner.endings.of_subject(user, ending.at, now);
            (Some(user.as_str()), inner.sessions.end_subject(user, before).await?)
        }
    };
    for key in &ended {
        inner.events.tell(EventKind::Ended(EndReason::Webhook), subject, Some(*key));
    }
    tracing::info!(sessions = ended.len(), "the tenant ended sessions by a webhook");
    Ok(pages::done())
}
