//! The login's endpoint: a person, the application or a third party wants a sign-in.
//!
//! What was asked for is read in [`login_query`](super::login_query); the trip begins in
//! [`flow::login`](crate::flow::login). Between them this file decides whether a browser is sent at all: not if
//! its headers say that it opens no page. A frame, a prefetch or a script that came here gets a 401 with the
//! link, since a pending login for each of them would fill the browser's cookies.

use std::sync::Arc;

use super::FrontDoor;
use super::decision::{Decision, Step};
use super::login_query;
use crate::context::endpoints::Endpoint;
use crate::context::incoming::{Incoming, RequestFacts};
use crate::context::sign_in_query::SignInQuery;
use crate::flow::login;
use crate::guard::request_kind::RequestKind;
use crate::web::form::{self, is_form};
use crate::web::pages;
use crate::web::reply::{Reply, Waiting};

/// The most that a third party's form may hold, in bytes.
const MAX_BODY: usize = 8 * 1024;

impl FrontDoor {
    /// Answers the login address.
    ///
    /// By GET it starts the sign-in; by HEAD it says where one would start and starts none. A third party may also post (OpenID Connect Core §4); that comes without our
    /// cookies, so it is sent on to the GET, which knows what the browser holds.
    pub(super) fn login(&self, incoming: Incoming<'_>) -> Step {
        match incoming.method {
            "GET" | "HEAD" => self.login_by_get(incoming),
            "POST" if is_form(incoming.view) && !incoming.signs.is_no_navigation() => {
                self.login_by_post(&incoming)
            }
            _ => self.method_not_allowed(&incoming, "GET, POST"),
        }
    }

    /// Reads what is asked for, and sends the browser to the provider if it opens a page; where there is none, to the
    /// application's sign-in page. htmx is told the
    /// address to open: it follows no redirect to another host.
    fn login_by_get(&self, incoming: Incoming<'_>) -> Step {
        let (context, site) = (&self.context, incoming.site);
        let query = match login_query::read(context, site, incoming.query()) {
            Ok(query) => query,
            Err(error) => return self.refused(&incoming, error),
        };
        // An old link, or one that a page has from before.
        let is_alone = context.clients.first().is_none();
        let way_in = if is_alone { Endpoint::SignInPage } else { Endpoint::Login };
        let to = || context.link_for(site, way_in, &query.return_to, &query.wanted);
        if incoming.kind == RequestKind::Htmx {
            return Step::reply(pages::htmx_redirect(&to()));
        }
        let is_no_navigation = incoming.method == "HEAD" || incoming.signs.is_no_navigation();
        if is_alone && !is_no_navigation {
            return Step::reply(pages::see_other(&to()));
        }
        let mut facts = RequestFacts::of(context, incoming, false);
        if is_no_navigation {
            facts.target = query.return_to.as_str().into();
            return Step::reply(context.unauthorized_at(way_in, &facts, &query.wanted));
        }
        let reply = self.login_now(facts, query);
        Step::Wait(Box::pin(async move { Decision::Reply(reply.await) }))
    }

    /// Turns a third party's form into the same request by GET, if it can be read. Nothing is begun yet.
    fn login_by_post(&self, incoming: &Incoming<'_>) -> Step {
        let (this, site, kind) = (self.clone(), Arc::clone(incoming.site), incoming.kind);
        Step::needs_body(self.context.needs_body(MAX_BODY, move |body| {
            let context = &this.context;
            let bounced = form::text(body).and_then(|form| {
                login_query::read(context, &site, &form)?;
                Ok(pages::see_other(&context.login_address(&site, &form)))
            });
            let reply = bounced.unwrap_or_else(|error| context.refuse(error, kind, &site, None));
            Box::pin(std::future::ready(reply))
        }))
    }

    /// Starts the trip. Whoever opens this address wants to sign in, whatever their client says it accepts, and
    /// as often as they like: marks of earlier sign-ins do not count here.
    fn login_now(&self, mut facts: RequestFacts, query: SignInQuery) -> Waiting<Reply> {
        facts.kind = RequestKind::Navigation;
        login::begin(&self.context, &facts, query.wanted, query.return_to, query.redirect_uri)
    }
}
