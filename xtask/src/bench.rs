//! `cargo xtask bench`.

use crate::group::{self, Group};
use crate::programs;
use crate::servers::Servers;
use crate::shell::{self, Failure};

/// Builds the benchmarks for release and runs them beside a Redis and a PostgreSQL of their own.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    group::stop_on_signal()?;
    let manifest = ["--release", "--quiet", "--locked", "--manifest-path", "benches/Cargo.toml"];
    // Both programs: one has the other count.
    Group::run(shell::cargo(&["build"]).args(manifest))?;
    let servers = Servers::start(&programs::find(Servers::PROGRAMS)?)?;
    Group::run(shell::cargo(&["run"]).args(manifest).arg("--").args(arguments).envs(servers.variables()))
}
