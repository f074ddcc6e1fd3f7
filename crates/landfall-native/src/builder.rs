//! [`NativeClientBuilder`]: the settings of a native client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use landfall::adapter::Waiting;
use landfall::native::{NativeRelyingParty, config_error};
use landfall::{ConfigError, RelyingParty, RelyingPartyBuilder};

use crate::browser::{OpenBrowser, SystemBrowser};
use crate::client::NativeClient;
use crate::device::Pause;
use crate::error::NativeError;
use crate::loopback::LoopbackRedirect;
use crate::no_browser::{Hook, NoBrowser};
use crate::sign_in::BrowserSignIn;
use crate::storage::{MemoryStorage, TokenStorage};
use crate::tokens::Tokens;

/// The settings of a [`NativeClient`].
///
/// Defaults: `http://127.0.0.1/callback` at a port that the system chooses, the system's browser, five minutes for the
/// person, tokens in memory.
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
    loopback_redirect: Option<String>,
    port: Option<u16>,
    on_no_browser: Option<Hook>,
    browser_patience: Duration,
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
            loopback_redirect: None,
            port: None,
            on_no_browser: None,
            browser_patience: Duration::from_secs(15),
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

    /// The redirect URI of [`NativeClient::sign_in`], as it is registered at the provider: `http://` and `127.0.0.1`,
    /// `[::1]` or `localhost`, with a path if need be, and with the port where the provider wants one. Default:
    /// `http://127.0.0.1/callback`, and `[::1]` in its place on a machine without IPv4.
    ///
    /// Take an address where the provider lets you (RFC 8252 §8.3). Some know the name alone: `http://localhost` for
    /// Microsoft Entra, which leaves the port open; `http://localhost:8400/callback` for Amazon Cognito, which does not. A
    /// browser may take the name for either address of loopback, and another user's program could answer at the one that
    /// nobody listens on. So both are listened on, at the same port, or the sign-in fails with
    /// [`NativeError::Localhost`]. Where the machine itself has only one of them, as with IPv6 switched off, that one is
    /// enough: nobody can listen on the other.
    ///
    /// Only a request whose `Host` header is that of the redirect URI is answered, and only at its path.
    ///
    /// ```
    /// use landfall_native::NativeClient;
    ///
    /// let client = NativeClient::builder("https://login.microsoftonline.com/TENANT/v2.0", "client-id")
    ///     .loopback_redirect("http://localhost")
    ///     .build()?;
    /// # let _ = client;
    /// # Ok::<(), landfall_native::NativeError>(())
    /// ```
    pub fn loopback_redirect(mut self, uri: impl Into<String>) -> Self {
        self.loopback_redirect = Some(uri.into());
        self
    }

    /// Listens on this port, for a provider that knows one redirect URI literally; as a port in
    /// [`loopback_redirect`](Self::loopback_redirect) does. Default: one that is free, as providers allow it for
    /// loopback addresses (RFC 8252 §7.3).
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Hands the sign-in to the application where no browser shows it: when none can be started, and when one was, but
    /// nobody has come back from it within [`browser_patience`](Self::browser_patience). The listener stays, and the
    /// application shows the person the address, or a code for another device: see [`NoBrowser`]. The event
    /// `EventKind::AddressGiven` tells that it happened.
    ///
    /// The hook may block: it is called on a thread that may, once for a sign-in, and is not waited for. Default: none;
    /// a browser that cannot be started then ends the sign-in at once with [`NativeError::Browser`], since there is
    /// nobody to show the address.
    pub fn on_no_browser(mut self, hook: impl Fn(NoBrowser) + Send + Sync + 'static) -> Self {
        self.on_no_browser = Some(Arc::new(hook));
        self
    }

    /// How long nothing may come back from a browser that was started before
    /// [`on_no_browser`](Self::on_no_browser) is called: launchers cannot tell whether anything opened. Default: 15
    /// seconds. A person who is signing in meanwhile is not disturbed by it.
    pub fn browser_patience(mut self, patience: Duration) -> Self {
        self.browser_patience = patience;
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
        let redirect = redirect(self.loopback_redirect.as_deref(), self.port)?;
        // Who takes longer than that is told so by the time-out, not by an answer that has expired.
        let relying_party = NativeRelyingParty::new(
            self.builder.login_lifetime(self.patience.saturating_add(Duration::from_secs(60))),
        )?;
        let clock = relying_party.clone();
        let tokens = Tokens::new(relying_party.clone(), self.storage);
        let browser = BrowserSignIn {
            relying_party,
            browser: self.browser,
            redirect,
            on_no_browser: self.on_no_browser,
            browser_patience: self.browser_patience,
            patience: self.patience,
            pause: self.pause.unwrap_or_else(|| Arc::new(move |span| clock.sleep(span))),
        };
        Ok(NativeClient::new(tokens, browser))
    }
}

/// What is listened for: as it is registered, with the port that was configured beside it.
fn redirect(uri: Option<&str>, port: Option<u16>) -> Result<LoopbackRedirect, ConfigError> {
    let mut redirect = uri.map_or_else(|| Ok(LoopbackRedirect::default()), LoopbackRedirect::parse)?;
    if port.is_some() && redirect.port.is_some_and(|registered| Some(registered) != port) {
        return Err(config_error(
            "port",
            "not the one of loopback_redirect",
            "name the port once, in the redirect URI as it is registered",
        ));
    }
    redirect.port = redirect.port.or(port);
    Ok(redirect)
}

impl fmt::Debug for NativeClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeClientBuilder")
            .field("browser", &self.browser)
            .field("storage", &self.storage)
            .field("loopback_redirect", &self.loopback_redirect)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}
