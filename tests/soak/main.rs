//! A day of two instances, one on each framework, that share a Redis: people come, ask, refresh and go, and what fails in a
//! deployment fails here by the hour. The day is played on an injected clock, in as many minutes as are given.
//!
//! In the end everybody who should be signed in is, everybody who should not is nobody, the engine holds a record for each
//! of the former and no more, and the memory of the process is what it was in the first hours. `cargo xtask soak` starts it.

mod day;
mod memory;
mod people;

use std::process::ExitCode;
use std::time::Duration;

/// Minutes, unless they are given; and the most that may be.
const MINUTES: u64 = 20;

fn main() -> ExitCode {
    let mut minutes = MINUTES;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let given = arguments
            .next()
            .and_then(|value| value.parse().ok())
            .filter(|given| (1..=MINUTES).contains(given));
        let Some(given) = given.filter(|_| argument == "--minutes") else {
            eprintln!("usage: soak [--minutes N], N from 1 to {MINUTES}");
            return ExitCode::from(2);
        };
        minutes = given;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let span = Duration::from_secs(minutes * 60);
    // What hangs is ended: half as much again is for the last hour's pages and for the engine's restarts.
    let played = runtime.block_on(async { tokio::time::timeout(span * 3 / 2, day::play(span)).await });
    match played {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(wrong)) => {
            eprintln!("{wrong}");
            ExitCode::FAILURE
        }
        Err(_) => {
            eprintln!("the day did not end within {} minutes", minutes * 3 / 2);
            ExitCode::FAILURE
        }
    }
}
