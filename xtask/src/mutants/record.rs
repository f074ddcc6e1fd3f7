//! What became of the mutants of a file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{fmt, fs};

use super::let_live::LetLive;
use super::listed::Mutant;
use super::pass::Pass;
use super::{SOURCES, tree};
use crate::shell::Failure;

/// What tests said to a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A test failed.
    Caught,
    /// It does not compile.
    Unviable,
    /// The tests took much longer than they do: noticed as well.
    Timeout,
    /// The tests beside it let it pass; no others were asked yet.
    Unnoticed,
    /// The core's tests let it pass; the others were not asked yet.
    Passed,
    /// It survived.
    Missed,
}

impl Outcome {
    const ALL: [Self; 6] =
        [Self::Caught, Self::Unviable, Self::Timeout, Self::Unnoticed, Self::Passed, Self::Missed];
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Caught => "caught",
            Self::Unviable => "unviable",
            Self::Timeout => "timeout",
            Self::Unnoticed => "unnoticed",
            Self::Passed => "passed",
            Self::Missed => "missed",
        })
    }
}

/// Where all that is known about a file is kept.
pub(super) fn folder(file: &str) -> PathBuf {
    tree::state().join("files").join(file.replace('/', "."))
}

/// The outcomes by the mutants' names; good as long as the file is the same, but for its tests.
#[derive(Debug)]
pub(super) struct Record {
    file: String,
    outcomes: BTreeMap<String, Outcome>,
}

impl Record {
    /// What is known about this file as it now is.
    pub(super) fn read(file: &str) -> Result<Self, Failure> {
        let source = source(file)?;
        let folder = folder(file);
        if fs::read_to_string(folder.join("source")).ok() != Some(source) {
            // It may never have been there.
            let _ = fs::remove_dir_all(&folder);
        }
        let text = fs::read_to_string(folder.join("record")).unwrap_or_default();
        Ok(Self { file: file.to_owned(), outcomes: parse(&text) })
    }

    /// Keeps it for the next time.
    pub(super) fn write(&self) -> Result<(), Failure> {
        let folder = folder(&self.file);
        let lines: Vec<String> =
            self.outcomes.iter().map(|(name, outcome)| format!("{outcome} {name}")).collect();
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(folder.join("record"), lines.join("\n")))
            .and_then(|()| fs::write(folder.join("source"), source(&self.file).unwrap_or_default()))
            .map_err(|error| format!("{}: {error}", folder.display()).into())
    }

    /// Notes what this pass found out of mutants that were to be tried in it.
    pub(super) fn take(&mut self, pass: &Pass) {
        for (name, outcome) in pass.found(&self.file) {
            if pass.tries(self.outcomes.get(&name).copied()) {
                self.outcomes.insert(name, outcome);
            }
        }
    }

    pub(super) fn outcome(&self, mutant: &Mutant) -> Option<Outcome> {
        self.outcomes.get(&mutant.name).copied()
    }

    /// Whether there is nothing more to find out about it.
    pub(super) fn is_settled(&self, mutant: &Mutant) -> bool {
        !matches!(self.outcome(mutant), None | Some(Outcome::Unnoticed | Outcome::Passed))
    }

    /// Has those of them that survived tried again, perhaps also those that the core's tests let pass.
    pub(super) fn forget<'a>(&mut self, mutants: impl Iterator<Item = &'a &'a Mutant>, passed_too: bool) {
        for mutant in mutants {
            let outcome = self.outcome(mutant);
            if outcome == Some(Outcome::Missed) || passed_too && outcome == Some(Outcome::Passed) {
                self.outcomes.remove(&mutant.name);
            }
        }
    }

    /// One line of figures.
    pub(super) fn row(&self, file: &str, mutants: &[&Mutant], list: &LetLive) -> String {
        let count = |wanted: &dyn Fn(&Mutant) -> bool| mutants.iter().filter(|mutant| wanted(mutant)).count();
        let of = |outcome| count(&|mutant| self.outcome(mutant) == Some(outcome));
        let live =
            count(&|mutant| self.outcome(mutant) == Some(Outcome::Missed) && list.reason(mutant).is_some());
        format!(
            "{file}: {} mutants: {} caught, {} timed out, {} do not compile, {} let live, {} survived, {} to be tried",
            mutants.len(),
            of(Outcome::Caught),
            of(Outcome::Timeout),
            of(Outcome::Unviable),
            live,
            of(Outcome::Missed) - live,
            count(&|mutant| !self.is_settled(mutant)),
        )
    }

    /// What has to be done about this file.
    pub(super) fn complaints(&self, mutants: &[&Mutant], list: &LetLive) -> Vec<String> {
        let mut complaints = Vec::new();
        for mutant in mutants {
            let outcome = self.outcome(mutant);
            match list.reason(mutant) {
                None if outcome == Some(Outcome::Missed) => {
                    complaints.push(format!("survived: {}\n  {}", mutant.name, mutant.code));
                }
                // One that shares its description with another one may be let live for that one.
                Some(_)
                    if matches!(outcome, Some(Outcome::Caught | Outcome::Timeout | Outcome::Unviable)) =>
                {
                    let twins = mutants.iter().filter(|other| other.is_described_as(mutant));
                    if twins
                        .clone()
                        .all(|twin| self.is_settled(twin) && self.outcome(twin) != Some(Outcome::Missed))
                    {
                        complaints.push(format!(
                            "let live, but {}: {}",
                            outcome.unwrap_or(Outcome::Caught),
                            mutant.name
                        ));
                    }
                }
                _ => {}
            }
        }
        complaints
    }
}

/// Whether there are tests beside the code of this file.
pub(super) fn has_tests(file: &str) -> Result<bool, Failure> {
    let path = tree::folder().join(SOURCES).join(file);
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text.contains("#[cfg(test)]"))
}

fn source(file: &str) -> Result<String, Failure> {
    let path = tree::folder().join(SOURCES).join(file);
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(without_tests(&text).to_owned())
}

/// What stands before the tests: a new one among them moves no mutant.
fn without_tests(source: &str) -> &str {
    source.split_once("\n#[cfg(test)]\nmod tests {").map_or(source, |(code, _)| code)
}

fn parse(text: &str) -> BTreeMap<String, Outcome> {
    let line = |line: &str| {
        let (word, name) = line.split_once(' ')?;
        let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.to_string() == word)?;
        Some((name.to_owned(), outcome))
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(line: u32) -> Mutant {
        Mutant {
            name: format!("crates/landfall/src/crypto/a.rs:{line}:1: replace < with <= in b"),
            file: "crypto/a.rs".to_owned(),
            change: "replace < with <= in b".to_owned(),
            code: format!("{line} < b"),
        }
    }

    fn record(outcomes: &[(u32, Outcome)]) -> Record {
        let outcomes = outcomes.iter().map(|(line, outcome)| (mutant(*line).name, *outcome));
        Record { file: "crypto/a.rs".to_owned(), outcomes: outcomes.collect() }
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let lines =
            Outcome::ALL.iter().zip(1..).map(|(outcome, at)| format!("{outcome} a.rs:{at}:1: replace b"));
        let text = lines.collect::<Vec<_>>().join("\n");
        let read: Vec<_> = parse(&text).into_values().collect();
        assert_eq!(read, Outcome::ALL);
    }

    #[test]
    fn a_new_test_leaves_the_record_good() {
        let tested = "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn b() {}\n}\n";
        assert_eq!(without_tests(tested), "fn a() {}\n");
        assert_eq!(without_tests("fn a() {}\n"), "fn a() {}\n");
    }

    #[test]
    fn what_survived_is_told_unless_it_is_let_live() {
        let mutants = [mutant(1), mutant(2), mutant(3), mutant(4)];
        let mutants: Vec<_> = mutants.iter().collect();
        let record = record(&[(1, Outcome::Missed), (2, Outcome::Missed), (3, Outcome::Caught)]);
        let list = "crypto/a.rs\nreplace < with <= in b\n2 < b\nno matter\n\n\
                    crypto/a.rs\nreplace < with <= in b\n3 < b\nno matter\n";
        let list = LetLive::parse(list).unwrap();
        let complaints = record.complaints(&mutants, &list);
        assert_eq!(complaints.len(), 2);
        assert!(complaints[0].starts_with("survived: crates/landfall/src/crypto/a.rs:1:1"));
        assert!(complaints[1].starts_with("let live, but caught: crates/landfall/src/crypto/a.rs:3:1"));
        let row = record.row("crypto/a.rs", &mutants, &list);
        assert_eq!(
            row,
            "crypto/a.rs: 4 mutants: 1 caught, 0 timed out, 0 do not compile, 1 let live, 1 survived, 1 to be tried"
        );
    }

    #[test]
    fn what_survived_is_tried_again_and_nothing_else() {
        let (one, other) = (mutant(1), mutant(2));
        let mut record = record(&[(1, Outcome::Missed), (2, Outcome::Passed)]);
        record.forget([&one, &other].iter(), false);
        assert_eq!((record.outcome(&one), record.outcome(&other)), (None, Some(Outcome::Passed)));
        record.forget([&one, &other].iter(), true);
        assert_eq!(record.outcome(&other), None);
    }
}
