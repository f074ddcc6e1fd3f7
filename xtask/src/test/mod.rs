//! `cargo xtask test`: everything, with the engines, the browser and the real provider.

use crate::engines;
use crate::group::{self, Group};
use crate::servers::Servers;
use crate::shell::{self, Failure};

/// Turns on the tests that need more than cargo.
const REAL: &str = "landfall-redis/real,landfall-sqlx/real,landfall-tests/real";

/// Runs every test of the workspace, documentation included; nothing is printed after the runner's last line.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    group::stop_on_signal()?;
    let engines = engines::ensure()?;
    examples(arguments)?;
    engines.npm.build_spa()?;
    let servers = Servers::start(&engines.stores)?;
    let mut command = shell::cargo(&["test", "--workspace", "--no-fail-fast", "--features", REAL]);
    Group::run(command.args(arguments).envs(engines.variables).envs(servers.variables()))
}

/// Builds the examples, which tests start as programs. The same packages with the same features as below: what
/// the tests need of it is not built twice.
fn examples(arguments: &[String]) -> Result<(), Failure> {
    let mut build =
        shell::cargo(&["build", "--workspace", "--exclude", "xtask", "--bins", "--features", REAL]);
    let for_cargo = arguments.iter().take_while(|argument| *argument != "--");
    build.args(for_cargo.filter(|argument| ["--release", "--quiet"].contains(&argument.as_str())));
    let mut build = Group::spawn(&mut build)?;
    let status = build.wait()?;
    if status.success() { Ok(()) } else { Err(format!("the examples do not build ({status})").into()) }
}
