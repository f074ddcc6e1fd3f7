//! `cargo xtask lint`: what must hold for every change, apart from the tests.

use std::time::Instant;

use serde_json::Value;

use crate::shell::{self, Failure};
use crate::{invariants, proofs};

/// One thing that must hold.
struct Check {
    name: &'static str,
    remedy: &'static str,
    run: fn() -> Result<(), Failure>,
}

const CHECKS: &[Check] = &[
    Check { name: "formatting", remedy: "cargo fmt --all", run: formatting },
    Check {
        name: "no web framework in the core's tree",
        remedy: "keep it in an adapter, or behind a trait of the core",
        run: invariants::frameworks,
    },
    Check {
        name: "protocol/ is pure",
        remedy: "let flow/ call it, and hand the result in",
        run: invariants::protocol_is_pure,
    },
    Check {
        name: "adapters know no protocol and no cookie attribute",
        remedy: "move the decision into the core; the adapter only converts",
        run: invariants::adapters_are_thin,
    },
    Check {
        name: "the testkit binds loopback only",
        remedy: "bind 127.0.0.1 or [::1]",
        run: invariants::testkit_binds_loopback,
    },
    Check { name: "short files", remedy: "one concept a file: split it", run: invariants::short_files },
    Check {
        name: "nothing unfinished",
        remedy: "finish it; a test that can not run yet does not go in",
        run: invariants::nothing_unfinished,
    },
    Check {
        name: "no test sleeps",
        remedy: "wait for the event itself, or use the VirtualClock",
        run: invariants::no_test_sleeps,
    },
    Check {
        name: "no path of one machine, no odd registry",
        remedy: "use relative paths; lock against the default registries",
        run: invariants::nothing_local,
    },
    Check {
        name: "promises name tests that exist",
        remedy: "write the test, or name the right one",
        run: proofs::promises_have_tests,
    },
    Check { name: "clippy", remedy: "cargo clippy --workspace --all-targets --all-features", run: clippy },
    Check { name: "features", remedy: "run the command shown", run: features },
    Check {
        name: "docs",
        remedy: "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --all-features --no-deps",
        run: docs,
    },
];

/// Runs every check, then fails if one did.
pub(crate) fn run() -> Result<(), Failure> {
    let mut failed = Vec::new();
    for check in CHECKS {
        let started = Instant::now();
        match (check.run)() {
            Ok(()) => println!("ok    {} ({:.1} s)", check.name, started.elapsed().as_secs_f32()),
            Err(failure) => {
                println!("FAIL  {}: {}", check.name, check.remedy);
                failure.message.lines().for_each(|line| println!("        {line}"));
                failed.push(check.name);
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("lint failed: {}", failed.join("; ")).into()) }
}

fn formatting() -> Result<(), Failure> {
    shell::run(&mut shell::cargo(&["fmt", "--all", "--check"]))?;
    shell::run(&mut shell::cargo(&["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))?;
    let benches = ["fmt", "--manifest-path", "benches/Cargo.toml", "--check"];
    shell::run(shell::cargo(&benches).args([
        "--package",
        "landfall-bench",
        "--package",
        "landfall-bench-app",
    ]))
}

fn clippy() -> Result<(), Failure> {
    let arguments =
        ["clippy", "--quiet", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
    shell::run(&mut shell::cargo(&arguments))
}

fn docs() -> Result<(), Failure> {
    let mut command = shell::cargo(&["doc", "--quiet", "--workspace", "--all-features", "--no-deps"]);
    shell::run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Every published crate by itself, so that nothing leans on a feature another crate turned on: without features,
/// with each alone, with all. Clippy, not check: it shares the dependencies built above.
fn features() -> Result<(), Failure> {
    let metadata = shell::metadata()?;
    let mut failed = Vec::new();
    for package in shell::packages(&metadata).filter(|package| is_published(package)) {
        let name = package["name"].as_str().unwrap_or_default();
        for choice in choices(package) {
            let mut arguments = vec!["clippy", "--quiet", "--package", name];
            arguments.extend(choice.iter().map(String::as_str));
            arguments.extend(["--", "-D", "warnings"]);
            if shell::run(&mut shell::cargo(&arguments)).is_err() {
                failed.push(format!("cargo {}", arguments.join(" ")));
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n").into()) }
}

fn is_published(package: &Value) -> bool {
    package["publish"].is_null()
}

/// The arguments of each combination worth a build.
fn choices(package: &Value) -> Vec<Vec<String>> {
    let features: Vec<&String> = package["features"]
        .as_object()
        .map(|features| features.keys().filter(|name| *name != "default").collect())
        .unwrap_or_default();
    let none = "--no-default-features".to_owned();
    let mut choices = vec![vec![none.clone()]];
    choices.extend(features.iter().map(|name| vec![none.clone(), format!("--features={name}")]));
    if features.len() > 1 {
        choices.push(vec!["--all-features".to_owned()]);
    }
    choices
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::choices;

    #[test]
    fn no_feature_each_feature_and_all_features_are_built() {
        let package = json!({ "features": { "default": ["a"], "a": [], "b": [] } });
        let choices: Vec<String> = choices(&package).iter().map(|choice| choice.join(" ")).collect();
        let alone = ["--no-default-features --features=a", "--no-default-features --features=b"];
        assert_eq!(choices, ["--no-default-features", alone[0], alone[1], "--all-features"]);
    }

    #[test]
    fn a_crate_without_features_is_built_once() {
        assert_eq!(choices(&json!({ "features": {} })).len(), 1);
    }
}
