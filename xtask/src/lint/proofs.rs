//! README.md and SECURITY.md promise things in tables with a column "Test"; each test named there must exist.

use std::fs;

use super::tree::{self, Part, Source};
use crate::shell::{self, Failure};

const DOCUMENTS: [&str; 2] = ["README.md", "SECURITY.md"];

/// Looks up every test the tables name.
pub(crate) fn promises_have_tests() -> Result<(), Failure> {
    let sources = tree::rust()?;
    let mut wrong = Vec::new();
    for document in DOCUMENTS {
        let Ok(text) = fs::read_to_string(shell::root().join(document)) else { continue };
        let tests = cited(&text);
        if tests.is_empty() {
            wrong.push(format!("{document}: no table with a column \"Test\""));
        }
        let unknown = tests.into_iter().filter(|test| !exists(test, &sources));
        wrong.extend(unknown.map(|test| format!("{document}: no test `{test}`")));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// What stands in backticks in columns headed "Test".
fn cited(markdown: &str) -> Vec<String> {
    let mut tests = Vec::new();
    let mut column = None;
    let mut in_table = false;
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(row) = line.trim().strip_prefix('|') else {
            (column, in_table) = (None, false);
            continue;
        };
        // A row that was cut off from its table would go unchecked.
        if !in_table && !lines.peek().is_some_and(|next| next.trim().starts_with("|---")) {
            tests.push(format!("a row without a table: {row}"));
        }
        let mut cells = row.split('|').map(str::trim);
        if !in_table {
            in_table = true;
            column = cells.position(|cell| cell == "Test");
        } else if let Some(cell) = column.and_then(|index| cells.nth(index)) {
            tests.extend(cell.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    tests
}

/// Whether there is a function of that name: in the file named before it, if one is (`tests/attacks/state.rs::name`).
fn exists(test: &str, sources: &[Source]) -> bool {
    let (place, name) = test.rsplit_once("::").unwrap_or(("", test));
    let function = format!("fn {name}");
    sources
        .iter()
        .filter(|source| !tree::is_rust(place) || source.path == place)
        // Looked for in the whole text first: that is quick.
        .filter(|source| source.text.contains(&function))
        .any(|source| source.code(Part::All).any(|(_, line)| tree::names(line, &function)))
}

#[cfg(test)]
mod tests {
    use super::{Source, cited, exists};

    #[test]
    fn only_the_test_column_is_read() {
        let table = "| Refused | Test |\n|---|---|\n| `none` | `tests/a.rs::b`, `c` |\n\n| x | y |\n|---|---|\n| `d` | `e` |\n";
        assert_eq!(cited(table), ["tests/a.rs::b", "c"]);
    }

    #[test]
    fn a_test_is_found_by_its_whole_name_in_its_own_file() {
        let sources = [Source { path: "tests/a.rs".to_owned(), text: "fn one_is_refused() {}\n".to_owned() }];
        assert!(exists("tests/a.rs::one_is_refused", &sources));
        assert!(exists("attacks::one_is_refused", &sources));
        assert!(!exists("tests/b.rs::one_is_refused", &sources));
        assert!(!exists("one_is", &sources));
    }
}
