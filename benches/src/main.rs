//! `cargo xtask bench`: everything in one run. `-- requests`, `-- callback`, `-- start`, `-- beside` and `-- scale` are its parts;
//! `-- counts` only compares what the file of counts has, `-- counts --update` writes it anew;
//! `-- once ROW COUNT` and `-- callback once ROW COUNT` run one row, which is what callgrind is given.

use std::process::ExitCode;

use cpu_time::ProcessTime;
use landfall_bench::bench::Bench;
use landfall_bench::callback::{self, Provider};
use landfall_bench::callback_table::{self, CallbackCost};
use landfall_bench::counted::{self, Counted};
use landfall_bench::engines::Engines;
use landfall_bench::rows::{self, Row};
use landfall_bench::table::{self, Cost};
use landfall_bench::{beside, callback_floor, kept, scale, start};
use landfall_requests::{Kind, Runner};

const ROUNDS: usize = 25;
const REQUESTS: u32 = 1000;
/// Callbacks of a round.
const CALLBACKS: u32 = 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let nothing_rose = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => everything(),
        ["requests"] => requests(),
        ["counts"] => counts(kept::compare),
        ["counts", "--update"] => counts(|rows, counted| kept::update(rows, counted).map(|()| true)),
        ["callback"] => done(whole_callback()),
        ["callback", "once", row, count] => done(counted::callback_once(row, count)),
        ["provider"] => done(Provider::serve()),
        ["start"] => done(cold_start()),
        ["beside"] => done(beside::print(&Bench::new(Engines::started()))),
        ["scale"] => done(sessions_held()),
        ["once", row, count] => done(counted::once(row, count, Kind::Navigation)),
        ["once", row, count, "short"] => done(counted::once(row, count, Kind::Short)),
        _ => {
            eprintln!(
                "usage: cargo xtask bench [-- requests | counts [--update] | callback | start | beside | scale]"
            );
            return ExitCode::from(2);
        }
    };
    match nothing_rose {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// A part that compares nothing.
fn done((): ()) -> Result<bool, String> {
    Ok(true)
}

fn everything() -> Result<bool, String> {
    let nothing_rose = requests()?;
    whole_callback();
    cold_start();
    beside::print(&Bench::new(Engines::started()));
    sessions_held();
    Ok(nothing_rose)
}

/// Counts what the file of counts has, and does this with it.
fn counts(then: impl FnOnce(&[Row], &[Counted]) -> Result<bool, String>) -> Result<bool, String> {
    let rows = rows::measurable(&Engines::started());
    then(&rows, &counted::count(&rows, true))
}

fn requests() -> Result<bool, String> {
    let rows = rows::measurable(&Engines::started());
    let times = cpu_times(&rows);
    let counted = counted::count(&rows, false);
    let costs: Vec<Cost> = times
        .iter()
        .zip(&counted)
        .map(|(times, counted)| Cost {
            nanos: times.median,
            added: times.added,
            added_least: times.added_least,
            counted: *counted,
        })
        .collect();
    table::print(&rows, &costs);
    if !counted::has_valgrind() {
        println!("\nInstructions are not counted: valgrind is not installed.");
    }
    println!(
        "\ntrips: to the engine, counted on the wire. sqlx's pool makes one more when a connection is given back, for \
         which no request waits.\nCPU is this process's, all threads, while other programs had the machine as well: \
         where instructions are equal, so is the work."
    );
    for engine in Engines::started().missing() {
        println!("\nNothing is measured with {engine}: `cargo xtask bench` starts it.");
    }
    kept::compare(&rows, &counted)
}

fn sessions_held() {
    let bytes: Vec<[f64; 1]> = counted::by_program(&["memory"]);
    let in_memory: Vec<f64> = bytes.into_iter().map(|[bytes]| bytes).collect();
    scale::print(&Bench::new(Engines::started()), &in_memory);
}

fn whole_callback() {
    let rows = &callback::ROWS;
    let (runner, provider) = (Runner::new(), Provider::start());
    let mut subjects: Vec<_> = rows.iter().map(|row| (row.make)(&runner, &provider)).collect();
    let mut times = vec![Vec::new(); rows.len()];
    for round in 0..=ROUNDS {
        for (subject, times) in subjects.iter_mut().zip(&mut times) {
            subject.prepare(CALLBACKS as usize);
            let started = ProcessTime::now();
            subject.run(CALLBACKS as usize);
            // The first round warms up.
            if round > 0 {
                times.push(started.elapsed().as_secs_f64() * 1e6 / f64::from(CALLBACKS));
            }
        }
    }
    let counts: Vec<[f64; 2]> = counted::by_program(&["callback"]);
    let instructions = counted::callbacks(rows, CALLBACKS);
    let costs: Vec<CallbackCost> = times
        .into_iter()
        .zip(counts)
        .zip(instructions)
        .map(|((times, [allocations, bytes]), instructions)| CallbackCost {
            least: times.iter().copied().fold(f64::INFINITY, f64::min),
            median: median(times),
            allocations,
            bytes,
            instructions,
        })
        .collect();
    callback_table::print(rows, &costs, callback_floor::verification());
}

fn cold_start() {
    start::print(&Runner::new());
}

/// The CPU time of a request, in nanoseconds.
struct Times {
    median: f64,
    /// The median of what a row adds to its bare row within a round.
    added: f64,
    /// The least round less the bare row's least.
    added_least: f64,
}

/// All rows take turns, so that whatever slows the machine down slows all of them.
///
/// All threads of this process are counted: a relying party has one of its own on which it asks its store.
fn cpu_times(rows: &[Row]) -> Vec<Times> {
    let bench = Bench::new(Engines::started());
    let mut subjects: Vec<_> = rows.iter().map(|row| row.subject(&bench, Kind::Navigation)).collect();
    let mut times = vec![Vec::new(); rows.len()];
    let mut added = vec![Vec::new(); rows.len()];
    for round in 0..=ROUNDS {
        let mut bare = 0.0;
        for (index, subject) in subjects.iter_mut().enumerate() {
            subject.prepare(REQUESTS as usize);
            let started = ProcessTime::now();
            subject.run(REQUESTS as usize);
            let nanos = started.elapsed().as_secs_f64() * 1e9 / f64::from(REQUESTS);
            if rows[index].is_bare() {
                bare = nanos;
            }
            // The first round warms up.
            if round > 0 {
                times[index].push(nanos);
                added[index].push(nanos - bare);
            }
        }
    }
    let mut bare = 0.0;
    let mut all = Vec::new();
    for ((row, times), added) in rows.iter().zip(times).zip(added) {
        let least = times.iter().copied().fold(f64::INFINITY, f64::min);
        if row.is_bare() {
            bare = least;
        }
        all.push(Times { median: median(times), added: median(added), added_least: least - bare });
    }
    all
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
