//! What cargo-mutants can think of.

use std::collections::BTreeMap;
use std::fs;

use super::{NOT_TRIED, SOURCES, tree};
use crate::shell::{self, Failure};

/// One mistake that can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mutant {
    /// What cargo-mutants calls it: place and change.
    pub(super) name: String,
    /// Below `crates/landfall/src`.
    pub(super) file: String,
    /// The change alone, which stays as it is when lines move.
    pub(super) change: String,
    /// The line of code that it changes first.
    pub(super) code: String,
}

/// All mutants of these folders.
pub(super) fn all(folders: &[&str]) -> Result<Vec<Mutant>, Failure> {
    let files = folders.iter().map(|folder| format!("--file={SOURCES}{folder}/**/*.rs"));
    let mut list = shell::cargo(&["mutants", "--list", "--json"]);
    let list = shell::output(
        list.args(files).arg(format!("--exclude={SOURCES}{NOT_TRIED}")).current_dir(tree::folder()),
    )?;
    let list = serde_json::from_str(&list).map_err(|error| format!("cargo mutants --list: {error}"))?;
    let mut sources = BTreeMap::new();
    read(&list, |path| {
        let text = sources
            .entry(path.to_owned())
            .or_insert_with(|| fs::read_to_string(tree::folder().join(path)).unwrap_or_default());
        text.clone()
    })
    .ok_or_else(|| "cargo mutants --list says something else than it used to".into())
}

fn read(list: &serde_json::Value, mut source: impl FnMut(&str) -> String) -> Option<Vec<Mutant>> {
    let one = |mutant: &serde_json::Value| {
        let (name, path) = (mutant["name"].as_str()?, mutant["file"].as_str()?);
        // After the line and the column.
        let (_, change) = name.split_once(": ")?;
        let line = usize::try_from(mutant["span"]["start"]["line"].as_u64()?).ok()?;
        let code = source(path).lines().nth(line.checked_sub(1)?)?.trim().to_owned();
        let file = path.strip_prefix(SOURCES)?.to_owned();
        Some(Mutant { name: name.to_owned(), file, change: change.to_owned(), code })
    };
    list.as_array()?.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::{Mutant, read};

    #[test]
    fn a_mutant_is_read_with_the_line_that_it_changes() {
        let list = r#"[{"name": "crates/landfall/src/crypto/a.rs:2:7: replace < with <= in A::b", "file":
            "crates/landfall/src/crypto/a.rs", "span": {"start": {"line": 2, "column": 7}}}]"#;
        let mutants = read(&serde_json::from_str(list).unwrap(), |_| "fn b() {\n    a < b\n}\n".to_owned());
        let expected = Mutant {
            name: "crates/landfall/src/crypto/a.rs:2:7: replace < with <= in A::b".to_owned(),
            file: "crypto/a.rs".to_owned(),
            change: "replace < with <= in A::b".to_owned(),
            code: "a < b".to_owned(),
        };
        assert_eq!(mutants, Some(vec![expected]));
    }

    #[test]
    fn a_list_of_another_form_is_told() {
        assert_eq!(read(&serde_json::json!([{"name": "a"}]), |_| String::new()), None);
        assert_eq!(read(&serde_json::json!({}), |_| String::new()), None);
    }
}
