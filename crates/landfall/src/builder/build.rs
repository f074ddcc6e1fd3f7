//! From settings to a relying party: checked, sealed, put together.

use std::sync::Arc;

use super::RelyingPartyBuilder;
use super::check::{check_base_urls, check_issuer, sealing};
use super::variables::by_variable;
use crate::address::base_url::BaseUrl;
use crate::address::mismatch::LoggedMismatches;
use crate::context::Context;
use crate::context::attempts::Attempts;
use crate::context::endpoints::Endpoint;
use crate::context::kept_forms::KeptForms;
use crate::context::logout_queue::LogoutQueue;
use crate::context::provider_logouts::ProviderLogouts;
use crate::context::refreshes::Refreshes;
use crate::context::settings::Settings;
use crate::context::site::{Site, Sites};
use crate::crypto::application_name::ApplicationName;
use crate::crypto::seal::CookieKey;
use crate::error::{ConfigError, Error};
use crate::provider::client::{Client, Registration};
use crate::provider::clients::Clients;
use crate::relying_party::RelyingParty;
use crate::runtime::Runtime;
use crate::session::{ClientRef, KeeperSettings, Lifetimes, RecordSeals, SessionKeeper};

/// # Done
impl RelyingPartyBuilder {
    /// Puts it together. Nothing is asked of the network: the provider's metadata are fetched when they are
    /// first needed.
    ///
    /// # Errors
    /// When a setting is missing or cannot work; the error names it and says what to do.
    pub fn build(self) -> Result<RelyingParty, ConfigError> {
        let by_variables = self.by_variables;
        self.checked().map_err(|error| if by_variables { by_variable(error) } else { error })
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

    fn checked(mut self) -> Result<RelyingParty, ConfigError> {
        self.open_store()?;
        let bases = check_base_urls(&self.base_urls)?;
        let client = self.check_registration()?;
        let application = self.check_application_name(&client)?;
        self.check_provider_logout()?;
        self.check_paths()?;
        self.check_kept_forms()?;
        let spa_callbacks = self.check_spa_callbacks(&bases)?;
        let proxies = self.check_proxies()?;
        let ring = self.check_keys(&bases)?;
        let lifetimes = self.check_lifetimes()?;
        let http = self.by_provider_address(&client.issuer, self.http()?)?;
        let sites = self.sites(bases, &ring, &application).map_err(|error| sealing(&error))?;
        let sessions = self.keeper(&client, application, ring, lifetimes).map_err(|error| sealing(&error))?;
        let runtime = match self.inputs.runtime.take() {
            Some(handle) => Runtime::given(handle),
            None => Runtime::own()?,
        };
        let client = Client::new(client, http, Arc::clone(&self.inputs.clock));
        let settings = Settings {
            paths: self.paths,
            timeouts: self.timeouts,
            landing: self.landing,
            csrf: self.csrf,
            kept_forms: self.kept_forms,
            sign_in: self.sign_in,
            spa_callbacks,
            proxies,
            webhook_secrets: self.webhook_secrets,
            keeps_tokens: self.sessions.store.is_some() || self.is_native,
        };
        if !self.is_native {
            tell_what_to_register(&sites, &client, &settings);
        }
        Ok(RelyingParty::of(Context {
            logout_queue: LogoutQueue::new(settings.timeouts.logout_token),
            settings,
            sites,
            clients: Clients::new(client),
            sessions,
            attempts: Attempts::new(),
            refreshes: Refreshes::new(self.inputs.http_timeout, self.sessions.store_timeout),
            events: self.events,
            sign_in_hook: self.sign_in_hook,
            provider_logouts: ProviderLogouts::new(),
            kept_forms: KeptForms::default(),
            logged_mismatches: LoggedMismatches::default(),
            clock: self.inputs.clock,
            entropy: self.inputs.entropy,
            runtime,
        }))
    }

    /// What the client is registered as.
    fn check_registration(&mut self) -> Result<Registration, ConfigError> {
        let issuer = check_issuer(&self.client.issuer)?;
        let (secret, auth) = self.check_client()?;
        self.check_algorithms(&secret)?;
        let scope = self.check_scopes()?;
        Ok(Registration {
            issuer,
            client_id: self.client.id.as_deref().unwrap_or_default().into(),
            secret,
            auth,
            scope,
            settings: std::mem::take(&mut self.client.settings),
            callback_path: self.paths.path(Endpoint::Callback).to_owned(),
        })
    }

    fn check_application_name(&self, client: &Registration) -> Result<ApplicationName, ConfigError> {
        match self.application_name.as_deref() {
            None => Ok(ApplicationName::of_client(&client.issuer, &client.client_id)),
            Some(name) if name.trim().is_empty() => {
                Err(ConfigError::new("application_name", "an empty name", "give one, or leave it out"))
            }
            Some(name) => Ok(ApplicationName::given(name)),
        }
    }

    fn sites(
        &self,
        bases: Vec<BaseUrl>,
        ring: &[CookieKey],
        application: &ApplicationName,
    ) -> Result<Sites, Error> {
        let after_logout = &self.landing.after_logout;
        let sites = bases.into_iter().enumerate();
        let sites = sites.map(|(at, base)| Site::new(at, base, ring, application, after_logout));
        Sites::new(sites.collect::<Result<_, _>>()?)
    }

    fn keeper(
        &self,
        client: &Registration,
        application: ApplicationName,
        ring: Vec<CookieKey>,
        lifetimes: Lifetimes,
    ) -> Result<SessionKeeper, Error> {
        let client =
            ClientRef { issuer: Arc::clone(&client.issuer), client_id: Arc::clone(&client.client_id) };
        let entropy = &self.inputs.entropy;
        let seals = RecordSeals::new(application, client.clone(), ring, Arc::clone(entropy))?;
        let settings = KeeperSettings {
            lifetimes,
            store_timeout: self.sessions.store_timeout,
            near_cache_staleness: self.sessions.near_cache_staleness,
        };
        let store = self.sessions.store.clone();
        Ok(SessionKeeper::new(client, Arc::clone(entropy), store, seals, settings))
    }
}

fn tell_what_to_register(sites: &Sites, client: &Client, settings: &Settings) {
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
