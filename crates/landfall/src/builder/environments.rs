//! Where the application stands: behind which proxies.

use super::RelyingPartyBuilder;
use crate::error::ConfigError;
use crate::proxies::{ForwardedHeaders, TrustedProxies};

/// What the builder was told of it.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    proxies: Vec<String>,
    pub(crate) any_proxy: bool,
    headers: ForwardedHeaders,
}

impl RelyingPartyBuilder {
    /// Believes these proxies about the address that a browser asked for: addresses, or networks in CIDR notation.
    /// Default: none, and the `Host` header counts.
    ///
    /// It matters where there are several base URLs and a proxy puts a `Host` of its own in place of the browser's.
    /// What a proxy forwards selects one of the base URLs by exact match, or gets a 421 as a foreign host does; none
    /// is ever made from it. Over several proxies the way is walked from the right, as far as addresses are trusted.
    /// A header that such a proxy sends and that cannot be read is refused with a 400.
    ///
    /// The proxy has to write `X-Forwarded-Host` itself, or take away what came from outside; see
    /// [`Self::forwarded_headers`] for `Forwarded`.
    ///
    /// On axum the layer has to be told where a request comes from: `AuthLayer::peer_from`. A Unix socket knows no
    /// address: say there that whoever gets to it is `127.0.0.1`, and trust that.
    ///
    /// ```
    /// use landfall::RelyingParty;
    ///
    /// let builder = RelyingParty::builder("https://acme.example")
    ///     .base_url("https://app.example.com")
    ///     .base_url("https://staging.example.com")
    ///     .trusted_proxies(["10.0.0.0/8", "2001:db8::7"]);
    /// # let _ = builder;
    /// ```
    pub fn trusted_proxies<S: Into<String>>(mut self, proxies: impl IntoIterator<Item = S>) -> Self {
        self.environment.proxies = proxies.into_iter().map(Into::into).collect();
        self
    }

    /// In which headers trusted proxies say what they were asked for. Default: `X-Forwarded-*`. The other ones are
    /// never read.
    pub fn forwarded_headers(mut self, headers: ForwardedHeaders) -> Self {
        self.environment.headers = headers;
        self
    }

    pub(super) fn check_proxies(&self) -> Result<TrustedProxies, ConfigError> {
        let Environment { proxies, any_proxy, headers, .. } = &self.environment;
        TrustedProxies::parse(proxies, *any_proxy, *headers)
    }
}
