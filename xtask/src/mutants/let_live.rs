//! The mutants that no test has to notice, each with the reason.
//!
//! A paragraph each: the file, the change in cargo-mutants' words, the line that it changes, and why it may live. The
//! line stands there instead of its number, so that an entry is good until the code itself changes.

use std::fs;

use super::listed::Mutant;
use crate::shell::{self, Failure};

const LIST: &str = "tests/data/mutants.txt";

/// The list.
#[derive(Debug)]
pub(super) struct LetLive(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    file: String,
    change: String,
    code: String,
    reason: String,
}

impl Mutant {
    /// Whether the list can not tell them apart: the same change twice in one line.
    pub(super) fn is_described_as(&self, other: &Mutant) -> bool {
        (&self.file, &self.change, &self.code) == (&other.file, &other.change, &other.code)
    }
}

impl Entry {
    fn is_about(&self, mutant: &Mutant) -> bool {
        (&self.file, &self.change, &self.code) == (&mutant.file, &mutant.change, &mutant.code)
    }
}

impl LetLive {
    pub(super) fn read() -> Result<Self, Failure> {
        let text =
            fs::read_to_string(shell::root().join(LIST)).map_err(|error| format!("{LIST}: {error}"))?;
        Ok(Self::parse(&text)?)
    }

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let paragraphs = text.split("\n\n").map(|paragraph| {
            paragraph
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .collect()
        });
        let entry = |lines: Vec<&str>| match lines.as_slice() {
            [file, change, code, reason @ ..] if !reason.is_empty() => Ok(Entry {
                file: (*file).to_owned(),
                change: (*change).to_owned(),
                code: (*code).to_owned(),
                reason: reason.join(" "),
            }),
            lines => Err(format!("{LIST}: file, change, line and reason are wanted: {}", lines.join(" | "))),
        };
        paragraphs
            .filter(|lines: &Vec<&str>| !lines.is_empty())
            .map(entry)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Why this one may live.
    pub(super) fn reason(&self, mutant: &Mutant) -> Option<&str> {
        self.0.iter().find(|entry| entry.is_about(mutant)).map(|entry| entry.reason.as_str())
    }

    /// What to say of the entries that are about none of these.
    pub(super) fn without_a_mutant(&self, mutants: &[Mutant]) -> Vec<String> {
        let gone = |entry: &&Entry| !mutants.iter().any(|mutant| entry.is_about(mutant));
        let tell = |Entry { file, change, code, .. }: &Entry| {
            format!("{LIST}: there is no such mutant any more: {file}: {change}\n  {code}")
        };
        self.0.iter().filter(gone).map(tell).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# What this is.\n\ncrypto/a.rs\nreplace < with <= in b\n  a < b\nBoth are the same\nhere.\n";

    fn mutant(code: &str) -> Mutant {
        Mutant {
            name: "crates/landfall/src/crypto/a.rs:2:7: replace < with <= in b".to_owned(),
            file: "crypto/a.rs".to_owned(),
            change: "replace < with <= in b".to_owned(),
            code: code.to_owned(),
        }
    }

    #[test]
    fn an_entry_is_about_the_change_of_that_line_wherever_it_stands() {
        let list = LetLive::parse(TEXT).unwrap();
        assert_eq!(list.reason(&mutant("a < b")), Some("Both are the same here."));
        assert_eq!(list.reason(&mutant("a < b + 1")), None);
    }

    #[test]
    fn an_entry_that_is_about_no_mutant_any_more_is_told() {
        let list = LetLive::parse(TEXT).unwrap();
        assert!(list.without_a_mutant(&[mutant("a < b")]).is_empty());
        let told = list.without_a_mutant(&[mutant("a < b + 1")]);
        assert!(told[0].contains("crypto/a.rs: replace < with <= in b\n  a < b"), "{told:?}");
    }

    #[test]
    fn an_entry_without_a_reason_is_refused() {
        assert!(LetLive::parse("crypto/a.rs\nreplace < with <= in b\na < b\n").is_err());
        assert!(LetLive::parse("# Nothing yet.\n").unwrap().0.is_empty());
    }
}
