//! `cargo xtask bench`: everything in one run. `-- requests`, `-- callback` and `-- scale` are its parts;
//! `-- once ROW COUNT` runs one row, which is what callgrind is given.

use std::process::{Command, ExitCode};
use std::time::Duration;

use cpu_time::ProcessTime;
use landfall_bench::bench::Bench;
use landfall_bench::engines::Engines;
use landfall_bench::rows::{self, Row, What};
use landfall_bench::table::{self, Cost};
use landfall_bench::{callback, crates, scale};
use landfall_requests::{Kind, measured};

const ROUNDS: usize = 25;
const REQUESTS: u32 = 1000;
const CALLBACKS: usize = 200;
/// So many requests are answered where instructions are counted, after as many to warm up.
const COUNTED: u32 = 500;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => everything(),
        ["requests"] => requests(),
        ["callback"] => whole_callback(),
        ["scale"] => sessions_held(),
        ["once", row, count] => once(row, count, Kind::Navigation),
        ["once", row, count, "short"] => once(row, count, Kind::Short),
        _ => {
            eprintln!("usage: cargo xtask bench [-- requests | callback | scale | once ROW COUNT [short]]");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn everything() {
    requests();
    whole_callback();
    cold_crates();
    sessions_held();
}

fn requests() {
    let rows = rows::measurable(&Engines::started());
    let times = cpu_times(&rows);
    let counts: Vec<[f64; 4]> = counts(&[]);
    let valgrind = Command::new("valgrind").arg("--version").output().is_ok_and(|run| run.status.success());
    let count = |row: usize, kind| (valgrind && !rows[row].asks).then(|| instructions(row, kind)).flatten();
    let is_path = |row: usize| matches!(rows[row].what, What::Path(_));
    let costs: Vec<Cost> = (0..rows.len())
        .map(|row| Cost {
            nanos: times[row].median,
            added: times[row].added,
            added_least: times[row].added_least,
            allocations: counts[row][0],
            bytes: counts[row][1],
            trips: counts[row][2],
            short_allocations: is_path(row).then_some(counts[row][3]),
            instructions: count(row, Kind::Navigation),
            short_instructions: is_path(row).then(|| count(row, Kind::Short)).flatten(),
        })
        .collect();
    table::print(&rows, &costs);
    if !valgrind {
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
}

fn sessions_held() {
    let bytes: Vec<[f64; 1]> = counts(&["memory"]);
    let in_memory: Vec<f64> = bytes.into_iter().map(|[bytes]| bytes).collect();
    scale::print(&Bench::new(Engines::started()), &in_memory);
}

fn cold_crates() {
    match crates::count() {
        Ok(count) => println!(
            "crates of a cold axum app with Landfall: {count}; budget {} {}",
            crates::BUDGET,
            if count <= crates::BUDGET { "ok" } else { "OVER" }
        ),
        Err(error) => println!("crates of a cold axum app with Landfall: not counted ({})", error.trim()),
    }
}

fn whole_callback() {
    let times = callback::measure(&Bench::new(Engines::default()), CALLBACKS);
    let (median, least) = (times[times.len() / 2], times[0]);
    println!(
        "\nwhole callback, our CPU, RS256, loopback, no userinfo: median {:.0} us, least {:.0} us; budget {} us {}",
        micros(median),
        micros(least),
        callback::BUDGET.as_micros(),
        if median <= callback::BUDGET { "ok" } else { "OVER" }
    );
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
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

/// What the other program counts, line by line: counting takes time.
fn counts<const N: usize>(arguments: &[&str]) -> Vec<[f64; N]> {
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

/// Instructions of a request of this kind.
fn instructions(row: usize, kind: Kind) -> Option<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*subject::measured*"])
        .arg(std::env::current_exe().ok()?)
        .args(["once", &row.to_string(), &COUNTED.to_string()])
        .args((kind == Kind::Short).then_some("short"))
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let collected = text.lines().find_map(|line| line.split_once("Collected : "))?.1;
    Some(collected.trim().parse::<f64>().ok()? / f64::from(COUNTED))
}

fn once(row: &str, count: &str, kind: Kind) {
    let engines = Engines::started();
    let rows = rows::measurable(&engines);
    let number = |text: &str| text.parse::<usize>().expect("a number");
    let (row, count) = (rows.get(number(row)).expect("a row"), number(count));
    let mut subject = row.subject(&Bench::new(engines), kind);
    subject.prepare(2 * count);
    subject.run(count);
    measured(&mut *subject, count);
}
