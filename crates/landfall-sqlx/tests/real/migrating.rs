//! The tables, and what happens without them.

use std::sync::Arc;

use landfall::SystemClock;
use landfall::store::{SessionStore as _, StoreOpener as _};
use landfall_sqlx::{PostgresStore, opener, sqlx};
use landfall_testkit::VirtualClock;

use crate::kit::{key, record, store};
use crate::server::shared;

#[tokio::test]
async fn a_database_without_the_tables_is_an_error_that_says_what_to_do() {
    let database = shared().await.database().await;
    let error = PostgresStore::new(database.pool()).load(key(1)).await.unwrap_err();
    assert!(error.to_string().contains("call `migrate`"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_start_together_migrate_without_harm() {
    let database = shared().await.database().await;
    sqlx::raw_sql(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = ''repeatable read''', \
         current_database()); END $$",
    )
    .execute(&mut database.connect().await)
    .await
    .unwrap();
    let starting: Vec<_> = (0..8)
        .map(|_| {
            let store = PostgresStore::new(database.pool());
            tokio::spawn(async move { store.migrate().await })
        })
        .collect();
    for started in starting {
        started.await.unwrap().unwrap();
    }
    assert_eq!(database.count("SELECT count(*) FROM landfall_migrations").await, 1);
}

#[tokio::test]
async fn migrating_again_keeps_the_sessions() {
    let database = shared().await.database().await;
    let clock = VirtualClock::default();
    let store = store(&database, &clock).await;
    store.create(key(1), record(&clock, 1)).await.unwrap();
    store.migrate().await.unwrap();
    assert!(store.load(key(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn who_may_only_read_and_write_finds_the_tables_that_somebody_else_made() {
    let database = shared().await.database().await;
    let clock = VirtualClock::default();
    store(&database, &clock).await;
    sqlx::raw_sql(
        "DO $$ BEGIN CREATE ROLE plain LOGIN; END $$; REVOKE CREATE ON SCHEMA public FROM PUBLIC; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON landfall_sessions, landfall_claims TO plain; \
         GRANT SELECT ON landfall_migrations TO plain",
    )
    .execute(&mut database.connect().await)
    .await
    .unwrap();
    let pool =
        sqlx::postgres::PgPoolOptions::new().connect_lazy_with(database.options.clone().username("plain"));
    let store = PostgresStore::new(pool).migrating().with_clock(Arc::new(clock.clone()));
    store.create(key(1), record(&clock, 1)).await.unwrap();
    assert!(store.remove(key(1)).await.unwrap());
    assert!(store.remember_once([1; 32], crate::kit::HOUR).await.unwrap());
    store.sweep().await.unwrap();
}

#[tokio::test]
async fn an_address_is_enough() {
    let database = shared().await.database().await;
    let store = opener().migrating().open(&database.address, Arc::new(SystemClock)).unwrap();
    assert_eq!(store.load(key(1)).await.unwrap(), None);
    let strict = opener().open(&shared().await.database().await.address, Arc::new(SystemClock)).unwrap();
    assert!(strict.load(key(1)).await.is_err());
}

#[tokio::test]
async fn a_right_that_the_role_lacks_is_named_with_the_place() {
    let database = shared().await.database().await;
    let clock = VirtualClock::default();
    sqlx::raw_sql(
        "DO $$ BEGIN CREATE ROLE guest LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; \
         REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    )
    .execute(&mut database.connect().await)
    .await
    .unwrap();
    let options = database.options.clone().username("guest");
    let guest =
        || PostgresStore::new(sqlx::postgres::PgPoolOptions::new().connect_lazy_with(options.clone()));
    let place = format!("PostgreSQL at 127.0.0.1:{}", options.get_port());
    let said = guest().migrate().await.unwrap_err().to_string();
    assert!(said.contains(&place) && said.contains("schema public"), "{said}");
    assert!(said.contains("it needs CREATE on that schema"), "{said}");
    store(&database, &clock).await;
    for said in [
        guest().load(key(1)).await.unwrap_err().to_string(),
        guest().create(key(1), record(&clock, 1)).await.unwrap_err().to_string(),
    ] {
        assert!(said.contains("the role \"guest\"") && said.contains("landfall_sessions"), "{said}");
    }
    let elsewhere = database.options.clone().database("nowhere");
    let elsewhere = PostgresStore::new(sqlx::postgres::PgPoolOptions::new().connect_lazy_with(elsewhere));
    let said = elsewhere.load(key(1)).await.unwrap_err().to_string();
    assert!(said.contains("has no database \"nowhere\""), "{said}");
}
