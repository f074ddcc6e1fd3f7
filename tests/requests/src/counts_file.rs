//! The file in which the counts stand.

use std::fmt::{self, Display, Write as _};
use std::fs;
use std::path::Path;

use crate::column::{Column, Numbers};
use crate::found::Found;
use crate::paths::{Framework, Row};

/// Where it is.
const PLACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/counts.txt");
/// What compiled this: its version, and for what.
const COMPILER: &str = env!("LANDFALL_REQUESTS_COMPILER");

const TOP: &str = "\
# What one request costs: a row each, what it adds to the bare framework; the bare rows themselves are whole.
# A row that rises is a line of the change that raises it, and the change says why.
#
#   tests     allocations and bytes in the profile that tests have: cargo xtask test compares them
#   release   allocations, bytes and instructions (callgrind), built for release: cargo xtask bench compares them
#   short     allocations and instructions of a request that says no more than its host and its cookies
#
# CONTRIBUTING.md says how the file is written anew. Nobody writes it by hand.

";

/// The counts as they are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountsFile {
    /// What compiled the tests when they were counted.
    tests: String,
    /// What compiled the bench.
    release: String,
    lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    framework: Framework,
    name: String,
    numbers: Numbers,
}

/// Something that the file says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    row: String,
    /// What the file says and what was found; neither where the row is only in one of them.
    what: What,
    /// Whether it may come of another compiler than the one of the file.
    is_soft: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Changed(Column, i64, i64),
    New,
    Gone,
}

impl CountsFile {
    /// As it stands in the repository.
    ///
    /// # Errors
    /// Where it is not there, or a line of it is none.
    pub fn read() -> Result<Self, String> {
        let text = fs::read_to_string(PLACE).map_err(|error| format!("counts.txt: {error}"))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut file = Self::default();
        let mut framework = None;
        for (number, line) in (1..).zip(text.lines()) {
            let wrong = || format!("counts.txt:{number}: {line:?} cannot be read");
            let line = line.trim();
            if let Some(compiler) = line.strip_prefix("tests by rustc") {
                compiler.trim().clone_into(&mut file.tests);
            } else if let Some(compiler) = line.strip_prefix("release by rustc") {
                compiler.trim().clone_into(&mut file.release);
            } else if let Some((name, cells)) = line.split_once('|') {
                let name = name.trim();
                if let Some(heading) = Framework::ALL.into_iter().find(|framework| framework.name() == name) {
                    framework = Some(heading);
                    continue;
                }
                let numbers = numbers(cells).ok_or_else(wrong)?;
                let framework = framework.ok_or_else(wrong)?;
                file.lines.push(Line { framework, name: name.to_owned(), numbers });
            } else if !line.is_empty() && !line.starts_with('#') {
                return Err(wrong());
            }
        }
        Ok(file)
    }

    /// Where it differs from what was found. What was not counted is not compared.
    pub fn differences(&self, found: &Found) -> Vec<Difference> {
        let is_of = |line: &Line, row: &Row| line.framework == row.framework && line.name == row.path.name;
        let mut differences = Vec::new();
        for (row, numbers) in &found.0 {
            let called = format!("{}, {}", row.framework.name(), row.path.name);
            let Some(line) = self.lines.iter().find(|line| is_of(line, row)) else {
                differences.push(Difference { row: called, what: What::New, is_soft: false });
                continue;
            };
            for ((column, kept), found) in Column::ALL.into_iter().zip(line.numbers).zip(*numbers) {
                let what = match (kept, found) {
                    (Some(kept), Some(found)) if !column.agree(kept, found) => {
                        What::Changed(column, kept, found)
                    }
                    (None, Some(_)) => What::New,
                    _ => continue,
                };
                differences.push(Difference { row: called.clone(), what, is_soft: self.is_soft(column) });
            }
        }
        let gone = self.lines.iter().filter(|line| !found.0.iter().any(|(row, _)| is_of(line, row)));
        differences.extend(gone.map(|line| {
            let row = format!("{}, {}", line.framework.name(), line.name);
            Difference { row, what: What::Gone, is_soft: false }
        }));
        differences
    }

    /// Whether what a column says depends on the compiler, which is another one here. Without optimisation every
    /// allocation that is written is made.
    fn is_soft(&self, column: Column) -> bool {
        let compiler = if column.is_of_tests() { &self.tests } else { &self.release };
        column != Column::TestAllocations && compiler != COMPILER
    }

    /// What compiled the bench when it was counted, if that is not what compiled this one.
    pub fn other_compiler(&self) -> Option<&str> {
        Some(self.release.as_str()).filter(|compiler| *compiler != COMPILER)
    }

    /// Writes it anew: with what was found, and as it was in the columns that were not counted.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn update(mut self, found: &Found) -> Result<(), String> {
        self.put(found);
        fs::write(Path::new(PLACE), self.to_string()).map_err(|error| format!("counts.txt: {error}"))
    }

    fn put(&mut self, found: &Found) {
        let before = std::mem::take(&mut self.lines);
        for (row, numbers) in &found.0 {
            let (framework, name) = (row.framework, row.path.name);
            let old = before.iter().find(|line| line.framework == framework && line.name == name);
            let old = old.map(|line| line.numbers).unwrap_or_default();
            let numbers = std::array::from_fn(|at| {
                let column = Column::ALL[at];
                match (old[at], numbers[at]) {
                    // What does not count as a difference is not one in the file either.
                    (Some(old), Some(new)) if column.agree(old, new) => Some(old),
                    (old, new) => new.or(old),
                }
            });
            self.lines.push(Line { framework, name: name.to_owned(), numbers });
        }
        let counted = |of_tests| {
            let counted = |numbers: &Numbers| {
                let mut columns = Column::ALL.into_iter().zip(numbers);
                columns.any(|(column, number)| column.is_of_tests() == of_tests && number.is_some())
            };
            found.0.iter().any(|(_, numbers)| counted(numbers))
        };
        if counted(true) {
            COMPILER.clone_into(&mut self.tests);
        }
        if counted(false) {
            COMPILER.clone_into(&mut self.release);
        }
    }
}

fn numbers(cells: &str) -> Option<Numbers> {
    let words: Vec<&str> = cells.split(['|', ' ']).filter(|word| !word.is_empty()).collect();
    let mut numbers = Numbers::default();
    if words.len() != numbers.len() {
        return None;
    }
    for (number, word) in numbers.iter_mut().zip(words) {
        *number = if word == "-" { None } else { Some(word.parse().ok()?) };
    }
    Some(numbers)
}

impl Display for CountsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(TOP)?;
        writeln!(f, "tests by rustc {}\nrelease by rustc {}", self.tests, self.release)?;
        for framework in Framework::ALL {
            let [tests, release, short] = ["tests", "release", "short"];
            writeln!(f, "\n{:<42}| {tests:<12} | {release:<20} | {short}", framework.name())?;
            for line in self.lines.iter().filter(|line| line.framework == framework) {
                let mut text = format!("{:<42}", line.name);
                for (column, number) in Column::ALL.into_iter().zip(line.numbers) {
                    let number = number.map_or_else(|| "-".to_owned(), |number| number.to_string());
                    let (border, width) = match column {
                        Column::TestAllocations | Column::Allocations | Column::ShortAllocations => ("| ", 5),
                        Column::TestBytes | Column::Bytes => ("", 6),
                        Column::Instructions | Column::ShortInstructions => ("", 7),
                    };
                    write!(text, "{border}{number:>width$} ")?;
                }
                writeln!(f, "{}", text.trim_end())?;
            }
        }
        Ok(())
    }
}

impl Difference {
    /// Whether it has to be dealt with where nothing may rise: what fell is only told, and what another compiler may
    /// have made of it as well.
    pub fn is_rise(&self) -> bool {
        let rose = match self.what {
            What::Changed(_, kept, found) => found > kept,
            What::New | What::Gone => true,
        };
        rose && !self.is_soft
    }

    /// Whether it may come of another compiler than the one of the file.
    pub fn is_soft(&self) -> bool {
        self.is_soft
    }
}

impl Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            What::Changed(column, kept, found) => {
                let change = found - kept;
                write!(f, "{}: {found} {}, {change:+} to the file's {kept}", self.row, column.name())
            }
            What::New => write!(f, "{}: counted, but not in the file", self.row),
            What::Gone => write!(f, "{}: in the file, but counted no more", self.row),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{COMPILER, CountsFile};
    use crate::column::{Column, Numbers};
    use crate::found::Found;
    use crate::paths::Row;

    /// Every row costs ten more than the one before, in each column.
    fn found(of: impl Fn(Column) -> bool) -> Found {
        let mut cost = 0;
        Found::measure(|row: Row| {
            cost = if row.is_bare() { 10 } else { cost + 10 };
            Column::ALL.map(|column| of(column).then_some(cost))
        })
    }

    fn kept() -> CountsFile {
        let mut file = CountsFile::default();
        file.put(&found(|_| true));
        file
    }

    fn changed(by: i64, column: Column) -> Found {
        let mut found = found(|_| true);
        let (_, numbers) = &mut found.0[1];
        let number = &mut numbers[Column::ALL.iter().position(|other| *other == column).unwrap()];
        *number = number.map(|number| number + by);
        found
    }

    #[test]
    fn what_is_written_is_read_and_a_row_is_what_it_adds_to_the_bare_one() {
        let file = kept();
        assert_eq!(CountsFile::parse(&file.to_string()), Ok(file.clone()));
        assert_eq!(file.lines[0].numbers, [Some(10); 7]);
        assert_eq!(file.lines[2].numbers, [Some(20); 7]);
        assert_eq!(file.differences(&found(|_| true)), []);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_told_with_its_number() {
        for text in ["bare | 1 2", "axum |\nbare | 1 | 2", "axum |\nbare | 1 2 3 4 5 6 x", "hello"] {
            assert!(CountsFile::parse(text).unwrap_err().starts_with("counts.txt:"), "{text}");
        }
    }

    #[test]
    fn one_too_many_is_a_rise_and_one_fewer_is_told() {
        let [more] = kept().differences(&changed(1, Column::TestAllocations)).try_into().unwrap();
        assert!(more.is_rise());
        assert_eq!(
            more.to_string(),
            "axum, one layer that does nothing: 11 allocations under test, +1 to the file's 10"
        );
        let [fewer] = kept().differences(&changed(-1, Column::Allocations)).try_into().unwrap();
        assert!(!fewer.is_rise());
    }

    #[test]
    fn a_row_that_is_new_or_gone_has_to_be_dealt_with() {
        let mut file = kept();
        file.lines[3].name = "another".to_owned();
        let [new, gone] = file.differences(&found(|_| true)).try_into().unwrap();
        assert!(new.is_rise() && gone.is_rise(), "{new} {gone}");
        file.lines[3].numbers = Numbers::default();
        file.put(&found(|_| true));
        assert_eq!(file, kept());
    }

    #[test]
    fn another_compiler_may_have_made_anything_but_the_allocations_of_the_tests() {
        let file = CountsFile::parse(&kept().to_string().replace(COMPILER, "1.0.0 here")).unwrap();
        let soft = |column| file.differences(&changed(100, column))[0].is_soft();
        assert!(!soft(Column::TestAllocations));
        assert!(soft(Column::TestBytes) && soft(Column::Allocations) && soft(Column::Instructions));
    }

    #[test]
    fn the_bench_leaves_the_columns_of_the_tests_alone() {
        let mut file = CountsFile::default();
        file.put(&found(Column::is_of_tests));
        assert_eq!((file.tests.as_str(), file.release.as_str()), (COMPILER, ""));
        file.put(&found(|column| !column.is_of_tests()));
        assert_eq!(file, kept());
    }
}
