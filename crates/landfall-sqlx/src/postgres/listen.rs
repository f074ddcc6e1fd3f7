//! The listener: hears of changed sessions (`LISTEN`) on a connection of its own, outside the pool.

use std::sync::Weak;
use std::time::Duration;

use landfall::store::{Change, RecordKey};
use sqlx::Error;
use sqlx::postgres::{PgListener, PgPool, PgPoolOptions};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::error::Server;
use crate::engine::CONNECT;
use crate::error::reason;
use crate::running::Running;
use crate::watchers::Watchers;

const CHANNEL: &str = "landfall";
/// How often the connection is asked for a sign of life, and how long it may take to give it.
const BEAT: Duration = Duration::from_millis(500);
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Listens, and listens again when the connection was lost, until the store is gone.
pub(super) async fn listen(watchers: Weak<Watchers>, pool: PgPool, _running: Running) {
    let mut pause = SHORTEST_PAUSE;
    let mut warned = false;
    while watchers.strong_count() > 0 {
        match timeout(CONNECT, subscribe(&pool)).await {
            Ok(Ok(listener)) => {
                pause = SHORTEST_PAUSE;
                warned = false;
                follow(&watchers, listener).await;
                // From here on changes are missed.
                if tell(&watchers, Change::Everything) {
                    tracing::warn!("lost the connection on which PostgreSQL tells of changed sessions");
                }
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

async fn subscribe(pool: &PgPool) -> Result<PgListener, Error> {
    // Read each time: the application may have set another password on its pool.
    let options = pool.connect_options();
    let alone = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let mut listener = PgListener::connect_with(&alone.connect_lazy_with(options.as_ref().clone())).await?;
    // A lost connection is noticed here, not mended behind our back.
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    Ok(listener)
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
                let alive = timeout(BEAT, sqlx::query("SELECT 1").execute(&mut listener)).await;
                if !matches!(alive, Ok(Ok(_))) {
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
