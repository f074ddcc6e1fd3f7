//! `cargo xtask bench`.

use crate::shell::{self, Failure};

const PACKAGE: &str = "landfall-bench";

/// Builds the benchmarks for release and runs them.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let metadata = shell::metadata()?;
    if !shell::packages(&metadata).any(|package| package["name"] == PACKAGE) {
        return Err(
            format!("this workspace has no package {PACKAGE}: there is nothing to measure yet").into()
        );
    }
    let mut command = shell::cargo(&["run", "--release", "--quiet", "--package", PACKAGE, "--"]);
    shell::run(command.args(arguments))
}
