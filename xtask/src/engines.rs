//! The programs that tests need beside cargo: found, or installed, or named.

use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::shell::{self, Failure};

const REAL_PROVIDER: &str = "tests/providers/oidc-provider";

/// A program, and how one comes by it.
struct Program {
    /// What the tests read, as an absolute path; set beforehand, it wins.
    variable: &'static str,
    /// What it may be called.
    names: &'static [&'static str],
    /// Debian's package.
    package: &'static str,
    /// The lowest major version that will do.
    at_least: u32,
}

const PROGRAMS: [Program; 4] = [
    Program { variable: "LANDFALL_TEST_NODE", names: &["node", "nodejs"], package: "nodejs", at_least: 20 },
    Program { variable: "LANDFALL_TEST_NPM", names: &["npm"], package: "npm", at_least: 9 },
    Program {
        variable: "LANDFALL_TEST_CHROMIUM",
        names: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
        package: "chromium",
        at_least: 110,
    },
    Program {
        variable: "LANDFALL_TEST_CHROMEDRIVER",
        names: &["chromedriver"],
        package: "chromium-driver",
        at_least: 110,
    },
];

/// Makes sure of every program and of the real provider's packages; gives the variables to set for the tests.
pub(crate) fn ensure() -> Result<Vec<(&'static str, PathBuf)>, Failure> {
    let absent: Vec<&str> =
        PROGRAMS.iter().filter(|program| program.find().is_none()).map(|program| program.package).collect();
    if !absent.is_empty() {
        apt_install(&absent)?;
    }
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for program in &PROGRAMS {
        match program.check() {
            Ok(path) => found.push((program.variable, path)),
            Err(reason) => missing.push(reason),
        }
    }
    let [_, npm, browser, driver] = found.as_slice() else {
        return Err(format!("The tests lack:\n  {}", missing.join("\n  ")).into());
    };
    if major(&browser.1)? != major(&driver.1)? {
        return Err(format!(
            "{} and {} are of different versions: install the pair, or point LANDFALL_TEST_CHROMIUM and \
             LANDFALL_TEST_CHROMEDRIVER at one",
            browser.1.display(),
            driver.1.display()
        )
        .into());
    }
    node_packages(&npm.1)?;
    Ok(found)
}

impl Program {
    fn find(&self) -> Option<PathBuf> {
        env::var_os(self.variable).map(PathBuf::from).or_else(|| shell::find(self.names))
    }

    fn check(&self) -> Result<PathBuf, String> {
        let Self { variable, package, at_least, .. } = self;
        let name = self.names.first().unwrap_or(package);
        let remedy = format!("install it (Debian: {package}) or set {variable}");
        let path = self.find().ok_or_else(|| format!("{name}: not found; {remedy}"))?;
        let version = major(&path).map_err(|failure| format!("{name}: {}", failure.message.trim_end()))?;
        if version < *at_least {
            let path = path.display();
            return Err(format!("{name} {at_least} or newer: {path} is version {version}; {remedy}"));
        }
        std::path::absolute(&path).map_err(|error| format!("{name}: {error}; {remedy}"))
    }
}

/// The first number that `--version` prints.
fn major(path: &Path) -> Result<u32, Failure> {
    let printed = shell::output(shell::program(path).arg("--version"))?;
    first_number(&printed).ok_or_else(|| format!("{} --version names no version", path.display()).into())
}

fn first_number(text: &str) -> Option<u32> {
    text.split(|character: char| !character.is_ascii_digit()).find(|digits| !digits.is_empty())?.parse().ok()
}

/// Installs Debian packages, if this is such a system and we may.
fn apt_install(packages: &[&str]) -> Result<(), Failure> {
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

/// The real provider, in the versions its lock file names.
fn node_packages(npm: &Path) -> Result<(), Failure> {
    let folder = shell::root().join(REAL_PROVIDER);
    let lock = fs::read(folder.join("package-lock.json"))
        .map_err(|error| format!("{REAL_PROVIDER}/package-lock.json: {error}"))?;
    // Left after an install that worked, so that the next run has nothing to do.
    let stamp = folder.join("node_modules/.installed-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let mut ci = shell::program(npm);
    ci.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder);
    shell::run(&mut ci)?;
    fs::write(&stamp, lock).map_err(|error| format!("{}: {error}", stamp.display()).into())
}

#[cfg(test)]
mod tests {
    use super::first_number;

    #[test]
    fn the_major_version_is_the_first_number_printed() {
        assert_eq!(first_number("v20.20.2\n"), Some(20));
        assert_eq!(first_number("Chromium 156.0.8078.79 built on Debian"), Some(156));
        assert_eq!(first_number("unknown"), None);
    }
}
