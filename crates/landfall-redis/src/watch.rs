//! The listener: hears of changed sessions on a connection of its own, and says so when it may have missed some.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::StreamExt as _;
use landfall::store::{Change, RecordKey, Watcher};
use redis::aio::{PubSubSink, PubSubStream};
use redis::cluster_async::ClusterConnection;
use redis::{ErrorKind, PushInfo, PushKind, RedisError, Value};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::connection::{Link, Server, cluster_config, routing, within};
use crate::error::reason;
use crate::keys::Keys;

/// How often the connection is asked for a sign of life, and how long it may take to give it. A connection that
/// died in silence is noticed after both at the latest.
const BEAT: Duration = Duration::from_millis(500);
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

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
        tokio::spawn(listen(turn, Arc::downgrade(self), link.server().clone(), keys.channel()));
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
async fn listen(mut turn: Turn, watchers: Weak<Watchers>, server: Server, channel: Vec<u8>) {
    let mut pause = SHORTEST_PAUSE;
    let mut failed_before = false;
    while watchers.strong_count() > 0 {
        match within(Subscription::open(&server, &channel)).await {
            Some(Ok(subscription)) => {
                pause = SHORTEST_PAUSE;
                failed_before = false;
                follow(&watchers, subscription).await;
                // From here on changes are missed.
                tell(&watchers, Change::Everything);
                tracing::warn!("lost the connection on which Redis tells of changed sessions");
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
                // Once for the operator, whose rights or network may be to blame; then it is known.
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

/// Tells of every change until the subscription is lost.
async fn follow(watchers: &Weak<Watchers>, mut subscription: Subscription) {
    // What was changed before is not told any more.
    let mut wanted = tell(watchers, Change::Everything);
    let mut beat = Instant::now() + BEAT;
    while wanted {
        match timeout_at(beat, subscription.next()).await {
            Ok(Some(change)) => wanted = tell(watchers, change),
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
            Server::One(client) => {
                let (mut sink, stream) = client.get_async_pubsub().await?.split();
                sink.subscribe(channel).await?;
                Ok(Self::One(sink, stream))
            }
            Server::Cluster(client) => {
                let (sender, pushes) = unbounded_channel();
                let config = cluster_config().set_push_sender(sender);
                let mut connection = client.get_async_connection_with_config(config).await?;
                connection.subscribe(channel).await?;
                Ok(Self::Cluster { connection, pushes, channel: channel.to_vec() })
            }
        }
    }

    /// The next change; `None` when the connection is lost.
    async fn next(&mut self) -> Option<Change> {
        match self {
            Self::One(_, stream) => stream.next().await.map(|message| change(message.get_payload_bytes())),
            Self::Cluster { pushes, .. } => {
                let push = pushes.recv().await?;
                match (push.kind, push.data.as_slice()) {
                    (PushKind::Disconnection, _) => None,
                    (PushKind::Message, [_, Value::BulkString(payload)]) => Some(change(payload)),
                    // The client subscribed again by itself, or said what is not understood.
                    _ => Some(Change::Everything),
                }
            }
        }
    }

    /// Asks the node that this hears from for a sign of life.
    async fn ping(&mut self) -> Result<(), RedisError> {
        match self {
            Self::One(sink, _) => sink.ping::<Value>().await.map(|_| ()),
            Self::Cluster { connection, channel, .. } => {
                let mut command = redis::cmd("EXISTS");
                command.arg(channel.as_slice());
                connection.route_command(command, routing(channel)).await?.extract_error().map(|_| ())
            }
        }
    }
}

fn change(payload: &[u8]) -> Change {
    payload.try_into().map_or(Change::Everything, |key| Change::Record(RecordKey(key)))
}
