//! `cargo xtask lint`: what must hold for every change, apart from the tests.

mod cargo;
mod circles;
mod figures;
mod interface;
mod invariants;
mod krate;
mod layers;
mod paths;
mod proofs;
mod reader;
mod stacks;
mod text;
mod tree;

use std::time::Instant;

use crate::shell::Failure;

/// One thing that must hold.
struct Check {
    /// What it is asked for by.
    name: &'static str,
    claim: &'static str,
    remedy: &'static str,
    run: fn() -> Result<(), Failure>,
}

const CHECKS: &[Check] = &[
    Check { name: "formatting", claim: "formatting", remedy: "cargo fmt --all", run: cargo::formatting },
    Check {
        name: "frameworks",
        claim: "no web framework in the core's tree",
        remedy: "keep it in an adapter, or behind a trait of the core",
        run: invariants::frameworks,
    },
    Check {
        name: "log",
        claim: "each published crate alone speaks to loggers of the `log` crate",
        remedy: "take tracing as the workspace has it, with its feature log",
        run: invariants::lines_reach_log,
    },
    Check {
        name: "layers",
        claim: "imports of the core point down",
        remedy: "move it down, or hand it in from above; the list is LAYERS in xtask/src/lint/layers.rs",
        run: layers::imports_point_down,
    },
    Check {
        name: "circles",
        claim: "no circle between rooms",
        remedy: "turn one of the imports around",
        run: circles::between_rooms,
    },
    Check {
        name: "figures",
        claim: "figures of the core",
        remedy: "one concept a file, one step a function; what it is and why in its docs",
        run: figures::of_the_core,
    },
    Check {
        name: "protocol",
        claim: "protocol/ is pure",
        remedy: "let flow/ call it, and hand the result in",
        run: invariants::protocol_is_pure,
    },
    Check {
        name: "adapters",
        claim: "adapters know no protocol and no cookie attribute",
        remedy: "move the decision into the core; the adapter only converts",
        run: invariants::adapters_are_thin,
    },
    Check {
        name: "interface",
        claim: "both adapters show what an application names",
        remedy: "name it in crates/landfall-axum/src/lib.rs and in crates/landfall-actix/src/lib.rs",
        run: interface::of_the_adapters,
    },
    Check {
        name: "loopback",
        claim: "the testkit binds loopback only",
        remedy: "bind 127.0.0.1 or [::1]",
        run: invariants::testkit_binds_loopback,
    },
    Check {
        name: "files",
        claim: "short files",
        remedy: "one concept a file: split it",
        run: invariants::short_files,
    },
    Check {
        name: "unfinished",
        claim: "nothing unfinished",
        remedy: "finish it; a test that can not run yet does not go in",
        run: invariants::nothing_unfinished,
    },
    Check {
        name: "sleeps",
        claim: "no test sleeps",
        remedy: "wait for the event itself, or use the VirtualClock",
        run: invariants::no_test_sleeps,
    },
    Check {
        name: "local",
        claim: "no path of one machine, no odd registry",
        remedy: "use relative paths; lock against the default registries",
        run: invariants::nothing_local,
    },
    Check {
        name: "promises",
        claim: "promises name tests that exist",
        remedy: "write the test, or name the right one",
        run: proofs::promises_have_tests,
    },
    Check {
        name: "stacks",
        claim: "README.md lists what the tests drive",
        remedy: "write the row in tests/data/works_with.json with its test, and the name in README's table",
        run: stacks::readme_lists_what_is_driven,
    },
    Check {
        name: "clippy",
        claim: "clippy",
        remedy: "cargo clippy --workspace --all-targets --all-features",
        run: cargo::clippy,
    },
    Check { name: "features", claim: "features", remedy: "run the command shown", run: cargo::features },
    Check {
        name: "docs",
        claim: "docs",
        remedy: "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --all-features --no-deps",
        run: cargo::docs,
    },
];

/// Runs every check, or those that are named, then fails if one did.
pub(crate) fn run(names: &[String]) -> Result<(), Failure> {
    let unknown: Vec<&str> = names.iter().map(String::as_str).filter(|name| !is_check(name)).collect();
    if !unknown.is_empty() {
        let known = CHECKS.iter().map(|check| check.name).collect::<Vec<_>>().join(", ");
        let message = format!("no such check: {}; there are {known}", unknown.join(", "));
        return Err(Failure { message, code: 2 });
    }
    let mut failed = Vec::new();
    let wanted = |check: &&Check| names.is_empty() || names.iter().any(|name| name == check.name);
    for check in CHECKS.iter().filter(wanted) {
        let started = Instant::now();
        match (check.run)() {
            Ok(()) => println!("ok    {} ({:.1} s)", check.claim, started.elapsed().as_secs_f32()),
            Err(failure) => {
                println!("FAIL  {}: {}", check.claim, check.remedy);
                failure.message.lines().for_each(|line| println!("        {line}"));
                failed.push(check.name);
            }
        }
    }
    let again = failed.join(" ");
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("lint failed; again: cargo xtask lint {again}").into())
    }
}

fn is_check(name: &str) -> bool {
    CHECKS.iter().any(|check| check.name == name)
}

/// A crate made of these files.
#[cfg(test)]
fn staged(name: &str, files: &[(&str, &str)]) -> krate::Crate {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    reader::read(name, files).unwrap()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{CHECKS, run};

    #[test]
    fn a_check_that_does_not_exist_is_not_taken_for_one_that_passed() {
        let failure = run(&["layer".to_owned()]).unwrap_err();
        assert_eq!(failure.code, 2);
        assert!(failure.message.starts_with("no such check: layer; there are formatting, "));
    }

    #[test]
    fn every_check_has_a_name_of_its_own() {
        assert_eq!(CHECKS.iter().map(|check| check.name).collect::<BTreeSet<_>>().len(), CHECKS.len());
    }
}
