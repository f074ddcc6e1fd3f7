//! `cargo xtask fuzz`: every target for a bounded time.

use std::fs;
use std::process::Command;

use crate::shell::{self, Failure};

const SECONDS: u32 = 20;

/// What to fuzz, and for how long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    target: Option<String>,
    seconds: u32,
}

impl Plan {
    /// Reads `[TARGET] [--seconds N]`.
    pub(crate) fn parse(arguments: &[String]) -> Option<Self> {
        let mut plan = Self { target: None, seconds: SECONDS };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if argument == "--seconds" {
                plan.seconds = arguments.next()?.parse().ok().filter(|seconds| *seconds > 0)?;
            } else if argument.starts_with('-') || plan.target.replace(argument.clone()).is_some() {
                return None;
            }
        }
        Some(plan)
    }
}

/// Fuzzes each target in turn; the first one that finds something ends it.
pub(crate) fn run(plan: Plan) -> Result<(), Failure> {
    let targets = targets()?;
    let chosen = match plan.target {
        None => targets,
        Some(target) if targets.contains(&target) => vec![target],
        Some(target) => {
            let known = targets.join(", ");
            return Err(format!("there is no fuzz target {target}; there are {known}").into());
        }
    };
    if shell::find(&["cargo-fuzz"]).is_none() {
        shell::run(&mut shell::cargo(&["install", "cargo-fuzz", "--locked"]))?;
    }
    for target in chosen {
        println!("{target}: {} s", plan.seconds);
        // What it finds goes here, and only the seeds by hand stay in the repository.
        let found = shell::root().join("fuzz/target/corpus").join(&target);
        fs::create_dir_all(&found).map_err(|error| format!("{}: {error}", found.display()))?;
        shell::run(
            cargo_fuzz(&["run", &target])
                .arg(found)
                .arg(format!("fuzz/corpus/{target}"))
                .arg("--")
                .arg(format!("-max_total_time={}", plan.seconds))
                .args(["-timeout=10", "-print_final_stats=1"]),
        )?;
    }
    Ok(())
}

fn targets() -> Result<Vec<String>, Failure> {
    let folder = shell::root().join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).map_err(|error| format!("fuzz/fuzz_targets: {error}"))?;
    let mut targets: Vec<String> = entries
        .flatten()
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".rs")?.to_owned()))
        .collect();
    targets.sort();
    Ok(targets)
}

/// The sanitizer is behind a nightly flag; this lets the installed toolchain take it.
fn cargo_fuzz(arguments: &[&str]) -> Command {
    let mut command = shell::cargo(&["fuzz"]);
    command.args(arguments).env("RUSTC_BOOTSTRAP", "1");
    command
}

#[cfg(test)]
mod tests {
    use super::Plan;

    fn parse(arguments: &[&str]) -> Option<Plan> {
        Plan::parse(&arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_target_and_a_time_come_in_any_order() {
        let plan = Plan { target: Some("jwks".to_owned()), seconds: 5 };
        assert_eq!(parse(&["jwks", "--seconds", "5"]).as_ref(), Some(&plan));
        assert_eq!(parse(&["--seconds", "5", "jwks"]), Some(plan));
    }

    #[test]
    fn what_it_does_not_know_is_refused() {
        assert_eq!(parse(&["--second", "5"]), None);
        assert_eq!(parse(&["--seconds"]), None);
        assert_eq!(parse(&["--seconds", "0"]), None);
        assert_eq!(parse(&["jwks", "return_to"]), None);
    }
}
