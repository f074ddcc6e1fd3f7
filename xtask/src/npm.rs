//! What npm installs and builds.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::group::Group;
use crate::programs::{Found, NODE, NPM, Program};
use crate::shell::{self, Failure};

/// The certified provider. It and the folders below have packages of their own, in the versions of their lock files.
pub(crate) const PROVIDER: &str = "tests/providers/oidc-provider";
/// The module for browsers.
pub(crate) const MODULE: &str = "browser";
/// The example for single-page applications.
pub(crate) const SPA: &str = "examples/spa";

/// Where it is.
#[derive(Debug)]
pub(crate) struct Npm(PathBuf);

impl Npm {
    /// The programs: npm, and the node it runs.
    pub(crate) const PROGRAMS: &[&Program] = &[&NODE, &NPM];

    /// The npm among what was found.
    pub(crate) fn of(found: &Found) -> Result<Self, Failure> {
        Ok(Self(found.path(&NPM)?))
    }

    /// Installs what this folder needs, unless it is there.
    pub(crate) fn install(&self, name: &str) -> Result<(), Failure> {
        let folder = shell::root().join(name);
        let lock = fs::read(folder.join("package-lock.json"))
            .map_err(|error| format!("{name}/package-lock.json: {error}"))?;
        // Left after an install that worked, so that the next run has nothing to do.
        let stamp = folder.join("node_modules/.installed-lock.json");
        if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
            return Ok(());
        }
        let mut ci = self.command(name, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        Group::run(&mut ci)
            .map_err(|failure| Failure { message: format!("npm ci failed in {name}"), ..failure })?;
        fs::write(&stamp, lock).map_err(|error| format!("{}: {error}", stamp.display()).into())
    }

    /// npm in this folder.
    pub(crate) fn command(&self, folder: &str, arguments: &[&str]) -> Command {
        let mut command = shell::program(&self.0);
        command.args(arguments).arg("--loglevel=error").current_dir(shell::root().join(folder));
        command
    }

    /// Builds the single-page example, types checked.
    pub(crate) fn build_spa(&self) -> Result<(), Failure> {
        Group::run(&mut self.command(SPA, &["run", "--silent", "build"]))
            .map_err(|failure| Failure { message: format!("{SPA} does not build"), ..failure })
    }
}
