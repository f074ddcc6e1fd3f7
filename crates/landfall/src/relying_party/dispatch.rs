//! Which path belongs to whom: to an endpoint of ours, or to the application.
//!
//! Every request comes through [`RelyingParty::begin`]:
//!
//! 1. The site it came by. A request that names no base URL is refused, or is nobody's, before a cookie is read: see
//!    [`elsewhere`](super::elsewhere). One that names two hosts is refused on every path.
//! 2. The path below the base path, looked up in the table of endpoints. What is ours never reaches the
//!    application.
//! 3. Otherwise it is the application's, after a look at who is there: see [`FrontDoor::pass`].
//!
//! The order in `pass` is the rule for every page: a session is found without I/O where that is possible, a
//! request of another site is refused before the store is asked, and the store is asked before any handler runs.
//! A handler is never told "nobody" because the store is down.

use std::future::Future;
use std::sync::Arc;

use super::decision::{Decision, Step};
use super::{FrontDoor, RelyingParty};
use crate::browser::pending_login::looks_like_ours;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::context::endpoints::Endpoint;
use crate::context::incoming::{Incoming, RequestFacts};
use crate::context::refused::Refused;
use crate::context::site::Site;
use crate::error::{Error, ErrorCode};
use crate::guard::request_kind::{RequestKind, RequestSigns, is_read};
use crate::runtime::under_way::Work;
use crate::session::{CookieSession, Session};
use crate::visit::{Owed, Visit};
use crate::web::form::parameter;
use crate::web::pages::runtime_gone;
use crate::web::request::RequestView;

impl RelyingParty {
    /// For adapters: the first step with a request.
    ///
    /// It does no I/O and blocks nothing: what takes time comes back as [`Step::Wait`], or as a body to read
    /// first. What changes something goes on when the browser hangs up; what comes before that does not.
    /// Where work runs is said at [`RelyingPartyBuilder::runtime`](crate::RelyingPartyBuilder::runtime).
    ///
    /// An endpoint that is not in use (the exchange without a single-page application, the page of kept forms
    /// where none are kept) leaves its path to the application.
    ///
    /// Where sign-in is not set up every request is the application's, and its visit nobody's.
    pub fn begin(&self, view: &dyn RequestView) -> Step {
        if let Some(front) = &self.front {
            return front.begin(view);
        }
        let signs = RequestSigns::read(view);
        let is_read = is_read(view.method()) && !signs.websocket;
        Step::pass(Visit::not_set_up(signs.kind(view.method()), is_read, view.path()))
    }
}

impl FrontDoor {
    /// [`RelyingParty::begin`] where sign-in is set up.
    fn begin(&self, view: &dyn RequestView) -> Step {
        let context = &self.context;
        let incoming = match context.site_of(view) {
            Ok(site) => Incoming::read(view, site),
            Err(no_site) => return self.without_site(view, no_site),
        };
        if let Err(error) = Context::check_host(view, &incoming.signs) {
            return self.refused(&incoming, error);
        }
        let endpoint = self.endpoint(incoming.path, incoming.query());
        if endpoint.is_some() {
            context.mounting.saw_own_path();
        }
        if endpoint.is_some_and(Endpoint::is_for_a_provider) && context.clients.first().is_none() {
            return self.refused(&incoming, Error::new(ErrorCode::NoProvider));
        }
        match endpoint {
            Some(Endpoint::Callback) => self.callback(incoming),
            Some(Endpoint::Login) => self.login(incoming),
            Some(Endpoint::Logout) => self.logout(incoming),
            Some(Endpoint::Session) => self.session_info(incoming),
            Some(Endpoint::Providers) => self.providers(&incoming),
            Some(Endpoint::Exchange) => self.exchange(incoming),
            Some(Endpoint::Resume) => self.resume(incoming),
            Some(Endpoint::BackchannelLogout) => self.backchannel(&incoming),
            Some(Endpoint::FrontchannelLogout) => self.frontchannel(&incoming),
            Some(Endpoint::Webhook) => self.webhook(&incoming),
            Some(Endpoint::SignInPage) | None => self.pass_or_return(incoming),
        }
    }

    /// The endpoint of ours that answers a path below a base path; `None` where the application does.
    pub(super) fn endpoint(&self, path: &str, query: &str) -> Option<Endpoint> {
        let settings = &self.context.settings;
        settings.paths.of(path).filter(|endpoint| match endpoint {
            Endpoint::Callback => self.is_callback(query),
            Endpoint::Exchange => !settings.spa_callbacks.is_empty(),
            Endpoint::Resume => !settings.kept_forms.paths.is_empty(),
            // Ours to lead to, and the application's to answer.
            Endpoint::SignInPage => false,
            _ => true,
        })
    }

    /// Whether a request to the callback's path is one.
    ///
    /// Where the callback is at `/`, only a `state` that looks like ours tells it from the application's own
    /// page.
    fn is_callback(&self, query: &str) -> bool {
        self.context.settings.paths.path(Endpoint::Callback) != "/"
            || parameter(query, "state").is_some_and(|state| looks_like_ours(&state))
    }

    /// A page of the application's: also the one that a sign-out at the provider comes back to. There a `state`
    /// of ours leads on to where the person wanted to go, and the application does not see the request.
    fn pass_or_return(&self, incoming: Incoming<'_>) -> Step {
        let after_logout = self.context.settings.landing.after_logout.strip_prefix(incoming.path);
        if after_logout.is_some_and(|query| query.is_empty() || query.starts_with('?'))
            && matches!(incoming.method, "GET" | "HEAD")
            && let Some(reply) = self.context.returned_from_logout(incoming.site, incoming.query())
        {
            return Step::reply(reply);
        }
        self.pass(incoming)
    }

    /// Looks whose request it is, and lets the application answer.
    ///
    /// 0. Where the application takes credentials and the request brought some, they come first: see
    ///    [`credentials`](super::credentials).
    /// 1. The session is looked for in the cookies and the near cache.
    /// 2. Where a cookie may lead to one and the request could change something, it must come from this site.
    /// 3. Nobody: a posted form is kept, a silent sign-in is tried, or the application sees a visit without a
    ///    session.
    /// 4. Somebody: the application sees them. A sealed session past half of its idle span, or sealed with an
    ///    older key, gets a new cookie with the answer, if it still stands when that leaves.
    /// 5. A session that has to be loaded, or renewed in the store: as before, once the store has answered.
    ///
    /// A request that is no activity renews nothing.
    fn pass(&self, incoming: Incoming<'_>) -> Step {
        let context = &self.context;
        if let Some(brought) = self.by_credentials(&incoming).transpose() {
            return self.pass_by_credentials(brought, incoming);
        }
        let (site, kind, now) = (incoming.site, incoming.kind, context.clock.now());
        let found = context.sessions.find(&site.session_seal, &incoming.cookies, now);
        let silently = context.may_go_silently(&incoming, now);
        let keep = context.keeps_form(&incoming);
        if !matches!(found, CookieSession::Nobody)
            && let Err(error) = context.check_unsafe(&incoming)
        {
            return Step::reply(context.refuse(error, kind, site, None));
        }
        let somebody = matches!(found, CookieSession::Session { .. });
        let facts = RequestFacts::of(context, incoming, somebody);
        self.pass_by_cookie(found, facts, keep, (silently, now))
    }

    /// The end of [`pass`](Self::pass): what the cookies lead to is known, and that the request may act for it.
    pub(super) fn pass_by_cookie(
        &self,
        found: CookieSession,
        facts: RequestFacts,
        keep: Option<String>,
        (silently, came_at): (bool, Timestamp),
    ) -> Step {
        match found {
            CookieSession::Nobody => match keep {
                Some(target) => Step::needs_body(self.keep_form(facts, target)),
                None if silently && !facts.arrives => self.try_silently(facts, came_at),
                None => Step::pass(self.visit(None, facts, Owed::Nothing)),
            },
            CookieSession::Session { session, renew } if !(renew && facts.is_activity) => {
                Step::pass(self.visit(Some(session), facts, Owed::Nothing))
            }
            CookieSession::Session { session, .. } if session.stored.is_none() => {
                Step::pass(self.visit(Some(session), facts, Owed::Renewal { came_at }))
            }
            found => self.look_up(found, facts, keep, (silently, came_at)),
        }
    }

    /// Waits for [`load`](Self::load). Whoever hangs up meanwhile breaks off a look, and nothing else.
    fn look_up(
        &self,
        found: CookieSession,
        facts: RequestFacts,
        keep: Option<String>,
        (silently, came_at): (bool, Timestamp),
    ) -> Step {
        let (this, kind, site) = (self.clone(), facts.kind, Arc::clone(&facts.site));
        let work = async move {
            let decision = this.load(&found, facts, keep, (silently, came_at)).await;
            decision
                .unwrap_or_else(|refused| Decision::Reply(this.context.refuse(refused, kind, &site, None)))
        };
        Step::Wait(self.context.runtime.run_in_place(work, || Decision::Reply(runtime_gone())))
    }

    /// Asks the store who it is, and lets them live on where it is time. A cookie whose id an older key wrote is written
    /// anew with the answer. What [`pass`](Self::pass) does for
    /// nobody is done here too, where the store knows no such session. It may be dropped at any await: what
    /// must come to its end is work of its own.
    ///
    /// # Errors
    /// [`ErrorCode::StoreUnavailable`]: not known is not signed out.
    async fn load(
        &self,
        found: &CookieSession,
        mut facts: RequestFacts,
        keep: Option<String>,
        (silently, came_at): (bool, Timestamp),
    ) -> Result<Decision, Refused> {
        let (sessions, now) = (&self.context.sessions, self.context.clock.now());
        let loaded = sessions.resolve(found, now).await?;
        facts.lost_session = loaded.is_none() && sessions.is_lost(found, now);
        let session = match loaded {
            Some(session)
                if facts.is_activity
                    && session.stored.is_some()
                    && sessions.is_past_half_life(&session, now) =>
            {
                self.renewed(session, now).await
            }
            None if silently => {
                let this = self.clone();
                let work = move |_| async move { this.silent_login(facts, now).await };
                let runtime = &self.context.runtime;
                let place = runtime.enter(Work::Other);
                return Ok(runtime.run_until_left(place, work, || Decision::Reply(runtime_gone())).await);
            }
            None => match keep {
                Some(target) => return Ok(Decision::NeedsBody(self.keep_form(facts, target))),
                None => None,
            },
            loaded => loaded,
        };
        let is_owed = session.as_ref().is_some_and(|session| session.stored.is_some() && found.has_old_key());
        let owed = if is_owed { Owed::Renewal { came_at } } else { Owed::Nothing };
        Ok(Decision::Pass(self.visit(session, facts, owed)))
    }

    /// The session, renewed in the store whoever waits for it; `None` where it turns out to be gone.
    async fn renewed(&self, session: Arc<Session>, now: Timestamp) -> Option<Arc<Session>> {
        let (context, as_it_was) = (Arc::clone(&self.context), Arc::clone(&session));
        let work = async move { context.sessions.renew_or_keep(session, now).await };
        let runtime = &self.context.runtime;
        runtime.run(runtime.enter(Work::Save), work, || Some(as_it_was)).await
    }

    /// What guards and handlers will ask. `owed` is what the answer carries, whoever writes it.
    pub(super) fn visit(&self, session: Option<Arc<Session>>, facts: RequestFacts, owed: Owed) -> Visit {
        Visit::new(Arc::clone(&self.context), session, facts, owed)
    }

    /// A step whose work needs the store or the provider. What fails there is a refusal before any handler runs,
    /// never "signed out".
    pub(super) fn wait<F>(
        &self,
        what: Work,
        kind: RequestKind,
        site: Arc<Site>,
        work: impl FnOnce(Self) -> F,
    ) -> Step
    where
        F: Future<Output = Result<Decision, Refused>> + Send + 'static,
    {
        let this = self.clone();
        let work = work(self.clone());
        let runtime = &self.context.runtime;
        Step::Wait(runtime.run(
            runtime.enter(what),
            async move {
                let decision = work.await;
                decision.unwrap_or_else(|refused| {
                    Decision::Reply(this.context.refuse(refused, kind, &site, None))
                })
            },
            || Decision::Reply(runtime_gone()),
        ))
    }

    /// Answered at once with a failure.
    pub(super) fn refused(&self, incoming: &Incoming<'_>, refused: impl Into<Refused>) -> Step {
        Step::reply(self.context.refuse(refused, incoming.kind, incoming.site, None))
    }

    /// Answered at once with a 405: the endpoint takes these methods alone. `allow` is the header's value.
    pub(super) fn method_not_allowed(&self, incoming: &Incoming<'_>, allow: &str) -> Step {
        Step::reply(self.context.method_not_allowed(incoming.kind, incoming.site, allow))
    }
}

/// The refusal of a request that breaks a rule; the operator reads which one.
pub(super) fn malformed(rule: &str) -> Error {
    Error::new(ErrorCode::RequestMalformed).detail(rule)
}
