//! [`LocalProviderBuilder`]: what a local provider is made of.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use landfall::{Clock, Secret, SystemClock};
use url::Url;

use super::LocalProvider;
use super::clients::Client;
use super::core::{Core, Options};
use super::delivery::Courier;
use super::faults::Faults;
use super::hold::Doors;
use super::keys::{Algorithm, KeyError, KeyRing};
use super::level::{AuthLevel, LevelClaim};
use super::people::{Person, default_people};
use super::serve::{InProcess, Server};
use super::state::{State, random};
use super::webhook::{Webhook, WebhookForm};

/// Why a provider does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The port cannot be had.
    #[error("the local provider cannot listen; choose another port, or 0 for a free one")]
    Bind(#[source] io::Error),
    /// The issuer is not an `http` or `https` URL without query and fragment.
    #[error("{0:?} cannot be an issuer; give an http or https URL without query and fragment")]
    Issuer(String),
    /// A key cannot be made.
    #[error("the local provider has no key to sign with")]
    Key(#[from] KeyError),
    /// The address is not a loopback address: whoever reaches this provider can be anybody.
    #[error(
        "{0} is not a loopback address; a provider that asks for no password must not be reachable from outside"
    )]
    NotLoopback(IpAddr),
    /// The thread the provider runs on cannot be started.
    #[error("the local provider's thread cannot be started")]
    Thread(#[source] io::Error),
}

/// What a [`LocalProvider`] is made of. Everything has a default.
#[derive(Clone, Debug)]
#[must_use]
pub struct LocalProviderBuilder {
    address: SocketAddr,
    host: String,
    issuer: Option<String>,
    clock: Arc<dyn Clock>,
    clients: Vec<Client>,
    people: Vec<Person>,
    automatic: Option<String>,
    algorithms: Vec<Algorithm>,
    own_keys: bool,
    highest_level: AuthLevel,
    options: Options,
}

impl LocalProviderBuilder {
    pub(super) fn new() -> Self {
        Self {
            address: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0),
            host: "127.0.0.1".to_owned(),
            issuer: None,
            clock: Arc::new(SystemClock),
            clients: Vec::new(),
            people: Vec::new(),
            automatic: None,
            algorithms: vec![Algorithm::Rs256],
            own_keys: false,
            highest_level: AuthLevel::Aal3,
            options: Options {
                access_token_lifetime: Duration::from_secs(3600),
                claims_in_id_token: true,
                code_lifetime: Duration::from_secs(60),
                device_code_lifetime: Duration::from_secs(1800),
                device_interval: Duration::from_secs(5),
                id_token_lifetime: Duration::from_secs(300),
                iss_parameter: true,
                level_claim: LevelClaim::Acr,
                webhooks: Vec::new(),
                webhook_form: WebhookForm::Nested,
            },
        }
    }

    /// Registers a client; call it again for more.
    pub fn client(mut self, client: Client) -> Self {
        self.clients.push(client);
        self
    }

    /// Adds a person; call it again for more. Without any, Ada, Grace, Alan and Katherine are there.
    pub fn person(mut self, person: Person) -> Self {
        self.people.push(person);
        self
    }

    /// The clock for codes, tokens and claims; the operating system's if nothing is said.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Signs this person in without a page; see [`LocalProvider::sign_in_as`].
    pub fn auto_sign_in(mut self, subject: impl Into<String>) -> Self {
        self.automatic = Some(subject.into());
        self
    }

    /// Whether the ID token carries name and e-mail, as IntelliAuth's does, or userinfo alone. True by default.
    pub fn claims_in_id_token(mut self, yes: bool) -> Self {
        self.options.claims_in_id_token = yes;
        self
    }

    /// Whether `iss` is announced and sent with the authorization response (RFC 9207). True by default.
    pub fn iss_parameter(mut self, yes: bool) -> Self {
        self.options.iss_parameter = yes;
        self
    }

    /// The highest level that it delivers, AAL3 by default; see [`LocalProvider::set_highest_level`].
    pub fn highest_level(mut self, level: AuthLevel) -> Self {
        self.highest_level = level;
        self
    }

    /// Which claim of the ID token says the level: `acr`, if nothing is said. IntelliAuth knows both.
    pub fn level_claim(mut self, claim: LevelClaim) -> Self {
        self.options.level_claim = claim;
        self
    }

    /// Posts IntelliAuth's events `user.signed_out`, `user.disabled` and `user.deleted` there, signed with `secret`;
    /// call it again for more. Loopback addresses over plain http are called, any other origin needs
    /// [`LocalProvider::route`]. What is not answered with a 2xx is sent again at once, up to three times in all.
    pub fn webhook(mut self, uri: impl Into<String>, secret: impl Into<String>) -> Self {
        self.options.webhooks.push(Webhook { uri: uri.into(), secret: Secret::new(secret.into()) });
        self
    }

    /// Which of the two documented forms the webhooks have.
    pub fn webhook_form(mut self, form: WebhookForm) -> Self {
        self.options.webhook_form = form;
        self
    }

    /// How long access tokens are good, and what `expires_in` says. An hour by default.
    pub fn access_token_lifetime(mut self, span: Duration) -> Self {
        self.options.access_token_lifetime = span;
        self
    }

    /// How long a device code is good, and how long to wait between two questions. Half an hour and five seconds by
    /// default.
    pub fn device_codes(mut self, lifetime: Duration, interval: Duration) -> Self {
        (self.options.device_code_lifetime, self.options.device_interval) = (lifetime, interval);
        self
    }

    /// How long ID tokens are good. Five minutes by default.
    pub fn id_token_lifetime(mut self, span: Duration) -> Self {
        self.options.id_token_lifetime = span;
        self
    }

    /// Publishes a key for this algorithm from the start, whether a client uses it or not.
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithms.push(algorithm);
        self
    }

    /// Makes an RSA key for this provider alone. Otherwise all providers of a process share one, since making
    /// it takes a while.
    pub fn own_keys(mut self) -> Self {
        self.own_keys = true;
        self
    }

    /// Listens on this port of 127.0.0.1; 0, the default, is any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// Listens on this address, which must be a loopback address.
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self.host = match address.ip() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        self
    }

    /// The issuer becomes `http://localhost:PORT` instead of `http://127.0.0.1:PORT`.
    pub fn localhost(mut self) -> Self {
        "localhost".clone_into(&mut self.host);
        self
    }

    /// The issuer, letter by letter. By default it is where the provider listens, and `https://op.example` in
    /// process. It may have a path.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// A provider within the process, on no port: reach it by [`LocalProvider::http_client`] and by a
    /// [`Browser`](crate::Browser) that has a route to it.
    ///
    /// # Errors
    /// When the issuer is no URL or a key cannot be made.
    pub fn in_process(self) -> Result<LocalProvider, StartError> {
        let issuer = self.issuer.clone().unwrap_or_else(|| "https://op.example".to_owned());
        let core = self.core(issuer)?;
        Ok(LocalProvider { client: Arc::new(InProcess::new(&core)?), core, server: None })
    }

    /// A provider on a loopback port. It runs on a thread of its own, under whatever runtime this is called.
    ///
    /// # Errors
    /// When the port cannot be had, the address is not loopback, or a key cannot be made.
    #[allow(clippy::unused_async, reason = "callers await it, so that start-up may come to need it")]
    pub async fn start(self) -> Result<LocalProvider, StartError> {
        self.start_blocking()
    }

    /// A provider on a loopback port, as [`start`](Self::start) makes it, for a `main` that has no runtime yet.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_blocking(self) -> Result<LocalProvider, StartError> {
        if !self.address.ip().is_loopback() {
            return Err(StartError::NotLoopback(self.address.ip()));
        }
        let listener = TcpListener::bind(self.address).map_err(StartError::Bind)?;
        let port = listener.local_addr().map_err(StartError::Bind)?.port();
        let issuer = self.issuer.clone().unwrap_or_else(|| format!("http://{}:{port}", self.host));
        let core = self.core(issuer)?;
        let server = Server::start(listener, &core)?;
        Ok(LocalProvider { client: Arc::new(InProcess::new(&core)?), core, server: Some(Arc::new(server)) })
    }

    fn core(self, issuer: String) -> Result<Arc<Core>, StartError> {
        let url = Url::parse(&issuer).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none()
        });
        let Some(url) = url else { return Err(StartError::Issuer(issuer)) };
        let algorithms: Vec<Algorithm> =
            self.algorithms.into_iter().chain(self.clients.iter().map(|client| client.algorithm)).collect();
        // Cookies know no ports: two providers on one host must not share a name.
        let cookie_name = format!("local-provider-{}", url.port_or_known_default().unwrap_or_default());
        Ok(Arc::new(Core {
            prefix: url.path().trim_end_matches('/').to_owned(),
            secure: url.scheme() == "https",
            cookie_name,
            desk_token: random()?,
            issuer,
            clock: self.clock,
            options: self.options,
            highest_level: Mutex::new(self.highest_level),
            keys: Mutex::new(KeyRing::new(&algorithms, self.own_keys)?),
            clients: Mutex::new(self.clients),
            people: Mutex::new(if self.people.is_empty() { default_people() } else { self.people }),
            automatic: Mutex::new(self.automatic),
            expected: Mutex::default(),
            state: Mutex::new(State::default()),
            courier: Courier::default(),
            faults: Faults::default(),
            doors: Doors::default(),
            log: Mutex::new(Vec::new()),
            down: AtomicBool::new(false),
        }))
    }
}
