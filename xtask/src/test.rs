//! `cargo xtask test`: everything, with the engines, the browser and the real provider.

use crate::engines;
use crate::group::{self, Group};
use crate::shell::{self, Failure};

/// Turns on the tests that need more than cargo.
const REAL: &str = "landfall-tests/real";

/// Runs every test of the workspace, documentation included; nothing is printed after the runner's last line.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    group::stop_on_signal()?;
    let found = engines::ensure()?;
    let mut command = shell::cargo(&["test", "--workspace", "--no-fail-fast", "--features", REAL]);
    let mut tests = Group::spawn(command.args(arguments).envs(found))?;
    let status = tests.wait()?;
    if status.success() {
        return Ok(());
    }
    let code = status.code().and_then(|code| code.try_into().ok()).unwrap_or(1);
    Err(Failure { message: String::new(), code })
}
