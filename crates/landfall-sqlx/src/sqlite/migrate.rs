//! The migrations: make the tables in SQLite, or bring older ones up to date.

use landfall::store::StoreError;
use sqlx::{Connection as _, Error, Row as _, SqliteConnection};
use tokio::time::{Instant, sleep};

use super::{PAUSE, Sqlite, is_busy};
use crate::engine::ANSWER;
use crate::error::{MIGRATE as DOING, failed};

const MIGRATIONS: [&str; 1] = [include_str!("../../migrations/sqlite/0001_sessions.sql")];

pub(super) async fn migrate(sqlite: &Sqlite) -> Result<(), StoreError> {
    let until = Instant::now() + ANSWER;
    let _turn = sqlite.turn(DOING, until).await?;
    loop {
        let mut connection = sqlite.acquire(DOING).await?;
        match apply(&mut connection).await {
            Ok(()) => return Ok(()),
            Err(error) if is_busy(&error) && Instant::now() < until => {}
            Err(error) => return Err(failed(&sqlite.told(), DOING, &error)),
        }
        drop(connection);
        sleep(PAUSE).await;
    }
}

/// The lock on the file is taken at once: instances that start together come one after the other.
async fn apply(connection: &mut SqliteConnection) -> Result<(), Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::raw_sql("CREATE TABLE IF NOT EXISTS landfall_migrations (version INTEGER PRIMARY KEY) STRICT")
        .execute(&mut *transaction)
        .await?;
    let applied: i64 = sqlx::query("SELECT coalesce(max(version), 0) FROM landfall_migrations")
        .fetch_one(&mut *transaction)
        .await?
        .try_get(0)?;
    for (version, migration) in (1_i64..).zip(MIGRATIONS) {
        if version > applied {
            sqlx::raw_sql(migration).execute(&mut *transaction).await?;
            sqlx::query("INSERT INTO landfall_migrations (version) VALUES ($1)")
                .bind(version)
                .execute(&mut *transaction)
                .await?;
        }
    }
    transaction.commit().await
}
