//! Tests that run in more than one world.

use std::pin::Pin;
use std::time::Duration;

/// Runs each test on both frameworks with every kind of session.
///
/// ```
/// landfall_tests::everywhere! {
///     async fn a_deep_link_is_where_the_sign_in_lands(world) {
///         let page = world.open("/dashboard/x?y=1").await;
///         assert_eq!(page.url.path(), "/dashboard/x");
///     }
/// }
/// ```
#[macro_export]
macro_rules! everywhere {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn scenario($world: $crate::World) $body

            fn play(framework: $crate::Framework, kind: $crate::SessionKind) {
                $crate::run(Box::pin(async move { scenario($crate::World::new(framework, kind).await).await }));
            }

            #[test]
            fn axum_with_cookies() {
                play($crate::Framework::Axum, $crate::SessionKind::Cookie);
            }

            #[test]
            fn actix_with_cookies() {
                play($crate::Framework::Actix, $crate::SessionKind::Cookie);
            }

            $crate::in_every_store!(play);
        }
    )+};
}

/// Runs each test on both frameworks with every store. The test builds its own worlds.
///
/// ```
/// landfall_tests::wherever_stored! {
///     async fn somebody_signs_in(framework, kind) {
///         let world = landfall_tests::World::new(framework, kind).await;
///         assert_eq!(world.open("/dashboard").await.status, 200);
///     }
/// }
/// ```
#[macro_export]
macro_rules! wherever_stored {
    ($($(#[$meta:meta])* async fn $name:ident($framework:ident, $kind:ident) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn scenario($framework: $crate::Framework, $kind: $crate::SessionKind) $body

            fn play(framework: $crate::Framework, kind: $crate::SessionKind) {
                $crate::run(Box::pin(scenario(framework, kind)));
            }

            $crate::in_every_store!(play);
        }
    )+};
}

/// A test for each framework and store, that hands both to `play`.
#[doc(hidden)]
#[macro_export]
macro_rules! in_every_store {
    ($play:ident) => {
        #[test]
        fn axum_with_memory() {
            $play($crate::Framework::Axum, $crate::SessionKind::Memory);
        }

        #[test]
        fn actix_with_memory() {
            $play($crate::Framework::Actix, $crate::SessionKind::Memory);
        }

        #[test]
        fn axum_with_sqlite() {
            $play($crate::Framework::Axum, $crate::SessionKind::Sqlite);
        }

        #[test]
        fn actix_with_sqlite() {
            $play($crate::Framework::Actix, $crate::SessionKind::Sqlite);
        }

        $crate::in_every_engine!($play);
    };
}

/// The same for the stores that need an engine beside the tests.
#[cfg(feature = "real")]
#[doc(hidden)]
#[macro_export]
macro_rules! in_every_engine {
    ($play:ident) => {
        #[test]
        fn axum_with_postgres() {
            $play($crate::Framework::Axum, $crate::SessionKind::Postgres);
        }

        #[test]
        fn actix_with_postgres() {
            $play($crate::Framework::Actix, $crate::SessionKind::Postgres);
        }

        #[test]
        fn axum_with_redis() {
            $play($crate::Framework::Axum, $crate::SessionKind::Redis);
        }

        #[test]
        fn actix_with_redis() {
            $play($crate::Framework::Actix, $crate::SessionKind::Redis);
        }
    };
}

/// Without the feature there is none.
#[cfg(not(feature = "real"))]
#[doc(hidden)]
#[macro_export]
macro_rules! in_every_engine {
    ($play:ident) => {};
}

/// Longer than any scenario, with real engines on a busy machine, takes.
const SCENARIO: Duration = Duration::from_secs(300);

/// Runs a scenario in a runtime of its own: one of several threads, as applications on axum have.
///
/// # Panics
/// When the scenario does, or when it waits for what never comes.
#[doc(hidden)]
pub fn run(scenario: Pin<Box<dyn Future<Output = ()>>>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let finished = runtime.block_on(async { tokio::time::timeout(SCENARIO, scenario).await });
    finished.expect("the scenario waits for what never comes");
}

/// Runs each test on both frameworks. The test builds its own worlds.
#[macro_export]
macro_rules! on_both_frameworks {
    ($($(#[$meta:meta])* async fn $name:ident($framework:ident) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn scenario($framework: $crate::Framework) $body

            #[test]
            fn axum() {
                $crate::run(Box::pin(scenario($crate::Framework::Axum)));
            }

            #[test]
            fn actix() {
                $crate::run(Box::pin(scenario($crate::Framework::Actix)));
            }
        }
    )+};
}
