//! Parts that are not of this workspace: a certified provider, a browser; and the examples as they are started by
//! hand. A part that is missing fails its tests.

mod chromium;
mod example;
mod process;
mod provider;
mod tls;

use std::env;
use std::path::PathBuf;
use std::time::Duration;

pub use chromium::{Chromium, Viewport};
pub use example::Example;
pub use process::Process;
pub use provider::RealProvider;
pub use tls::TlsFront;

/// How long anything may take; on a busy machine a browser takes some seconds to start.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a question is asked again.
const BEAT: Duration = Duration::from_millis(25);

/// Asks until there is an answer.
///
/// # Panics
/// When there is none within a minute.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        let mut beats = tokio::time::interval(BEAT);
        loop {
            beats.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    let Ok(answer) = tokio::time::timeout(PATIENCE, asking).await else { panic!("{what}: waited in vain") };
    answer
}

/// The program that `cargo xtask test` found.
fn program(variable: &str) -> PathBuf {
    env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} is not set: run `cargo xtask test`, which looks for it"))
        .into()
}

/// Where cargo puts what it builds: the folder with the profile's name.
fn built() -> PathBuf {
    let test = env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().to_owned()
}
