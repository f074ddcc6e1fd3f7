//! What the builder checked about the application itself. What belongs to the client at a provider is in
//! [`provider::client_settings`](crate::provider::client_settings).
//!
//! The builder fills the groups and checks them; once they are here they hold. A new setting goes to the group of
//! those who read it, with its default beside it, so that the builder moves the group and names the setting once.

use std::time::Duration;

use super::endpoints::Paths;
use crate::address::any_host::AnyHostPaths;
use crate::address::path_prefix::PathPrefix;
use crate::address::spa_callback::SpaCallback;
use crate::address::trusted_proxies::TrustedProxies;
use crate::crypto::secret::Secret;
use crate::session::KeptClaims;
use crate::web::request::RequestView;
use crate::web::site_data::SiteData;

/// The application's settings, in groups that the builder fills and that are moved whole.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Where our endpoints are.
    pub(crate) paths: Paths,
    pub(crate) timeouts: Timeouts,
    pub(crate) landing: LandingSettings,
    pub(crate) leaving: LeavingSettings,
    pub(crate) csrf: CsrfSettings,
    pub(crate) kept_forms: KeptFormSettings,
    pub(crate) sign_in: SignInSettings,
    pub(crate) activity: ActivitySettings,
    /// Whether the session's cookie is `SameSite=Strict`, so that people who come from another site are led once more.
    pub(crate) strict_cookie: bool,
    /// How many sessions one subject may have; `None` for as many as they like.
    pub(crate) session_limit: Option<SessionLimit>,
    /// Where single-page applications take the provider's answer themselves.
    pub(crate) spa_callbacks: Vec<SpaCallback>,
    /// Whose word is taken about the address that a browser asked for.
    pub(crate) proxies: TrustedProxies,
    /// The paths that are answered under any Host.
    pub(crate) any_host: AnyHostPaths,
    /// What webhooks are signed with; any of them will do.
    pub(crate) webhook_secrets: Vec<Secret<String>>,
    /// Whether tokens and every claim are kept: in a store, or by a native application. A cookie never holds a
    /// token.
    pub(crate) keeps_tokens: bool,
}

/// How long things may take, and how far clocks may be off.
#[derive(Debug)]
pub(crate) struct Timeouts {
    /// How far the provider's clock may be off. Default: 60 seconds.
    pub(crate) leeway: Duration,
    /// How long a person may take at the provider. Default: 15 minutes. Pending logins, `state` and kept forms
    /// last as long.
    pub(crate) login: Duration,
    /// How long the body of one of our own endpoints may take to come. Default: 10 seconds.
    pub(crate) body: Duration,
    /// How long a logout token waits for its turn. Default: 5 seconds.
    pub(crate) logout_token: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            leeway: Duration::from_secs(60),
            login: Duration::from_secs(15 * 60),
            body: Duration::from_secs(10),
            logout_token: Duration::from_secs(5),
        }
    }
}

/// Where people land whose trip came from nowhere.
#[derive(Debug)]
pub(crate) struct LandingSettings {
    /// Where a sign-in lands; a path below the base URL.
    pub(crate) default_return_to: String,
    /// Where a sign-out lands; a path below the base URL, registered at the provider together with it.
    pub(crate) after_logout: String,
    /// Whether the part of an address behind `#` is kept across a sign-in.
    pub(crate) keep_fragments: bool,
}

impl Default for LandingSettings {
    fn default() -> Self {
        let root = || "/".to_owned();
        Self { default_return_to: root(), after_logout: root(), keep_fragments: false }
    }
}

/// What is left of a person in the browser once they have signed out.
#[derive(Debug, Default)]
pub(crate) struct LeavingSettings {
    /// What a sign-out asks the browser to throw away.
    pub(crate) clear_site_data: Vec<SiteData>,
    /// Whether no browser keeps what was answered to somebody, and so no back button shows it.
    pub(crate) no_store: bool,
}

/// Which requests may act for whoever is signed in.
#[derive(Debug, Default)]
pub(crate) struct CsrfSettings {
    /// Paths that other sites may send requests to.
    pub(crate) cross_site: Vec<String>,
    /// What a request that changes something must carry beside the cookie (lower case).
    pub(crate) required_header: Option<String>,
}

/// Which posted forms are kept across a sign-in.
#[derive(Debug)]
pub(crate) struct KeptFormSettings {
    /// The addresses they are posted to, with all below them.
    pub(crate) paths: Vec<String>,
    /// The largest, in bytes.
    pub(crate) limit: usize,
}

impl Default for KeptFormSettings {
    fn default() -> Self {
        Self { paths: Vec::new(), limit: 64 * 1024 }
    }
}

/// Which requests are no sign that a person is there: a page asks by itself, and their session ends all the same where
/// nobody uses it.
#[derive(Debug, Default)]
pub(crate) struct ActivitySettings {
    /// Those of these paths, and of all below them.
    pub(crate) paths: Vec<PathPrefix>,
    /// Those with this header (lower case).
    pub(crate) header: Option<String>,
}

impl ActivitySettings {
    /// Whether a request for this path, below the base path, prolongs the idle life of its session. A client that makes
    /// it look otherwise shortens its own session.
    pub(crate) fn includes(&self, path: &str, view: &dyn RequestView) -> bool {
        let is_quiet = self.paths.iter().any(|prefix| prefix.rest(path).is_some());
        !is_quiet && self.header.as_deref().is_none_or(|name| view.header(name).is_none())
    }
}

/// What becomes of somebody who comes back.
#[derive(Debug, Default)]
pub(crate) struct SignInSettings {
    /// The claims that go into a sealed cookie beside the standard few.
    pub(crate) keep_claims: Vec<String>,
    /// How often a returning browser is signed in silently at most; `None` for never.
    pub(crate) silent: Option<Duration>,
    /// Which parameters of the login address reach the application's hook. Anybody may have worded what they say.
    pub(crate) parameters: Vec<String>,
    /// Whether people are led past the application's sign-in page, to the one provider that it could offer.
    pub(crate) past_the_page: bool,
}

/// What becomes of the session that is one too many.
///
/// ```
/// use landfall::{BeyondLimit, MemoryStore, RelyingParty};
///
/// let builder = RelyingParty::builder("https://acme.example")
///     .store(MemoryStore::new())
///     .sessions_per_subject(3, BeyondLimit::EndOldest);
/// # let _ = builder;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BeyondLimit {
    /// The oldest ends, and the new one stands.
    EndOldest,
    /// The new one is refused, with a page that says so ([`ErrorCode::TooManySessions`](crate::ErrorCode::TooManySessions)); those that there are stand.
    Refuse,
}

/// The limit, as it was checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionLimit {
    /// From 1 to 100.
    pub(crate) most: usize,
    pub(crate) beyond: BeyondLimit,
}

impl Settings {
    /// Which claims a session keeps.
    pub(crate) fn kept_claims(&self) -> KeptClaims<'_> {
        if self.keeps_tokens { KeptClaims::All } else { KeptClaims::Named(&self.sign_in.keep_claims) }
    }
}
