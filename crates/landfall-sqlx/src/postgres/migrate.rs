//! The migrations: make the tables in PostgreSQL, or bring older ones up to date.

use std::time::Duration;

use landfall::store::StoreError;
use sqlx::{AssertSqlSafe, Connection as _, Error, PgConnection, Row as _};
use tokio::time::timeout;

use super::Postgres;
use super::error::{Server, quoted};
use crate::error::{MIGRATE as DOING, failed, late};

const MIGRATIONS: [&str; 1] = [include_str!("../../migrations/postgres/0001_sessions.sql")];
/// How long to wait for another instance that migrates a large table.
const PATIENCE: Duration = Duration::from_mins(1);
/// The advisory lock that instances take one after the other when they start together: "landfall" in ASCII.
const LOCK: i64 = 0x6c61_6e64_6661_6c6c;

pub(super) async fn migrate(postgres: &Postgres) -> Result<(), StoreError> {
    match migrate_there(postgres).await {
        // Of several hosts, another may be the one that takes changes.
        Err(_) if postgres.choose_host().await => migrate_there(postgres).await,
        migrated => migrated,
    }
}

async fn migrate_there(postgres: &Postgres) -> Result<(), StoreError> {
    postgres.begin().await;
    let mut connection = postgres.acquire(DOING, true).await?;
    match timeout(PATIENCE, apply(&mut connection)).await {
        Ok(Ok(())) => {
            connection.give_back_at_the_end();
            Ok(())
        }
        Ok(Err(error)) => Err(failed(&Server(&postgres.pool), DOING, &error)),
        Err(_) => Err(late(&Server(&postgres.pool), DOING)),
    }
}

/// Nothing is prepared: a pooler may be in between.
async fn apply(connection: &mut PgConnection) -> Result<(), Error> {
    // Who may not make tables may still find that they are made.
    if applied(connection).await? >= count() {
        return Ok(());
    }
    // Whoever waits for the lock has to see what was made meanwhile, whatever the database's isolation is by default.
    let mut transaction = connection.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
    sqlx::raw_sql(AssertSqlSafe(format!("SELECT pg_advisory_xact_lock({LOCK})")))
        .execute(&mut *transaction)
        .await?;
    sqlx::raw_sql("CREATE TABLE IF NOT EXISTS landfall_migrations (version bigint PRIMARY KEY)")
        .execute(&mut *transaction)
        .await?;
    let applied = applied(&mut transaction).await?;
    for (version, migration) in (1_i64..).zip(MIGRATIONS) {
        if version > applied {
            sqlx::raw_sql(migration).execute(&mut *transaction).await?;
            let made = format!("INSERT INTO landfall_migrations (version) VALUES ({version})");
            sqlx::raw_sql(AssertSqlSafe(made)).execute(&mut *transaction).await?;
        }
    }
    transaction.commit().await
}

/// The statements that make the tables, and give a role the rights on them that it needs.
pub(super) fn for_an_administrator(role: &str) -> String {
    let mut script =
        "CREATE TABLE IF NOT EXISTS landfall_migrations (version bigint PRIMARY KEY);\n".to_owned();
    for (version, migration) in (1_i64..).zip(MIGRATIONS) {
        script.push_str(migration);
        script.push_str("INSERT INTO landfall_migrations (version) VALUES (");
        script.push_str(&version.to_string());
        script.push_str(") ON CONFLICT DO NOTHING;\n");
    }
    let role = quoted(role);
    for right in [
        "SELECT ON landfall_migrations",
        "SELECT, INSERT, UPDATE, DELETE ON landfall_sessions, landfall_claims",
    ] {
        script.push_str("GRANT ");
        script.push_str(right);
        script.push_str(" TO ");
        script.push_str(&role);
        script.push_str(";\n");
    }
    script
}

fn count() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

async fn applied(connection: &mut PgConnection) -> Result<i64, Error> {
    let there: bool = sqlx::raw_sql("SELECT to_regclass('landfall_migrations') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?
        .try_get(0)?;
    if !there {
        return Ok(0);
    }
    sqlx::raw_sql("SELECT coalesce(max(version), 0) FROM landfall_migrations")
        .fetch_one(&mut *connection)
        .await?
        .try_get(0)
}
