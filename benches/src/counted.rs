//! What is counted of the rows, and does not depend on what else the machine does.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use landfall_requests::{Kind, Runner, measured};

use crate::bench::Bench;
use crate::callback::{self, Provider};
use crate::engines::Engines;
use crate::rows::{self, Row};

/// So many requests are answered where instructions are counted, after as many to warm up.
const REQUESTS: u32 = 500;

/// What one row was found to cost per request, the framework included.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted {
    pub allocations: f64,
    pub bytes: f64,
    /// To an engine.
    pub trips: f64,
    pub instructions: Option<f64>,
    /// The same for a request that says no more than its host and its cookies: of the paths alone.
    pub short_allocations: Option<f64>,
    pub short_instructions: Option<f64>,
}

/// Counts these rows, which are all that are measurable; with `paths` only those whose counts are kept.
pub fn count(rows: &[Row], paths: bool) -> Vec<Counted> {
    let numbers: Vec<[f64; 4]> = by_program(if paths { &["paths"] } else { &[] });
    let mut counted: Vec<Counted> = rows
        .iter()
        .zip(numbers)
        .map(|(row, [allocations, bytes, trips, short])| Counted {
            allocations,
            bytes,
            trips,
            short_allocations: row.is_path().then_some(short),
            ..Counted::default()
        })
        .collect();
    if has_valgrind() {
        let wanted = |row: &Row, kind| match kind {
            Kind::Navigation => !row.asks && (row.is_path() || !paths),
            Kind::Short => row.is_path(),
        };
        let all = rows.iter().enumerate().flat_map(|row| [(row, Kind::Navigation), (row, Kind::Short)]);
        let jobs: Vec<_> =
            all.filter(|((_, row), kind)| wanted(row, *kind)).map(|((at, _), kind)| (at, kind)).collect();
        for ((at, kind), instructions) in jobs.iter().zip(side_by_side(&jobs)) {
            match kind {
                Kind::Navigation => counted[*at].instructions = instructions,
                Kind::Short => counted[*at].short_instructions = instructions,
            }
        }
    }
    counted
}

/// Whether instructions can be counted.
pub fn has_valgrind() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok_and(|run| run.status.success())
}

/// What the other program counts, line by line: counting takes time.
pub fn by_program<const N: usize>(arguments: &[&str]) -> Vec<[f64; N]> {
    let here = std::env::current_exe().expect("a path");
    let output = Command::new(here.with_file_name("counts"))
        .args(arguments)
        .output()
        .expect("it is built beside this one");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .map(|line| {
            let numbers: Vec<f64> = line.split(' ').map(|number| number.parse().expect("a number")).collect();
            numbers.try_into().expect("so many numbers")
        })
        .collect()
}

/// The instructions of each, as many at a time as there are processors: each is a process of its own.
fn side_by_side(jobs: &[(usize, Kind)]) -> Vec<Option<f64>> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(vec![None; jobs.len()]);
    let hands = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..hands {
            scope.spawn(|| {
                while let Some((at, (row, kind))) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, *jobs.get(at)?)))
                {
                    let instructions = instructions(row, kind);
                    found.lock().unwrap_or_else(PoisonError::into_inner)[at] = instructions;
                }
            });
        }
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Instructions of a request of this kind.
fn instructions(row: usize, kind: Kind) -> Option<f64> {
    let (row, count) = (row.to_string(), REQUESTS.to_string());
    let once = ["once", &row, &count];
    let short = (kind == Kind::Short).then_some("short");
    Some(collected(once.into_iter().chain(short))? / f64::from(REQUESTS))
}

/// Instructions of a callback of each row, of so many; `None` of one that has work done by other threads, whose
/// instructions are not counted.
pub fn callbacks(rows: &[callback::Row], count: u32) -> Vec<Option<f64>> {
    let valgrind = has_valgrind();
    let each = rows.iter().enumerate().map(|(at, row)| {
        let (at, all) = (at.to_string(), count.to_string());
        let counted = valgrind && row.one_thread;
        Some(counted.then(|| collected(["callback", "once", &at, &all]))?? / f64::from(count))
    });
    each.collect()
}

/// What callgrind counts while this program runs one row.
fn collected<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Option<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*subject::measured*"])
        .arg(std::env::current_exe().ok()?)
        .args(arguments)
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.lines().find_map(|line| line.split_once("Collected : "))?.1.trim().parse().ok()
}

/// What callgrind is given to run: one row, by its number.
pub fn once(row: &str, count: &str, kind: Kind) {
    let engines = Engines::started();
    let rows = rows::measurable(&engines);
    let number = |text: &str| text.parse::<usize>().expect("a number");
    let (row, count) = (rows.get(number(row)).expect("a row"), number(count));
    let mut subject = row.subject(&Bench::new(engines), kind);
    subject.prepare(2 * count);
    subject.run(count);
    measured(&mut *subject, count);
}

/// The same of a whole callback.
pub fn callback_once(row: &str, count: &str) {
    let number = |text: &str| text.parse::<usize>().expect("a number");
    let (runner, provider) = (Runner::new(), Provider::start());
    let (row, count) = (callback::ROWS.get(number(row)).expect("a row"), number(count));
    let mut subject = (row.make)(&runner, &provider);
    subject.prepare(2 * count);
    subject.run(count);
    measured(&mut *subject, count);
}
