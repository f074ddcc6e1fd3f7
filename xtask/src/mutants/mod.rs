//! `cargo xtask mutants`: small mistakes put into the core, file by file, to see whether a test notices each.
//!
//! What cargo-mutants can think of is tried in passes, the cheap one first: against the tests beside the code; what these
//! do not notice against the core's own tests, in seconds each; and what is left against scenarios, attacks and the
//! fuzzer's seeds, on axum, with cookies and in memory, in a minute or two each. A mutant that all let pass is killed by
//! a new test, or stands in the list with the reason why it may live.
//!
//! It is meant to be stopped and started again: what was tried is not tried again until the file changes, apart from
//! what survived. All of it, and the copy in which the mistakes are made, is under `target/mutants`.

mod let_live;
mod listed;
mod pass;
mod record;
mod tree;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::group::{self, Group};
use crate::shell::{self, Failure};
use let_live::LetLive;
use listed::Mutant;
use pass::{BESIDE, CORE, WIDE};
use record::{Outcome, Record};

/// What is tried: where a mistake is a weakness.
const FOLDERS: &[&str] = &["crypto", "guard", "protocol", "session"];
/// What is there for tests alone.
const NOT_TRIED: &str = "guard/careless.rs";
const SOURCES: &str = "crates/landfall/src/";

/// What to try, and for how long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Files or folders below [`SOURCES`]; none for all.
    files: Vec<String>,
    minutes: Option<u64>,
    /// Whether to leave out the last pass.
    core: bool,
}

impl Plan {
    /// Reads `[FILE...] [--minutes N] [--core]`.
    pub(crate) fn parse(arguments: &[String]) -> Option<Self> {
        let mut plan = Self { files: Vec::new(), minutes: None, core: false };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if argument == "--minutes" {
                plan.minutes = Some(arguments.next()?.parse().ok().filter(|minutes| *minutes > 0)?);
            } else if argument == "--core" {
                plan.core = true;
            } else if argument.starts_with('-') {
                return None;
            } else {
                let file = argument.strip_prefix(SOURCES).unwrap_or(argument);
                plan.files.push(file.trim_end_matches('/').to_owned());
            }
        }
        Some(plan)
    }

    fn wants(&self, file: &str) -> bool {
        self.files.is_empty() || self.files.iter().any(|wanted| covers(wanted, file))
    }
}

/// Whether this is the file, or a folder above it.
fn covers(wanted: &str, file: &str) -> bool {
    file.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Tries one file after the other, and fails if something survived that is in no list, or if the list is out of date.
pub(crate) fn run(plan: &Plan) -> Result<(), Failure> {
    group::stop_on_signal()?;
    let until = plan.minutes.map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    if shell::find(&["cargo-mutants"]).is_none() {
        Group::run(&mut shell::cargo(&["install", "cargo-mutants", "--locked"]))?;
    }
    tree::refresh()?;
    let mutants = listed::all(FOLDERS)?;
    let list = LetLive::read()?;
    let chosen: BTreeMap<&str, Vec<&Mutant>> = by_file(&mutants, |file| plan.wants(file));
    if let Some(unknown) = plan.files.iter().find(|file| !chosen.keys().any(|known| covers(file, known))) {
        return Err(format!("there is nothing to try in {unknown}").into());
    }
    let mut complaints = list.without_a_mutant(&mutants);
    let mut untried = 0;
    for (file, mutants) in chosen {
        let record = one(file, &mutants, &list, plan.core, until)?;
        println!("{}", record.row(file, &mutants, &list));
        if plan.core {
            let passed = mutants.iter().filter(|mutant| record.outcome(mutant) == Some(Outcome::Passed));
            passed.for_each(|mutant| println!("  passed: {}\n    {}", mutant.name, mutant.code));
        }
        complaints.extend(record.complaints(&mutants, &list));
        untried += mutants.iter().filter(|mutant| !record.is_settled(mutant)).count();
    }
    if untried > 0 {
        println!("{untried} mutants are still to be tried: the same command goes on where this one stopped");
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n").into()) }
}

fn by_file(mutants: &[Mutant], wants: impl Fn(&str) -> bool) -> BTreeMap<&str, Vec<&Mutant>> {
    let mut files: BTreeMap<&str, Vec<&Mutant>> = BTreeMap::new();
    for mutant in mutants.iter().filter(|mutant| wants(&mutant.file)) {
        files.entry(&mutant.file).or_default().push(mutant);
    }
    files
}

/// All passes over what is to be tried in one file, as far as there is time.
fn one(
    file: &str,
    mutants: &[&Mutant],
    list: &LetLive,
    core: bool,
    until: Option<Instant>,
) -> Result<Record, Failure> {
    let mut record = Record::read(file)?;
    // What a call that was killed had found out.
    record.take(&BESIDE);
    record.take(&CORE);
    record.take(&WIDE);
    // There may be new tests since.
    record.forget(mutants.iter().filter(|mutant| list.reason(mutant).is_none()), core);
    let passes = [&BESIDE, &CORE, &WIDE];
    let left_out = [!record::has_tests(file)?, false, core];
    for (pass, _) in passes.into_iter().zip(left_out).filter(|(_, left_out)| !left_out) {
        let wanted = |mutant: &&Mutant| pass.tries(record.outcome(mutant));
        let (try_these, others): (Vec<_>, Vec<_>) = mutants.iter().copied().partition(wanted);
        let is_late = || until.is_some_and(|until| Instant::now() >= until);
        if try_these.is_empty() || is_late() {
            continue;
        }
        println!("{file}: {} mutants, {}", try_these.len(), pass.about);
        record.write()?;
        pass.run(file, &others, until)?;
        record.take(pass);
    }
    record.write()?;
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::{Plan, covers};

    fn parse(words: &str) -> Option<Plan> {
        Plan::parse(&words.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn files_are_named_from_the_repository_or_from_the_sources() {
        let plan = parse("crates/landfall/src/crypto/seal.rs guard/ --minutes 5").unwrap();
        let files = vec!["crypto/seal.rs".into(), "guard".into()];
        assert_eq!(plan, Plan { files, minutes: Some(5), core: false });
        assert!(parse("--core").unwrap().core);
        assert!(plan.wants("guard/careless.rs") && plan.wants("crypto/seal.rs"));
        assert!(!plan.wants("crypto/secret.rs"));
        assert!(parse("").unwrap().wants("crypto/secret.rs"));
    }

    #[test]
    fn what_it_does_not_know_is_refused() {
        assert_eq!(parse("--minutes"), None);
        assert_eq!(parse("--minutes 0"), None);
        assert_eq!(parse("--minute 5"), None);
    }

    #[test]
    fn a_folder_covers_its_files_and_no_other_of_a_similar_name() {
        assert!(covers("session/memory", "session/memory/mod.rs"));
        assert!(!covers("session/mem", "session/memory/mod.rs"));
    }
}
