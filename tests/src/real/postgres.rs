//! PostgreSQL, as an application and as a thief of its disk see it.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use landfall_sqlx::{PostgresStore, sqlx};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection as _, PgConnection};

/// A store of its own, which connects by itself.
pub(crate) fn store(url: &str) -> PostgresStore {
    // To close connections for their age, a pool would need a runtime already now.
    let pool = PgPoolOptions::new()
        .max_connections(5)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy(url);
    PostgresStore::new(pool.unwrap())
}

/// Tables for one test alone, and how a client comes there: what a test's clock says is over, it takes away.
pub(crate) async fn room(url: &str) -> String {
    static ROOMS: AtomicU32 = AtomicU32::new(0);
    let name = format!("room_{}_{}", process::id(), ROOMS.fetch_add(1, Ordering::Relaxed));
    run(url, &format!("CREATE SCHEMA {name}")).await;
    let url = format!("{url}?options=-c%20search_path%3D{name}");
    migrate(&url).await;
    url
}

/// Makes the tables, if they are not there.
pub(crate) async fn migrate(url: &str) {
    store(url).migrate().await.unwrap();
}

/// Every row of every table.
pub(crate) async fn dump(url: &str) -> Vec<u8> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let tables: Vec<(String, String)> = sqlx::query_as(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut dump = Vec::new();
    for (schema, table) in tables {
        let query = format!("SELECT row::text FROM {schema}.{table} row");
        let rows: Vec<(String,)> =
            sqlx::query_as(sqlx::AssertSqlSafe(query)).fetch_all(&mut connection).await.unwrap();
        dump.extend(rows.into_iter().flat_map(|(row,)| row.into_bytes()));
    }
    dump
}

async fn run(url: &str, statement: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
