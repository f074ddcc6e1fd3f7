//! [`LocalProvider`]: a whole OpenID Provider for tests and development.

mod authorize;
mod backchannel;
mod builder;
mod clients;
mod consent;
mod delivery;
mod desk;
mod device;
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
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use landfall::{Clock, HttpClient};
use serde_json::{Map, Value};

pub use builder::{LocalProviderBuilder, StartError};
pub use clients::{Client, ClientAuth, Consent};
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

use delivery::Courier;
use faults::Faults;
use hold::Doors;
use keys::KeyRing;
use serve::{InProcess, Server};
use state::State;
use webhook::Webhook;

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

/// What all ways in share.
#[derive(Debug)]
struct Core {
    issuer: String,
    /// The issuer's path, without a slash at its end.
    prefix: String,
    secure: bool,
    cookie_name: String,
    /// In every form of the desk, so that no other site's page can decide anything.
    desk_token: String,
    clock: Arc<dyn Clock>,
    options: Options,
    clients: Mutex<Vec<Client>>,
    people: Mutex<Vec<Person>>,
    automatic: Mutex<Option<String>>,
    highest_level: Mutex<AuthLevel>,
    keys: Mutex<KeyRing>,
    state: Mutex<State>,
    faults: Faults,
    doors: Doors,
    courier: Courier,
    log: Mutex<Vec<SeenRequest>>,
    down: AtomicBool,
}

#[derive(Clone, Debug)]
struct Options {
    access_token_lifetime: Duration,
    claims_in_id_token: bool,
    code_lifetime: Duration,
    device_code_lifetime: Duration,
    device_interval: Duration,
    id_token_lifetime: Duration,
    iss_parameter: bool,
    level_claim: LevelClaim,
    webhooks: Vec<Webhook>,
    webhook_form: WebhookForm,
}

impl Core {
    /// Lets those faults change a JSON answer that are about this endpoint.
    fn edit_json(&self, at: Endpoint, chosen: &[Fault], document: &mut Map<String, Value>) {
        let edits = chosen.iter().filter_map(|fault| fault.edits_json(at));
        for edit in edits.chain(self.faults.every(|fault| fault.edits_json(at))) {
            edit(document);
        }
    }

    fn remember(&self, seen: SeenRequest) {
        const MANY: usize = 10_000;
        let mut log = lock(&self.log);
        if log.len() >= MANY {
            log.drain(..MANY / 2);
        }
        log.push(seen);
    }

    fn algorithms(&self) -> Vec<Algorithm> {
        lock(&self.clients).iter().map(|client| client.algorithm).collect()
    }
}

/// A test that panicked while it held a lock must not take the others' provider with it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
