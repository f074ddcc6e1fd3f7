//! What has to be there before tests run: found or installed, built, started.

use std::ffi::OsStr;

use super::parts::REAL;
use crate::group::Group;
use crate::npm::{self, Npm};
use crate::programs::{self, CHROMIUM, Found, NGINX, PGBOUNCER, POSTGRES, Program, REDIS, REDIS_CLI};
use crate::servers::Servers;
use crate::shell::{self, Failure};

/// Something that tests need beside cargo.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Need {
    programs: &'static [&'static Program],
    /// The folders whose npm packages are installed.
    packages: &'static [&'static str],
    then: Then,
}

/// What is done once programs and packages are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Nothing,
    StartStores,
    BuildExamples,
    BuildPage,
}

const NOTHING: Need = Need { programs: &[], packages: &[], then: Then::Nothing };

/// A Redis and what moves the slots of a cluster, a PostgreSQL and a pooler that tests put before it.
pub(crate) const STORES: Need =
    Need { programs: &[&REDIS, &REDIS_CLI, &POSTGRES, &PGBOUNCER], then: Then::StartStores, ..NOTHING };
/// A browser that others have written.
pub(crate) const BROWSER: Need = Need { programs: &[&CHROMIUM], ..NOTHING };
/// A provider that others have written.
pub(crate) const PROVIDER: Need = Need { programs: Npm::PROGRAMS, packages: &[npm::PROVIDER], ..NOTHING };
/// What builds and tests the module for browsers.
pub(crate) const MODULE: Need = Need { programs: Npm::PROGRAMS, packages: &[npm::MODULE], ..NOTHING };
/// The single-page example, built, and what shows it while one develops.
pub(crate) const PAGE: Need = Need { programs: Npm::PROGRAMS, packages: &[npm::SPA], then: Then::BuildPage };
/// A reverse proxy that others have written.
pub(crate) const PROXY: Need = Need { programs: &[&NGINX], ..NOTHING };
/// The examples, which tests start as programs.
pub(crate) const EXAMPLES: Need = Need { then: Then::BuildExamples, ..NOTHING };

/// All that is needed, until this is dropped.
#[derive(Debug)]
pub(crate) struct Ready {
    found: Found,
    servers: Option<Servers>,
}

impl Ready {
    /// Sees to it; `arguments` are those for cargo.
    pub(crate) fn make(needs: &[&Need], arguments: &[String]) -> Result<Self, Failure> {
        let mut wanted: Vec<&Program> = Vec::new();
        for program in needs.iter().flat_map(|need| need.programs) {
            if !wanted.contains(program) {
                wanted.push(program);
            }
        }
        let found = programs::find(&wanted)?;
        for folder in needs.iter().flat_map(|need| need.packages) {
            Npm::of(&found)?.install(folder)?;
        }
        let is_wanted = |then| needs.iter().any(|need| need.then == then);
        if is_wanted(Then::BuildExamples) {
            build_examples(arguments)?;
        }
        if is_wanted(Then::BuildPage) {
            Npm::of(&found)?.build_spa()?;
        }
        let servers = if is_wanted(Then::StartStores) { Some(Servers::start(&found)?) } else { None };
        Ok(Self { found, servers })
    }

    /// What tests read to find it.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &OsStr)> {
        let programs = self.found.variables().iter().map(|(name, path)| (*name, path.as_os_str()));
        let servers = self.servers.iter().flat_map(Servers::variables);
        programs.chain(servers.map(|(name, url)| (name, OsStr::new(url))))
    }
}

/// The same packages with the same features as for the tests: what those need of it is not built twice.
fn build_examples(arguments: &[String]) -> Result<(), Failure> {
    let mut build =
        shell::cargo(&["build", "--workspace", "--exclude", "xtask", "--bins", "--features", REAL]);
    let for_cargo = arguments.iter().take_while(|argument| *argument != "--");
    build.args(for_cargo.filter(|argument| ["--release", "--quiet"].contains(&argument.as_str())));
    let status = Group::spawn(&mut build)?.wait()?;
    if status.success() { Ok(()) } else { Err(format!("the examples do not build ({status})").into()) }
}
