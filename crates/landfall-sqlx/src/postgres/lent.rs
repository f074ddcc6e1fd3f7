//! A connection of the pool, which takes it back only when no answer is to come on it that could take long.

use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use sqlx::PgConnection;
use sqlx::pool::PoolConnection;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How long giving a connection back may take: the pool asks it for a sign of life, and would wait for ever.
const RETURN: Duration = Duration::from_secs(1);

/// Closed when dropped, unless something else is said: whoever waits for an answer may give up at any moment, and a
/// pool that takes back a connection on which one is still to come waits for it.
pub(super) struct Lent {
    connection: PoolConnection<sqlx::Postgres>,
    since: Instant,
    is_closed: bool,
}

impl Lent {
    pub(super) fn new(connection: PoolConnection<sqlx::Postgres>) -> Self {
        Self { connection, since: Instant::now(), is_closed: true }
    }

    /// How long the pool has been without it.
    pub(super) fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// Lets the pool have it back when this is dropped: the answer was whole, be it an error, or is to a mere look, and
    /// will come soon or not at all.
    pub(super) fn give_back_at_the_end(&mut self) {
        self.is_closed = false;
    }

    /// Closes it when this is dropped.
    pub(super) fn close_at_the_end(&mut self) {
        self.is_closed = true;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // Where a runtime ended, its connections did.
        if self.is_closed || Handle::try_current().is_err() {
            self.connection.close_on_drop();
        } else {
            tokio::spawn(timeout(RETURN, self.connection.return_to_pool()));
        }
    }
}

impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}
