//! The listener: hears of changed sessions on a connection of its own, and says so when it may have missed some.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::StreamExt as _;
use landfall::store::{Change, RecordKey, Watcher};
use redis::aio::{PubSubSink, PubSubStream};
use redis::cluster_async::ClusterConnection;
use redis::{Client, ErrorKind, PushInfo, PushKind, RedisError, Value};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::connection::{Link, Server, cluster_config, routing, within};
use crate::error::reason;
use crate::keys::Keys;
use crate::rights::Lacking;

/// How often the connection is asked for a sign of life, and how long it may take to give it. A connection that
/// died in silence is noticed after both at the latest.
const BEAT: Duration = Duration::from_millis(500);
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Between two attempts where a right is missing, which somebody may add.
const WITHOUT_RIGHT: Duration = Duration::from_secs(30);

#[derive(Default)]
pub(crate) struct Watchers {
    all: Mutex<Vec<Watcher>>,
    wanted: AtomicBool,
    listening: AtomicBool,
}

impl Watchers {
    pub(crate) fn add(&self, watcher: Watcher) {
        self.all().push(watcher);
        self.wanted.store(true, Ordering::Release);
    }

    /// Begins to listen, if somebody wants to hear and nobody listens yet. It goes on while the runtime does that this is called on.
    pub(crate) fn listen(self: &Arc<Self>, link: &Link, keys: &Keys) {
        if !self.wanted.load(Ordering::Acquire) || self.listening.swap(true, Ordering::AcqRel) {
            return;
        }
        let turn = Turn(Arc::downgrade(self));
        tokio::spawn(listen(turn, Arc::downgrade(self), link.server().clone(), keys.clone()));
    }

    fn tell(&self, change: Change) {
        let all = self.all().clone();
        for watcher in all {
            watcher(change);
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Watcher>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets the next call begin to listen again where this task ended with its runtime.
struct Turn(Weak<Watchers>);

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(watchers) = self.0.upgrade() {
            watchers.listening.store(false, Ordering::Release);
        }
    }
}

/// Tells the watchers of a change; false when the store is gone and nobody is left to be told.
fn tell(watchers: &Weak<Watchers>, change: Change) -> bool {
    watchers.upgrade().map(|watchers| watchers.tell(change)).is_some()
}

/// Subscribes, and subscribes again when the connection was lost, until the store is gone.
async fn listen(mut turn: Turn, watchers: Weak<Watchers>, server: Server, keys: Keys) {
    let mut pause = SHORTEST_PAUSE;
    let mut failed_before = false;
    let mut complaints = Complaints::default();
    while watchers.strong_count() > 0 {
        match begin(&server, &keys).await {
            Some(Ok((lacking, subscription))) => {
                complaints.tell(&lacking, &server, &keys);
                failed_before = false;
                if let Some(subscription) = subscription {
                    pause = SHORTEST_PAUSE;
                    follow(&watchers, subscription).await;
                    // From here on changes are missed.
                    tell(&watchers, Change::Everything);
                    tracing::warn!("lost the connection on which Redis tells of changed sessions");
                } else {
                    sleep(WITHOUT_RIGHT).await;
                }
            }
            Some(Err(error)) if error.kind() == ErrorKind::RESP3NotSupported => {
                tracing::warn!(
                    "the cluster's client does not speak RESP3: changed sessions are not heard of"
                );
                // Nor will it the next time.
                turn.0 = Weak::new();
                return;
            }
            failed => {
                let reason = match &failed {
                    Some(Err(error)) => reason(&server.name(), error),
                    _ => "no answer in time".to_owned(),
                };
                // Once for the operator, whose network may be to blame; then it is known.
                if failed_before {
                    tracing::debug!(reason, "cannot listen to Redis yet");
                } else {
                    tracing::warn!(
                        reason,
                        "cannot listen to Redis yet: copies of ended sessions live as long as the near cache keeps them"
                    );
                }
                failed_before = true;
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Finds out what is lacking, and subscribes where that may be done.
async fn begin(server: &Server, keys: &Keys) -> Option<Result<(Lacking, Option<Subscription>), RedisError>> {
    let mut lacking = match within(Lacking::at(server, keys)).await? {
        Ok(lacking) => lacking,
        Err(error) => return Some(Err(error)),
    };
    Some(match within(Subscription::open(server, &keys.channel())).await? {
        Ok(subscription) => Ok((lacking, Some(subscription))),
        Err(error) if lacking.add_subscription(keys, &error) => Ok((lacking, None)),
        Err(error) => Err(error),
    })
}

/// What the operator was told is lacking: once, and again when it is something else.
#[derive(Default)]
struct Complaints {
    of_needs: Option<String>,
    of_telling: Option<String>,
}

impl Complaints {
    fn tell(&mut self, lacking: &Lacking, server: &Server, keys: &Keys) {
        let server = server.name();
        let (of_needs, of_telling) = (lacking.needed(&server, keys), lacking.telling(&server, keys));
        if let Some(reason) = of_needs.as_deref().filter(|_| of_needs != self.of_needs) {
            tracing::error!(reason, "sessions cannot be kept in this Redis");
        }
        if let Some(reason) = of_telling.as_deref().filter(|_| of_telling != self.of_telling) {
            tracing::warn!(
                reason,
                "instances do not hear of each other's changes: copies of ended sessions live as long as the near cache keeps them"
            );
        }
        (self.of_needs, self.of_telling) = (of_needs, of_telling);
    }
}

/// Tells of every change until the subscription is lost.
async fn follow(watchers: &Weak<Watchers>, mut subscription: Subscription) {
    // What was changed before is not told any more.
    let mut wanted = tell(watchers, Change::Everything);
    let mut beat = Instant::now() + BEAT;
    while wanted {
        match timeout_at(beat, subscription.next()).await {
            Ok(Some(Some(change))) => wanted = tell(watchers, change),
            Ok(Some(None)) => {}
            Ok(None) => return,
            Err(_) => {
                if !matches!(timeout(BEAT, subscription.ping()).await, Ok(Ok(()))) {
                    return;
                }
                beat = Instant::now() + BEAT;
                wanted = watchers.strong_count() > 0;
            }
        }
    }
}

enum Subscription {
    One(PubSubSink, PubSubStream),
    Cluster { connection: ClusterConnection, pushes: UnboundedReceiver<PushInfo>, channel: Vec<u8> },
}

impl Subscription {
    async fn open(server: &Server, channel: &[u8]) -> Result<Self, RedisError> {
        match server {
            Server::One(client) => Self::one(client, channel).await,
            Server::Sentinel(sentinels) => Self::one(&sentinels.primary().await?, channel).await,
            Server::Cluster { client, .. } => {
                let (sender, pushes) = unbounded_channel();
                let config = cluster_config().set_push_sender(sender);
                let mut connection = client.get_async_connection_with_config(config).await?;
                connection.subscribe(channel).await?;
                Ok(Self::Cluster { connection, pushes, channel: channel.to_vec() })
            }
        }
    }

    async fn one(client: &Client, channel: &[u8]) -> Result<Self, RedisError> {
        let (mut sink, stream) = client.get_async_pubsub().await?.split();
        sink.subscribe(channel).await?;
        Ok(Self::One(sink, stream))
    }

    /// The next message, with the change that it tells of; `None` when the connection is lost.
    async fn next(&mut self) -> Option<Option<Change>> {
        match self {
            Self::One(_, stream) => stream.next().await.map(|message| change(message.get_payload_bytes())),
            Self::Cluster { pushes, .. } => {
                let push = pushes.recv().await?;
                match (push.kind, push.data.as_slice()) {
                    (PushKind::Disconnection, _) => None,
                    (PushKind::Message, [_, Value::BulkString(payload)]) => Some(change(payload)),
                    // The client subscribed again by itself, or said what is not understood.
                    _ => Some(Some(Change::Everything)),
                }
            }
        }
    }

    /// Asks the node that this hears from for a sign of life.
    async fn ping(&mut self) -> Result<(), RedisError> {
        match self {
            Self::One(sink, _) => sink.ping::<Value>().await.map(|_| ()),
            Self::Cluster { connection, channel, .. } => {
                let mut command = redis::cmd("GET");
                command.arg(channel.as_slice());
                connection.route_command(command, routing(channel)).await?.extract_error().map(|_| ())
            }
        }
    }
}

fn change(payload: &[u8]) -> Option<Change> {
    match payload {
        // Somebody tried whether they may.
        [] => None,
        _ => Some(payload.try_into().map_or(Change::Everything, |key| Change::Record(RecordKey(key)))),
    }
}
