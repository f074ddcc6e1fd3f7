//! What a request allocates, in the profile that tests have. The bench compares the rest.

use std::alloc::System;

use landfall_requests::{Column, CountsFile, Found, Kind, Row, Runner, count};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

// It counts all threads: this binary has one test.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Says what to do about a difference, whichever way it goes: a file that is not true keeps nothing.
const ADVICE: &str = "If that is meant, write the file anew, and say in the change why a row rose:
    LANDFALL_TEST_COUNTS=update cargo test --locked --package landfall-requests
The file names the compiler it was written with. Where another one's standard library allocates otherwise, its counts are
written in a change of their own.";

#[test]
fn no_request_allocates_more_or_less_than_the_file_of_counts_says() {
    if !cfg!(debug_assertions) {
        println!("Not compared: the file has the counts of the profile that tests have.");
        return;
    }
    let runner = Runner::new();
    let found = Found::measure(|row: Row| {
        let counts = count(&mut *row.subject(&runner, Kind::Navigation));
        Column::ALL.map(|column| match column {
            Column::TestAllocations => Some(counts.allocations),
            Column::TestBytes => Some(counts.bytes),
            _ => None,
        })
    });
    let file = CountsFile::read().unwrap();
    if std::env::var("LANDFALL_TEST_COUNTS").is_ok_and(|wish| wish == "update") {
        return file.update(&found).unwrap();
    }
    let (soft, firm): (Vec<_>, Vec<_>) =
        file.differences(&found).into_iter().partition(landfall_requests::Difference::is_soft);
    for difference in soft {
        println!("another compiler: {difference}");
    }
    let firm: Vec<String> = firm.iter().map(ToString::to_string).collect();
    assert!(firm.is_empty(), "counts.txt says otherwise:\n{}\n\n{ADVICE}", firm.join("\n"));
}
