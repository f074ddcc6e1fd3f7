//! Prints allocations and bytes per request, a line for each row.

use std::alloc::System;

use landfall_bench::rows::ROWS;
use landfall_bench::subject::Runner;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const WARM_UP: usize = 100;
const REQUESTS: u32 = 1000;

fn main() {
    let runner = Runner::new();
    for row in ROWS {
        let mut subject = (row.make)(&runner);
        subject.prepare(WARM_UP);
        subject.run(WARM_UP);
        subject.prepare(REQUESTS as usize);
        let region = Region::new(ALLOCATOR);
        subject.run(REQUESTS as usize);
        let change = region.change();
        let per_request = |count: usize| count as f64 / f64::from(REQUESTS);
        // A table that grows is an allocation to us.
        println!(
            "{} {}",
            per_request(change.allocations + change.reallocations),
            per_request(change.bytes_allocated)
        );
    }
}
