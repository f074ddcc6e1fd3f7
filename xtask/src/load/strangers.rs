//! `cargo xtask load strangers`: what people wait for beside a thousand requests a second of each kind of stranger.

use crate::group::Group;
use crate::programs;
use crate::servers::Servers;
use crate::shell::{self, Failure};

/// Builds the program that asks for release, and runs it beside a Redis and a PostgreSQL of its own, where they can be had.
pub(super) fn run() -> Result<(), Failure> {
    println!("little memory and disk; about five minutes once the program is built");
    let package = ["--locked", "--package", "landfall-tests", "--bin", "strangers", "--features", "real"];
    Group::run(shell::cargo(&["build", "--quiet", "--release"]).args(package))?;
    let servers = programs::find(Servers::PROGRAMS).and_then(|found| Servers::start(&found));
    let mut run = shell::cargo(&["run", "--quiet", "--release"]);
    match &servers {
        Ok(servers) => _ = run.envs(servers.variables()),
        Err(failure) => println!("without Redis and PostgreSQL: {}", failure.message.trim_end()),
    }
    Group::run(run.args(package))
}
