//! The listener: hears of changed sessions (`LISTEN`) on a connection of its own, outside the pool.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Weak};
use std::time::Duration;

use landfall::store::{Change, RecordKey};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Error};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::error::Server;
use super::hosts::Hosts;
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

/// Listens, and listens again when the connection was lost, until the store is gone: where the pool leads, or `apart`.
pub(super) async fn listen(
    watchers: Weak<Watchers>,
    pool: PgPool,
    hosts: Arc<Hosts>,
    apart: Option<PgConnectOptions>,
    _running: Running,
) {
    let mut pause = SHORTEST_PAUSE;
    let (mut warned, mut was_deaf) = (false, false);
    while watchers.strong_count() > 0 {
        // Where the host died, the others' requests go on the sooner.
        let takes_changes = hosts.choose(&pool).await;
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
                (warned, was_deaf) = (false, false);
                follow(&watchers, listener).await;
                // From here on changes are missed.
                if tell(&watchers, Change::Everything) {
                    tracing::warn!("lost the connection on which PostgreSQL tells of changed sessions");
                }
            }
            Ok(Ok(None)) => {
                if tell(&watchers, Change::Everything) && !was_deaf {
                    tracing::warn!(
                        "PostgreSQL's notices do not come through (a pooler in transaction mode?): a session that is \
                         ended elsewhere is noticed after `near_cache_staleness`; name the server itself by \
                         `?listen=host:port` in the store's address, or by `listening_at`"
                    );
                }
                was_deaf = true;
                pause_until_wanted(&watchers, DEAF_PAUSE).await;
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

/// Tells of every change until the connection is lost.
async fn follow(watchers: &Weak<Watchers>, mut listener: PgListener) {
    // What was changed before is not told any more.
    let mut wanted = tell(watchers, Change::Everything);
    let mut beat = Instant::now() + BEAT;
    while wanted {
        match timeout_at(beat, listener.try_recv()).await {
            Ok(Ok(Some(notification))) => wanted = tell(watchers, change(notification.payload())),
            Ok(Ok(None) | Err(_)) => return,
            Err(_) => {
                let alive = timeout(BEAT, sqlx::raw_sql("SELECT 1").execute(&mut listener)).await;
                if !matches!(alive, Ok(Ok(_))) {
                    return;
                }
                beat = Instant::now() + BEAT;
                wanted = watchers.strong_count() > 0;
            }
        }
    }
}

/// Waits, but not for longer than the store is there.
async fn pause_until_wanted(watchers: &Weak<Watchers>, pause: Duration) {
    let until = Instant::now() + pause;
    while watchers.strong_count() > 0 && Instant::now() < until {
        sleep(BEAT).await;
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
