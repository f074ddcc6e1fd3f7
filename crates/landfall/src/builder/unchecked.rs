//! What the builder was told, in groups, with the defaults.
//!
//! What is moved whole into a relying party is defined where it ends: in [`context::settings`](crate::context::settings)
//! and [`provider::client_settings`](crate::provider::client_settings). Here is what is checked and made something else of.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::address::trusted_proxies::ForwardedHeaders;
use crate::browser::cookie::SessionCookieSettings;
use crate::clock::{Clock, Entropy, SystemClock, SystemEntropy};
use crate::context::settings::BeyondLimit;
use crate::crypto::seal::CookieKey;
use crate::crypto::secret::Secret;
use crate::protocol::client_auth::ClientAuth;
use crate::provider::client_settings::ClientSettings;
use crate::provider::http_client::HttpClient;
use crate::session::{SessionStore, StoreOpener};

/// What the builder was told of the client.
#[derive(Debug)]
pub(super) struct ClientInputs {
    /// As written; checked by `check_issuer`. `None` where the application goes without a provider, by its own word.
    pub(super) issuer: Option<String>,
    pub(super) id: Option<String>,
    /// A secret that was given as a value.
    pub(super) secret: Option<Secret<String>>,
    /// A file that holds the secret. It stands before a value.
    pub(super) secret_file: Option<PathBuf>,
    /// `None` for the default.
    pub(super) auth: Option<ClientAuth>,
    /// Without `openid`, if it was left out: `check_scopes` adds it.
    pub(super) scopes: Vec<String>,
    /// Moved whole into the client.
    pub(super) settings: ClientSettings,
}

impl ClientInputs {
    pub(super) fn new(issuer: Option<String>) -> Self {
        Self {
            issuer,
            id: None,
            secret: None,
            secret_file: None,
            auth: None,
            scopes: ["openid", "profile", "email"].map(str::to_owned).to_vec(),
            settings: ClientSettings::default(),
        }
    }
}

/// What the builder was told of sessions.
#[derive(Debug)]
pub(crate) struct SessionInputs {
    /// The first seals, all open.
    pub(super) cookie_keys: Vec<CookieKey>,
    /// `None` for sessions in cookies.
    pub(super) store: Option<Arc<dyn SessionStore>>,
    /// Opened when the relying party is built; `None` by then.
    pub(super) store_address: Option<Secret<String>>,
    /// Asked in order, by the address's scheme.
    pub(super) store_openers: Vec<Arc<dyn StoreOpener>>,
    /// Set by `danger` alone: the store may be reached without TLS beyond loopback.
    pub(crate) plain_store: bool,
    /// `None` for the default, which depends on the store.
    pub(super) lifetime: Option<Duration>,
    /// `None` for the default, which depends on the store.
    pub(super) idle_lifetime: Option<Duration>,
    /// How old a near copy of a stored session may be.
    pub(super) near_cache_staleness: Duration,
    pub(super) store_timeout: Duration,
    /// How many sessions one subject may have, and what becomes of one more.
    pub(super) per_subject: Option<(usize, BeyondLimit)>,
    /// Paths whose requests are no activity, as written.
    pub(super) quiet_paths: Vec<String>,
    /// The header whose requests are none (lower case).
    pub(super) quiet_header: Option<String>,
    /// What the session's cookie is called, and whether it outlives the browser.
    pub(super) cookie: SessionCookieSettings,
}

impl Default for SessionInputs {
    fn default() -> Self {
        Self {
            cookie_keys: Vec::new(),
            store: None,
            store_address: None,
            store_openers: Vec::new(),
            plain_store: false,
            lifetime: None,
            idle_lifetime: None,
            near_cache_staleness: Duration::from_secs(5),
            store_timeout: Duration::from_secs(5),
            per_subject: None,
            quiet_paths: Vec::new(),
            quiet_header: None,
            cookie: SessionCookieSettings::default(),
        }
    }
}

/// What the builder was told of the network.
#[derive(Debug, Default)]
pub(crate) struct NetworkSettings {
    /// Addresses and networks, as written.
    pub(super) proxies: Vec<String>,
    /// Set by `danger` alone: whoever connects is believed.
    pub(crate) any_proxy: bool,
    /// Which family of headers proxies write.
    pub(super) headers: ForwardedHeaders,
    /// Paths that any Host may ask for, as written.
    pub(super) any_host: Vec<String>,
    /// Set by `danger` alone: these base URLs, as written, may be plain http beyond loopback.
    pub(crate) plain_base_urls: Vec<String>,
    /// Set by `danger` alone: this issuer, as written, may be plain http beyond loopback.
    pub(crate) plain_issuer: Option<String>,
    /// Set by `danger` alone: base URLs by plain http on loopback may stand beside public ones.
    pub(crate) loopback_beside_public: bool,
    /// Another origin for calls to the provider; `None` for the issuer's own.
    pub(super) provider_address: Option<String>,
    /// Set by `danger` alone: that origin may be plain http.
    pub(crate) plain_provider_address: bool,
}

/// The outside world as the builder was given it.
#[derive(Debug)]
pub(super) struct Inputs {
    /// `None` for the stock client.
    pub(super) http_client: Option<Arc<dyn HttpClient>>,
    /// For the stock client.
    pub(super) connect_timeout: Duration,
    /// For a whole call. The lease of a refresh follows from it, also with another client.
    pub(super) http_timeout: Duration,
    /// A further root for the stock client, as PEM.
    pub(super) ca_file: Option<PathBuf>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    /// `None` for a thread of our own.
    pub(super) runtime: Option<tokio::runtime::Handle>,
}

impl Default for Inputs {
    fn default() -> Self {
        Self {
            http_client: None,
            connect_timeout: Duration::from_secs(5),
            http_timeout: Duration::from_secs(15),
            ca_file: None,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            runtime: None,
        }
    }
}
