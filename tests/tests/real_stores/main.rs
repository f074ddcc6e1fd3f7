//! Engines that die, hang and come back, and instances that share one. Needs the feature `real`:
//! `cargo xtask test`.

mod ended;
mod ending;
mod faults;
mod memory;
mod redis;
mod refresh;
mod revocation;
mod site;

use std::sync::RwLock;

/// Read by tests that may run beside others, written by those that may not.
static BESIDE: RwLock<()> = RwLock::new(());

/// Runs each test on both frameworks with an engine of its own, which may be killed.
macro_rules! on_every_engine {
    ($beside:ident; $(async fn $name:ident($framework:ident, $kind:ident) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn scenario($framework: landfall_tests::Framework, $kind: landfall_tests::SessionKind) $body

            fn play(framework: landfall_tests::Framework, kind: landfall_tests::SessionKind) {
                let _place = crate::BESIDE.$beside().unwrap_or_else(std::sync::PoisonError::into_inner);
                landfall_tests::run(Box::pin(scenario(framework, kind)));
            }

            landfall_tests::in_every_engine!(play);
        }
    )+};
}
use on_every_engine;
