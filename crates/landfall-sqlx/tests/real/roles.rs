//! Roles that may not do everything, and schemas that are not `public`.

use std::sync::Arc;

use landfall::SystemClock;
use landfall::store::{RecordKey, SessionStore, StoreError, StoreOpener as _};
use landfall_sqlx::sqlx::{self, AssertSqlSafe, Row as _};
use landfall_sqlx::{PostgresStore, opener};

use crate::kit::{HOUR, key};
use crate::server::{Database, shared};

/// A database in which, as PostgreSQL 15 has it, not everybody makes tables in `public`, with a role of its own.
async fn with_a_role() -> (Database, String) {
    let database = shared().await.database().await;
    let role = format!("role \"of {}", database.options.get_database().unwrap());
    run(
        &database,
        format!("CREATE ROLE {} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC", quoted(&role)),
    )
    .await;
    (database, role)
}

fn quoted(role: &str) -> String {
    format!("\"{}\"", role.replace('"', "\"\""))
}

/// As an administrator.
async fn run(database: &Database, statements: String) {
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut database.connect().await).await.unwrap();
}

async fn count(database: &Database, table: &str) -> i64 {
    let query = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    sqlx::raw_sql(query).fetch_one(&mut database.connect().await).await.unwrap().get(0)
}

/// Starts as an application does that is given this address.
async fn start(
    database: &Database,
    role: &str,
    parameters: &str,
) -> Result<Arc<dyn SessionStore>, StoreError> {
    let role = role.replace(' ', "%20").replace('"', "%22");
    let address = database.address.replace("postgres@", &format!("{role}@"));
    let store = opener().migrating().open(&format!("{address}{parameters}"), Arc::new(SystemClock))?;
    store.load(RecordKey([0; 32])).await?;
    Ok(store)
}

#[tokio::test]
async fn a_role_that_may_make_no_tables_is_told_what_an_administrator_runs_and_each_of_it_works() {
    for way in 0..3 {
        let (database, role) = with_a_role().await;
        let said = start(&database, &role, "").await.unwrap_err().to_string();
        assert!(said.contains("PostgreSQL at 127.0.0.1:") && !said.contains('\n'), "{said}");
        let name = quoted(&role);
        let told = [
            format!("GRANT CREATE ON SCHEMA \"public\" TO {name}"),
            format!("CREATE SCHEMA {name} AUTHORIZATION {name}"),
            format!("PostgresStore::migrations({name})"),
        ];
        assert!(told.iter().all(|told| said.contains(told)), "{said}");
        match way {
            2 => run(&database, PostgresStore::migrations(&role)).await,
            way => run(&database, told[way].clone()).await,
        }
        let store = start(&database, &role, "").await.unwrap();
        assert!(store.remember_once([1; 32], HOUR).await.unwrap());
        let schema = if way == 1 { name } else { "public".to_owned() };
        assert_eq!(count(&database, &format!("{schema}.landfall_claims")).await, 1);
    }
}

#[tokio::test]
async fn the_schema_is_the_first_of_the_search_path_that_the_address_or_the_role_has() {
    let (database, role) = with_a_role().await;
    let name = quoted(&role);
    run(
        &database,
        format!(
            "CREATE SCHEMA by_address AUTHORIZATION {name}; CREATE SCHEMA by_role AUTHORIZATION {name}; \
             ALTER ROLE {name} SET search_path = by_role"
        ),
    )
    .await;
    let by_address = start(&database, &role, "?options=-c%20search_path%3Dby_address").await.unwrap();
    let bracketed = start(&database, &role, "?options[search_path]=by_address").await.unwrap();
    let by_role = start(&database, &role, "").await.unwrap();
    assert!(by_address.remember_once([1; 32], HOUR).await.unwrap());
    assert!(!bracketed.remember_once([1; 32], HOUR).await.unwrap());
    assert!(by_role.remember_once([1; 32], HOUR).await.unwrap());
    assert!(by_role.remember_once([2; 32], HOUR).await.unwrap());
    assert_eq!(count(&database, "by_address.landfall_claims").await, 1);
    assert_eq!(count(&database, "by_role.landfall_claims").await, 2);
    assert_eq!(by_role.load(key(1)).await.unwrap(), None);

    let said = start(&database, &role, "?options[search_path]=nowhere").await.unwrap_err().to_string();
    assert!(said.contains("no schema in the search_path") && said.contains("CREATE SCHEMA"), "{said}");
}
