//! One call of cargo-mutants over a file.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use super::listed::Mutant;
use super::record::{self, Outcome};
use super::{SOURCES, tree};
use crate::group::Group;
use crate::shell::{self, Failure};

/// Tests, and what is tried against them.
#[derive(Debug)]
pub(super) struct Pass {
    name: &'static str,
    pub(super) about: &'static str,
    /// What is known so far of mutants that come here.
    tries: &'static [Option<Outcome>],
    /// What is known of one that these tests did not notice.
    missed: Outcome,
    arguments: &'static [&'static str],
    /// Whether only those tests are meant that stand in the file's own module.
    beside: bool,
}

/// Of the core's own tests those beside the code: they notice most, and take no time.
pub(super) const BESIDE: Pass = Pass {
    name: "beside",
    about: "the tests beside it",
    tries: &[None],
    missed: Outcome::Unnoticed,
    arguments: &["--all-features", "--cargo-arg=--lib"],
    beside: true,
};

/// The core's own tests, with every feature, but for three that take longer than all others: one does what the seeds do
/// in the last pass, one starts processes, one is about the token proxy.
pub(super) const CORE: Pass = Pass {
    name: "core",
    about: "the core's own tests",
    tries: &[None, Some(Outcome::Unnoticed)],
    missed: Outcome::Passed,
    arguments: &[
        "--all-features",
        "--cargo-arg=--lib",
        "--cargo-test-arg=--",
        "--cargo-test-arg=--skip=the_properties_hold_near_every_seed",
        "--cargo-test-arg=--skip=a_program_that_ends_right_after_build",
        "--cargo-test-arg=--skip=whatever_passes_stays_below_the_upstreams_path",
    ],
    beside: false,
};

/// What else runs in one process: on one framework, since it is the core that is wrong, and without a database.
pub(super) const WIDE: Pass = Pass {
    name: "wide",
    about: "scenarios, attacks and seeds",
    tries: &[Some(Outcome::Passed)],
    missed: Outcome::Missed,
    arguments: &[
        "--test-package=landfall-tests",
        "--cargo-arg=--test=scenarios",
        "--cargo-arg=--test=attacks",
        "--cargo-arg=--test=corpora",
        "--cargo-arg=--test=log_lines",
        "--cargo-test-arg=--",
        "--cargo-test-arg=--skip=::actix",
        "--cargo-test-arg=--skip=_with_sqlite",
    ],
    beside: false,
};

/// What each list of cargo-mutants says of the mutants in it.
const LISTS: &[(&str, Outcome)] = &[
    ("caught.txt", Outcome::Caught),
    ("unviable.txt", Outcome::Unviable),
    ("timeout.txt", Outcome::Timeout),
];
/// Exit codes of a run that came to its end: nothing to tell, some survived, some took too long.
const ENDED: &[i32] = &[0, 2, 3];

impl Pass {
    /// Whether a mutant of which this is known belongs here.
    pub(super) fn tries(&self, known: Option<Outcome>) -> bool {
        self.tries.contains(&known)
    }

    /// Tries all mutants of the file but these, until then.
    pub(super) fn run(&self, file: &str, others: &[&Mutant], until: Option<Instant>) -> Result<(), Failure> {
        let output = record::folder(file).join(self.name);
        let lists = self.lists(file);
        // What an earlier call left stands in the record.
        let _ = fs::remove_dir_all(&output);
        let others: Vec<&str> = others.iter().map(|mutant| mutant.name.as_str()).collect();
        fs::create_dir_all(&lists)
            .and_then(|()| fs::write(lists.join("previously_caught.txt"), others.join("\n")))
            .map_err(|error| format!("{}: {error}", lists.display()))?;
        let mut command = shell::cargo(&["mutants", "--in-place", "--iterate", "--no-config", "--no-times"]);
        command
            .args(["--minimum-test-timeout=60", "--colors=never"])
            .arg(format!("--file={SOURCES}{file}"))
            .arg("--output")
            .arg(&output)
            .args(self.arguments)
            .args(self.beside.then(|| format!("--cargo-test-arg={}", module(file))))
            .current_dir(tree::folder())
            // One file changes at a time.
            .env("CARGO_INCREMENTAL", "1")
            // Being stopped is nothing to trace.
            .env("RUST_LIB_BACKTRACE", "0");
        let mut group = Group::spawn(&mut command)?;
        while !group.has_ended() {
            if until.is_some_and(|until| Instant::now() >= until) {
                drop(group);
                return tree::refresh();
            }
            thread::sleep(Duration::from_millis(200));
        }
        let status = group.wait()?;
        if status.code().is_some_and(|code| ENDED.contains(&code)) {
            return Ok(());
        }
        Err(format!("cargo mutants ended with {status}; its logs are in {}/log", lists.display()).into())
    }

    /// Where cargo-mutants lists what it found out, as it goes.
    fn lists(&self, file: &str) -> PathBuf {
        record::folder(file).join(self.name).join("mutants.out")
    }

    /// What the last call found out, however it ended.
    pub(super) fn found(&self, file: &str) -> Vec<(String, Outcome)> {
        let lists = self.lists(file);
        let missed = ("missed.txt", self.missed);
        let read = |&(list, outcome): &(&str, Outcome)| {
            let text = fs::read_to_string(lists.join(list)).unwrap_or_default();
            text.lines().map(|name| (name.to_owned(), outcome)).collect::<Vec<_>>()
        };
        LISTS.iter().chain([&missed]).flat_map(read).collect()
    }
}

/// What the paths of the tests beside a file begin with.
fn module(file: &str) -> String {
    let path = file.strip_suffix(".rs").unwrap_or(file);
    path.strip_suffix("/mod").unwrap_or(path).replace('/', "::")
}

#[cfg(test)]
mod tests {
    use super::module;

    #[test]
    fn the_tests_beside_a_file_are_found_by_its_module() {
        assert_eq!(module("crypto/seal.rs"), "crypto::seal");
        assert_eq!(module("session/memory/mod.rs"), "session::memory");
    }
}
