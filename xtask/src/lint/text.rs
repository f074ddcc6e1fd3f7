//! What each line of a file is: code, documentation, a comment, a test.

use std::ops::RangeInclusive;

/// What a line is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Code, or the empty line between.
    Code,
    /// `///` or `//!`.
    Doc,
    /// Any other comment.
    Comment,
    /// Inside an item that is built for tests only.
    Test,
}

/// The lines of a file, in order.
#[derive(Debug, Default)]
pub(crate) struct Lines(Vec<Line>);

impl Lines {
    /// `tests` and `literals` are the lines of test items, and of strings that span several.
    pub(crate) fn of(text: &str, tests: &[Span], literals: &[Span]) -> Self {
        let inside = |spans: &[Span], number| spans.iter().any(|span| span.contains(&number));
        let kind = |(number, line): (usize, &str)| {
            let line = line.trim_start();
            if inside(tests, number) {
                Line::Test
            } else if !line.starts_with("//") || inside(literals, number) {
                Line::Code
            } else if is_documentation(line) {
                Line::Doc
            } else {
                Line::Comment
            }
        };
        Self((1..).zip(text.lines()).map(kind).collect())
    }

    /// How many of them are of this kind.
    pub(crate) fn count(&self, kind: Line) -> usize {
        self.0.iter().filter(|line| **line == kind).count()
    }

    /// How many lines of code stand between these two, both counted.
    pub(crate) fn code_between(&self, first: usize, last: usize) -> usize {
        let lines = self.0.iter().take(last).skip(first.saturating_sub(1));
        lines.filter(|line| **line == Line::Code).count()
    }
}

/// From line to line, both counted from one.
pub(crate) type Span = RangeInclusive<usize>;

/// Whether a line documents something: an empty one between two paragraphs says nothing by itself.
fn is_documentation(line: &str) -> bool {
    let said =
        line.strip_prefix("//!").or_else(|| line.strip_prefix("///").filter(|said| !said.starts_with('/')));
    said.is_some_and(|said| !said.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Line, Lines};

    #[test]
    fn comments_documentation_and_tests_are_no_code() {
        let text = "//! A.\n\n/// B.\nfn b() {\n    // C.\n    c(); // D.\n}\n//// E.\n#[test]\nfn f() {}\n";
        let lines = Lines::of(text, &[9..=10], &[]);
        assert_eq!(lines.count(Line::Code), 4);
        assert_eq!(lines.count(Line::Doc), 2);
        assert_eq!(lines.count(Line::Comment), 2);
        assert_eq!(lines.count(Line::Test), 2);
        assert_eq!(lines.code_between(4, 7), 3);
    }

    #[test]
    fn slashes_inside_a_string_are_code() {
        let lines = Lines::of("const A: &str = \"\n// b\n\";\n", &[], &[1..=3]);
        assert_eq!(lines.count(Line::Code), 3);
    }
}
