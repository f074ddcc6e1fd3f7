/// Runs each test on both frameworks with sealed cookies and with the memory store.
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

            #[tokio::test]
            async fn axum_with_cookies() {
                scenario($crate::World::new($crate::Framework::Axum, $crate::SessionKind::Cookie).await).await;
            }

            #[tokio::test]
            async fn axum_with_memory() {
                scenario($crate::World::new($crate::Framework::Axum, $crate::SessionKind::Memory).await).await;
            }

            #[tokio::test]
            async fn actix_with_cookies() {
                scenario($crate::World::new($crate::Framework::Actix, $crate::SessionKind::Cookie).await).await;
            }

            #[tokio::test]
            async fn actix_with_memory() {
                scenario($crate::World::new($crate::Framework::Actix, $crate::SessionKind::Memory).await).await;
            }
        }
    )+};
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

            #[tokio::test]
            async fn axum() {
                scenario($crate::Framework::Axum).await;
            }

            #[tokio::test]
            async fn actix() {
                scenario($crate::Framework::Actix).await;
            }
        }
    )+};
}
