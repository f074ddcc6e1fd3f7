//! The logout's endpoint: a GET asks, a POST from this site signs out.
//!
//! The request is checked and read here; what is ended, and in which order, is in
//! [`flow::logout`](crate::flow::logout). The provider's own sign-outs come by other endpoints:
//! [`provider_logout`](super::provider_logout).

use std::sync::Arc;

use super::FrontDoor;
use super::decision::{Decision, Step};
use crate::address::return_to::ReturnTo;
use crate::context::incoming::Incoming;
use crate::context::landing::return_to_in;
use crate::flow::logout::{self, Farewell, LogoutRequest};
use crate::flow::sign_out_link;
use crate::guard::request_kind::RequestKind;
use crate::runtime::under_way::Work;
use crate::session::CookieSession;
use crate::web::form::{self, is_form};
use crate::web::pages::{self, runtime_gone};

/// The most that a sign-out's form may hold, in bytes.
const MAX_BODY: usize = 8 * 1024;

impl FrontDoor {
    /// Answers the logout address.
    ///
    /// 1. A GET, or a HEAD, is answered by a page with a button. It ends nothing: a link of another site could be a GET.
    ///    A [link for this very session](sign_out_link) that its person opened here signs out.
    /// 2. A POST must come from this site. A header of the application's own is not asked for, so a plain form
    ///    will do.
    /// 3. The destination is taken from the query, else from the form. A page beside the base URL lands on its
    ///    own origin.
    /// 4. The sign-out runs to its end, also when the browser hangs up.
    ///
    /// htmx is told to open the page it ends at, since that may be the provider's.
    pub(super) fn logout(&self, incoming: Incoming<'_>) -> Step {
        let (context, kind) = (&self.context, incoming.kind);
        let from_query = return_to_in(incoming.query());
        match incoming.method {
            "POST" => {}
            "GET" | "HEAD" => return self.logout_by_get(incoming, from_query.as_ref()),
            _ => return self.method_not_allowed(&incoming, "GET, POST"),
        }
        if let Err(error) = context.check_origin(incoming.site, &incoming.signs) {
            return self.refused(&incoming, error);
        }
        let is_form = is_form(incoming.view);
        let site = Arc::clone(incoming.site);
        let found = context.sessions.find(&site.session_seal, &incoming.cookies, context.clock.now());
        // A page beside the base URL is where its own person comes back to.
        let page = context.spa_of(&incoming.signs).cloned();
        let sent = incoming.cookies.attempts;
        let context = Arc::clone(context);
        Step::needs_body(self.context.needs_body(MAX_BODY, move |body| {
            let from_form = match (is_form, form::text(body)) {
                (true, Ok(body)) => return_to_in(&body),
                (false, _) => None,
                (true, Err(error)) => {
                    let reply = context.refuse(error, kind, &site, None);
                    return Box::pin(std::future::ready(reply));
                }
            };
            let return_to = from_query.or(from_form);
            let destination = match &page {
                Some(page) => {
                    Some(format!("{}{}", page.origin, return_to.unwrap_or_else(|| page.home()).as_str()))
                }
                None => return_to.filter(|to| context.is_landing(&site, to)).map(|to| to.as_str().to_owned()),
            };
            let request = LogoutRequest { site, destination, sent, found, at_provider: true };
            let this = Arc::clone(&context);
            let work = async move {
                let finished = logout::finish(&this, &request).await;
                let reply = finished.map(Farewell::reply);
                let reply = reply.unwrap_or_else(|error| this.refuse(error, kind, &request.site, None));
                if kind == RequestKind::Htmx { pages::for_htmx(reply) } else { reply }
            };
            context.runtime.run(context.runtime.enter(Work::SignOut), work, runtime_gone)
        }))
    }

    /// Signs out by a link that was made for the session that is there; anything else is asked.
    fn logout_by_get(&self, incoming: Incoming<'_>, return_to: Option<&ReturnTo>) -> Step {
        let context = &self.context;
        let page = context.logout_page(incoming.site, return_to);
        let Some(meant) = sign_out_link::opened(&incoming) else { return Step::reply(page) };
        let (kind, site) = (incoming.kind, Arc::clone(incoming.site));
        let found = context.sessions.find(&site.session_seal, &incoming.cookies, context.clock.now());
        let sent = incoming.cookies.attempts;
        self.wait(Work::SignOut, kind, Arc::clone(&site), |this| async move {
            let context = &this.context;
            let session = context.sessions.resolve(&found, context.clock.now()).await?;
            let Some(session) = session.filter(|session| session.name() == meant) else {
                return Ok(Decision::Reply(page));
            };
            let found = CookieSession::Session { session, renew: false };
            let request = LogoutRequest { site, destination: None, sent, found, at_provider: true };
            Ok(Decision::Reply(logout::finish(context, &request).await?.reply()))
        })
    }
}
