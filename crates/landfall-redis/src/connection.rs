//! The one connection that all requests share. It is opened when it is first needed, given up when it fails, and
//! opened again by the next request. Nothing waits for longer than two deadlines, and nothing waits in a queue.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use landfall::store::StoreError;
use redis::aio::MultiplexedConnection;
use redis::cluster::{ClusterClient, ClusterConfig};
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
use redis::{Client, Cmd, ErrorKind, FromRedisValue, RedisError, ServerErrorKind, Value};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::{failed, late};
use crate::sentinel::Sentinels;
use crate::way::{DEADLINE, one_config, plain_host};

/// When a cluster that has not answered is asked for a sign of life, which it has until [`DEADLINE`] to give.
const UNEASE: Duration = Duration::from_millis(1_500);
/// Between two questions to a cluster that moves the slot.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// The client that the application gave.
#[derive(Clone)]
#[allow(clippy::large_enum_variant, reason = "there are as many as there are stores")]
pub(crate) enum Server {
    One(Client),
    /// With the hosts that are known to be reached without TLS.
    Cluster {
        client: ClusterClient,
        plain_hosts: Vec<String>,
    },
    /// Whoever Sentinels call the primary, asked for at each connection.
    Sentinel(Sentinels),
}

#[derive(Clone)]
pub(crate) enum Connection {
    One(MultiplexedConnection),
    /// A cluster, and the route to the node that holds all keys. A replica is never asked: it may not have heard of a
    /// removal.
    Cluster(ClusterConnection, RoutingInfo),
}

impl Server {
    pub(crate) async fn connect(&self, any_key: &[u8]) -> Result<Connection, RedisError> {
        match self {
            Self::One(client) => {
                client.get_multiplexed_async_connection_with_config(&one_config()).await.map(Connection::One)
            }
            Self::Sentinel(sentinels) => {
                let primary = sentinels.primary().await?;
                primary.get_multiplexed_async_connection_with_config(&one_config()).await.map(Connection::One)
            }
            Self::Cluster { client, .. } => {
                let connection = client.get_async_connection_with_config(cluster_config()).await?;
                Ok(Connection::Cluster(connection, routing(any_key)))
            }
        }
    }
}

impl Server {
    pub(crate) fn is_cluster(&self) -> bool {
        matches!(self, Self::Cluster { .. })
    }

    /// The hosts that are reached without TLS, as far as clients tell.
    pub(crate) fn plain_hosts(&self) -> Vec<String> {
        match self {
            Self::One(client) => plain_host(client.get_connection_info().addr()).into_iter().collect(),
            Self::Cluster { plain_hosts, .. } => plain_hosts.clone(),
            Self::Sentinel(sentinels) => sentinels.plain_hosts().to_vec(),
        }
    }

    /// Hosts that it learns of later may be reached without TLS, too.
    pub(crate) fn allow_plain(&self) {
        if let Self::Sentinel(sentinels) = self {
            sentinels.allow_plain();
        }
    }

    /// What it is called in messages: with its address where there is one, which holds no password.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::One(client) => format!("Redis at {}", client.get_connection_info().addr()),
            Self::Cluster { .. } => "the Redis cluster".to_owned(),
            Self::Sentinel(_) => "the Redis behind Sentinel".to_owned(),
        }
    }
}

pub(crate) fn cluster_config() -> ClusterConfig {
    ClusterConfig::new().set_connection_timeout(DEADLINE).set_response_timeout(DEADLINE)
}

/// The route to the primary of the slot that this key is in.
pub(crate) fn routing(key: &[u8]) -> RoutingInfo {
    let route = Route::with_key(key, SlotAddr::Master);
    RoutingInfo::SingleNode(SingleNodeRoutingInfo::SpecificNode(route))
}

impl Connection {
    pub(crate) async fn ask(&mut self, command: &Cmd) -> Result<Value, RedisError> {
        match self {
            Self::One(connection) => command.query_async(connection).await,
            Self::Cluster(connection, routing) => {
                connection.route_command(command.clone(), routing.clone()).await?.extract_error()
            }
        }
    }
}

pub(crate) struct Link {
    server: Server,
    current: Mutex<Option<(u64, Connection)>>,
    connecting: tokio::sync::Mutex<()>,
    /// Counts attempts to connect, and so names connections.
    attempts: AtomicU64,
    /// Whether the connection is being asked for a sign of life.
    probing: Arc<AtomicBool>,
}

impl Link {
    pub(crate) fn new(server: Server) -> Self {
        Self {
            server,
            current: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
            attempts: AtomicU64::new(0),
            probing: Arc::default(),
        }
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// Sends a command. One that was under way when the connection broke is sent once more: whoever makes
    /// commands sees to it that doing one twice is doing it once.
    pub(crate) async fn ask<T: FromRedisValue>(
        self: &Arc<Self>,
        doing: &str,
        any_key: &[u8],
        command: &Cmd,
    ) -> Result<Result<T, NoScript>, StoreError> {
        let mut again = true;
        let patience = Instant::now() + 2 * DEADLINE;
        let mut pause = SHORTEST_PAUSE;
        loop {
            let (number, connection) = self.connection(doing, any_key).await?;
            let mut asked = Asked { link: self, number, connection, is_over: false };
            let answer = asked.answer(command, patience).await;
            asked.is_over = true;
            let answer = match answer {
                Ok(answer) => answer,
                Err(Late { is_silent }) => {
                    if is_silent {
                        self.give_up(number);
                    }
                    return Err(late(&self.server.name(), doing));
                }
            };
            let answer = answer.and_then(|value| Ok(T::from_redis_value(value)?));
            let error = match answer {
                Ok(answer) => return Ok(Ok(answer)),
                Err(error) => error,
            };
            match error.kind() {
                ErrorKind::Server(ServerErrorKind::NoScript) => return Ok(Err(NoScript)),
                ErrorKind::Server(kind) if is_on_its_way(kind) && self.server.is_cluster() => {
                    if Instant::now() + pause < patience {
                        sleep(pause).await;
                        pause = (2 * pause).min(LONGEST_PAUSE);
                        continue;
                    }
                }
                // A primary that was made a replica: its name may lead elsewhere by now.
                ErrorKind::Server(ServerErrorKind::ReadOnly) => self.give_up(number),
                ErrorKind::Server(_) => {}
                _ => self.give_up(number),
            }
            if !(again && error.is_connection_dropped()) {
                return Err(failed(&self.server.name(), doing, &error));
            }
            again = false;
        }
    }

    async fn connection(&self, doing: &str, any_key: &[u8]) -> Result<(u64, Connection), StoreError> {
        if let Some(connection) = self.current().clone() {
            return Ok(connection);
        }
        let before = self.attempts.load(Ordering::SeqCst);
        let _turn = self.connecting.lock().await;
        if let Some(connection) = self.current().clone() {
            return Ok(connection);
        }
        if self.attempts.load(Ordering::SeqCst) != before {
            // Whoever had the turn before tried in vain. To try again one after the other would be a queue.
            let server = self.server.name();
            return Err(StoreError::new(format!("{doing}: {server} could not be reached a moment ago")));
        }
        let connected = within(self.server.connect(any_key)).await;
        // After the attempt: who comes while it goes on shares its outcome.
        let number = self.attempts.fetch_add(1, Ordering::SeqCst) + 1;
        match connected {
            Some(Ok(connection)) => {
                *self.current() = Some((number, connection.clone()));
                Ok((number, connection))
            }
            Some(Err(error)) => Err(failed(&self.server.name(), doing, &error)),
            None => Err(late(&self.server.name(), doing)),
        }
    }

    /// Asks a connection for a sign of life, one at a time, and gives it up where none comes.
    fn probe(self: &Arc<Self>, number: u64, mut connection: Connection) {
        if Handle::try_current().is_err() {
            return;
        }
        let Some(turn) = Turn::take(&self.probing) else { return };
        let link = Arc::downgrade(self);
        tokio::spawn(async move {
            let answer = within(connection.ask(&redis::cmd("PING"))).await;
            drop(turn);
            if let Some(link) = link.upgrade().filter(|_| answer.is_none()) {
                link.give_up(number);
            }
        });
    }

    /// The next request opens another one. Those that still wait for an answer on this one may get it.
    fn give_up(&self, number: u64) {
        let mut current = self.current();
        if current.as_ref().is_some_and(|(current, _)| *current == number) {
            *current = None;
        }
    }

    fn current(&self) -> MutexGuard<'_, Option<(u64, Connection)>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A command that was sent. Whoever waits for the answer notices when none comes in time; where they left before, somebody
/// else has to, or a connection that died in silence would stay for as long as nobody has the patience.
struct Asked<'l> {
    link: &'l Arc<Link>,
    number: u64,
    connection: Connection,
    /// Whether the answer came, or its time passed.
    is_over: bool,
}

impl Asked<'_> {
    /// The answer. A cluster's client asks again by itself while the slot moves, as seldom as the application lets it (by
    /// default each 1.28 seconds): where the cluster is there, its answer is waited for until `patience`.
    async fn answer(&mut self, command: &Cmd, patience: Instant) -> Result<Result<Value, RedisError>, Late> {
        if !self.link.server.is_cluster() {
            return within(self.connection.ask(command)).await.ok_or(Late { is_silent: true });
        }
        let begun = Instant::now();
        let mut beside = self.connection.clone();
        let mut answer = pin!(self.connection.ask(command));
        if let Ok(answer) = timeout_at(begun + UNEASE, &mut answer).await {
            return Ok(answer);
        }
        let sign = timeout_at(begun + DEADLINE, beside.ask(&redis::cmd("PING"))).await;
        let is_silent = !matches!(sign, Ok(Ok(_)));
        let until = if is_silent { begun + DEADLINE } else { patience };
        timeout_at(until, answer).await.map_err(|_| Late { is_silent })
    }
}

/// No answer came in time.
struct Late {
    /// Nor anything else on this connection.
    is_silent: bool,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.link.probe(self.number, self.connection.clone());
        }
    }
}

/// Held by the one task that asks for a sign of life, which may end with its runtime.
struct Turn(Arc<AtomicBool>);

impl Turn {
    fn take(flag: &Arc<AtomicBool>) -> Option<Self> {
        (!flag.swap(true, Ordering::AcqRel)).then(|| Self(Arc::clone(flag)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Whether the slot of the keys is about to be somewhere else, or the cluster about to agree on where: nothing was done, and
/// asking again helps. The client does so a few times by itself; a slot full of sessions takes longer.
fn is_on_its_way(kind: ServerErrorKind) -> bool {
    use ServerErrorKind::{Ask, ClusterDown, Moved, TryAgain};
    matches!(kind, TryAgain | Ask | Moved | ClusterDown)
}

/// Redis does not have the script.
pub(crate) struct NoScript;

pub(crate) async fn within<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(DEADLINE, work).await.ok()
}
