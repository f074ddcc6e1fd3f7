//! Putting a relying party together. Every value is checked where it is given or at `build()`; nothing is
//! asked of the network.

mod authorization;
mod check;
mod env;
mod inputs;
mod kept_forms;
mod key_file;
mod network;
mod provider_logout;
mod sessions;
mod sign_in;
mod spa;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use self::check::{check_base_urls, check_issuer, sealing};
use self::network::Environment;
use crate::address::mismatch::Told;
use crate::builder::env::by_variable;
use crate::clock::{Clock, Entropy, SystemClock, SystemEntropy};
use crate::context::attempts::Attempts;
use crate::context::events::{Event, Events};
use crate::context::provider_logouts::Endings;
use crate::context::refreshes::Refreshes;
use crate::context::settings::{Paths, Settings, SpaCallback, Userinfo};
use crate::context::sign_in_hook::Hook;
use crate::crypto::seal::CookieKey;
use crate::crypto::secret::Secret;
use crate::error::{ConfigError, Error};
use crate::flow::kept_form::KeptForms;
use crate::flow::provider_logout::backchannel::{self, Backchannel};
use crate::protocol::algorithm::SigningAlgorithm;
use crate::protocol::client_auth::ClientAuth;
use crate::provider::Provider;
use crate::provider::http_client::HttpClient;
use crate::relying_party::{Inner, Place, RelyingParty};
use crate::runtime::Runtime;
use crate::session::{NearCache, RecordSeals, SessionKeeper, SessionStore, StoreOpener};

/// Opened sessions kept in this process.
const CACHE_CAPACITY: usize = 10_000;

/// Puts a [`RelyingParty`] together.
///
/// # How the defaults were chosen
/// - scope `openid profile email`; RS256 alone, what every provider must have (OpenID Connect Core §15.1);
/// - 60 s of clock leeway, a pending login of 15 minutes;
/// - 5 s to connect, 15 s for a whole call to the provider, 1 MiB of answer;
/// - without a store a session of 8 hours, 2 idle, since it cannot be revoked; with one 7 days, 8 hours idle;
/// - 5 s of near cache, which bounds how long a revoked session can still be served.
#[derive(Debug)]
#[must_use]
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct RelyingPartyBuilder {
    issuer: String,
    client_id: Option<String>,
    secret: Option<Secret<String>>,
    secret_file: Option<PathBuf>,
    client_auth: Option<ClientAuth>,
    base_urls: Vec<String>,
    cookie_keys: Vec<CookieKey>,
    store: Option<Arc<dyn SessionStore>>,
    store_address: Option<Secret<String>>,
    store_openers: Vec<Arc<dyn StoreOpener>>,
    events: Events,
    scopes: Vec<String>,
    audience: Option<String>,
    extra_parameters: Vec<(String, String)>,
    form_post: bool,
    userinfo: Userinfo,
    algorithms: Vec<SigningAlgorithm>,
    trusted_audiences: Vec<String>,
    max_age: Option<Duration>,
    acr_values: Vec<String>,
    acr_essential: bool,
    leeway: Duration,
    login_lifetime: Duration,
    session_lifetime: Option<Duration>,
    idle_lifetime: Option<Duration>,
    near_cache_staleness: Duration,
    store_timeout: Duration,
    keep_claims: Vec<String>,
    body_timeout: Duration,
    logout_token_patience: Duration,
    paths: Paths,
    webhook_secrets: Vec<Secret<String>>,
    default_return_to: String,
    after_logout: String,
    pub(crate) cross_site: Vec<String>,
    pub(crate) is_native: bool,
    keep_fragments: bool,
    keep_forms: Vec<String>,
    kept_form_limit: usize,
    spa_callbacks: Vec<String>,
    required_header: Option<String>,
    pub(crate) environment: Environment,
    role_claim: String,
    read_access_token: bool,
    silent_sign_in: Option<Duration>,
    sign_in_hook: Option<Hook>,
    http_client: Option<Arc<dyn HttpClient>>,
    connect_timeout: Duration,
    http_timeout: Duration,
    ca_file: Option<PathBuf>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    runtime: Option<tokio::runtime::Handle>,
    by_variables: bool,
}

impl RelyingPartyBuilder {
    pub(crate) fn new(issuer: String) -> Self {
        Self {
            issuer,
            client_id: None,
            secret: None,
            secret_file: None,
            client_auth: None,
            base_urls: Vec::new(),
            cookie_keys: Vec::new(),
            store: None,
            store_address: None,
            store_openers: Vec::new(),
            events: Events::default(),
            scopes: ["openid", "profile", "email"].map(str::to_owned).to_vec(),
            audience: None,
            extra_parameters: Vec::new(),
            form_post: false,
            userinfo: Userinfo::default(),
            algorithms: vec![SigningAlgorithm::Rs256],
            trusted_audiences: Vec::new(),
            max_age: None,
            acr_values: Vec::new(),
            acr_essential: false,
            leeway: Duration::from_secs(60),
            login_lifetime: Duration::from_secs(15 * 60),
            session_lifetime: None,
            idle_lifetime: None,
            near_cache_staleness: Duration::from_secs(5),
            store_timeout: Duration::from_secs(5),
            keep_claims: Vec::new(),
            body_timeout: Duration::from_secs(10),
            logout_token_patience: backchannel::PATIENCE,
            paths: Paths {
                login: "/auth/login".to_owned(),
                callback: "/auth/callback".to_owned(),
                logout: "/auth/logout".to_owned(),
                session: "/auth/session".to_owned(),
                exchange: "/auth/exchange".to_owned(),
                resume: "/auth/resume".to_owned(),
                backchannel_logout: None,
                frontchannel_logout: "/auth/frontchannel-logout".to_owned(),
                webhook: None,
            },
            webhook_secrets: Vec::new(),
            default_return_to: "/".to_owned(),
            after_logout: "/".to_owned(),
            cross_site: Vec::new(),
            is_native: false,
            keep_fragments: false,
            keep_forms: Vec::new(),
            kept_form_limit: kept_forms::LIMIT,
            spa_callbacks: Vec::new(),
            required_header: None,
            environment: Environment::default(),
            role_claim: "roles".to_owned(),
            read_access_token: false,
            silent_sign_in: None,
            sign_in_hook: None,
            http_client: None,
            connect_timeout: Duration::from_secs(5),
            http_timeout: Duration::from_secs(15),
            ca_file: None,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            runtime: None,
            by_variables: false,
        }
    }

    /// What the environment may say of base URLs, pages and stores has no meaning for a native application.
    #[cfg(feature = "native")]
    pub(crate) fn forget_what_is_for_the_web(&mut self) {
        self.base_urls.clear();
        self.spa_callbacks.clear();
        self.store_address = None;
    }

    /// Errors then name environment variables.
    pub(crate) fn named_by_variables(mut self) -> Self {
        self.by_variables = true;
        self
    }

    /// A confidential client: its id and secret, as registered at the provider.
    pub fn client(mut self, id: impl Into<String>, secret: impl Into<Secret<String>>) -> Self {
        self.client_id = Some(id.into());
        self.secret = Some(secret.into());
        self
    }

    /// A confidential client whose secret stands in a file, which is read again when the provider refuses
    /// the secret: it can be rotated without a restart.
    pub fn client_with_secret_file(mut self, id: impl Into<String>, file: impl Into<PathBuf>) -> Self {
        self.client_id = Some(id.into());
        self.secret_file = Some(file.into());
        self
    }

    /// A public client: no secret, PKCE alone.
    pub fn public_client(mut self, id: impl Into<String>) -> Self {
        self.client_id = Some(id.into());
        self.client_auth = Some(ClientAuth::None);
        self
    }

    /// How the client proves itself, as registered at the provider. Default: `client_secret_basic`.
    pub fn client_auth(mut self, method: ClientAuth) -> Self {
        self.client_auth = Some(method);
        self
    }

    /// Where browsers reach the application: scheme, host, port unless default, and a path if it has one.
    /// The redirect URI is this and `/auth/callback`, byte for byte: register exactly that.
    ///
    /// Called several times, the request's host selects one by exact match, and any other host gets a 421.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_urls.push(url.into());
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
        self.paths.callback = path.into();
        self
    }

    /// The path that starts a sign-in. Default: `/auth/login`, with `?return_to=`.
    pub fn login_path(mut self, path: impl Into<String>) -> Self {
        self.paths.login = path.into();
        self
    }

    /// The path that ends a session, by POST. Default: `/auth/logout`.
    pub fn logout_path(mut self, path: impl Into<String>) -> Self {
        self.paths.logout = path.into();
        self
    }

    /// Where a sign-in lands that came from nowhere. Default: `/`.
    pub fn default_return_to(mut self, path: impl Into<String>) -> Self {
        self.default_return_to = path.into();
        self
    }

    /// Where a sign-out lands. Default: `/`. The base URL and this, byte for byte, must be registered at the
    /// provider as a post-logout redirect URI.
    pub fn after_logout(mut self, path: impl Into<String>) -> Self {
        self.after_logout = path.into();
        self
    }

    /// Puts it together. Nothing is asked of the network: the provider's metadata are fetched when they are
    /// first needed.
    ///
    /// # Errors
    /// When a setting is missing or cannot work; the error names it and says what to do.
    pub fn build(self) -> Result<RelyingParty, ConfigError> {
        let by_variables = self.by_variables;
        self.checked().map_err(|error| if by_variables { by_variable(error) } else { error })
    }

    fn checked(mut self) -> Result<RelyingParty, ConfigError> {
        self.open_store()?;
        let issuer = check_issuer(&self.issuer)?;
        let bases = check_base_urls(&self.base_urls)?;
        let (secret, client_auth) = self.check_client()?;
        let algorithms = self.check_algorithms(&secret)?;
        let client_id = self.client_id.clone().unwrap_or_default();
        let scope = self.check_scopes()?;
        self.check_endings()?;
        self.check_paths()?;
        self.check_keeping()?;
        let spa_callbacks = self.check_spa_callbacks(&bases)?;
        let proxies = self.check_proxies()?;
        let ring = self.check_keys(&bases)?;
        let lifetimes = self.check_lifetimes()?;
        let http = self.by_provider_address(&issuer, self.http()?)?;

        let places = bases
            .into_iter()
            .map(|base| {
                Place::new(base, &ring, &issuer, &client_id, &self.paths.callback, &self.after_logout)
            })
            .collect::<Result<Vec<_>, Error>>()
            .map_err(|error| sealing(&error))?;
        let sealers = places
            .iter()
            .map(|place| place.sealer(&ring, "session", &issuer, &client_id))
            .collect::<Result<Vec<_>, Error>>()
            .map_err(|error| sealing(&error))?;
        let seals = RecordSeals::new(Arc::clone(&issuer), client_id.clone(), ring, Arc::clone(&self.entropy))
            .map_err(|error| sealing(&error))?;
        let sessions = SessionKeeper::new(
            Arc::clone(&issuer),
            Arc::clone(&self.entropy),
            self.store.clone(),
            seals,
            NearCache::new(CACHE_CAPACITY, self.near_cache_staleness),
            lifetimes,
            self.store_timeout,
            sealers,
        );
        let runtime = match self.runtime {
            Some(handle) => Runtime::given(handle),
            None => Runtime::own()?,
        };
        if !self.is_native {
            tell_what_to_register(&places, &self.paths, &spa_callbacks);
        }
        let settings = Settings {
            issuer: Arc::clone(&issuer),
            client_id,
            secret,
            client_auth,
            scope,
            audience: self.audience,
            extra_parameters: self.extra_parameters,
            form_post: self.form_post,
            userinfo: self.userinfo,
            algorithms,
            trusted_audiences: self.trusted_audiences,
            max_age: self.max_age,
            acr_values: self.acr_values,
            acr_essential: self.acr_essential,
            leeway: self.leeway,
            login_lifetime: self.login_lifetime,
            body_timeout: self.body_timeout,
            paths: self.paths,
            webhook_secrets: self.webhook_secrets,
            default_return_to: self.default_return_to,
            after_logout: self.after_logout,
            cross_site: self.cross_site,
            keep_fragments: self.keep_fragments,
            keep_forms: self.keep_forms,
            kept_form_limit: self.kept_form_limit,
            spa_callbacks,
            required_header: self.required_header,
            proxies,
            role_claim: self.role_claim,
            read_access_token: self.read_access_token,
            silent_sign_in: self.silent_sign_in,
            keep_claims: self.keep_claims,
            keeps_tokens: self.store.is_some() || self.is_native,
        };
        Ok(RelyingParty::from_inner(Inner {
            settings,
            places,
            provider: Provider::new(issuer, Arc::clone(&http), Arc::clone(&self.clock)),
            sessions,
            attempts: Attempts::new(),
            refreshes: Refreshes::new(self.http_timeout, self.store_timeout),
            events: self.events,
            sign_in_hook: self.sign_in_hook,
            endings: Endings::new(),
            told: Told::default(),
            kept_forms: KeptForms::default(),
            backchannel: Backchannel::new(self.logout_token_patience),
            http,
            clock: self.clock,
            entropy: self.entropy,
            runtime,
        }))
    }

    /// Puts it together and asks the provider for its metadata, so that a wrong issuer fails at start-up.
    ///
    /// # Errors
    /// As [`Self::build`], and when the provider cannot be reached or its metadata cannot be used.
    pub async fn connect(self) -> Result<RelyingParty, Box<dyn std::error::Error + Send + Sync>> {
        let relying_party = self.build()?;
        relying_party.connect().await?;
        Ok(relying_party)
    }
}

fn tell_what_to_register(places: &[Place], paths: &Paths, spa_callbacks: &[SpaCallback]) {
    for place in places {
        tracing::info!(redirect_uri = %place.redirect_uri, post_logout_redirect_uri = %place.post_logout_redirect_uri, "to be registered at the provider, byte for byte");
        if let Some(path) = &paths.backchannel_logout {
            tracing::info!(backchannel_logout_uri = %format!("{}{path}", place.base.literal), "may be registered, too");
        }
    }
    for callback in spa_callbacks {
        tracing::info!(redirect_uri = %callback.literal, "to be registered at the provider, byte for byte");
    }
}
