//! The programs that tests need beside cargo: found, or installed, or named.

use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::apt;
use crate::shell::{self, Failure};

/// A program, and how one comes by it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Program {
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

pub(crate) const NODE: Program = Program {
    variable: "LANDFALL_TEST_NODE",
    names: &["node", "nodejs"],
    package: "nodejs",
    at_least: 20,
    asked: "--version",
};
pub(crate) const NPM: Program = Program {
    variable: "LANDFALL_TEST_NPM",
    names: &["npm"],
    package: "npm",
    at_least: 9,
    asked: "--version",
};
pub(crate) const CHROMIUM: Program = Program {
    variable: "LANDFALL_TEST_CHROMIUM",
    names: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    package: "chromium",
    at_least: 110,
    asked: "--version",
};
pub(crate) const REDIS: Program = Program {
    variable: "LANDFALL_TEST_REDIS_SERVER",
    names: &["redis-server"],
    package: "redis-server",
    at_least: 6,
    asked: "--version",
};
pub(crate) const REDIS_CLI: Program = Program {
    variable: "LANDFALL_TEST_REDIS_CLI",
    names: &["redis-cli"],
    package: "redis-tools",
    at_least: 6,
    asked: "--version",
};
pub(crate) const POSTGRES: Program = Program {
    variable: "LANDFALL_TEST_POSTGRES_BIN",
    names: &["postgres"],
    package: "postgresql",
    at_least: 13,
    asked: "--version",
};
pub(crate) const PGBOUNCER: Program = Program {
    variable: "LANDFALL_TEST_PGBOUNCER",
    names: &["pgbouncer"],
    package: "pgbouncer",
    at_least: 1,
    asked: "--version",
};
pub(crate) const NGINX: Program = Program {
    variable: "LANDFALL_TEST_NGINX",
    names: &["nginx"],
    package: "nginx-light",
    at_least: 1,
    asked: "-v",
};

/// Programs that are there, each with the variable by which tests find it, as an absolute path.
#[derive(Debug)]
pub(crate) struct Found(Vec<(&'static str, PathBuf)>);

impl Found {
    /// What tests read to find them.
    pub(crate) fn variables(&self) -> &[(&'static str, PathBuf)] {
        &self.0
    }

    /// Where this one is.
    pub(crate) fn path(&self, program: &Program) -> Result<PathBuf, Failure> {
        let found = self.0.iter().find(|(variable, _)| *variable == program.variable);
        Ok(found.map(|(_, path)| path.clone()).ok_or(program.variable)?)
    }
}

/// Finds these programs, and installs those that are not there.
pub(crate) fn find(programs: &[&Program]) -> Result<Found, Failure> {
    let absent = programs.iter().filter(|program| program.find().is_none());
    let absent: Vec<&str> = absent.map(|program| program.package).collect();
    if !absent.is_empty() {
        apt::install(&absent)?;
    }
    let checked: Vec<_> = programs.iter().map(|program| program.check()).collect();
    let lacking: Vec<&str> =
        checked.iter().filter_map(|checked| checked.as_ref().err()).map(String::as_str).collect();
    if !lacking.is_empty() {
        return Err(format!("These are lacking:\n  {}", lacking.join("\n  ")).into());
    }
    let variables = programs.iter().map(|program| program.variable);
    Ok(Found(variables.zip(checked.into_iter().flatten()).collect()))
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
