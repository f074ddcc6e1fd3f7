//! The listener: hears of changed sessions (`LISTEN`) on a connection of its own, outside the pool.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Weak};
use std::time::Duration;

use landfall::store::{Change, RecordKey};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Error};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::error::Server;
use super::hosts::{Hosts, takes_changes_by};
use crate::engine::CONNECT;
use crate::error::reason;
use crate::running::Running;
use crate::watchers::Watchers;

const CHANNEL: &str = "landfall";
/// How often the connection is asked for a sign of life, and how long it may take to give it.
const BEAT: Duration = Duration::from_millis(500);
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How long a notice of our own may take. A pooler in transaction mode takes LISTEN without an error, and passes
/// nothing on.
const HEARING: Duration = Duration::from_secs(2);
/// How long until a deaf connection is tried again.
const DEAF_PAUSE: Duration = Duration::from_mins(10);
/// How often in a row no notice came until a connection counts as deaf: one may have been late.
const MISSES: u32 = 2;
/// How often the host in use is looked at, where there are others and the listener is not connected to it.
const LOOK: Duration = Duration::from_secs(1);

/// Listens, and listens again when the connection was lost, until the store is gone: where the pool leads, or `apart`.
pub(super) async fn listen(
    watchers: Weak<Watchers>,
    pool: PgPool,
    hosts: Arc<Hosts>,
    apart: Option<PgConnectOptions>,
    _running: Running,
) {
    let mut pause = SHORTEST_PAUSE;
    let (mut warned, mut misses) = (false, 0_u32);
    while watchers.strong_count() > 0 {
        // Where the host died, the others' requests go on the sooner.
        let takes_changes = hosts.choose(&pool).await;
        let at = if apart.is_some() { None } else { Some(hosts.moved()) };
        let place = Place { pool: &pool, hosts: &hosts, at };
        // Read each time: the application may have set another password on its pool.
        let options = apart.clone().unwrap_or_else(|| pool.connect_options().as_ref().clone());
        let subscribed = if hosts.are_many() && !takes_changes {
            Ok(Err(Error::PoolTimedOut))
        } else {
            timeout(CONNECT + HEARING, subscribe(&pool, options)).await
        };
        match subscribed {
            Ok(Ok(Some(listener))) => {
                pause = SHORTEST_PAUSE;
                (warned, misses) = (false, 0);
                follow(&watchers, listener, &place).await;
                // From here on changes are missed.
                if tell(&watchers, Change::Everything) {
                    tracing::warn!("lost the connection on which PostgreSQL tells of changed sessions");
                }
            }
            Ok(Ok(None)) => {
                let is_wanted = tell(&watchers, Change::Everything);
                misses = misses.saturating_add(1);
                if misses < MISSES {
                    continue;
                }
                if is_wanted && misses == MISSES {
                    tracing::warn!(
                        "PostgreSQL's notices do not come through (a pooler in transaction mode?): a session that is \
                         ended elsewhere is noticed after `near_cache_staleness`; name the server itself by \
                         `?listen=host:port` in the store's address, or by `listening_at`"
                    );
                }
                place.pause(&watchers, DEAF_PAUSE).await;
                continue;
            }
            failed => {
                let reason = match failed {
                    Ok(Err(error)) => reason(&Server(&pool), "listen", &error),
                    _ => "no answer in time".to_owned(),
                };
                if warned {
                    tracing::debug!(reason, "cannot listen to PostgreSQL yet");
                } else {
                    tracing::warn!(reason, "cannot listen to PostgreSQL yet");
                }
                warned = true;
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// A connection that listens; `None` where one hears nothing.
///
/// What a pooler in transaction mode is told to listen to, one of its connections to the server listens to from then on,
/// and whoever has that connection gets notices in the middle of other answers. So the common channel is listened to only
/// by who was found to hear, on a channel that nobody else has.
async fn subscribe(pool: &PgPool, options: PgConnectOptions) -> Result<Option<PgListener>, Error> {
    let alone = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let mut listener = PgListener::connect_with(&alone.connect_lazy_with(options)).await?;
    // A lost connection is noticed here, not mended behind our back.
    listener.eager_reconnect(false);
    let own = format!("{CHANNEL}_{:016x}", RandomState::new().hash_one(0));
    listener.listen(&own).await?;
    notify(pool, &own).await?;
    // Nothing is asked of it meanwhile: for a moment, a pooler would give it the very connection that hears.
    let Ok(heard) = timeout(HEARING, listener.try_recv()).await else { return Ok(None) };
    if heard?.is_none() {
        return Err(Error::WorkerCrashed);
    }
    listener.listen(CHANNEL).await?;
    listener.unlisten(&own).await?;
    Ok(Some(listener))
}

/// Sends a notice by another connection, as changes come; not by the pool's, which may all be in use.
async fn notify(pool: &PgPool, channel: &str) -> Result<(), Error> {
    let options = pool.connect_options();
    let mut connection = options.connect().await?;
    let sent = sqlx::raw_sql(AssertSqlSafe(format!("NOTIFY {channel}"))).execute(&mut connection).await;
    let _ = connection.close().await;
    match sent {
        // By way of a pooler, the notice itself may come before the answer to it.
        Ok(_) | Err(Error::Protocol(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Where a listener listens, among the hosts.
struct Place<'a> {
    pool: &'a PgPool,
    hosts: &'a Hosts,
    /// When the pool was led to where the listener is, too; `None` where it listens apart.
    at: Option<u64>,
}

impl Place<'_> {
    /// Gives a sign of life. Of several hosts, the one that is listened to also has to be in use and to take changes: one
    /// that takes none any more is alive, and tells of nothing. `looked` is when the one in use was last looked at from
    /// apart.
    async fn is_good(&self, listener: &mut PgListener, looked: &mut Instant) -> bool {
        let Some(at) = self.at.filter(|_| self.hosts.are_many()) else {
            self.look(looked).await;
            let alive = timeout(BEAT, sqlx::raw_sql("SELECT 1").execute(listener)).await;
            return matches!(alive, Ok(Ok(_)));
        };
        if self.hosts.moved() != at {
            return false;
        }
        let takes_changes = matches!(timeout(BEAT, takes_changes_by(listener)).await, Ok(Ok(true)));
        if takes_changes {
            self.hosts.take_changes();
        }
        takes_changes
    }

    /// Looks at the host in use by a connection of its own, where there are others, every second at most.
    async fn look(&self, looked: &mut Instant) {
        if self.hosts.are_many() && looked.elapsed() >= LOOK {
            self.hosts.choose(self.pool).await;
            *looked = Instant::now();
        }
    }

    /// Waits, but not for longer than the store is there, nor than the hosts stay what they are.
    async fn pause(&self, watchers: &Weak<Watchers>, pause: Duration) {
        let until = Instant::now() + pause;
        let (moved, mut looked) = (self.hosts.moved(), Instant::now());
        while watchers.strong_count() > 0 && Instant::now() < until && self.hosts.moved() == moved {
            sleep(BEAT).await;
            self.look(&mut looked).await;
        }
    }
}

/// Tells of every change until the connection is lost, or its host is not the one in use any more.
async fn follow(watchers: &Weak<Watchers>, mut listener: PgListener, place: &Place<'_>) {
    // What was changed before is not told any more.
    let mut wanted = tell(watchers, Change::Everything);
    let (mut beat, mut looked) = (Instant::now() + BEAT, Instant::now());
    while wanted {
        match timeout_at(beat, listener.try_recv()).await {
            Ok(Ok(Some(notification))) => wanted = tell(watchers, change(notification.payload())),
            Ok(Ok(None) | Err(_)) => return,
            Err(_) => {
                if !place.is_good(&mut listener, &mut looked).await {
                    return;
                }
                beat = Instant::now() + BEAT;
                wanted = watchers.strong_count() > 0;
            }
        }
    }
}

/// Tells the watchers of a change; false when the store is gone and nobody is left to be told.
fn tell(watchers: &Weak<Watchers>, change: Change) -> bool {
    watchers.upgrade().map(|watchers| watchers.tell(change)).is_some()
}

fn change(payload: &str) -> Change {
    key(payload).map_or(Change::Everything, Change::Record)
}

fn key(payload: &str) -> Option<RecordKey> {
    let digits = payload.as_bytes();
    let mut key = [0; 32];
    if digits.len() != 2 * key.len() {
        return None;
    }
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(RecordKey(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_key_means_that_anything_may_have_changed() {
        assert_eq!(change(&"0a".repeat(32)), Change::Record(RecordKey([10; 32])));
        for payload in ["", "0a", &"0a".repeat(33), &"xy".repeat(32)] {
            assert_eq!(change(payload), Change::Everything);
        }
    }
}
