//! The repository's files, as the checks read them.

use std::fs;
use std::path::Path;

use crate::shell::{self, Failure};

/// A text file of the repository.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the root, with slashes.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

/// Which lines to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// What is built into a crate: no tests.
    Library,
    /// Tests only.
    Tests,
    /// Both.
    All,
}

/// Every text file that is tracked, or would be.
pub(crate) fn files() -> Result<Vec<Source>, Failure> {
    let mut git = shell::program("git");
    let listed = shell::output(git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))?;
    let root = shell::root();
    let read = |path: &str| {
        // Deleted but not yet committed, or not text: nothing to read.
        let text = fs::read_to_string(root.join(path)).ok()?;
        Some(Source { path: path.to_owned(), text })
    };
    let files: Vec<Source> = listed.split('\0').filter(|path| !path.is_empty()).filter_map(read).collect();
    if files.is_empty() { Err("git lists no file here".into()) } else { Ok(files) }
}

/// The Rust among them.
pub(crate) fn rust() -> Result<Vec<Source>, Failure> {
    Ok(files()?.into_iter().filter(|file| is_rust(&file.path)).collect())
}

/// Whether a path names Rust code.
pub(crate) fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

impl Source {
    /// Numbered lines of code: comments left out.
    pub(crate) fn code(&self, part: Part) -> impl Iterator<Item = (usize, &str)> {
        let first_test = self.first_line_of_tests();
        (1..).zip(self.text.lines()).filter_map(move |(number, line)| {
            let wanted = match part {
                Part::All => true,
                Part::Library => number < first_test,
                Part::Tests => number >= first_test,
            };
            wanted.then(|| (number, without_comment(line)))
        })
    }

    /// Where code names one of `words`, one line each.
    pub(crate) fn naming(&self, part: Part, words: &[&str]) -> Vec<String> {
        self.code(part)
            .filter_map(|(number, line)| {
                let word = words.iter().find(|word| names(line, word))?;
                Some(format!("{}:{number}: {word}", self.path))
            })
            .collect()
    }

    fn first_line_of_tests(&self) -> usize {
        let is_test = |step: &str| step == "tests" || step == "test_keys.rs" || step.ends_with("tests.rs");
        if self.path.split('/').any(is_test) {
            return 1;
        }
        let lines: Vec<&str> = self.text.lines().collect();
        let opens = |pair: &[&str]| matches!(pair, [gate, "mod tests {"] if gate.starts_with("#[cfg(") && names(gate, "test"));
        lines.windows(2).position(opens).map_or(usize::MAX, |index| index + 1)
    }
}

/// Whether `word` stands in `line`, not as a part of a longer name.
pub(crate) fn names(line: &str, word: &str) -> bool {
    let part_of_name = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        let joined = |outer: Option<char>, inner: Option<char>| {
            outer.is_some_and(part_of_name) && inner.is_some_and(part_of_name)
        };
        !joined(before.chars().next_back(), word.chars().next())
            && !joined(after.chars().next(), word.chars().next_back())
    })
}

/// Good enough for formatted code: a comment has a space before and after its slashes.
fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with("//") {
        return "";
    }
    line.split_once(" // ").map_or(line, |(code, _)| code)
}

#[cfg(test)]
mod tests {
    use super::{Part, Source, names};

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_word_inside_a_longer_name_is_not_that_word() {
        assert!(names("now: &dyn Clock)", "Clock"));
        assert!(!names("skew: ClockSkew", "Clock"));
        assert!(!names("an_async_name", "async"));
        assert!(names("format!(\"?state={state}\")", "state="));
        assert!(!names("sub_state={x}", "state="));
    }

    #[test]
    fn comments_are_not_code() {
        let file = source("src/a.rs", "/// no async here\nlet url = \"http://a/async\"; // async\n");
        assert_eq!(file.naming(Part::All, &["async"]), ["src/a.rs:2: async"]);
        assert_eq!(file.naming(Part::All, &["// async"]), Vec::<String>::new());
    }

    #[test]
    fn tests_begin_at_their_module_or_with_their_file() {
        let text = "one();\n#[cfg(test)]\nmod tests {\n    two();\n}\n";
        let file = source("crates/x/src/a.rs", text);
        assert_eq!(file.naming(Part::Library, &["one", "two"]), ["crates/x/src/a.rs:1: one"]);
        assert_eq!(file.naming(Part::Tests, &["one", "two"]), ["crates/x/src/a.rs:4: two"]);
        let file = source("tests/scenarios/a.rs", "one();\n");
        assert_eq!(file.naming(Part::Tests, &["one"]).len(), 1);
    }
}
