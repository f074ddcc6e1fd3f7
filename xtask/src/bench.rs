//! `cargo xtask bench`.

use crate::cold_builds;
use crate::group::{self, Group};
use crate::programs;
use crate::servers::Servers;
use crate::shell::{self, Failure};

/// Builds the benchmarks for release and runs them beside a Redis and a PostgreSQL of their own, which counts alone
/// need not.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    group::stop_on_signal()?;
    let manifest = ["--release", "--quiet", "--locked", "--manifest-path", "benches/Cargo.toml"];
    // All programs: one has the others count and start.
    Group::run(shell::cargo(&["build"]).args(manifest))?;
    let mut run = shell::cargo(&["run"]);
    run.args(manifest).arg("--").args(arguments);
    if arguments.first().is_some_and(|part| part == "counts") {
        return Group::run(&mut run);
    }
    let servers = Servers::start(&programs::find(Servers::PROGRAMS)?)?;
    Group::run(run.envs(servers.variables()))?;
    if arguments.is_empty() { cold_builds::print_budget() } else { Ok(()) }
}
