//! Packages of Debian and its derivatives, installed with `apt-get` where that may be done.

use crate::shell::{self, Failure};

/// Installs Debian packages, if this is such a system and we may.
pub(crate) fn install(packages: &[&str]) -> Result<(), Failure> {
    let wanted = packages.join(" ");
    let Some(apt) = shell::find(&["apt-get"]) else {
        return Err(
            format!("The tests need what Debian calls {wanted}. Install it and run this again.").into()
        );
    };
    let root = shell::output(shell::program("id").arg("-u"))?.trim() == "0";
    if !root && shell::output(shell::program("sudo").args(["-n", "true"])).is_err() {
        return Err(format!("The tests need more packages. Run: sudo apt-get install {wanted}").into());
    }
    println!("installing {wanted}");
    let command = |arguments: &[&str]| {
        let mut command = if root { shell::program("env") } else { shell::program("sudo") };
        if !root {
            command.args(["-n", "env"]);
        }
        command.arg("DEBIAN_FRONTEND=noninteractive").arg(&apt).arg("-qq").args(arguments);
        command
    };
    shell::run(&mut command(&["update"]))?;
    let mut install = command(&["install", "--yes", "--no-install-recommends"]);
    shell::run(install.args(packages))
}
