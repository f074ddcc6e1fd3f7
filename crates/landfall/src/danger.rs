//! Whatever gives a protection up, and only here: grep for this word in a review. Settings that widen who is believed to
//! what they name (a proxy, an audience, a path) are methods of the builder, and SECURITY.md lists them.
//!
//! These are functions and not methods of the builder, so that a reader of an application meets the word `danger` at
//! the line that does it. Each says when it is right. None has an environment variable.

use crate::CredentialScheme;
use crate::builder::RelyingPartyBuilder;
#[cfg(feature = "reqwest")]
use crate::{ConfigError, TokenProxy};

/// Lets other sites send requests that change something to this path, on their visitors' sessions.
///
/// The path is compared exactly, below the base path. Right for an endpoint that proves its caller in another
/// way, such as a webhook with a signature; wrong for anything that acts for whoever is signed in.
///
/// ```
/// use landfall::{RelyingParty, danger};
///
/// let builder = RelyingParty::builder("https://id.example");
/// let builder = danger::allow_cross_site(builder, "/webhooks/payments");
/// # let _ = builder;
/// ```
pub fn allow_cross_site(mut builder: RelyingPartyBuilder, path: impl Into<String>) -> RelyingPartyBuilder {
    builder.csrf.cross_site.push(path.into());
    builder
}

/// A [`TokenProxy`] whose upstream is reached by plain http at an address that is not a loopback.
///
/// Whoever can listen on the way reads every access token. Right within a pod, or where a service mesh encrypts
/// what goes over the network; wrong everywhere else. An adapter's own type is made from it by `From`.
///
/// # Errors
/// As [`TokenProxy::new`].
///
/// ```
/// use landfall::danger;
///
/// let api = danger::plain_http_upstream("/api", "http://api.internal:8080")?;
/// # let _ = api;
/// # Ok::<(), landfall::ConfigError>(())
/// ```
#[cfg(feature = "reqwest")]
pub fn plain_http_upstream(prefix: &str, upstream: &str) -> Result<TokenProxy, ConfigError> {
    TokenProxy::with_plain_http(prefix, upstream)
}

/// Believes whoever connects about the address that a browser asked for, as if it were a trusted proxy.
///
/// Right where nobody but the platform's own proxies can reach the application and their addresses are not known
/// beforehand, or where it listens on a Unix socket. Elsewhere anybody may choose among the base URLs; there is still
/// no way to make one up. A header that says who somebody is takes a proxy that is named:
/// [`CredentialScheme::header`].
///
/// ```
/// use landfall::{RelyingParty, danger};
///
/// let builder = danger::trust_any_proxy(RelyingParty::builder("https://id.example"));
/// # let _ = builder;
/// ```
pub fn trust_any_proxy(mut builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    builder.network.any_proxy = true;
    builder
}

/// Lets base URLs by plain http on loopback stand beside public ones.
///
/// A request says itself which base URL it is for. So whoever gets through to the deployed application with the Host
/// header of the loopback one is answered under that: by cookies that are neither Secure nor named `__Host-`, and by
/// pages that tell a stranger which base URL was meant. Right for tests, and where what stands in front lets no such
/// Host header through; elsewhere each environment is given its own base URLs (`LANDFALL_BASE_URL`). What is still
/// checked: every base URL is https or on loopback, or named by [`plain_http_base_url`], and none is made from a request.
///
/// ```
/// use landfall::{RelyingParty, danger};
///
/// let builder = RelyingParty::builder("https://id.example")
///     .base_url("https://app.example.com")
///     .base_url("http://localhost:3000");
/// let builder = danger::allow_loopback_beside_public(builder);
/// # let _ = builder;
/// ```
pub fn allow_loopback_beside_public(mut builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    builder.network.loopback_beside_public = true;
    builder
}

/// Lets this base URL be plain http beyond loopback, for a network where there is no TLS: `http://shop.lan:3000` at home
/// or in a factory. It is given by this, if [`base_url`](RelyingPartyBuilder::base_url) or a variable has not given it.
///
/// Whoever is on the way, and every other service on that host whatever its port, reads and sets this application's
/// cookies, which are neither Secure nor named `__Host-`: they take over a session, plant one of theirs, or finish a
/// sign-in of theirs in somebody's browser. Browsers send no Fetch Metadata there, so that `Origin` alone tells what
/// another site posts; a page of the application's that says `Referrer-Policy: no-referrer` posts without one, and is
/// refused.
///
/// An application has TLS under all of its base URLs or under none, and a session is good under the base URL alone that it
/// began at. Cookie keys have to be given. Each base URL is named by a WARN at each start.
///
/// ```
/// use landfall::{RelyingParty, danger};
///
/// let builder = RelyingParty::builder("https://id.example");
/// let builder = danger::plain_http_base_url(builder, "http://shop.lan:3000");
/// # let _ = builder;
/// ```
pub fn plain_http_base_url(mut builder: RelyingPartyBuilder, url: impl Into<String>) -> RelyingPartyBuilder {
    builder.network.plain_base_urls.push(url.into());
    builder
}

/// Lets the issuer be plain http beyond loopback, if it is this very one: a provider in a network where there is no TLS.
///
/// The client secret, codes and tokens go over that network as they are, and so do the keys that ID tokens are verified
/// with: whoever can change what goes by signs in as anybody. The provider's endpoints may be plain http at the issuer's
/// own origin, and else are https. A WARN at each start names it. Where the provider has TLS towards browsers and none
/// inside, its issuer is https, and the way to it from here is
/// [`provider_address`](RelyingPartyBuilder::provider_address).
///
/// ```
/// use landfall::{RelyingParty, danger};
///
/// let builder = RelyingParty::builder("http://id.lan:9000");
/// let builder = danger::plain_http_issuer(builder, "http://id.lan:9000");
/// # let _ = builder;
/// ```
pub fn plain_http_issuer(mut builder: RelyingPartyBuilder, issuer: impl Into<String>) -> RelyingPartyBuilder {
    builder.network.plain_issuer = Some(issuer.into());
    builder
}

/// Takes credentials of this scheme from browsers, too: what they add by themselves (`Basic`, `Digest`, `Negotiate`). As it
/// is, they count only where no browser sent them.
///
/// A link can make a browser send a name and a password of its author's choice (`https://name:password@host/`), and it goes
/// on sending them: what its person does then is done in the author's account. Right where everybody who has a browser signs
/// in this way, on a network of their own; nobody can sign out. Other sites' requests are refused as a session's are.
///
/// Nothing here asks a browser for them: it sends them only where another answer of this host has made it, a proxy's or a
/// page's of the application's own. Where you can, let a proxy do it, and take its [`header`](CredentialScheme::header).
///
/// ```
/// use landfall::{CredentialsAnswer, CredentialsRequest, RelyingParty, danger};
///
/// let builder = RelyingParty::builder("https://id.example").on_credentials(
///     [danger::from_browsers("Negotiate")],
///     "",
///     |_: CredentialsRequest| async { Ok(CredentialsAnswer::nothing()) },
/// );
/// # let _ = builder;
/// ```
pub fn from_browsers(scheme: impl Into<CredentialScheme>) -> CredentialScheme {
    CredentialScheme { from_browsers: true, ..scheme.into() }
}

/// Lets `provider_address` be plain http beyond loopback: the client secret, codes and tokens then go over that
/// network as they are.
///
/// Right inside a network that nobody else can listen to, such as that of a composition of containers on one host.
///
/// ```
/// use landfall::{RelyingParty, danger};
///
/// let builder = RelyingParty::builder("https://id.example").provider_address("http://op.internal:8080");
/// let builder = danger::allow_plain_provider_address(builder);
/// # let _ = builder;
/// ```
pub fn allow_plain_provider_address(mut builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    builder.network.plain_provider_address = true;
    builder
}

/// Lets the store be reached without TLS beyond loopback, by a client or by an address such as `redis://cache.internal`: the
/// engine's password and all that is stored then go over that network as they are.
///
/// What is stored is sealed, so who listens can be nobody; with the password they can end every session. Right inside a
/// network that nobody else can listen to, such as that of a composition of containers on one host. Each host is named by a
/// WARN at each start, but for those that only the store's own Sentinels know.
///
/// ```
/// use landfall::{RelyingParty, danger};
///
/// let builder = danger::allow_plain_store(RelyingParty::builder("https://id.example"));
/// # let _ = builder;
/// ```
pub fn allow_plain_store(mut builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    builder.sessions.plain_store = true;
    builder
}
