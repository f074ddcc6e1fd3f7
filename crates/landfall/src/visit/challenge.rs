//! What a visit answers for the application: a sign-in that is wanted, an error that an extractor met.
//!
//! A guard says what it wants and answers a plain 401. What becomes of that is decided here, once the application is
//! done, by the kind of request. In this order:
//!
//! 1. Where sign-in is not set up nobody can sign in: 503. Under another Host nobody can either: 421.
//!    Who is here by credentials gets a 403, whatever is wanted: no trip brings more than they prove.
//! 2. The application's own sign-in page may not ask for a sign-in: 500, or people would be led to it in a circle.
//! 3. A script, a form's post and anything else that cannot follow a redirect keeps a 401 (403 for a scope) that names
//!    the login URL (RFC 9470 §3 for a step-up).
//!    Where the session's cookie is `Strict` and another site led the browser here, it is led here once more first.
//! 4. A page that has been through three sign-ins within a minute and still wants one is a loop: it gets a page that
//!    says so, and not a fourth trip.
//! 5. htmx gets its redirect header; a page whose fragment is to be kept gets a page of ours that carries it on.
//! 6. Any other page that is being opened is sent to the application's sign-in page, or to the provider where it has none.

use super::app_state::Leads;
use super::{Answers, Visit};
use crate::address::return_to::ReturnTo;
use crate::context::credentials::needs_session;
use crate::context::endpoints::Endpoint;
use crate::context::incoming::RequestFacts;
use crate::context::refused::{Failure, Refused};
use crate::context::{Context, not_set_up};
use crate::error::{Error, ErrorCode};
use crate::flow::login;
use crate::guard::request_kind::RequestKind;
use crate::guard::sign_in_wanted::SignInWanted;
use crate::web::pages;
use crate::web::reply::{Reply, Waiting};

impl Visit {
    /// For adapters: answers a response of the application's that carries [`SignInWanted`].
    ///
    /// A page that is being opened goes to the provider, or to the application's own sign-in page; htmx is told to open
    /// it. Everything else gets a 401, or a 403 for a scope. It never fails: what goes wrong on the way is a reply, too.
    pub fn challenge(&self, wanted: SignInWanted) -> Waiting<Reply> {
        let ready = |reply: Reply| -> Waiting<Reply> { Box::pin(std::future::ready(reply)) };
        let (context, facts) = match &self.inner.answers {
            Answers::SetUp { context, facts } => (context, facts),
            Answers::NotSetUp { kind, .. } => return ready(not_set_up::reply(*kind)),
        };
        if self.is_by_credentials() {
            let error = needs_session("a sign-in or a step-up is wanted");
            return ready(context.refuse_credentials(error, facts, None));
        }
        if self.who_has_changed() {
            tracing::warn!("a sign-in or sign-out does not reach the browser: the answer asks for a sign-in");
            self.withdraw();
        }
        let mut wanted = self.with_current_grant(wanted);
        let (site, kind) = (&facts.site, facts.kind);
        if let Some(foreign) = facts.foreign_host() {
            return ready(context.refuse(context.needs_base_url(foreign), kind, site, None));
        }
        if let Some(reply) = context.refuse_guarded_page(facts) {
            return ready(reply);
        }
        let way_in = match self.way_in(context, &wanted) {
            Ok(way_in) => way_in,
            Err(error) => return ready(context.refuse(error, kind, site, None)),
        };
        let leads = Leads::of(context, facts, way_in, wanted.return_to.as_ref());
        let bound = self.bind_app_state(&mut wanted, leads);
        let ready = |mut reply: Reply| {
            if let Some(cookie) = &bound {
                pages::add_cookie(&mut reply, cookie);
            }
            ready(reply)
        };
        match kind {
            RequestKind::Navigation | RequestKind::Htmx => {}
            RequestKind::Other { .. } => return ready(self.unauthorized(context, facts, way_in, &wanted)),
        }
        if let Some(reply) = self.once_more() {
            return ready(reply);
        }
        let page = if kind == RequestKind::Htmx { facts.htmx_page.as_deref() } else { Some(facts.page()) };
        let return_to = wanted.return_to.clone().unwrap_or_else(|| context.safe_return_to(site, page));
        if site.is_looping(&facts.attempts, &return_to, context.clock.now()) {
            let error = Error::new(ErrorCode::TooManyAttempts).detail(why_it_loops(facts.lost_session));
            return ready(context.refuse(error, kind, site, Some(&return_to)));
        }
        let link = || context.link_for(site, way_in, &return_to, &wanted);
        if kind == RequestKind::Htmx {
            return ready(pages::htmx_redirect(&link()));
        }
        // Told where to land, it is not this page with its fragment.
        if context.settings.landing.keep_fragments && wanted.return_to.is_none() {
            return ready(pages::with_fragment(&link()));
        }
        if way_in == Endpoint::SignInPage {
            return ready(pages::see_other(&link()));
        }
        login::begin(context, facts, wanted, return_to, None)
    }

    /// The answer to a request that cannot follow a redirect: where to sign in, and where nobody is which credentials count.
    fn unauthorized(
        &self,
        context: &Context,
        facts: &RequestFacts,
        way_in: Endpoint,
        wanted: &SignInWanted,
    ) -> Reply {
        let mut reply = context.unauthorized_at(way_in, facts, wanted);
        if self.inner.who.is_none() {
            context.ask_for_credentials(facts, &mut reply);
        }
        reply
    }

    /// Where this visitor signs in for what is wanted. One of the application's own people is asked for more on its page
    /// alone: at the provider somebody else would come of it.
    ///
    /// # Errors
    /// [`ErrorCode::AuthenticationInsufficient`], where there is no such page.
    pub(super) fn way_in(&self, context: &Context, wanted: &SignInWanted) -> Result<Endpoint, Error> {
        let is_local = self.session().is_some_and(|session| session.identity.is_local());
        if !is_local || !wanted.asks_for_more() {
            return Ok(context.way_in(wanted));
        }
        context.sign_in_page().map(|_| Endpoint::SignInPage).ok_or_else(|| {
            Error::new(ErrorCode::AuthenticationInsufficient)
                .detail("of somebody whom no provider signed in, and the application has no `sign_in_page`")
        })
    }

    /// A page that leads to the very page that was asked for, once, where another site's link kept the session's cookie from
    /// us (`SameSite=Strict`): who is there is not known yet. Only a path that is one of the application's is followed.
    fn once_more(&self) -> Option<Reply> {
        let (context, facts) = self.set_up().filter(|(_, facts)| facts.arrives)?;
        let here = ReturnTo::parse(facts.target.as_str()).ok()?;
        let is_known = self.session().is_some() || !context.is_landing(&facts.site, &here);
        if is_known {
            return None;
        }
        let mut reply = pages::lead_on(here.as_str());
        pages::add_cookie(&mut reply, &facts.site.names.arrived());
        Some(reply)
    }

    /// For adapters: the answer to an error that an extractor or a guard met, as a page or as JSON. The cause goes to
    /// the log, under a reference that the answer shows.
    pub fn error_reply(&self, refused: impl Into<Refused>) -> Reply {
        let (context, facts) = match &self.inner.answers {
            Answers::SetUp { context, facts } => (context, facts),
            Answers::NotSetUp { kind, .. } => return not_set_up::refuse(&refused.into(), *kind),
        };
        let here = context.safe_return_to(&facts.site, Some(facts.page()));
        context.refuse(refused, facts.kind, &facts.site, Some(&here))
    }

    /// For adapters: answers a response of the application's that carries a [`Failure`], as a page or as JSON. The log
    /// was told when it was made.
    pub fn tell(&self, failure: &Failure) -> Reply {
        let (context, facts) = match &self.inner.answers {
            Answers::SetUp { context, facts } => (context, facts),
            Answers::NotSetUp { kind, .. } => {
                return not_set_up::tell(failure.refused(), failure.reference(), *kind);
            }
        };
        let here = context.safe_return_to(&facts.site, Some(facts.page()));
        let (reference, refused) = (failure.reference(), failure.refused());
        context.tell(reference, refused, facts.kind, &facts.site, Some(&here), None)
    }
}

/// What the operator reads of a loop: whether the session's cookie comes back is known by now.
fn why_it_loops(lost_session: bool) -> &'static str {
    if lost_session {
        "sign-ins succeed, and the session's cookie comes back, but the store no longer knows the session that it just made: the warning before this says why that may be"
    } else {
        "sign-ins succeed, but the page asks for another each time: the session cookie does not come back, or what the page needs is not given"
    }
}
