//! [`NativeClientBuilder`]: the settings of a native client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use landfall::adapter::Waiting;
use landfall::native::NativeRelyingParty;
use landfall::{RelyingParty, RelyingPartyBuilder};

use crate::browser::{OpenBrowser, SystemBrowser};
use crate::client::NativeClient;
use crate::device::Pause;
use crate::error::NativeError;
use crate::storage::{MemoryStorage, TokenStorage};
use crate::tokens::Tokens;

/// The settings of a [`NativeClient`].
///
/// Defaults: a port that the system chooses, the system's browser, five minutes for the person, tokens in memory.
///
/// ```
/// use std::time::Duration;
///
/// use landfall_native::{FileStorage, NativeClient};
///
/// let client = NativeClient::builder("https://acme.example", "client-id")
///     .scopes(["openid", "email", "offline_access"])
///     .storage(FileStorage::new("state/sign-in"))
///     .patience(Duration::from_secs(120))
///     .build()?;
/// # let _ = client;
/// # Ok::<(), landfall_native::NativeError>(())
/// ```
#[must_use]
pub struct NativeClientBuilder {
    builder: RelyingPartyBuilder,
    browser: Arc<dyn OpenBrowser>,
    storage: Arc<dyn TokenStorage>,
    port: Option<u16>,
    patience: Duration,
    pause: Option<Pause>,
}

impl NativeClient {
    /// Starts to put one together: a public client, which has no secret, since none can be kept in a program that
    /// people have (RFC 8252 §8.5). For a client with a secret see [`NativeClientBuilder::from_builder`].
    pub fn builder(issuer: impl Into<String>, client_id: impl Into<String>) -> NativeClientBuilder {
        NativeClientBuilder::from_builder(RelyingParty::builder(issuer).public_client(client_id))
    }
}

impl NativeClientBuilder {
    /// Starts from the builder that a web application is configured with: issuer, client, scopes, HTTP client, clock.
    /// Base URLs, paths and stores have no meaning here. This is the way to a client with a secret, and to the
    /// environment's settings.
    ///
    /// ```no_run
    /// use landfall_native::{NativeClientBuilder, RelyingParty};
    ///
    /// let builder = NativeClientBuilder::from_builder(RelyingParty::from_env()?);
    /// # let _ = builder;
    /// # Ok::<(), landfall_native::ConfigError>(())
    /// ```
    pub fn from_builder(builder: RelyingPartyBuilder) -> Self {
        Self {
            builder,
            browser: Arc::new(SystemBrowser),
            storage: Arc::new(MemoryStorage::default()),
            port: None,
            patience: Duration::from_secs(300),
            pause: None,
        }
    }

    /// The scopes to ask for (RFC 6749 §3.3). Default: `openid profile email`. With `offline_access` most providers give
    /// a refresh token (OpenID Connect Core §11).
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.builder = self.builder.scopes(scopes);
        self
    }

    /// The API that the access token is for, as the provider names it: the parameter `audience`.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.builder = self.builder.audience(audience);
        self
    }

    /// Opens addresses by this. Default: [`SystemBrowser`].
    pub fn browser(mut self, browser: impl OpenBrowser) -> Self {
        self.browser = Arc::new(browser);
        self
    }

    /// Keeps the sign-in here. Default: [`MemoryStorage`], which ends with the program.
    pub fn storage(mut self, storage: impl TokenStorage) -> Self {
        self.storage = Arc::new(storage);
        self
    }

    /// Listens on this port, for a provider that knows one redirect URI literally. Default: one that is free, as
    /// providers allow it for loopback addresses (RFC 8252 §7.3).
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// How long the person may take in the browser. Default: five minutes.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Waits by this instead of the time of day. For tests.
    #[doc(hidden)]
    pub fn pause(mut self, pause: impl Fn(Duration) -> Waiting<()> + Send + Sync + 'static) -> Self {
        self.pause = Some(Arc::new(pause));
        self
    }

    /// Makes the client. Nothing is asked of the network, and no storage is read yet.
    ///
    /// # Errors
    /// [`NativeError::Config`] when a setting is missing or cannot work.
    pub fn build(self) -> Result<NativeClient, NativeError> {
        // Who takes longer than that is told so by the time-out, not by an answer that has expired.
        let relying_party = NativeRelyingParty::new(
            self.builder.login_lifetime(self.patience.saturating_add(Duration::from_secs(60))),
        )?;
        let clock = relying_party.clone();
        let pause = self.pause.unwrap_or_else(|| Arc::new(move |span| clock.sleep(span)));
        let tokens = Tokens::new(relying_party.clone(), self.storage);
        Ok(NativeClient::new(relying_party, tokens, self.browser, self.port, self.patience, pause))
    }
}

impl fmt::Debug for NativeClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeClientBuilder")
            .field("browser", &self.browser)
            .field("storage", &self.storage)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}
