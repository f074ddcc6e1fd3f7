//! Parts that are not of this workspace: a certified provider, a browser; and the examples as they are started by
//! hand. A part that is missing fails its tests.

mod chromium;
mod engine_process;
mod example;
mod nginx;
pub(crate) mod postgres;
mod process;
mod provider;
mod proxy;
pub(crate) mod redis;
mod redis_group;
mod single_page;
mod tls;

use std::env;
use std::path::PathBuf;

pub use crate::until::until;
use crate::until::{BEAT, PATIENCE};
pub use chromium::{BrowserCookie, Chromium, Tab, Viewport};
pub use engine_process::EngineProcess;
pub use example::Example;
pub use nginx::Nginx;
pub use process::Process;
pub use provider::RealProvider;
pub use proxy::Proxy;
pub use redis_group::{RedisCluster, SentinelGroup};
pub use single_page::{Shown, SinglePage, browser_module, npm_test};
pub use tls::TlsFront;

/// Where the engine is that `cargo xtask test` started.
pub(crate) fn address(variable: &str) -> String {
    env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: run `cargo xtask test`, which starts it"))
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
