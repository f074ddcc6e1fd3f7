//! `cargo xtask fuzz`: every target for a bounded time, two at a time.

mod corpus;
mod progress;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use crate::group::{self, Group};
use crate::shell::{self, Failure};
use progress::Progress;

const SECONDS: u32 = 20;
/// Each keeps one core busy.
const AT_A_TIME: usize = 2;
/// How much of a log is shown where a target failed: the input that did it stands near the end.
const SHOWN: usize = 40;

/// What to fuzz, and for how long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    target: Option<String>,
    seconds: u32,
    /// Whether some of what was found goes to the seeds in the repository.
    keep: bool,
}

impl Plan {
    /// Reads `[TARGET] [--seconds N] [--keep]`.
    pub(crate) fn parse(arguments: &[String]) -> Option<Self> {
        let mut plan = Self { target: None, seconds: SECONDS, keep: false };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if argument == "--seconds" {
                plan.seconds = arguments.next()?.parse().ok().filter(|seconds| *seconds > 0)?;
            } else if argument == "--keep" {
                plan.keep = true;
            } else if argument.starts_with('-') || plan.target.replace(argument.clone()).is_some() {
                return None;
            }
        }
        Some(plan)
    }
}

/// Fuzzes all targets, and fails at the end if one of them found something.
pub(crate) fn run(plan: Plan) -> Result<(), Failure> {
    group::stop_on_signal()?;
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
        Group::run(&mut shell::cargo(&["install", "cargo-fuzz", "--locked"]))?;
    }
    let built = Built::all()?;
    let outcomes = two_at_a_time(&chosen, |target| fuzz(&built, target, plan.seconds));
    println!("{}", Progress::HEADINGS);
    let mut failures = Vec::new();
    for (target, outcome) in chosen.iter().zip(outcomes) {
        match outcome {
            Ok(progress) => println!("{}", progress.row(target)),
            Err(failure) => failures.push(format!("{target}: {}", failure.message)),
        }
    }
    if !failures.is_empty() {
        return Err(failures.join("\n").into());
    }
    if plan.keep { chosen.iter().try_for_each(|target| corpus::keep(&built, target)) } else { Ok(()) }
}

/// What `work` gives for each, in their order.
fn two_at_a_time<T: Send>(targets: &[String], work: impl Fn(&str) -> T + Sync) -> Vec<T> {
    let waiting = Mutex::new(targets.iter().enumerate());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some((at, target)) = next() {
                    let outcome = work(target);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((at, outcome));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

/// One target: what it says goes to a log, and is read on the way. Then what was found is reduced to what is needed.
fn fuzz(built: &Built, target: &str, seconds: u32) -> Result<Progress, Failure> {
    let folder = shell::root().join("fuzz/target/logs");
    let path = folder.join(format!("{target}.log"));
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let unwritten = |error| format!("{}: {error}", path.display());
    let mut log = File::create(&path).map_err(unwritten)?;
    println!("{target}: {seconds} s, fuzz/target/logs/{target}.log");
    let mut command = built.command(target)?;
    command
        .arg(format!("-max_total_time={seconds}"))
        .args(["-timeout=10", "-print_final_stats=1"])
        .args([corpus::found(target)?, corpus::seeds(target)])
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut group = Group::spawn(&mut command)?;
    let mut progress = Progress::new(Instant::now());
    for line in group.errors().into_iter().flat_map(|errors| BufReader::new(errors).split(b'\n')) {
        let Ok(line) = line else { break };
        let line = String::from_utf8_lossy(&line);
        progress.read(&line, Instant::now());
        writeln!(log, "{line}").map_err(unwritten)?;
    }
    if !group.wait()?.success() {
        let said = fs::read_to_string(&path).map_err(unwritten)?;
        let lines: Vec<&str> = said.lines().collect();
        let last = lines.get(lines.len().saturating_sub(SHOWN)..).unwrap_or_default();
        return Err(last.join("\n").into());
    }
    corpus::reduce(built, target)?;
    Ok(progress)
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

/// The targets as cargo-fuzz built them, in this folder.
struct Built(PathBuf);

impl Built {
    /// Builds them once for all: what is edited while an hour of fuzzing goes on is neither waited for nor mixed in.
    fn all() -> Result<Self, Failure> {
        // The sanitizer is behind a nightly flag; this lets the installed toolchain take it.
        Group::run(shell::cargo(&["fuzz", "build"]).env("RUSTC_BOOTSTRAP", "1"))?;
        let says = shell::output(shell::program("rustc").arg("-vV"))?;
        let host = says.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc names no host")?;
        Ok(Self(shell::root().join("fuzz/target").join(host).join("release")))
    }

    /// Runs one. An input that it fails on is kept under `fuzz/artifacts`.
    fn command(&self, target: &str) -> Result<Command, Failure> {
        let artifacts = shell::root().join("fuzz/artifacts").join(target);
        fs::create_dir_all(&artifacts).map_err(|error| format!("{}: {error}", artifacts.display()))?;
        let mut command = shell::program(self.0.join(target));
        command.arg(format!("-artifact_prefix={}/", artifacts.display()));
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use super::{Plan, two_at_a_time};

    fn parse(arguments: &[&str]) -> Option<Plan> {
        Plan::parse(&arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_target_and_a_time_come_in_any_order() {
        let plan = Plan { target: Some("jwks".to_owned()), seconds: 5, keep: false };
        assert_eq!(parse(&["jwks", "--seconds", "5"]).as_ref(), Some(&plan));
        assert_eq!(parse(&["--seconds", "5", "jwks"]), Some(plan));
        assert_eq!(parse(&["--keep"]), Some(Plan { target: None, seconds: 20, keep: true }));
    }

    #[test]
    fn what_it_does_not_know_is_refused() {
        assert_eq!(parse(&["--second", "5"]), None);
        assert_eq!(parse(&["--seconds"]), None);
        assert_eq!(parse(&["--seconds", "0"]), None);
        assert_eq!(parse(&["jwks", "return_to"]), None);
    }

    #[test]
    fn outcomes_come_in_the_order_of_the_targets() {
        let targets: Vec<String> = (0..9).map(|number| number.to_string()).collect();
        assert_eq!(two_at_a_time(&targets, str::to_owned), targets);
    }
}
