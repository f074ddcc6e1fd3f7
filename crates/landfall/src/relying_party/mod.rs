//! The one object an application makes, and which path belongs to whom.

mod endpoints;
mod login_query;
mod provider_logout;
mod resume;
pub(crate) mod sessions;
mod silent;
mod spa;

use std::future::Future;
use std::sync::Arc;

use crate::address::base_url::BaseUrl;
use crate::address::mismatch::Told;
use crate::address::return_to::ReturnTo;
use crate::browser::cookie::{CookieNames, SentCookie, sent_cookies};
use crate::browser::pending_login::AttemptSeals;
use crate::builder::RelyingPartyBuilder;
use crate::clock::{Clock, Entropy};
use crate::context::attempts::Attempts;
use crate::context::events::Events;
use crate::context::provider_logouts::Endings;
use crate::context::refreshes::Refreshes;
use crate::context::settings::Settings;
use crate::context::sign_in_hook::Hook;
use crate::crypto::seal::Sealer;
use crate::error::{Error, ErrorCode};
use crate::flow::kept_form::KeptForms;
use crate::flow::login::{self, LoginStart};
use crate::flow::provider_logout::backchannel::Backchannel;
use crate::flow::refresh::{self, Due};
use crate::guard::csrf;
use crate::guard::kind::{RequestFacts, RequestKind, Signs};
use crate::guard::sign_in_wanted::SignInWanted;
use crate::provider::Provider;
use crate::provider::http_client::HttpClient;
use crate::relying_party::sessions::Sessions;
use crate::runtime::Runtime;
use crate::session::{Found, Session, SessionKeeper};
use crate::visit::{AccessToken, AccessTokenError, Visit};
use crate::web::pages;
use crate::web::pages::runtime_gone;
use crate::web::reply::{Decision, Reply, Step, Waiting};
use crate::web::request::RequestView;

pub(crate) use login_query::WISH;
#[cfg(feature = "reqwest")]
pub(crate) use spa::CSRF_HEADER;

/// What a sign-out's `state` begins with.
pub(crate) const LOGOUT_STATE_PREFIX: &str = "lfo1.";
/// The most that a third party's form may hold.
const LOGIN_BODY: usize = 8 * 1024;
/// The most that a sign-out's form may hold.
const LOGOUT_BODY: usize = 8 * 1024;

/// The one object an application makes: it signs people in at one provider.
///
/// A clone is the same relying party. Nothing in it asks the network until somebody signs in.
///
/// ```
/// use landfall::{CookieKey, RelyingParty};
///
/// let auth = RelyingParty::builder("https://acme.example")
///     .client("client-id", "client-secret")
///     .base_url("https://app.example.com")
///     .cookie_keys([CookieKey::generate()?])
///     .build()?;
/// # let _ = auth;
/// # Ok::<(), landfall::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RelyingParty {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) places: Vec<Place>,
    pub(crate) provider: Provider,
    pub(crate) sessions: SessionKeeper,
    pub(crate) attempts: Attempts,
    pub(crate) refreshes: Refreshes,
    pub(crate) events: Events,
    pub(crate) sign_in_hook: Option<Hook>,
    pub(crate) endings: Endings,
    pub(crate) kept_forms: KeptForms,
    pub(crate) backchannel: Backchannel,
    /// The addresses that were explained in the log.
    pub(crate) told: Told,
    pub(crate) http: Arc<dyn HttpClient>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) runtime: Runtime,
}

/// Everything that hangs on one base URL.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) base: BaseUrl,
    pub(crate) names: CookieNames,
    pub(crate) seals: AttemptSeals,
    pub(crate) logout_seal: Sealer,
    pub(crate) wish_seal: Sealer,
    pub(crate) redirect_uri: String,
    pub(crate) post_logout_redirect_uri: String,
}

impl RelyingParty {
    /// Starts to put one together for this issuer, exactly as the provider writes it.
    pub fn builder(issuer: impl Into<String>) -> RelyingPartyBuilder {
        RelyingPartyBuilder::new(issuer.into())
    }

    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// Sessions that the application itself begins, lists or ends.
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions::of(self)
    }

    /// The issuer.
    pub fn issuer(&self) -> &str {
        &self.inner.settings.issuer
    }

    /// The redirect URIs to register at the provider, byte for byte; one for each base URL, and those of
    /// single-page applications.
    pub fn redirect_uris(&self) -> impl Iterator<Item = &str> {
        let spa = self.inner.settings.spa_callbacks.iter().map(|callback| callback.literal.as_str());
        self.inner.places.iter().map(|place| place.redirect_uri.as_str()).chain(spa)
    }

    /// For adapters: the first step with a request.
    pub fn begin(&self, view: &dyn RequestView) -> Step {
        let inner = &self.inner;
        let signs = Signs::read(view);
        let kind = signs.kind(view.method());
        let (base, place) = match inner.select(view) {
            Ok(selected) => selected,
            Err(error) => return Step::Done(Decision::Reply(inner.misdirected(&error, kind))),
        };
        let path = place.base.inside_path(view.path());
        let settings = &inner.settings;
        let query = view.query().unwrap_or_default();
        let now = inner.clock.now();
        if path == settings.paths.callback && inner.is_callback(query) {
            return self.callback(view, base, place, &signs);
        }
        if path == settings.paths.login {
            return self.login(view, base, place, &signs);
        }
        if path == settings.paths.logout {
            return self.logout(view, base, place, kind);
        }
        if path == settings.paths.session {
            return self.who_is_there(view, base, place, kind);
        }
        if path == settings.paths.exchange && !settings.spa_callbacks.is_empty() {
            return self.exchange(view, base, place, kind);
        }
        if path == settings.paths.resume && !settings.keep_forms.is_empty() {
            return self.resume(view, base, place, &signs);
        }
        if let Some(step) = self.provider_asks(view, base, place, path, kind) {
            return step;
        }
        if path == settings.after_logout.split('?').next().unwrap_or_default()
            && view.method() == "GET"
            && let Some(reply) = inner.returned_from_logout(base, place, query)
        {
            return Step::Done(Decision::Reply(reply));
        }
        let sent = sent_cookies(view, &place.names);
        let found = inner.sessions.find(base, &place.names, &sent, now);
        let silently =
            inner.may_try_silently(kind, sent.returning, now) && !inner.is_spa_callback(place, path);
        let keep = inner.keeps_form(view, place, path, &signs);
        if !matches!(found, Found::Nobody)
            && csrf::is_checked(view.method(), signs.websocket)
            && !settings.cross_site.iter().any(|allowed| allowed == path)
            // A browser lets nobody put a header on a WebSocket handshake.
            && let Err(error) = if signs.websocket { inner.is_from_here(view) } else { inner.may_act(view) }
        {
            return Step::Done(Decision::Reply(inner.refuse(&error, kind, base, None)));
        }
        let facts = facts(inner, view, base, place, kind, sent.attempts);
        match found {
            Found::Nobody if keep.is_some() => {
                Step::Done(Decision::NeedsBody(self.keep_form(facts, keep.unwrap_or_default())))
            }
            Found::Nobody if silently => {
                self.wait(kind, base, |this| async move { Ok(this.try_silently(facts, now).await) })
            }
            Found::Nobody => Step::Done(Decision::Pass(Visit::new(self.clone(), None, facts, Vec::new()))),
            Found::Session { session, renew: false } => {
                Step::Done(Decision::Pass(Visit::new(self.clone(), Some(session), facts, Vec::new())))
            }
            Found::Session { session, renew: true } if session.stored.is_none() => {
                // A cookie that cannot be sealed anew is still good as it is.
                let cookies = inner.sessions.reseal(base, &place.names, &session, now).into_iter().collect();
                Step::Done(Decision::Pass(Visit::new(self.clone(), Some(session), facts, cookies)))
            }
            Found::Session { session, .. } => self.wait(kind, base, |this| async move {
                let session = this.inner.sessions.renew_or_keep(session, now).await;
                Ok(Decision::Pass(Visit::new(this.clone(), session, facts, Vec::new())))
            }),
            Found::Load(ids) => self.wait(kind, base, |this| async move {
                let sessions = &this.inner.sessions;
                let session = match sessions.load(ids, now).await? {
                    Some(session) if sessions.is_past_half_life(&session, now) => {
                        sessions.renew_or_keep(session, now).await
                    }
                    None if silently => return Ok(this.try_silently(facts, now).await),
                    None => match keep {
                        Some(target) => return Ok(Decision::NeedsBody(this.keep_form(facts, target))),
                        None => None,
                    },
                    loaded => loaded,
                };
                Ok(Decision::Pass(Visit::new(this.clone(), session, facts, Vec::new())))
            }),
        }
    }

    /// For adapters: answers a response of the application's that carries [`SignInWanted`].
    pub fn challenge(&self, visit: &Visit, wanted: SignInWanted) -> Waiting<Reply> {
        let inner = &self.inner;
        let facts = visit.facts();
        let wanted = visit.beside_what_is_there(wanted);
        let (base, kind) = (facts.base, facts.kind);
        let ready = |reply: Reply| -> Waiting<Reply> { Box::pin(std::future::ready(reply)) };
        match kind {
            RequestKind::Navigation | RequestKind::Htmx => {}
            RequestKind::Other { .. } => return ready(inner.unauthorized(facts, &wanted)),
        }
        let page =
            if kind == RequestKind::Htmx { facts.htmx_page.as_deref() } else { Some(facts.target.as_str()) };
        let return_to = wanted.return_to.clone().unwrap_or_else(|| inner.safe_return_to(base, page));
        if inner.place(base).is_ok_and(|place| inner.is_looping(place, &facts.attempts, &return_to)) {
            let error = Error::new(ErrorCode::TooManyAttempts).detail(
                "sign-ins succeed, but the page asks for another each time: the session cookie does not come back, or what the page needs is not given",
            );
            return ready(inner.refuse(&error, kind, base, Some(&return_to)));
        }
        if kind == RequestKind::Htmx {
            return ready(pages::htmx_redirect(&inner.login_link_for(base, &return_to, &wanted)));
        }
        if let Some(page) = inner.fragment_page(facts, &wanted, &return_to) {
            return ready(page);
        }
        self.start(facts, wanted, return_to, None)
    }

    /// Starts a sign-in for a person who opens a page. Its answer comes to the callback, unless to a route of a
    /// single-page application.
    fn start(
        &self,
        facts: &RequestFacts,
        wanted: SignInWanted,
        return_to: ReturnTo,
        redirect_uri: Option<String>,
    ) -> Waiting<Reply> {
        let inner = &self.inner;
        let (base, kind) = (facts.base, facts.kind);
        let sent = facts.attempts.clone();
        if let Some(elsewhere) = &facts.elsewhere {
            inner.told.tell(elsewhere);
        }
        let asked = facts.elsewhere.as_ref().map(|elsewhere| elsewhere.asked.clone());
        let start =
            LoginStart { base, return_to, wanted, restarts: 0, sent, unasked: false, redirect_uri, asked };
        if let Some(metadata) = inner.provider.metadata_now() {
            let reply = login::start_with(inner, &metadata, &start)
                .unwrap_or_else(|error| inner.not_started(&error, kind, &start));
            return Box::pin(std::future::ready(reply));
        }
        let this = self.clone();
        inner.runtime.run(
            async move {
                let started = login::start(&this.inner, &start).await;
                started.unwrap_or_else(|error| this.inner.not_started(&error, kind, &start))
            },
            runtime_gone,
        )
    }

    /// For adapters: the answer to an error that an extractor met.
    pub fn error_reply(&self, visit: &Visit, error: &Error) -> Reply {
        let facts = visit.facts();
        let here = self.inner.safe_return_to(facts.base, Some(&facts.target));
        self.inner.refuse(error, facts.kind, facts.base, Some(&here))
    }

    pub(crate) async fn connect(&self) -> Result<(), Error> {
        let this = self.clone();
        let gone = || Err(Error::new(ErrorCode::Misconfigured).detail("the runtime is gone"));
        self.inner.runtime.run(async move { this.inner.provider.metadata().await.map(drop) }, gone).await
    }

    pub(crate) fn login_url(&self, facts: &RequestFacts, wanted: &SignInWanted) -> String {
        let here = || self.inner.safe_return_to(facts.base, Some(&facts.target));
        let return_to = wanted.return_to.clone().unwrap_or_else(here);
        self.inner.login_link_for(facts.base, &return_to, wanted)
    }

    pub(crate) fn access_token(&self, session: &Session) -> Waiting<Result<AccessToken, AccessTokenError>> {
        let inner = &self.inner;
        let (id, old) = match refresh::due(session, inner.sessions.store().is_some(), inner.clock.now()) {
            Due::Not(answer) => return Box::pin(std::future::ready(answer)),
            Due::Now { id, old } => (id, old),
        };
        let this = Arc::clone(inner);
        let gone = || {
            let error = Error::new(ErrorCode::Misconfigured).detail("the runtime is gone");
            Err(AccessTokenError::Failed(error))
        };
        inner.runtime.run(async move { refresh::fresh(&this, id, &old).await }, gone)
    }

    /// A step that needs the store. What fails there is a 503 before any handler runs, never "signed out".
    fn wait<F>(&self, kind: RequestKind, base: usize, work: impl FnOnce(Self) -> F) -> Step
    where
        F: Future<Output = Result<Decision, Error>> + Send + 'static,
    {
        let this = self.clone();
        let work = work(self.clone());
        Step::Wait(self.inner.runtime.run(
            async move {
                let decision = work.await;
                decision.unwrap_or_else(|error| Decision::Reply(this.inner.refuse(&error, kind, base, None)))
            },
            || Decision::Reply(runtime_gone()),
        ))
    }
}

fn facts(
    inner: &Inner,
    view: &dyn RequestView,
    base: usize,
    place: &Place,
    kind: RequestKind,
    attempts: Vec<SentCookie>,
) -> RequestFacts {
    let page = |name: &str| {
        let url = std::str::from_utf8(view.header(name)?).ok()?;
        url.strip_prefix(place.base.origin.as_str()).map(str::to_owned)
    };
    // What a form posts to may answer no GET: people come back to the form.
    let form = match view.method() {
        "GET" | "HEAD" => None,
        _ => page("referer").filter(|path| path.starts_with('/')),
    };
    let target = form.unwrap_or_else(|| place.base.outside_path(view.path(), view.query()));
    let htmx_page = (kind == RequestKind::Htmx).then(|| page("hx-current-url")).flatten();
    let elsewhere = (kind == RequestKind::Navigation).then(|| inner.elsewhere(view, place)).flatten();
    let caller = inner.caller(view);
    RequestFacts { kind, base, target, htmx_page, elsewhere, caller, attempts }
}
