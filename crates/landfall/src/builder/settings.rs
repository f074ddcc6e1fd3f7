//! What the builder was told, in groups, with the defaults.
//!
//! What is moved whole into a relying party is defined where it ends: in [`context::settings`](crate::context::settings)
//! and [`provider::settings`](crate::provider::settings). Here is what is checked and made something else of.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::address::trusted_proxies::ForwardedHeaders;
use crate::clock::{Clock, Entropy, SystemClock, SystemEntropy};
use crate::crypto::seal::CookieKey;
use crate::crypto::secret::Secret;
use crate::protocol::client_auth::ClientAuth;
use crate::provider::http_client::HttpClient;
use crate::provider::settings::ClientSettings;
use crate::session::{SessionStore, StoreOpener};

/// What the builder was told of the client.
#[derive(Debug)]
pub(super) struct ClientInputs {
    pub(super) issuer: String,
    pub(super) id: Option<String>,
    pub(super) secret: Option<Secret<String>>,
    pub(super) secret_file: Option<PathBuf>,
    pub(super) auth: Option<ClientAuth>,
    pub(super) scopes: Vec<String>,
    /// Moved whole into the client.
    pub(super) settings: ClientSettings,
}

impl ClientInputs {
    pub(super) fn new(issuer: String) -> Self {
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
pub(super) struct SessionInputs {
    pub(super) cookie_keys: Vec<CookieKey>,
    pub(super) store: Option<Arc<dyn SessionStore>>,
    pub(super) store_address: Option<Secret<String>>,
    pub(super) store_openers: Vec<Arc<dyn StoreOpener>>,
    pub(super) lifetime: Option<Duration>,
    pub(super) idle_lifetime: Option<Duration>,
    pub(super) near_cache_staleness: Duration,
    pub(super) store_timeout: Duration,
}

impl Default for SessionInputs {
    fn default() -> Self {
        Self {
            cookie_keys: Vec::new(),
            store: None,
            store_address: None,
            store_openers: Vec::new(),
            lifetime: None,
            idle_lifetime: None,
            near_cache_staleness: Duration::from_secs(5),
            store_timeout: Duration::from_secs(5),
        }
    }
}

/// What the builder was told of the network.
#[derive(Debug, Default)]
pub(crate) struct NetworkSettings {
    pub(super) proxies: Vec<String>,
    pub(crate) any_proxy: bool,
    pub(super) headers: ForwardedHeaders,
    pub(super) provider_address: Option<String>,
    pub(crate) plain_provider_address: bool,
}

/// The outside world as the builder was given it.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) http_client: Option<Arc<dyn HttpClient>>,
    pub(super) connect_timeout: Duration,
    pub(super) http_timeout: Duration,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
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
