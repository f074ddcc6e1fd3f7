//! `cargo xtask soak`: a day of two instances on one Redis, with faults, in at most twenty minutes.

use crate::group::{self, Group};
use crate::programs::{self, REDIS};
use crate::shell::{self, Failure};

/// Builds the player for release, so that the day holds more, and lets it play; with `--try` it is built as the tests are.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    group::stop_on_signal()?;
    let is_try = arguments.iter().any(|argument| argument == "--try");
    let arguments: Vec<_> = arguments.iter().filter(|argument| *argument != "--try").collect();
    let found = programs::find(&[&REDIS])?;
    let mut command =
        shell::cargo(&["run", "--quiet", "--locked", "--package", "landfall-tests", "--bin", "soak"]);
    command.args(["--features", "real"]);
    if !is_try {
        command.arg("--release");
    }
    command.envs(found.variables().iter().map(|(name, path)| (name, path)));
    Group::run(command.arg("--").args(arguments))
}
