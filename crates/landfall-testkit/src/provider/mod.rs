//! [`LocalProvider`]: a whole OpenID Provider for tests and development.

mod arguments;
mod authorize;
mod backchannel;
mod builder;
mod clients;
mod consent;
mod core;
mod delivery;
mod desk;
mod device;
mod expected;
mod faults;
mod flow;
mod hold;
mod id_token;
mod jwt;
mod keys;
mod level;
mod logout;
mod pages;
mod people;
mod request;
mod revoke;
mod serve;
mod sessions;
mod state;
#[cfg(test)]
mod tests;
mod token;
mod troubles;
mod userinfo;
mod webhook;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use landfall::HttpClient;

pub use arguments::ArgumentError;
pub use builder::{LocalProviderBuilder, StartError};
pub use clients::{Client, Consent};
pub use delivery::Delivery;
pub use faults::{CallbackEdit, Endpoint, Fault, IdTokenEdit, IdTokenMaker, JsonEdit, RawResponse};
pub use hold::Hold;
pub use jwt::{IdToken, Jwt};
pub use keys::{Algorithm, KeyError, SigningKey};
pub use level::{AuthLevel, LevelClaim};
pub use people::Person;
pub use request::SeenRequest;
pub use sessions::SessionAtProvider;
pub use webhook::{SignOutReason, WebhookForm};

use self::core::Core;
use crate::lock::lock;
use serve::{InProcess, Server};

/// A whole OpenID Provider at IntelliAuth's paths, for tests and development. Clones are the same provider;
/// one that serves a port stops when the last of them is dropped.
///
/// It is strict where providers are strict: redirect URIs are compared character for character, PKCE with S256 is
/// required, codes are good for one use and 60 seconds, a refresh token that comes twice ends its family.
#[derive(Clone, Debug)]
pub struct LocalProvider {
    core: Arc<Core>,
    client: Arc<InProcess>,
    server: Option<Arc<Server>>,
}

impl LocalProvider {
    /// Starts with the people everybody gets and no clients.
    pub fn builder() -> LocalProviderBuilder {
        LocalProviderBuilder::new()
    }

    /// The issuer, to be given to the relying party just so.
    pub fn issuer(&self) -> &str {
        &self.core.issuer
    }

    /// Where it listens; `None` for one that lives in the process alone.
    pub fn address(&self) -> Option<SocketAddr> {
        self.server.as_ref().map(|server| server.address)
    }

    /// Reaches the provider without a network. Requests for any other origin are unreachable.
    pub fn http_client(&self) -> Arc<dyn HttpClient> {
        Arc::clone(&self.client) as Arc<dyn HttpClient>
    }

    /// Registers a client, in the place of one with the same id.
    pub fn register(&self, client: Client) {
        let mut clients = lock(&self.core.clients);
        clients.retain(|known| known.id != client.id);
        clients.push(client);
    }

    /// Changes a client that is registered; nothing happens if there is none with this id.
    pub fn change_client(&self, id: &str, change: impl FnOnce(Client) -> Client) {
        if let Some(client) = self.core.client(id) {
            self.register(change(client));
        }
    }

    /// Answers authorization requests in the name of this person at once, without showing a page: a second factor
    /// that is asked for is there, and consent is given, unless [`refuse_consent`](Self::refuse_consent) says otherwise.
    pub fn sign_in_as(&self, subject: impl Into<String>) {
        *lock(&self.core.automatic) = Some(subject.into());
    }

    /// Shows the sign-in page again, after [`sign_in_as`](Self::sign_in_as).
    pub fn ask_who_signs_in(&self) {
        *lock(&self.core.automatic) = None;
    }

    /// Sets the highest level that the provider delivers, whatever `acr_values` asks for. AAL3 at the start.
    pub fn set_highest_level(&self, level: AuthLevel) {
        *lock(&self.core.highest_level) = level;
    }

    /// Ends everybody's session at the provider, and tells nobody.
    pub fn forget_sessions(&self) {
        lock(&self.core.state).sessions.clear();
    }

    /// Makes the provider do this wrong, one time.
    ///
    /// ```
    /// # fn test(provider: &landfall_testkit::LocalProvider) {
    /// use landfall_testkit::{Endpoint, Fault};
    ///
    /// provider.inject(Fault::hang(Endpoint::Token));
    /// provider.inject(Fault::id_token_claim("nonce", "another"));
    /// # }
    /// ```
    pub fn inject(&self, fault: Fault) {
        self.core.faults.add(fault, true);
    }

    /// Makes the provider do this wrong until [`clear`](Self::clear).
    pub fn inject_always(&self, fault: Fault) {
        self.core.faults.add(fault, false);
    }

    /// Lets requests to this endpoint wait before they are processed, until what this gives is dropped.
    pub fn hold(&self, endpoint: Endpoint) -> Hold {
        self.core.doors.hold(endpoint)
    }

    /// Does everything right again, and is up.
    pub fn clear(&self) {
        self.core.faults.clear();
        self.set_down(false);
    }

    /// The faults that wait for their moment.
    pub fn faults(&self) -> Vec<Fault> {
        self.core.faults.list()
    }

    /// Takes the provider down, or up again. In process it is unreachable; on a port every connection is closed.
    pub fn set_down(&self, down: bool) {
        self.core.down.store(down, Ordering::SeqCst);
    }

    /// Signs with new keys from now on, and publishes the old ones no more.
    ///
    /// # Errors
    /// When a key cannot be made.
    pub fn rotate_keys(&self) -> Result<(), KeyError> {
        lock(&self.core.keys).rotate(false)
    }

    /// Signs with new keys from now on, and goes on publishing the old ones.
    ///
    /// # Errors
    /// When a key cannot be made.
    pub fn rotate_keys_keeping_old(&self) -> Result<(), KeyError> {
        lock(&self.core.keys).rotate(true)
    }

    /// The key that signs with `algorithm`; made and published now if it is the first time.
    ///
    /// # Errors
    /// When a key cannot be made.
    pub fn signing_key(&self, algorithm: Algorithm) -> Result<SigningKey, KeyError> {
        lock(&self.core.keys).signer(algorithm)
    }

    /// Everything that was asked so far, in order; of more than 10,000 requests the oldest are forgotten.
    pub fn requests(&self) -> Vec<SeenRequest> {
        lock(&self.core.log).clone()
    }

    /// How often this path below the issuer, such as `/oauth2/token`, was asked.
    pub fn calls(&self, path: &str) -> usize {
        let whole = format!("{}{path}", self.core.prefix);
        lock(&self.core.log).iter().filter(|seen| seen.path == whole).count()
    }

    /// Empties the log.
    pub fn forget_requests(&self) {
        lock(&self.core.log).clear();
    }
}
