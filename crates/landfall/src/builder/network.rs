//! Where the application stands: behind which proxies, and how it reaches the provider.

use std::sync::Arc;

use url::Url;

use super::RelyingPartyBuilder;
use super::unchecked::NetworkSettings;
use crate::address::any_host::AnyHostPaths;
use crate::address::trusted_proxies::{ForwardedHeaders, TrustedProxies};
use crate::address::unencrypted::Unencrypted;
use crate::address::written::{self, shown};
use crate::error::{ConfigError, printable};
use crate::provider::http_client::HttpClient;
use crate::provider::internal::InternalClient;

/// # The network
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
        self.names.by_method("trusted_proxies");
        self.network.proxies = proxies.into_iter().map(Into::into).collect();
        self
    }

    /// In which headers trusted proxies say what they were asked for. Default: `X-Forwarded-*`. The other ones are
    /// never read.
    pub fn forwarded_headers(mut self, headers: ForwardedHeaders) -> Self {
        self.names.by_method("forwarded_headers");
        self.network.headers = headers;
        self
    }

    /// Answers these paths, and what is below them, under any Host: for a health check that asks by a pod's address, or
    /// a calendar that is known by another name. Called again: these as well. Default: none.
    ///
    /// It matters where there are several base URLs. A request that names none of them is then refused with a 421 if
    /// a browser sent it, since whoever points a name of theirs at this address could read by it what needs no session;
    /// a program's passes. Under a path that is named here a browser's passes, too. Nobody is signed in there, whatever
    /// cookies come: nothing is renewed or set, [`Visit::base_url`](crate::Visit::base_url) is `None`, and what needs
    /// somebody, like our own addresses, answers 421. So name only what anybody may read.
    ///
    /// A path is open as it is sent, in letters, digits and `-._~`: what has to be decoded or resolved first is not.
    /// Which path it is, is looked at below the base path, as all paths are.
    ///
    /// ```
    /// use landfall::RelyingParty;
    ///
    /// let builder = RelyingParty::builder("https://acme.example")
    ///     .base_url("https://app.example.com")
    ///     .base_url("https://staging.example.com")
    ///     .any_host(["/health"]);
    /// # let _ = builder;
    /// ```
    pub fn any_host<S: Into<String>>(mut self, paths: impl IntoIterator<Item = S>) -> Self {
        self.names.by_method("any_host");
        self.network.any_host.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Reaches the provider by this origin from here, where browsers know it by the issuer's: in a network of
    /// containers, say. Calls to the issuer's origin (metadata, keys, tokens, userinfo, revocation) go to it and keep
    /// the issuer's Host header; everything that a browser is sent to, and every check of `iss`, stays as it is. An
    /// endpoint that the metadata put on another origin is called there.
    ///
    /// Without a path; https, or plain http on loopback: the client secret and the tokens go this way. See
    /// [`danger::allow_plain_provider_address`](crate::danger::allow_plain_provider_address) for a network that is as
    /// good.
    ///
    /// ```
    /// use landfall::RelyingParty;
    ///
    /// let builder =
    ///     RelyingParty::builder("https://acme.example").provider_address("https://op.internal:8443");
    /// # let _ = builder;
    /// ```
    pub fn provider_address(mut self, origin: impl Into<String>) -> Self {
        self.names.by_method("provider_address");
        self.network.provider_address = Some(origin.into());
        self
    }

    /// Leads calls to the issuer's origin to the provider's address, if it has one of its own.
    ///
    /// # Errors
    /// `provider_address`, where it is no origin, or plain http beyond loopback.
    pub(super) fn by_provider_address(
        &self,
        issuer: &str,
        client: Arc<dyn HttpClient>,
    ) -> Result<Arc<dyn HttpClient>, ConfigError> {
        let Some(text) = &self.network.provider_address else { return Ok(client) };
        let wrong = |problem: &str, remedy: &str| {
            ConfigError::new("provider_address", format!("{problem} in {:?}", shown(text)), remedy)
        };
        let example = "give scheme, host and port: https://op.internal:8443";
        let no_origin = || wrong("no origin alone", example);
        let url = written::read(text).map_err(|slip| wrong(slip.problem, &slip.remedy(example)))?;
        let bare = format!("{}/", url.origin().ascii_serialization());
        if url.as_str() != bare {
            return Err(no_origin());
        }
        if url.scheme() == "http" {
            Unencrypted {
                setting: "provider_address",
                address: &bare,
                host: url.host_str().unwrap_or_default(),
                danger: "danger::allow_plain_provider_address",
                is_allowed: self.network.plain_provider_address,
            }
            .check()?;
        }
        let issuer = Url::parse(issuer).map_err(|_| no_origin())?;
        tracing::info!(issuer = %issuer.origin().ascii_serialization(), address = %bare, "the provider is called by an address of its own");
        let client = InternalClient::new(&issuer, &url, client).ok_or_else(no_origin)?;
        Ok(Arc::new(client))
    }

    /// The paths that any Host may ask for.
    ///
    /// # Errors
    /// `any_host`, with the entry that is wrong: no path of plain segments, the whole application, or a path that holds
    /// an address of ours, which is answered under a base URL alone.
    pub(super) fn check_any_host(&mut self) -> Result<AnyHostPaths, ConfigError> {
        let paths = AnyHostPaths::parse(std::mem::take(&mut self.network.any_host))?;
        let own = self.paths.settings().find_map(|(setting, path)| Some((setting, paths.named(path)?)));
        match own {
            Some((setting, named)) => Err(ConfigError::new(
                "any_host",
                format!("{:?} holds the {setting}", printable(named)),
                "name the parts beside it: our own addresses answer under a base URL alone",
            )),
            None => Ok(paths),
        }
    }

    /// The proxies whose word counts.
    ///
    /// # Errors
    /// `trusted_proxies`, with the entry that is wrong.
    pub(super) fn check_proxies(&self) -> Result<TrustedProxies, ConfigError> {
        let NetworkSettings { proxies, any_proxy, headers, .. } = &self.network;
        TrustedProxies::parse(proxies, *any_proxy, *headers)
    }
}
