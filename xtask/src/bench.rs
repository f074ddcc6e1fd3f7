//! `cargo xtask bench`.

use crate::shell::{self, Failure};

/// Builds the benchmarks for release and runs them.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let manifest = ["--release", "--quiet", "--locked", "--manifest-path", "benches/Cargo.toml"];
    // Both programs: one has the other count allocations.
    shell::run(shell::cargo(&["build"]).args(manifest))?;
    shell::run(shell::cargo(&["run"]).args(manifest).arg("--").args(arguments))
}
