//! PostgreSQL with more sessions than one would send it: it makes them itself.

use std::ops::Range;
use std::path::Path;
use std::process::Command;

use landfall::store::StoredRecord;
use landfall_sqlx::sqlx::{self, PgPool};

/// What a session takes on disk with its indexes, at most, before anything was measured.
const BYTES_EACH: u64 = 900;
/// So many are made by one statement.
const AT_ONCE: u64 = 250_000;

/// The database of a store, and what a session in it looks like.
pub(crate) struct Database {
    pool: PgPool,
    sample: StoredRecord,
    /// What it took before there was a session.
    empty: f64,
}

impl Database {
    /// The tables are there already.
    pub(crate) async fn open(address: &str, sample: &StoredRecord) -> Self {
        let pool = PgPool::connect(address).await.expect("PostgreSQL");
        let mut database = Self { pool, sample: sample.clone(), empty: 0.0 };
        database.empty = database.on_disk().await;
        database
    }

    /// Says what the largest of these sizes takes on disk; those for which there is room.
    pub(crate) async fn sizes_with_room(&self, sizes: &[u64]) -> Vec<u64> {
        let folder: String =
            sqlx::query_scalar("SHOW data_directory").fetch_one(&self.pool).await.expect("a folder");
        let Some(free) = free(Path::new(&folder)) else {
            println!("PostgreSQL: how much room is on its disk is not known: a million sessions at most");
            return sizes.iter().copied().filter(|size| *size <= 1_000_000).collect();
        };
        let most = sizes.iter().copied().max().unwrap_or_default();
        // Its log takes as much again while many are made.
        let need = |size: u64| size * BYTES_EACH * 2;
        println!(
            "PostgreSQL: {most} sessions take up to {} GB on disk until the end of this run; {} GB are free",
            need(most) / 1_000_000_000,
            free / 1_000_000_000
        );
        let room: Vec<u64> = sizes.iter().copied().filter(|size| need(*size) <= free).collect();
        if room.len() < sizes.len() {
            println!("PostgreSQL: the disk is too small: {} sessions at most", room.last().unwrap_or(&0));
        }
        room
    }

    /// Makes these sessions, as [`name`](crate::scale::name) numbers them.
    pub(crate) async fn fill(&self, numbers: Range<u64>) {
        for from in numbers.clone().step_by(AT_ONCE as usize) {
            let moments = [self.sample.created_at, self.sample.expires_at, self.sample.idle_expires_at];
            let [created, expires, idle] = moments.map(|moment| moment.millis() as i64);
            sqlx::query(
                "INSERT INTO landfall_sessions (key, version, created_at, expires_at, idle_expires_at, ends_at, \
                 subject, sid, sealed, admin, writing) \
                 SELECT sha256(int8send(n * 4)), 1, $3, $4, $5, $6, sha256(int8send(n * 4 + 1)), \
                 sha256(int8send(n * 4 + 2)), $7, $8, n FROM generate_series($1::bigint, $2::bigint - 1) n",
            )
            .bind(from as i64)
            .bind(numbers.end.min(from + AT_ONCE) as i64)
            .bind(created)
            .bind(expires)
            .bind(idle)
            .bind(expires.min(idle))
            .bind(&self.sample.sealed[..])
            .bind(&self.sample.admin[..])
            .execute(&self.pool)
            .await
            .expect("so many sessions");
        }
    }

    /// What a database does by itself before long: counts its rows.
    pub(crate) async fn settle(&self) {
        sqlx::query("VACUUM ANALYZE landfall_sessions").execute(&self.pool).await.expect("done");
    }

    /// What each of so many sessions takes on disk, the log aside.
    pub(crate) async fn bytes_each(&self, sessions: u64) -> f64 {
        (self.on_disk().await - self.empty) / sessions as f64
    }

    async fn on_disk(&self) -> f64 {
        sqlx::query_scalar("SELECT pg_database_size(current_database())::float8")
            .fetch_one(&self.pool)
            .await
            .expect("a number")
    }
}

/// How many bytes are free where this folder is.
fn free(folder: &Path) -> Option<u64> {
    let output = Command::new("df").arg("-Pk").arg(folder).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let kilobytes: u64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kilobytes * 1024)
}
