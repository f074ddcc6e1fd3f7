//! The figures of the core, measured the same way every time, and the bounds that they keep.

use std::collections::BTreeSet;

use super::circles;
use super::invariants::none;
use super::krate::{self, Crate, File, Function};
use super::text::Line;
use crate::shell::Failure;

/// The longest file of a published crate, in lines; comments and inline tests do not count, as in all of these.
pub(crate) const LONGEST_FILE: usize = 420;
/// The longest function, from `fn` to its brace.
const LONGEST_FUNCTION: usize = 60;
/// The most files and folders in `src/`.
const MOST_ENTRIES: usize = 21;
/// The least share of `///` and `//!` among all lines that are not tests, per thousand.
const LEAST_DOCS: usize = 240;

/// Of a circle of files, this many are shown.
const SHOWN: usize = 8;

/// Prints the table, and fails where a bound is passed.
pub(crate) fn of_the_core() -> Result<(), Failure> {
    let figures = Figures::of(krate::core()?);
    println!("        crates/landfall/src, without tests {:>30} bound", "");
    for (figure, value, bound) in figures.rows() {
        println!("        {figure:<45} {value:>20} {bound}");
    }
    let circle = &figures.circle_of_files;
    if !circle.is_empty() {
        let more = if circle.len() > SHOWN { ", …" } else { "" };
        println!(
            "        that circle: {}{more}",
            circle.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ")
        );
    }
    none(&figures.violations())
}

/// What is measured.
struct Figures<'a> {
    krate: &'a Crate,
    /// Files by their lines of code, functions likewise; the shortest first.
    files: Vec<(usize, &'a File)>,
    functions: Vec<(usize, &'a File, &'a Function)>,
    docs: usize,
    lines: usize,
    circle_of_rooms: Vec<&'a str>,
    circle_of_files: Vec<&'a str>,
    entries: usize,
}

impl<'a> Figures<'a> {
    fn of(krate: &'a Crate) -> Self {
        let code: Vec<&File> = krate.files.iter().filter(|file| !file.test).collect();
        let mut files: Vec<_> = code.iter().map(|file| (file.lines.count(Line::Code), *file)).collect();
        files.sort_by_key(|(lines, _)| *lines);
        let long = |file: &'a File| {
            let lines = |function: &Function| file.lines.code_between(function.first, function.last);
            file.functions.iter().map(move |function| (lines(function), file, function))
        };
        let mut functions: Vec<_> = code.iter().flat_map(|file| long(file)).collect();
        functions.sort_by_key(|(lines, ..)| *lines);
        let count = |kind| code.iter().map(|file| file.lines.count(kind)).sum::<usize>();
        let docs = count(Line::Doc);
        let lines = docs + count(Line::Code) + count(Line::Comment);
        let (circle_of_rooms, circle_of_files) = circles::largest(krate);
        let entry = |file: &'a File| file.path.split('/').next();
        let entries = krate.files.iter().filter_map(entry).collect::<BTreeSet<_>>().len();
        Self { krate, files, functions, docs, lines, circle_of_rooms, circle_of_files, entries }
    }

    fn rows(&self) -> Vec<(&'static str, String, String)> {
        let files: Vec<usize> = self.files.iter().map(|(lines, _)| *lines).collect();
        let functions: Vec<usize> = self.functions.iter().map(|(lines, ..)| *lines).collect();
        let longer = functions.iter().filter(|lines| **lines > LONGEST_FUNCTION).count();
        let at_most = |bound: usize| format!("at most {bound}");
        vec![
            ("files", files.len().to_string(), String::new()),
            (
                "lines of a file: median / p90 / longest",
                format!("{} / {} / {}", at(&files, 50), at(&files, 90), at(&files, 100)),
                at_most(LONGEST_FILE),
            ),
            (
                "lines of a function: median / p99 / longest",
                format!("{} / {} / {}", at(&functions, 50), at(&functions, 99), at(&functions, 100)),
                at_most(LONGEST_FUNCTION),
            ),
            ("functions longer than that", format!("{longer} of {}", functions.len()), at_most(0)),
            (
                "lines of documentation",
                percent(self.doc_share()),
                format!("at least {}", percent(LEAST_DOCS)),
            ),
            (
                "largest circle of files",
                format!("{} of {}", self.circle_of_files.len(), self.files.len()),
                String::new(),
            ),
            (
                "largest circle between rooms",
                format!("{} of {}", self.circle_of_rooms.len(), self.krate.rooms().len()),
                at_most(0),
            ),
            ("entries in src/", self.entries.to_string(), at_most(MOST_ENTRIES)),
        ]
    }

    fn violations(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (lines, file) in self.files.iter().rev().filter(|(lines, _)| *lines > LONGEST_FILE) {
            wrong.push(format!("{}: {lines} lines, at most {LONGEST_FILE}", file.path));
        }
        for (lines, file, function) in self.functions.iter().rev() {
            if *lines > LONGEST_FUNCTION {
                let (path, first, name) = (&file.path, function.first, &function.name);
                wrong.push(format!("{path}:{first}: `{name}` has {lines} lines, at most {LONGEST_FUNCTION}"));
            }
        }
        if !self.circle_of_rooms.is_empty() {
            wrong.push(format!("a circle of {} rooms, see `circles`", self.circle_of_rooms.len()));
        }
        if self.entries > MOST_ENTRIES {
            wrong.push(format!("src/ has {} entries, at most {MOST_ENTRIES}", self.entries));
        }
        if self.doc_share() < LEAST_DOCS {
            let (share, least) = (percent(self.doc_share()), percent(LEAST_DOCS));
            wrong.push(format!("{share} of the lines are documentation, at least {least}"));
        }
        wrong
    }

    /// Per thousand lines, rounded down.
    fn doc_share(&self) -> usize {
        (self.docs * 1000).checked_div(self.lines).unwrap_or(0)
    }
}

fn percent(thousandths: usize) -> String {
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}

/// The value that so many percent are below; the greatest at 100.
fn at(sorted: &[usize], percent: usize) -> usize {
    let index = sorted.len() * percent / 100;
    sorted.get(index).or(sorted.last()).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::staged;
    use super::{Figures, LONGEST_FILE, LONGEST_FUNCTION, MOST_ENTRIES, at};

    fn function(lines: usize) -> String {
        format!("/// A.\npub async fn a() {{\n{}}}\n", "    b();\n".repeat(lines - 2))
    }

    fn found_in(files: &[(&str, &str)]) -> Vec<String> {
        Figures::of(&staged("x", files)).violations()
    }

    #[test]
    fn a_function_may_have_sixty_lines_and_not_one_more() {
        let docs = "//! A.\n".repeat(60);
        let (fits, longer) =
            (docs.clone() + &function(LONGEST_FUNCTION), docs + &function(LONGEST_FUNCTION + 1));
        assert_eq!(found_in(&[("lib.rs", &fits)]), Vec::<String>::new());
        assert_eq!(found_in(&[("lib.rs", &longer)]), ["lib.rs:62: `a` has 61 lines, at most 60"]);
        // A comment is no line, and a test no function.
        let commented = fits.replacen("b();\n", "b();\n    // Why.\n", 30);
        assert_eq!(found_in(&[("lib.rs", &commented)]), Vec::<String>::new());
        let test = longer.replace("pub async", "#[cfg(test)] async");
        assert_eq!(found_in(&[("lib.rs", &test)]), Vec::<String>::new());
        let method = longer.replace("pub async", "struct A; impl A { async") + "}";
        assert_eq!(found_in(&[("lib.rs", &method)]).len(), 1);
    }

    #[test]
    fn functions_of_tests_are_not_counted() {
        let text =
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n    mod c {\n        fn d() {}\n    }\n}\n";
        let krate = staged("x", &[("lib.rs", text)]);
        let functions = Figures::of(&krate).functions;
        assert_eq!(
            functions.iter().map(|(_, _, function)| function.name.as_str()).collect::<Vec<_>>(),
            ["a"]
        );
    }

    #[test]
    fn a_file_is_as_long_as_its_code() {
        let code = "//! A.\n".repeat(200) + &"use std::fmt;\n".repeat(LONGEST_FILE);
        let tests = "#[cfg(test)]\nmod tests {\n    use std::fmt;\n}\n";
        assert_eq!(found_in(&[("lib.rs", &(code.clone() + "// B.\n" + tests))]), Vec::<String>::new());
        assert_eq!(found_in(&[("lib.rs", &(code + "\n" + tests))]), ["lib.rs: 421 lines, at most 420"]);
    }

    #[test]
    fn files_and_folders_in_src_are_counted_once() {
        let names: Vec<String> = (1..=MOST_ENTRIES).map(|number| format!("a{number}")).collect();
        let root = |names: &[String]| "//! A.\n".repeat(9) + "mod " + &names.join(";\nmod ") + ";\n";
        let (few, many) = (root(&names[1..]), root(&names));
        let paths: Vec<String> = names.iter().map(|name| format!("{name}/mod.rs")).collect();
        let mut files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "")).collect();
        files.push(("lib.rs", &many));
        assert_eq!(found_in(&files), ["src/ has 22 entries, at most 21"]);
        files[MOST_ENTRIES] = ("lib.rs", &few);
        assert_eq!(found_in(&files[1..]), Vec::<String>::new());
    }

    #[test]
    fn few_docs_and_a_circle_of_rooms_are_told() {
        let files =
            [("lib.rs", "mod a;\nmod b;\n"), ("a.rs", "use crate::b;\n"), ("b.rs", "use crate::a;\n")];
        let wrong =
            ["a circle of 2 rooms, see `circles`", "0.0 % of the lines are documentation, at least 24.0 %"];
        assert_eq!(found_in(&files), wrong);
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<usize> = (1..=10).collect();
        assert_eq!((at(&values, 50), at(&values, 90), at(&values, 100)), (6, 10, 10));
        assert_eq!(at(&[], 50), 0);
    }
}
