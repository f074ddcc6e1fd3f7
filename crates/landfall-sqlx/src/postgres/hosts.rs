//! The hosts of an address, of which the store uses the one that takes changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{ConnectOptions as _, Connection as _, Error, PgExecutor, Row as _};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::error::name;
use crate::engine::CONNECT;

/// How long a host may take to say whether it takes changes.
const ANSWER: Duration = Duration::from_secs(1);
/// How long the one in use is believed to take changes, where no listener asks it.
const BELIEVED: Duration = Duration::from_mins(1);

/// One host, or several of which one takes changes, and which it was last. Not shown: the options hold a password.
pub(super) struct Hosts {
    all: Vec<PgConnectOptions>,
    begun: Instant,
    /// When the pool was last led to another host, in nanoseconds from `begun`; 0 for never.
    moved: AtomicU64,
    /// When the one in use was last looked at, in the same way.
    looked: AtomicU64,
    /// How often they were looked at.
    rounds: AtomicU64,
    /// Which one is in use; held by who looks.
    used: Mutex<usize>,
}

impl Hosts {
    /// Those of an address, in its order. Fewer than two leave nothing to choose.
    pub(super) fn new(all: Vec<PgConnectOptions>) -> Arc<Self> {
        Arc::new(Self {
            all,
            begun: Instant::now(),
            moved: AtomicU64::new(0),
            looked: AtomicU64::new(0),
            rounds: AtomicU64::new(0),
            used: Mutex::new(0),
        })
    }

    /// Those of the address; none where an application brought its pool.
    pub(super) fn all(&self) -> &[PgConnectOptions] {
        &self.all
    }

    pub(super) fn are_many(&self) -> bool {
        self.all.len() > 1
    }

    /// Whether there is a choice, and none was looked at yet, or not lately.
    pub(super) fn are_due(&self) -> bool {
        if !self.are_many() {
            return false;
        }
        let looked = self.looked.load(Ordering::Acquire);
        looked == 0 || self.begun.elapsed().saturating_sub(Duration::from_nanos(looked)) >= BELIEVED
    }

    /// The one in use was asked elsewhere, and takes changes.
    pub(super) fn take_changes(&self) {
        self.looked.store(self.now(), Ordering::Release);
    }

    /// Whether a connection of this age may lead to a host that is not in use any more. One that was begun before the pool
    /// was led away may have been made after that.
    pub(super) fn left_behind(&self, age: Duration) -> bool {
        let moved = self.moved.load(Ordering::Acquire);
        moved > 0
            && age.saturating_add(CONNECT) >= self.begun.elapsed().saturating_sub(Duration::from_nanos(moved))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1)
    }

    /// When the pool was last led to another host; any two moments are different.
    pub(super) fn moved(&self) -> u64 {
        self.moved.load(Ordering::Acquire)
    }

    /// Leads the pool to a host that takes changes: the one in use if it does, or else the first. Says whether there is
    /// one; where there is nothing to choose, there is none. Who comes while somebody looks does not look again.
    pub(super) async fn choose(&self, pool: &PgPool) -> bool {
        if !self.are_many() {
            return false;
        }
        let round = self.rounds.load(Ordering::Acquire);
        let mut used = self.used.lock().await;
        if self.rounds.load(Ordering::Acquire) != round {
            return true;
        }
        let others = (0..self.all.len()).filter(|index| index != &*used);
        let order: Vec<usize> = std::iter::once(*used).chain(others).collect();
        let mut found = false;
        for index in order {
            let Some(options) = self.all.get(index) else { continue };
            if !matches!(timeout(ANSWER, takes_changes(options)).await, Ok(Ok(true))) {
                continue;
            }
            found = true;
            if index != *used {
                *used = index;
                tracing::warn!(
                    "sessions are kept in {} from now on: it is the one that takes changes",
                    name(options)
                );
                pool.set_connect_options(options.clone());
                self.moved.store(self.now(), Ordering::Release);
            }
            break;
        }
        self.looked.store(self.now(), Ordering::Release);
        self.rounds.fetch_add(1, Ordering::AcqRel);
        found
    }
}

/// As libpq has it for `target_session_attrs=read-write`: a standby, or a server that is set to be read, says no.
async fn takes_changes(options: &PgConnectOptions) -> Result<bool, Error> {
    let mut connection = options.connect().await?;
    let takes_changes = takes_changes_by(&mut connection).await?;
    let _ = connection.close().await;
    Ok(takes_changes)
}

/// The same, on a connection that is there: a server that is set to be read while it runs says no from then on.
pub(super) async fn takes_changes_by<'c>(connection: impl PgExecutor<'c>) -> Result<bool, Error> {
    let row = sqlx::raw_sql("SHOW transaction_read_only").fetch_one(connection).await?;
    let only_read: String = row.try_get(0)?;
    Ok(only_read == "off")
}
