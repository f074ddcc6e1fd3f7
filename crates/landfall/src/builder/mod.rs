//! Putting a relying party together. Every value is checked where it is given or at `build()`; nothing is asked of
//! the network.
//!
//! A room of its own, above everything that runs, because it names the types of every room and none of them names
//! it (but for `danger`, which sets what weakens a default, and `native`, which builds in its own way). What can be
//! wrong is found here, with the setting's name and a remedy, so that nobody finds it at the first sign-in.
//!
//! One file for each question, with the methods of [`RelyingPartyBuilder`] and the checks that belong to them:
//!
//! - here: the application and where it is reached. `client`: who it is at its provider.
//! - `authorization`: what is asked for. `sign_in`: what becomes of it. `roles`: where those come from.
//! - `credentials`: what is taken in a session's place. `sessions`: where they are kept; `key_file`: a key kept beside them. `kept_forms`, `spa`, `provider_logout`,
//!   `network`.
//! - `inputs`: HTTP, time, randomness and a runtime, as a test or an application gives them.
//! - `settings`: what was told, before it is checked. `check`: what takes several of them. `build`: all of it in
//!   order.
//! - `env`, `variables`: the environment, in place of calls. `testing`: what our own tests shorten.
//!
//! Every text for an operator names a setting by its method, in backticks: where it is shown, the variable stands in its
//! place if the setting came by one ([`Names`]).
//!
//! A new setting is a method in the file of its question, a field of the settings that it is moved into
//! (`context::settings`, `provider::client_settings`), a check where it can be wrong, and a row in `env_variables` if the
//! environment may name it; its method then says `names.by_method`.

mod authorization;
mod build;
mod check;
mod client;
mod credentials;
mod dependencies;
mod env;
mod env_variables;
mod kept_forms;
mod key_file;
mod network;
mod provider_logout;
mod roles;
mod sessions;
mod sign_in;
mod spa;
pub(crate) mod testing;
mod unchecked;

use self::unchecked::{ClientInputs, Inputs, NetworkSettings, SessionInputs};
use crate::context::credentials::CredentialsSettings;
use crate::context::endpoints::{Endpoint, Paths};
use crate::context::events::{Event, Events};
use crate::context::logout_hook::LogoutHook;
use crate::context::settings::{
    CsrfSettings, KeptFormSettings, LandingSettings, LeavingSettings, SignInSettings, Timeouts,
};
use crate::context::sign_in_hook::Hook;
use crate::crypto::secret::Secret;
use crate::error::Names;
use crate::relying_party::RelyingParty;
use crate::web::site_data::SiteData;

/// Puts a [`RelyingParty`] together.
///
/// The methods are grouped as the questions come up: the client at its provider, where the application is reached,
/// sessions and stores, what a sign-in asks for and what becomes of it, single-page applications, posted forms,
/// what the provider may end, the network, and the outside world as inputs.
///
/// # How the defaults were chosen
/// - scope `openid profile email`; RS256 alone, what every provider must have (OpenID Connect Core §15.1);
/// - 60 s of clock leeway, a pending login of 15 minutes;
/// - 5 s to connect, 15 s for a whole call to the provider, 1 MiB of answer;
/// - without a store a session of 8 hours, 2 idle, since it cannot be revoked; with one 7 days, 8 hours idle;
/// - 5 s of near cache, which bounds how long a revoked session can still be served.
///
/// ```
/// use landfall::{CookieKey, MemoryStore, RelyingParty};
///
/// let auth = RelyingParty::builder("https://acme.example")
///     .client("client-id", "client-secret")
///     .base_url("https://app.example.com")
///     .cookie_keys([CookieKey::generate()?])
///     .store(MemoryStore::new())
///     .build()?;
/// # let _ = auth;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct RelyingPartyBuilder {
    client: ClientInputs,
    base_urls: Vec<String>,
    application_name: Option<String>,
    pub(crate) sessions: SessionInputs,
    paths: Paths,
    timeouts: Timeouts,
    landing: LandingSettings,
    leaving: LeavingSettings,
    pub(crate) csrf: CsrfSettings,
    kept_forms: KeptFormSettings,
    sign_in: SignInSettings,
    sign_in_hook: Option<Hook>,
    logout_hook: Option<LogoutHook>,
    credentials: Option<CredentialsSettings>,
    spa_callbacks: Vec<String>,
    webhook_secrets: Vec<Secret<String>>,
    pub(crate) network: NetworkSettings,
    events: Events,
    inputs: Inputs,
    /// For an application on somebody's own machine: nothing is mounted.
    pub(crate) is_native: bool,
    /// What each setting is called where this application sets it, for errors and the log.
    names: Names,
}

impl RelyingParty {
    /// Starts to put one together for this issuer, exactly as the provider writes it.
    ///
    /// It is https, or plain http on loopback; see [`danger::plain_http_issuer`](crate::danger::plain_http_issuer) for a
    /// network without TLS.
    pub fn builder(issuer: impl Into<String>) -> RelyingPartyBuilder {
        RelyingPartyBuilder::new(Some(issuer.into()))
    }

    /// Starts to put one together that goes without a provider: people sign in on the application's own page, which has to be
    /// named (`sign_in_page`), and their sessions begin with [`Visit::sign_in`](crate::Visit::sign_in). Sessions, guards,
    /// extractors, sign-out and pages are what they are with a provider. What is a provider's alone (the callback, logout
    /// tokens, webhooks) answers 404 ([`ErrorCode::NoProvider`](crate::ErrorCode::NoProvider)).
    ///
    /// `name` is what keys, cookie names and indexes are derived from, as an
    /// [`application_name`](RelyingPartyBuilder::application_name) is. With a provider and without one, an application of one
    /// name keeps the sessions of its own people; those of a provider's are nobody's while that one is not configured.
    ///
    /// ```
    /// use landfall::{CookieKey, RelyingParty};
    ///
    /// let auth = RelyingParty::without_provider("shop")
    ///     .sign_in_page("/login")
    ///     .base_url("https://shop.example.com")
    ///     .cookie_keys([CookieKey::generate()?])
    ///     .build()?;
    /// assert!(auth.is_set_up() && auth.issuer().is_empty());
    /// # Ok::<(), landfall::ConfigError>(())
    /// ```
    pub fn without_provider(name: impl Into<String>) -> RelyingPartyBuilder {
        RelyingPartyBuilder::new(None).application_name(name)
    }
}

/// # The application, and where it is reached
impl RelyingPartyBuilder {
    /// With every default. Only the issuer has none; `None` is no provider.
    pub(crate) fn new(issuer: Option<String>) -> Self {
        Self {
            client: ClientInputs::new(issuer),
            base_urls: Vec::new(),
            application_name: None,
            sessions: SessionInputs::default(),
            paths: Paths::default(),
            timeouts: Timeouts::default(),
            landing: LandingSettings::default(),
            leaving: LeavingSettings::default(),
            csrf: CsrfSettings::default(),
            kept_forms: KeptFormSettings::default(),
            sign_in: SignInSettings::default(),
            sign_in_hook: None,
            logout_hook: None,
            credentials: None,
            spa_callbacks: Vec::new(),
            webhook_secrets: Vec::new(),
            network: NetworkSettings::default(),
            events: Events::default(),
            inputs: Inputs::default(),
            is_native: false,
            names: Names::default(),
        }
    }

    /// Drops what the environment may say of base URLs, pages and stores: it has no meaning for a native
    /// application.
    #[cfg(feature = "native")]
    pub(crate) fn forget_what_is_for_the_web(&mut self) {
        self.base_urls.clear();
        self.network.plain_base_urls.clear();
        self.spa_callbacks.clear();
        self.sessions.store_address = None;
    }

    /// Where browsers reach the application: scheme, host, port unless default, and a path if it has one.
    /// The redirect URI is this and `/auth/callback`, byte for byte: register exactly that.
    ///
    /// Called several times, the request's host selects one by exact match, and any other host gets a 421.
    ///
    /// It is https, or plain http on loopback; see
    /// [`danger::plain_http_base_url`](crate::danger::plain_http_base_url) for a network without TLS.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.names.by_method("base_url");
        self.base_urls.push(url.into());
        self
    }

    /// The name that seals and indexes are derived from. Default: the client id at its issuer; without a provider there is
    /// none, and it has to be given.
    ///
    /// It keeps applications apart that share cookie keys or a store. Give one that stays, and sessions outlive a
    /// change of the client id: two applications of one name open each other's cookies, so no two may share it.
    ///
    /// A session that another client id began is as good as any here; but its tokens belong to that client, so they are
    /// neither refreshed nor revoked, and its sign-out ends here and not at the provider.
    ///
    /// ```
    /// let builder = landfall::RelyingParty::builder("https://acme.example").application_name("shop");
    /// # let _ = builder;
    /// ```
    pub fn application_name(mut self, name: impl Into<String>) -> Self {
        self.names.by_method("application_name");
        self.application_name = Some(name.into());
        self
    }

    /// Hears of sign-ins that start, succeed and fail, and of sessions that are refreshed and end, on this
    /// instance: enough to keep an audit trail without wrapping a handler. It is called in the middle of the work
    /// and must not block.
    ///
    /// ```
    /// use landfall::{EventKind, RelyingParty};
    ///
    /// let builder = RelyingParty::builder("https://acme.example").on_event(|event| match event.kind {
    ///     EventKind::SignInFailed(code) => eprintln!("{code}, reference {:?}", event.reference),
    ///     EventKind::Ended(how) => eprintln!("{:?} is signed out: {how:?}", event.subject),
    ///     _ => {}
    /// });
    /// # let _ = builder;
    /// ```
    pub fn on_event(mut self, listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.events = Events::new(listener);
        self
    }

    /// The path of the callback. Default: `/auth/callback`. At `/`, a request with the provider's answer is
    /// told from the application's own by the shape of `state`.
    pub fn callback_path(mut self, path: impl Into<String>) -> Self {
        self.paths.set(Endpoint::Callback, path.into());
        self
    }

    /// The path that starts a sign-in. Default: `/auth/login`, with `?return_to=`. A link to it needs no script.
    pub fn login_path(mut self, path: impl Into<String>) -> Self {
        self.paths.set(Endpoint::Login, path.into());
        self
    }

    /// The path that ends a session, by POST. Default: `/auth/logout`.
    pub fn logout_path(mut self, path: impl Into<String>) -> Self {
        self.paths.set(Endpoint::Logout, path.into());
        self
    }

    /// The application's own sign-in page, such as `/login`: whoever has to sign in is led there, in place of the provider.
    /// Default: none.
    ///
    /// It is a handler of the application's, open to everybody. It is opened with the query that `/auth/login` takes
    /// (where to land, and what a guard asks for, sealed) and passes that on as it is: the links of
    /// [`Visit::providers`](crate::Visit::providers) have it, and a form of its own posts to the address that the page was
    /// opened with. A sign-in that failed leads back to it: [`Visit::sign_in_failure`](crate::Visit::sign_in_failure).
    /// A page made by a script asks `GET /auth/providers` for both, with its own query behind it.
    ///
    /// Nobody lands there after a sign-in. A guard that stands before it answers 500, or it would lead in a circle.
    ///
    /// ```
    /// let builder = landfall::RelyingParty::builder("https://acme.example").sign_in_page("/login");
    /// # let _ = builder;
    /// ```
    pub fn sign_in_page(mut self, path: impl Into<String>) -> Self {
        self.names.by_method("sign_in_page");
        self.paths.set(Endpoint::SignInPage, path.into());
        self.paths.mount(Endpoint::Providers);
        self
    }

    /// Leads past the [`sign_in_page`](Self::sign_in_page), straight to the provider, while that is all that the page
    /// could offer: an application with another way in does not call it. Sign-ins that fail lead to the page all the
    /// same, and whoever opens it sees it.
    pub fn sign_in_page_auto(mut self) -> Self {
        self.sign_in.past_the_page = true;
        self
    }

    /// The path that says what a sign-in page can offer, as JSON. Default: `/auth/providers`, mounted where there is a
    /// [`sign_in_page`](Self::sign_in_page).
    pub fn providers_path(mut self, path: impl Into<String>) -> Self {
        self.paths.set(Endpoint::Providers, path.into());
        self
    }

    /// Where a sign-in lands that came from nowhere. Default: `/`.
    pub fn default_return_to(mut self, path: impl Into<String>) -> Self {
        self.landing.default_return_to = path.into();
        self
    }

    /// Where a sign-out lands. Default: `/`. The base URL and this, byte for byte, must be registered at the
    /// provider as a post-logout redirect URI.
    pub fn after_logout(mut self, path: impl Into<String>) -> Self {
        self.landing.after_logout = path.into();
        self
    }

    /// What a sign-out asks the browser to throw away of this origin (W3C Clear Site Data). Default: nothing, since an
    /// application may keep there what is nobody's. Browsers heed it over TLS and on loopback, Safari not all of it.
    ///
    /// ```
    /// use landfall::{RelyingParty, SiteData};
    ///
    /// let builder = RelyingParty::builder("https://acme.example")
    ///     .clear_site_data_on_sign_out([SiteData::Cache, SiteData::Storage]);
    /// # let _ = builder;
    /// ```
    pub fn clear_site_data_on_sign_out(mut self, data: impl IntoIterator<Item = SiteData>) -> Self {
        self.leaving.clear_site_data = data.into_iter().collect();
        self
    }

    /// Lets no browser keep what was answered to somebody: `Cache-Control: no-store` in place of `private, no-cache`,
    /// whatever the page says. Then the back button shows no page of a person who has signed out, and each step back asks
    /// the application again. What is everybody's is left as it is.
    pub fn no_store_when_signed_in(mut self) -> Self {
        self.leaving.no_store = true;
        self
    }
}
