//! [`TestBed`]: a provider, a browser and a clock, set up for each other.

//!
//! [`builder`] makes one, [`sign_in`] makes sessions without a server, by way of an application that is not there
//! ([`front`]).

mod builder;
mod front;
mod sign_in;

use std::sync::Arc;

use landfall::{Clock, CookieKey, HttpClient, RelyingParty, RelyingPartyBuilder};

pub use self::builder::TestBedBuilder;
pub use self::sign_in::{SessionCookie, SignInError};
use crate::browser::{Browser, BrowserError, Target};
use crate::clock::VirtualClock;
use crate::provider::{LocalProvider, LocalProviderBuilder, StartError};

/// A provider in the process, a browser with a route to it, and a clock for all, ready for one application.
///
/// The provider signs Ada in without asking; [`LocalProvider::ask_who_signs_in`] shows its page instead.
///
/// ```no_run
/// # async fn serve_my_app(_: landfall::RelyingParty) -> std::net::SocketAddr { ([127, 0, 0, 1], 3000).into() }
/// # async fn test() -> Result<(), Box<dyn std::error::Error>> {
/// use landfall_testkit::TestBed;
///
/// let bed = TestBed::new("https://app.example.com")?;
/// bed.route(serve_my_app(bed.relying_party().build()?).await)?;
/// let page = bed.browser.open("https://app.example.com/dashboard").await?;
/// assert!(page.text().contains("Ada"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestBed {
    /// The provider, at `https://op.example` unless it listens.
    pub provider: LocalProvider,
    /// The browser. Route the application's origin to where it listens.
    pub browser: Browser,
    /// The clock of everybody: the provider, the browser, the relying party and its store.
    pub clock: VirtualClock,
    base_url: String,
    paths: builder::Paths,
}

impl TestBed {
    /// A bed for an application at `base_url`, with its callback at `/auth/callback` and logouts returning to `/`.
    ///
    /// # Errors
    /// When no signing key can be made.
    pub fn new(base_url: &str) -> Result<Self, StartError> {
        Self::builder(base_url).build()
    }

    /// A bed for an application at `base_url` whose paths are its own, or whose provider is to listen on a port.
    pub fn builder(base_url: &str) -> TestBedBuilder {
        TestBedBuilder::new(base_url)
    }

    /// A bed, as [`new`](Self::new) makes it, with changes to how its provider is built: a person more, a level, a
    /// lifetime.
    ///
    /// # Errors
    /// When no signing key can be made, or the provider cannot be built with the changes.
    pub fn with_provider(
        base_url: &str,
        change: impl FnOnce(LocalProviderBuilder) -> LocalProviderBuilder,
    ) -> Result<Self, StartError> {
        Self::builder(base_url).provider(change).build()
    }

    /// Leads requests for the base URL to where the application listens: the browser's, and those that the provider
    /// makes by itself (logout tokens, webhooks).
    ///
    /// # Errors
    /// When the base URL is no URL.
    pub fn route(&self, target: impl Into<Target>) -> Result<(), BrowserError> {
        let target = target.into();
        self.browser.route(&self.base_url, target.clone())?;
        self.provider.route(&self.base_url, target)
    }

    /// The id the application is registered under.
    pub const CLIENT_ID: &'static str = "app";
    /// The client secret it is registered with.
    pub const CLIENT_SECRET: &'static str = "the-secret-of-a-test";

    /// A relying party for the application, known to the provider, with the bed's paths and on its clock; its cookie
    /// key is made for it. Change what the test is about, then `build()`. A store that it is given goes by the bed's
    /// clock as well.
    ///
    /// # Panics
    /// When the operating system has no randomness.
    pub fn relying_party(&self) -> RelyingPartyBuilder {
        let key = CookieKey::generate().unwrap_or_else(|error| panic!("{error}"));
        let builder = RelyingParty::builder(self.issuer())
            .client(Self::CLIENT_ID, Self::CLIENT_SECRET)
            .base_url(&self.base_url)
            .cookie_keys([key])
            .clock(self.clock())
            .http_client(self.http_client());
        self.paths.set(builder)
    }

    /// The issuer, for `RelyingParty::builder`.
    pub fn issuer(&self) -> &str {
        self.provider.issuer()
    }

    /// The application's base URL, as it was given, without a slash at its end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The way to the provider, for the relying party's builder.
    pub fn http_client(&self) -> Arc<dyn HttpClient> {
        self.provider.http_client()
    }

    /// The clock, for the relying party's builder.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }
}
