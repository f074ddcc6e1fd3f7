//! The project's own commands: `cargo xtask test | lint | bench | load | fuzz | mutants | soak | spa`.

mod apt;
mod bench;
mod cold_builds;
mod fuzz;
mod group;
mod lint;
mod load;
mod mutants;
mod npm;
mod programs;
mod servers;
mod shell;
mod soak;
mod spa;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  lint [CHECK...]              formatting, clippy, docs, every feature alone, and the invariants of ARCHITECTURE.md;
                               or only some: `lint layers circles figures` (a wrong name lists them all)
  test [PART...] [-- ARGS]     installs what the tests need, then runs all of them, or those of these parts (core, axum,
                               actix, stores, browser, provider, native, spa); ARGS go to `cargo test`
  fuzz [TARGET] [--seconds N] [--keep]
                               every fuzz target, or one, for N seconds each (20), two at a time, starting from
                               fuzz/corpus; --keep adds the smallest inputs that reach something new to it
  mutants [FILE...] [--minutes N] [--core]
                               small mistakes in the core's crypto, guard, protocol and session, or in these files and
                               folders there: tells those that no test notices; goes on where it stopped;
                               --core asks the core's own tests alone, and tells what these do not notice
  bench [-- ARGS]              the benchmarks, built for release; ARGS go to them
  bench --build [NAME...]      crates, cold build and size of small applications, ours beside others; 15 minutes at most
  load [PART]                  `connections`: guarded requests over 10 000 connections at once, beside bare frameworks and
                               others' sessions, under ten minutes; `strangers`: somebody signed in beside 1 000 requests
                               a second of each kind of stranger, about five; or both
  soak [--minutes N] [--try]   a day of two instances on one Redis, with faults and an injected clock, in N minutes (20);
                               --try builds it as the tests are built
  spa [--production]           the single-page example at http://localhost:5173, or built and served by its backend
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((command, rest)) if command == "lint" => lint::run(rest),
        Some((command, rest)) if command == "test" => {
            test::Plan::parse(rest).and_then(|plan| test::run(&plan))
        }
        Some((command, [flag, names @ ..])) if command == "bench" && flag == "--build" => {
            cold_builds::run(names)
        }
        Some((command, rest)) if command == "bench" => after_dashes(rest).map_or_else(usage, bench::run),
        Some((command, rest)) if command == "fuzz" => fuzz::Plan::parse(rest).map_or_else(usage, fuzz::run),
        Some((command, rest)) if command == "mutants" => {
            mutants::Plan::parse(rest).map_or_else(usage, |plan| mutants::run(&plan))
        }
        Some((command, rest)) if command == "soak" => soak::run(rest),
        Some((command, rest)) if command == "load" => load::run(rest),
        Some((command, [])) if command == "spa" => spa::run(false),
        Some((command, [flag])) if command == "spa" && flag == "--production" => spa::run(true),
        Some((command, _)) if matches!(command.as_str(), "help" | "--help" | "-h") => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => usage(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                eprintln!("{}", failure.message.trim_end());
            }
            ExitCode::from(failure.code)
        }
    }
}

/// What follows `--`, or nothing at all; anything else is a mistake.
fn after_dashes(arguments: &[String]) -> Option<&[String]> {
    match arguments.split_first() {
        None => Some(arguments),
        Some((dashes, rest)) if dashes == "--" => Some(rest),
        Some(_) => None,
    }
}

fn usage() -> Result<(), shell::Failure> {
    Err(shell::Failure { message: USAGE.to_owned(), code: 2 })
}
