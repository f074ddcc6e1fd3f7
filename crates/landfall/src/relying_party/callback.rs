//! The callback's endpoint: by GET, or by POST where the provider posts its answer.
//!
//! Here the request is taken apart into a [`CallbackRequest`], and a failure is put together into an answer.
//! Whether the answer is good is decided in [`flow::callback`](crate::flow::callback), for this endpoint and for
//! the exchange of single-page applications alike.
//!
//! What a callback needs of its request is copied out before the work begins, since the request is gone by the
//! time the provider answers: the query, our cookies unopened, the session that this browser had, the name of the
//! browser for the list of sessions, and the address it came under where that is not the base URL's.

use std::sync::Arc;

use super::FrontDoor;
use super::decision::{Decision, Step};
use super::dispatch::malformed;
use crate::context::events::{EventKind, Told, WayIn};
use crate::context::incoming::Incoming;
use crate::error::{Error, ErrorCode};
use crate::flow::callback::request::CallbackRequest;
use crate::flow::callback::{self, posted};
use crate::guard::request_kind::RequestKind;
use crate::runtime::GoingOn;
use crate::runtime::under_way::Work;
use crate::session;
use crate::web::form::{self, is_form};
use crate::web::pages::{self, runtime_gone};
use crate::web::reply::Reply;

/// What stands behind an answer that was led here once more; no parameter of a provider's.
const ONCE_MORE: &str = "&once-more";

impl FrontDoor {
    /// Answers the redirect URI (RFC 6749 §4.1.2).
    ///
    /// A prefetch is refused: it would use the code up, and its answer may never be shown. The work is begun at
    /// once. From when the code is about to be sent it goes on when the browser hangs up, so that none is lost half-way.
    pub(super) fn callback(&self, incoming: Incoming<'_>) -> Step {
        let (context, site, kind) = (&self.context, incoming.site, incoming.kind);
        let client = match context.client_for_login() {
            Ok(client) => client,
            Err(error) => return self.refused(&incoming, error),
        };
        let form_post = client.settings.form_post;
        match incoming.method {
            "GET" if incoming.signs.prefetch => {
                return self.refused(&incoming, malformed("a prefetch of the callback"));
            }
            "GET" => {}
            "POST" if form_post => return self.posted_callback(&incoming),
            _ => return self.method_not_allowed(&incoming, if form_post { "GET, POST" } else { "GET" }),
        }
        if let Some(again) = self.once_more(&incoming) {
            return Step::reply(pages::lead_on(&again));
        }
        let Some(place) = context.runtime.admit(Work::SignIn) else {
            return self.refused(&incoming, Error::new(ErrorCode::ShuttingDown));
        };
        let mut request = CallbackRequest {
            site: Arc::clone(site),
            going_on: GoingOn::default(),
            query: incoming.query().to_owned(),
            redirect_uris: vec![client.redirect_uri(&site.base)],
            requested_address: context.mismatch(&incoming).map(|mismatch| mismatch.requested),
            found: context.sessions.find(&site.session_seal, &incoming.cookies, context.clock.now()),
            label: incoming.view.header("user-agent").and_then(session::label),
            origin: context.request_origin(incoming.view),
            sent: incoming.cookies.attempts,
        };
        let this = self.clone();
        let work = move |going_on: GoingOn| async move {
            request.going_on = going_on;
            Decision::Reply(this.finish(&request, kind).await)
        };
        Step::Wait(context.runtime.run_until_left(place, work, || Decision::Reply(runtime_gone())))
    }

    /// Where the session's cookie is `Strict`, a callback that another site led here comes without the cookie of the session
    /// that it replaces, and would land on a page that does not get the new one. So it is led here once more: the answer
    /// is the same, with a mark behind it, and nothing is read of it before.
    fn once_more(&self, incoming: &Incoming<'_>) -> Option<String> {
        let (query, sessions) = (incoming.query(), incoming.cookies.sessions);
        let is_led = self.context.settings.strict_cookie && incoming.kind == RequestKind::Navigation;
        let is_known = sessions.iter().any(Option::is_some) || query.ends_with(ONCE_MORE);
        let path = incoming.site.outside(incoming.path);
        (is_led && !is_known && query.is_ascii()).then(|| format!("{path}?{query}{ONCE_MORE}"))
    }

    /// Finishes a sign-in, and tells what kept it from succeeding: to the application as an event, to the person
    /// as a page or at the application's own, under one reference. The cookies of an attempt that is over are taken away with the same
    /// answer.
    pub(super) async fn finish(&self, request: &CallbackRequest, kind: RequestKind) -> Reply {
        let context = &self.context;
        match callback::finish(context, request).await {
            Ok(reply) => reply,
            Err(failure) => {
                let (return_to, redirect_uri) = (Some(&failure.return_to), failure.redirect_uri.as_deref());
                let reference = context.reference();
                let code = failure.refused.error.code();
                let told = Told {
                    subject: failure.subject.as_ref(),
                    provider: failure.provider.as_ref(),
                    origin: Some(&request.origin),
                    reference: Some(&reference),
                    ..Told::new(EventKind::SignInFailed(code), WayIn::Provider)
                };
                context.events.tell_of(&told, context.clock.now());
                let refused = &failure.refused;
                let mut reply =
                    context.refuse_sign_in(&reference, refused, kind, &request.site, return_to, redirect_uri);
                for cookie in &failure.set_cookies {
                    pages::add_cookie(&mut reply, cookie);
                }
                reply
            }
        }
    }

    /// Takes an answer by POST (OAuth 2.0 Form Post Response Mode). The POST is cross-site and brings none of our
    /// cookies, so nothing is decided by it: it is sealed and sent on to the GET, see [`posted`].
    ///
    /// A query beside the form is refused: of two places that may hold `state` and `code` neither is the right
    /// one.
    fn posted_callback(&self, incoming: &Incoming<'_>) -> Step {
        if !is_form(incoming.view) {
            return self.refused(incoming, Error::new(ErrorCode::UnsupportedMediaType));
        }
        if !incoming.query().is_empty() {
            return self.refused(incoming, malformed("a query beside the form"));
        }
        let (this, site, kind) = (self.clone(), Arc::clone(incoming.site), incoming.kind);
        Step::needs_body(self.context.needs_body(posted::MAX_BODY, move |body| {
            let context = &this.context;
            let reply = form::text(body).and_then(|body| posted::bounce(context, &site, &body));
            let reply = reply.unwrap_or_else(|error| context.refuse(error, kind, &site, None));
            Box::pin(std::future::ready(reply))
        }))
    }
}
