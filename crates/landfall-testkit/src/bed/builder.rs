//! [`TestBedBuilder`]: a bed for an application whose paths or provider are not the usual ones.

use std::sync::Arc;

use landfall::RelyingPartyBuilder;

use super::TestBed;
use crate::browser::Browser;
use crate::clock::VirtualClock;
use crate::provider::{Client, LocalProvider, LocalProviderBuilder, StartError};

/// What a [`TestBed`] is made of; [`TestBed::builder`] begins one.
///
/// The paths are called as the settings of [`RelyingPartyBuilder`] are, and mean the same: they are registered at the
/// provider, and [`TestBed::relying_party`] has them.
///
/// ```
/// use landfall_testkit::{Person, TestBed};
///
/// let bed = TestBed::builder("https://app.example.com")
///     .callback_path("/signed-in")
///     .logout_path("/bye")
///     .provider(|provider| provider.person(Person::new("ada").claim("roles", ["admin"])))
///     .build()?;
/// let auth = bed.relying_party().build()?;
/// assert!(auth.redirect_uris().eq(["https://app.example.com/signed-in"]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct TestBedBuilder {
    base_url: String,
    paths: Paths,
    clock: VirtualClock,
    provider: LocalProviderBuilder,
    listens: bool,
}

/// The application's own paths, where they are not the default ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Paths {
    callback: Option<String>,
    login: Option<String>,
    logout: Option<String>,
    after_logout: Option<String>,
}

impl Paths {
    /// Tells the relying party of them.
    pub(super) fn set(&self, mut builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
        let Self { callback, login, logout, after_logout } = self.clone();
        if let Some(path) = callback {
            builder = builder.callback_path(path);
        }
        if let Some(path) = login {
            builder = builder.login_path(path);
        }
        if let Some(path) = logout {
            builder = builder.logout_path(path);
        }
        if let Some(path) = after_logout {
            builder = builder.after_logout(path);
        }
        builder
    }

    /// The application as the provider is to know it.
    fn client(&self, base_url: &str) -> Client {
        let callback = self.callback.as_deref().unwrap_or("/auth/callback");
        let client = Client::new(TestBed::CLIENT_ID)
            .secret(TestBed::CLIENT_SECRET)
            .redirect_uri(format!("{base_url}{callback}"));
        match &self.after_logout {
            Some(path) => client.post_logout_redirect_uri(format!("{base_url}{path}")),
            None => {
                client.post_logout_redirect_uri(base_url).post_logout_redirect_uri(format!("{base_url}/"))
            }
        }
    }
}

impl TestBedBuilder {
    pub(super) fn new(base_url: &str) -> Self {
        let clock = VirtualClock::default();
        let provider = LocalProvider::builder().clock(Arc::new(clock.clone())).auto_sign_in("ada");
        let base_url = base_url.trim_end_matches('/').to_owned();
        Self { base_url, paths: Paths::default(), clock, provider, listens: false }
    }

    /// The path of the callback, as [`RelyingPartyBuilder::callback_path`]. Default: `/auth/callback`.
    pub fn callback_path(mut self, path: impl Into<String>) -> Self {
        self.paths.callback = Some(path.into());
        self
    }

    /// The path that starts a sign-in, as [`RelyingPartyBuilder::login_path`]. Default: `/auth/login`.
    pub fn login_path(mut self, path: impl Into<String>) -> Self {
        self.paths.login = Some(path.into());
        self
    }

    /// The path that ends a session, as [`RelyingPartyBuilder::logout_path`]. Default: `/auth/logout`.
    pub fn logout_path(mut self, path: impl Into<String>) -> Self {
        self.paths.logout = Some(path.into());
        self
    }

    /// Where a sign-out lands, as [`RelyingPartyBuilder::after_logout`]. Default: `/`.
    pub fn after_logout(mut self, path: impl Into<String>) -> Self {
        self.paths.after_logout = Some(path.into());
        self
    }

    /// Changes how the provider is built: a person more, a level, a lifetime.
    pub fn provider(mut self, change: impl FnOnce(LocalProviderBuilder) -> LocalProviderBuilder) -> Self {
        self.provider = change(self.provider);
        self
    }

    /// Lets the provider listen on a loopback port, for whoever follows redirects over the network: `reqwest`, or a real
    /// browser. Its issuer is then `http://127.0.0.1:PORT`, and the base URL is to be where the application listens.
    /// Without this it lives in the process alone, at `https://op.example`.
    pub fn listening(mut self) -> Self {
        self.listens = true;
        self
    }

    /// The bed.
    ///
    /// # Errors
    /// When no signing key can be made, no port can be had, or the provider cannot be built with the changes.
    pub fn build(self) -> Result<TestBed, StartError> {
        let Self { base_url, paths, clock, provider, listens } = self;
        let provider = if listens { provider.start_blocking()? } else { provider.in_process()? };
        provider.register(paths.client(&base_url));
        let browser = Browser::new().clock(Arc::new(clock.clone()));
        browser
            .route(provider.issuer(), &provider)
            .map_err(|_| StartError::Issuer(provider.issuer().to_owned()))?;
        Ok(TestBed { provider, browser, clock, base_url, paths })
    }
}
