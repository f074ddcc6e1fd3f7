//! The programs that tests need beside cargo: found, or installed, or named.

use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::npm::{Npm, PACKAGES};
use crate::shell::{self, Failure};

/// A program, and how one comes by it.
struct Program {
    /// What the tests read, as an absolute path; set beforehand, it wins. One that ends with `_BIN` is the folder.
    variable: &'static str,
    /// What it may be called.
    names: &'static [&'static str],
    /// Debian's package. One that brings a system service starts it as well: nothing here uses that one.
    package: &'static str,
    /// The lowest major version that will do.
    at_least: u32,
    /// What makes it say its version.
    asked: &'static str,
}

const NODE: Program = Program {
    variable: "LANDFALL_TEST_NODE",
    names: &["node", "nodejs"],
    package: "nodejs",
    at_least: 20,
    asked: "--version",
};
const NPM: Program = Program {
    variable: "LANDFALL_TEST_NPM",
    names: &["npm"],
    package: "npm",
    at_least: 9,
    asked: "--version",
};
const CHROMIUM: Program = Program {
    variable: "LANDFALL_TEST_CHROMIUM",
    names: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    package: "chromium",
    at_least: 110,
    asked: "--version",
};
const CHROMEDRIVER: Program = Program {
    variable: "LANDFALL_TEST_CHROMEDRIVER",
    names: &["chromedriver"],
    package: "chromium-driver",
    at_least: 110,
    asked: "--version",
};
const REDIS: Program = Program {
    variable: "LANDFALL_TEST_REDIS_SERVER",
    names: &["redis-server"],
    package: "redis-server",
    at_least: 6,
    asked: "--version",
};
const POSTGRES: Program = Program {
    variable: "LANDFALL_TEST_POSTGRES_BIN",
    names: &["postgres"],
    package: "postgresql",
    at_least: 13,
    asked: "--version",
};

const NGINX: Program = Program {
    variable: "LANDFALL_TEST_NGINX",
    names: &["nginx"],
    package: "nginx-light",
    at_least: 1,
    asked: "-v",
};

/// All of them, as absolute paths.
#[derive(Debug)]
pub(crate) struct Engines {
    /// What tests read to find them.
    pub(crate) variables: Vec<(&'static str, PathBuf)>,
    pub(crate) stores: Stores,
    pub(crate) npm: Npm,
}

/// Those that sessions are kept in.
#[derive(Debug)]
pub(crate) struct Stores {
    /// `redis-server`.
    pub(crate) redis: PathBuf,
    /// The folder with `postgres`, `initdb` and their kin.
    pub(crate) postgres: PathBuf,
}

/// Makes sure of every program and of npm's packages.
pub(crate) fn ensure() -> Result<Engines, Failure> {
    let programs = [&NODE, &NPM, &CHROMIUM, &CHROMEDRIVER, &REDIS, &POSTGRES, &NGINX];
    let [node, npm, browser, driver, redis, postgres, nginx] = find(programs)?;
    if major(&browser, CHROMIUM.asked)? != major(&driver, CHROMEDRIVER.asked)? {
        return Err(format!(
            "{} and {} are of different versions: install the pair, or point LANDFALL_TEST_CHROMIUM and \
             LANDFALL_TEST_CHROMEDRIVER at one",
            browser.display(),
            driver.display()
        )
        .into());
    }
    let packages = Npm(npm.clone());
    packages.install(&PACKAGES)?;
    let stores = Stores { redis: redis.clone(), postgres: postgres.clone() };
    let paths = [node, npm, browser, driver, redis, postgres, nginx];
    let variables = programs.iter().map(|program| program.variable).zip(paths).collect();
    Ok(Engines { variables, stores, npm: packages })
}

/// Makes sure of those that sessions are kept in alone.
pub(crate) fn ensure_stores() -> Result<Stores, Failure> {
    let [redis, postgres] = find([&REDIS, &POSTGRES])?;
    Ok(Stores { redis, postgres })
}

/// Makes sure of npm, and of the node it runs, alone.
pub(crate) fn ensure_npm() -> Result<Npm, Failure> {
    let [_, npm] = find([&NODE, &NPM])?;
    Ok(Npm(npm))
}

/// Finds these programs, and installs those that are not there.
fn find<const N: usize>(programs: [&Program; N]) -> Result<[PathBuf; N], Failure> {
    let absent: Vec<&str> =
        programs.iter().filter(|program| program.find().is_none()).map(|program| program.package).collect();
    if !absent.is_empty() {
        apt_install(&absent)?;
    }
    let (found, missing): (Vec<_>, Vec<_>) =
        programs.iter().map(|program| program.check()).partition(Result::is_ok);
    let missing: Vec<String> = missing.into_iter().filter_map(Result::err).collect();
    let found: Vec<PathBuf> = found.into_iter().flatten().collect();
    found.try_into().map_err(|_| format!("These are lacking:\n  {}", missing.join("\n  ")).into())
}

/// The newest PostgreSQL where Debian keeps them, which is on nobody's path.
fn debians_postgres() -> Option<PathBuf> {
    fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())))
        .map(|(version, folder)| (version, folder.join("bin/postgres")))
        .filter(|(_, file)| file.is_file())
        .max()
        .map(|(_, file)| file)
}

impl Program {
    fn find(&self) -> Option<PathBuf> {
        let given = env::var_os(self.variable).map(PathBuf::from);
        if !self.is_folder() {
            return given.or_else(|| shell::find(self.names)).or_else(|| self.systems());
        }
        let inside = |folder: PathBuf| self.names.first().map(|name| folder.join(name));
        given.and_then(inside).or_else(debians_postgres).or_else(|| shell::find(self.names))
    }

    /// Where Debian keeps what only administrators have on their path.
    fn systems(&self) -> Option<PathBuf> {
        self.names.iter().map(|name| Path::new("/usr/sbin").join(name)).find(|file| file.is_file())
    }

    fn is_folder(&self) -> bool {
        self.variable.ends_with("_BIN")
    }

    fn check(&self) -> Result<PathBuf, String> {
        let Self { variable, package, at_least, asked, .. } = self;
        let name = self.names.first().unwrap_or(package);
        let remedy = format!("install it (Debian: {package}) or set {variable}");
        let path = self.find().ok_or_else(|| format!("{name}: not found; {remedy}"))?;
        let version =
            major(&path, asked).map_err(|failure| format!("{name}: {}", failure.message.trim_end()))?;
        if version < *at_least {
            let path = path.display();
            return Err(format!("{name} {at_least} or newer: {path} is version {version}; {remedy}"));
        }
        // What stands on the path may be a link that leaves its kin behind.
        let real = if self.is_folder() { fs::canonicalize(&path) } else { std::path::absolute(&path) };
        let real = real.map_err(|error| format!("{name}: {error}; {remedy}"))?;
        match real.parent() {
            Some(folder) if self.is_folder() => Ok(folder.to_owned()),
            _ => Ok(real),
        }
    }
}

/// The first number that it prints when asked for its version, be it as an error.
fn major(path: &Path, asked: &str) -> Result<u32, Failure> {
    let printed = shell::said(shell::program(path).arg(asked))?;
    first_number(&printed).ok_or_else(|| format!("{} {asked} names no version", path.display()).into())
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

#[cfg(test)]
mod tests {
    use super::first_number;

    #[test]
    fn the_major_version_is_the_first_number_printed() {
        assert_eq!(first_number("v20.20.2\n"), Some(20));
        assert_eq!(first_number("Chromium 156.0.8078.79 built on Debian"), Some(156));
        assert_eq!(first_number("nginx version: nginx/1.22.1"), Some(1));
        assert_eq!(first_number("unknown"), None);
    }
}
