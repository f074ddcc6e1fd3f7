//! From settings to a relying party: checked, sealed, put together.
//!
//! The order in `checked`, which is the order in which errors are told:
//!
//! 1. The store is opened, since several rules depend on there being one.
//! 2. Base URLs, the client's registration where there is a provider, the application's name.
//! 3. Paths: what the provider may call, then that each is its own; kept forms, single-page applications, proxies.
//! 4. Cookie keys and lifetimes.
//! 5. The way to the provider, seals for every base URL, the keeper of sessions, the runtime.
//!
//! What comes first is what the rest depends on: a store decides whether tokens can be kept and whether a provider may
//! end sessions, base URLs decide what cookies are called, the client decides what seals are derived from.
//!
//! Errors name settings by the builder's methods. Where one came from a variable, its name is put in at the very end,
//! in [`build`](RelyingPartyBuilder::build), so that no check has to know where a value came from.
//!
//! The runtime comes last of what can fail, so that a wrong setting starts no thread. Nothing is asked of the
//! network; `connect` does that, for whoever wants to fail at start-up.

use std::mem;
use std::sync::Arc;

use super::RelyingPartyBuilder;
use super::check::{check_base_urls, check_issuer, sealing};
use super::client::Registered;
use super::unchecked::NetworkSettings;
use crate::address::any_host::AnyHostPaths;
use crate::address::base_url::BaseUrl;
use crate::address::mismatch::LoggedMismatches;
use crate::address::spa_callback::SpaCallback;
use crate::address::trusted_proxies::TrustedProxies;
use crate::clock::{Entropy as _, SystemEntropy};
use crate::context::Context;
use crate::context::attempts::Attempts;
use crate::context::endpoints::Endpoint;
use crate::context::kept_forms::KeptForms;
use crate::context::mounting::Mounting;
use crate::context::public_answers::PublicAnswers;
use crate::context::recent_logouts::ProviderLogouts;
use crate::context::refreshes::Refreshes;
use crate::context::settings::SessionLimit;
use crate::context::settings::{ActivitySettings, Settings};
use crate::context::site::{Site, Sites};
use crate::context::turns::AllTurns;
use crate::crypto::application_name::ApplicationName;
use crate::crypto::seal::CookieKey;
use crate::error::{ConfigError, ConnectError, Error};
use crate::provider::client::{Client, Registration};
use crate::provider::clients::{self, Clients};
use crate::relying_party::{FrontDoor, RelyingParty};
use crate::runtime::Runtime;
use crate::session::{ClientRef, KeeperSettings, Lifetimes, RecordSeals, SessionKeeper};

/// # Done
impl RelyingPartyBuilder {
    /// Puts it together. Nothing is asked of the network: the provider's metadata are fetched when they are first
    /// needed.
    ///
    /// What has to be registered at the provider is logged at INFO, byte for byte.
    ///
    /// # Errors
    /// When a setting is missing or cannot work; the error names it and says what to do.
    pub fn build(self) -> Result<RelyingParty, ConfigError> {
        self.front_door().map(RelyingParty::from)
    }

    /// [`build`](Self::build) for those who know that it is set up.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn front_door(self) -> Result<FrontDoor, ConfigError> {
        let names = self.names.clone();
        self.checked().map_err(|error| names.name(&error))
    }

    /// Puts it together and asks the store and the provider once, so that a missing right or a wrong issuer fails at
    /// start-up. The store is given a record of nobody's, which is changed, read and taken away again; of the provider,
    /// the metadata are fetched. The application then does not start while one of them is down; with
    /// [`build`](Self::build) it does, and people get a page that says so.
    ///
    /// # Errors
    /// As [`Self::build`]; when the store does not let this application read or write; and when the provider cannot be
    /// reached or its metadata cannot be used.
    pub async fn connect(self) -> Result<RelyingParty, ConnectError> {
        let relying_party = self.build()?;
        relying_party.connect().await?;
        Ok(relying_party)
    }

    /// The issuer, where there is one, and the base URLs.
    fn check_addresses(&self) -> Result<(Option<Arc<str>>, Vec<BaseUrl>), ConfigError> {
        let NetworkSettings { plain_issuer, plain_base_urls, loopback_beside_public, .. } = &self.network;
        let issuer = self.client.issuer.as_deref();
        let issuer = issuer.map(|issuer| check_issuer(issuer, plain_issuer.as_deref())).transpose()?;
        Ok((issuer, check_base_urls(&self.base_urls, plain_base_urls, *loopback_beside_public)?))
    }

    /// What is said of people: by which credentials they come, and which roles their claims give.
    fn check_identities(&self) -> Result<(), ConfigError> {
        self.check_credentials()?;
        self.check_roles()
    }

    /// Everything in order, with errors that name settings by the builder's methods.
    fn checked(mut self) -> Result<FrontDoor, ConfigError> {
        self.open_store()?;
        let (issuer, bases) = self.check_addresses()?;
        let registered = self.check_registration(issuer)?;
        self.check_provider_logout()?;
        self.check_paths(&bases)?;
        self.check_kept_forms()?;
        self.check_login_parameters()?;
        let spa_callbacks = self.check_spa_callbacks(&bases)?;
        let (proxies, any_host) = (self.check_proxies()?, self.check_any_host()?);
        self.check_session_cookie()?;
        self.check_identities()?;
        let (activity, session_limit) = (self.check_activity()?, self.check_session_limit()?);
        let ring = self.check_keys(&bases)?;
        let lifetimes = self.check_lifetimes()?;
        let client = match registered {
            Some(registered) => {
                let http = self.by_provider_address(&registered.issuer, self.http()?)?;
                Some((self.registration(registered), http))
            }
            None => None,
        };
        // All that is checked is checked: from here on the settings are taken out.
        let registration = client.as_ref().map(|(registration, _)| registration);
        let application = self.check_application_name(registration)?;
        let sites = self.sites(bases, &ring, &application).map_err(|error| sealing(&error))?;
        let sessions =
            self.keeper(registration, application, &ring, lifetimes).map_err(|error| sealing(&error))?;
        let runtime = self.work_place()?;
        gather_entropy();
        let credentials =
            self.credentials(&*Arc::clone(&self.inputs.entropy)).map_err(|error| sealing(&error))?;
        let clock = &self.inputs.clock;
        let client = client.map(|(client, http)| Client::new(client, http, Arc::clone(clock)));
        let settings = self.settings(spa_callbacks, (proxies, any_host), activity, session_limit);
        if !self.is_native {
            tell_what_to_register(&sites, client.as_ref(), &settings);
        }
        Ok(FrontDoor::of(Context {
            turns: AllTurns::new(settings.timeouts.logout_token, settings.timeouts.body),
            settings,
            sites,
            clients: Clients::new(client),
            sessions,
            attempts: Attempts::new(),
            refreshes: Refreshes::new(self.inputs.http_timeout, self.sessions.store_timeout),
            events: self.events,
            sign_in_hook: self.sign_in_hook,
            logout_hook: self.logout_hook,
            credentials,
            provider_logouts: ProviderLogouts::new(),
            kept_forms: KeptForms::default(),
            logged_mismatches: LoggedMismatches::default(),
            mounting: Mounting::new(self.inputs.clock.now()),
            public_answers: PublicAnswers::default(),
            names: self.names,
            clock: self.inputs.clock,
            entropy: self.inputs.entropy,
            runtime,
        }))
    }

    /// What was checked about the application itself, moved into the groups of those who read it.
    fn settings(
        &mut self,
        spa_callbacks: Vec<SpaCallback>,
        (proxies, any_host): (TrustedProxies, AnyHostPaths),
        activity: ActivitySettings,
        session_limit: Option<SessionLimit>,
    ) -> Settings {
        Settings {
            paths: mem::take(&mut self.paths),
            timeouts: mem::take(&mut self.timeouts),
            landing: mem::take(&mut self.landing),
            leaving: mem::take(&mut self.leaving),
            csrf: mem::take(&mut self.csrf),
            kept_forms: mem::take(&mut self.kept_forms),
            sign_in: mem::take(&mut self.sign_in),
            activity,
            strict_cookie: self.sessions.cookie.is_strict,
            session_limit,
            spa_callbacks,
            proxies,
            any_host,
            webhook_secrets: mem::take(&mut self.webhook_secrets),
            keeps_tokens: self.sessions.store.is_some() || self.is_native,
        }
    }

    /// Where outbound work runs: on the runtime that was given, or on one of our own.
    fn work_place(&mut self) -> Result<Runtime, ConfigError> {
        match self.inputs.runtime.take() {
            Some(handle) => Ok(Runtime::given(handle)),
            None if self.is_native => Runtime::alone(),
            None => Runtime::own(),
        }
    }

    /// What the client is registered as at the provider.
    fn registration(&mut self, Registered { issuer, secret, auth, scope }: Registered) -> Registration {
        Registration {
            number: clients::FIRST,
            issuer,
            client_id: self.client.id.as_deref().unwrap_or_default().into(),
            secret,
            auth,
            scope,
            settings: mem::take(&mut self.client.settings),
            callback_path: self.paths.path(Endpoint::Callback).to_owned(),
        }
    }

    /// The name that seals and indexes are derived from: the given one, or the client id at its issuer. Without a provider
    /// it has to be given.
    fn check_application_name(&self, client: Option<&Registration>) -> Result<ApplicationName, ConfigError> {
        match (self.application_name.as_deref(), client) {
            (None, Some(client)) => Ok(ApplicationName::of_client(&client.issuer, &client.client_id)),
            (None, None) => Err(ConfigError::new(
                "application_name",
                "missing, and there is no provider to call the application after",
                "give a name that stays, such as shop: sessions are kept under it",
            )),
            (Some(name), _) if name.trim().is_empty() => {
                Err(ConfigError::new("application_name", "an empty name", "give one, or leave it out"))
            }
            (Some(name), _) => Ok(ApplicationName::given(name)),
        }
    }

    /// One site for each base URL, each with seals and cookie names of its own.
    fn sites(
        &self,
        bases: Vec<BaseUrl>,
        ring: &[CookieKey],
        application: &ApplicationName,
    ) -> Result<Sites, Error> {
        let (cookie, after_logout) = (&self.sessions.cookie, &self.landing.after_logout);
        let sites = bases.into_iter().enumerate();
        let sites = sites.map(|(at, base)| Site::new(at, base, ring, application, cookie, after_logout));
        Sites::new(sites.collect::<Result<_, _>>()?)
    }

    /// What keeps sessions: seals for records, lifetimes, the store if there is one, the near cache.
    fn keeper(
        &self,
        client: Option<&Registration>,
        application: ApplicationName,
        ring: &[CookieKey],
        lifetimes: Lifetimes,
    ) -> Result<SessionKeeper, Error> {
        let client = client.map(|client| ClientRef {
            issuer: Arc::clone(&client.issuer),
            client_id: Arc::clone(&client.client_id),
        });
        let entropy = &self.inputs.entropy;
        let seals = RecordSeals::new(application, client.clone(), ring, Arc::clone(entropy))?;
        let settings = KeeperSettings {
            lifetimes,
            store_timeout: self.sessions.store_timeout,
            near_cache_staleness: self.sessions.near_cache_staleness,
            names: self.names.clone(),
        };
        let store = self.sessions.store.clone();
        if let Some(store) = &store {
            store.use_clock(Arc::clone(&self.inputs.clock));
        }
        Ok(SessionKeeper::new(client, Arc::clone(entropy), store, seals, settings))
    }
}

/// Takes the first random number of the process, which waits some 25 ms until entropy is gathered, so that it is not the
/// first sign-in's. Taken on this thread: aws-lc ends a process that exits while another thread takes its first. Where it
/// fails, whoever needs one is told.
fn gather_entropy() {
    let _ = SystemEntropy.fill(&mut [0]);
}

/// Logs every address that the provider has to know. A redirect URI that differs in one character is the most
/// frequent mistake, and the provider's page seldom says which.
fn tell_what_to_register(sites: &Sites, client: Option<&Client>, settings: &Settings) {
    let Some(client) = client else {
        let page = settings.paths.get(Endpoint::SignInPage);
        tracing::info!(page, "no provider, as it was said: people sign in on the application's own page");
        return;
    };
    for site in sites.iter() {
        let redirect_uri = client.redirect_uri(&site.base);
        tracing::info!(%redirect_uri, post_logout_redirect_uri = %site.post_logout_redirect_uri, "to be registered at the provider, byte for byte");
        if let Some(path) = settings.paths.get(Endpoint::BackchannelLogout) {
            tracing::info!(backchannel_logout_uri = %format!("{}{path}", site.base.literal), "may be registered, too");
        }
    }
    for callback in &settings.spa_callbacks {
        tracing::info!(redirect_uri = %callback.literal, "to be registered at the provider, byte for byte");
    }
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use super::*;

    /// In a child process: how long after `build` it ends, in microseconds.
    const ENDS_AFTER: &str = "LANDFALL_TEST_ENDS_AFTER";

    /// With entropy gathered by another thread, one of some seventy ended by a signal.
    #[test]
    fn a_program_that_ends_right_after_build_ends_as_it_wanted_to() {
        if let Ok(after) = env::var(ENDS_AFTER) {
            let key = CookieKey::generate().unwrap();
            let builder = RelyingParty::builder("https://id.example").client("app", "secret");
            let built = builder.base_url("https://app.example").cookie_keys([key]).build();
            let (since, after) = (Instant::now(), Duration::from_micros(after.parse().unwrap()));
            while since.elapsed() < after {}
            std::process::exit(if built.is_ok() { 7 } else { 1 });
        }
        let name = std::thread::current().name().unwrap().to_owned();
        for after in (0..200).step_by(10) {
            let mut runs = [0, 2, 4, 6].map(|more: u64| {
                let mut run = Command::new(env::current_exe().unwrap());
                run.args(["--exact", &name, "--nocapture"]).env(ENDS_AFTER, (after + more).to_string());
                run.stdout(Stdio::null()).spawn().unwrap()
            });
            let ends = runs.each_mut().map(|run| run.wait().unwrap());
            assert_eq!(ends.map(|end| end.code()), [Some(7); 4]);
        }
    }
}
