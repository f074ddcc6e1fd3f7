//! What a `main` fails with goes into every kind of report by `?`.

use landfall_testkit::{KeyError, StartError, TestBed};
use landfall_tests::BASE_URL;

/// How an application fails to start.
#[derive(Clone, Copy)]
enum Fails {
    FromEnv,
    Building,
    Connecting,
    Key,
    Store,
    Proxy,
    Destination,
}

/// A `main` that fails in each of these ways, for a kind of report.
macro_rules! main_for {
    ($name:ident, $result:ty) => {
        async fn $name(fails: Fails) -> $result {
            use landfall_actix as actix;
            use landfall_axum as axum;
            match fails {
                Fails::FromEnv => _ = axum::RelyingParty::from_env()?,
                Fails::Building => _ = actix::RelyingParty::builder("https://acme.example").build()?,
                Fails::Connecting => {
                    let bed = TestBed::new(BASE_URL)?;
                    bed.provider.set_down(true);
                    _ = bed.relying_party().connect().await?;
                }
                Fails::Key => _ = axum::CookieKey::parse("too short")?,
                Fails::Store => {
                    let nowhere = std::env::temp_dir().join("landfall has no such folder/x");
                    landfall_sqlx::SqliteStore::open(nowhere).migrate().await?;
                }
                Fails::Proxy => _ = actix::TokenProxy::new("/api", "ftp://api.example.com")?,
                Fails::Destination => _ = actix::ReturnTo::parse("https://evil.example")?,
            }
            Ok(())
        }
    };
}

main_for!(with_anyhow, anyhow::Result<()>);
main_for!(with_eyre, eyre::Result<()>);
main_for!(with_a_box, Result<(), Box<dyn std::error::Error>>);
main_for!(with_a_box_for_threads, Result<(), Box<dyn std::error::Error + Send + Sync>>);

#[tokio::test]
async fn whatever_a_main_fails_with_goes_into_anyhow_eyre_and_a_box_and_says_the_same() {
    let ways = [
        (Fails::FromEnv, "LANDFALL_ISSUER"),
        (Fails::Building, "base_url"),
        (Fails::Connecting, "provider_unreachable"),
        (Fails::Key, "cookie_keys"),
        (Fails::Store, "SQLite"),
        (Fails::Proxy, "ftp"),
        (Fails::Destination, ""),
    ];
    for (fails, said) in ways {
        let words = with_a_box(fails).await.unwrap_err().to_string();
        assert!(words.contains(said), "{words}");
        assert_eq!(with_a_box_for_threads(fails).await.unwrap_err().to_string(), words);
        assert_eq!(with_anyhow(fails).await.unwrap_err().to_string(), words);
        assert_eq!(with_eyre(fails).await.unwrap_err().to_string(), words);
    }
}

/// What such reports ask of an error.
fn reportable<E: std::error::Error + Send + Sync + 'static>() {}

#[test]
fn every_error_of_ours_can_be_reported() {
    reportable::<landfall::ConfigError>();
    reportable::<landfall::ConnectError>();
    reportable::<landfall::EntropyError>();
    reportable::<landfall::Error>();
    reportable::<landfall::HttpError>();
    reportable::<landfall::ReturnToError>();
    reportable::<landfall::AccessTokenError>();
    reportable::<landfall::store::StoreError>();
    reportable::<landfall_axum::Rejection>();
    reportable::<landfall_actix::Rejection>();
    reportable::<landfall_native::NativeError>();
    reportable::<landfall_native::StorageError>();
    reportable::<landfall_testkit::BrowserError>();
    reportable::<StartError>();
    reportable::<KeyError>();
}
