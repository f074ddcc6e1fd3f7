//! A connection of the pool, which takes it back only after a whole answer.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::PgConnection;
use sqlx::pool::PoolConnection;
use tokio::time::timeout;

/// How long giving a connection back may take: the pool asks it for a sign of life, and would wait for ever.
const RETURN: Duration = Duration::from_secs(1);

/// Closed when dropped: whoever waits for an answer may give up at any moment, and a pool that takes back a
/// connection on which one is still to come waits for it, however long.
pub(super) struct Lent {
    connection: PoolConnection<sqlx::Postgres>,
    whole: bool,
}

impl Lent {
    pub(super) fn new(connection: PoolConnection<sqlx::Postgres>) -> Self {
        Self { connection, whole: false }
    }

    /// The answer was whole, be it an error: the connection is of further use.
    pub(super) fn give_back(mut self) {
        self.whole = true;
        tokio::spawn(timeout(RETURN, self.connection.return_to_pool()));
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if !self.whole {
            self.connection.close_on_drop();
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
