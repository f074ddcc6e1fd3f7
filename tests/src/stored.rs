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

            #[tokio::test]
            async fn axum_with_memory() {
                scenario($crate::Framework::Axum, $crate::SessionKind::Memory).await;
            }

            #[tokio::test]
            async fn actix_with_memory() {
                scenario($crate::Framework::Actix, $crate::SessionKind::Memory).await;
            }
        }
    )+};
}
