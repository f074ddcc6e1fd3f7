//! Counts: allocations, bytes and round trips per request, and the allocations of a short one, a line for each row;
//! with `paths` only of those whose counts are kept. With `callback`, allocations and bytes of a whole callback, a line
//! for each row; with `memory` the bytes of a session in the memory store, a line for each size.

use std::alloc::System;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use landfall::MemoryStore;
use landfall::store::SessionStore;
use landfall_bench::bench::Bench;
use landfall_bench::callback::{self, Provider};
use landfall_bench::engines::{Engines, RoundTrips};
use landfall_bench::rows::{self, What};
use landfall_bench::scale::{self, Sample};
use landfall_requests::{Kind, Runner, count};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const WARM_UP: usize = 100;
const REQUESTS: u32 = 1000;
/// In which a store begins to listen for changes: what was kept before that is forgotten once.
const SETTLING: Duration = Duration::from_millis(200);

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("memory") => memory(),
        Some("callback") => callbacks(),
        argument => requests(argument == Some("paths")),
    }
}

fn requests(paths: bool) {
    let trips = RoundTrips::default();
    let started = Engines::started();
    let bench = Bench::new(started.counted(&trips).expect("a free port"));
    for row in rows::measurable(&started) {
        let counts = |kind| count(&mut *row.subject(&bench, kind));
        if let What::Path(_) = row.what {
            let (whole, short) = (counts(Kind::Navigation), counts(Kind::Short));
            println!("{} {} 0 {}", whole.allocations, whole.bytes, short.allocations);
            continue;
        }
        if paths {
            println!("0 0 0 0");
            continue;
        }
        let mut subject = row.subject(&bench, Kind::Navigation);
        subject.prepare(2 * WARM_UP);
        subject.run(WARM_UP);
        thread::sleep(SETTLING);
        subject.run(WARM_UP);
        subject.prepare(REQUESTS as usize);
        let before = trips.so_far();
        let region = Region::new(ALLOCATOR);
        subject.run(REQUESTS as usize);
        let change = region.change();
        let trips = trips.so_far() - before;
        let per_request = |count: usize| count as f64 / f64::from(REQUESTS);
        // A table that grows is an allocation to us.
        println!(
            "{} {} {} 0",
            per_request(change.allocations + change.reallocations),
            per_request(change.bytes_allocated),
            trips as f64 / f64::from(REQUESTS)
        );
    }
}

fn callbacks() {
    let (runner, provider) = (Runner::new(), Provider::start());
    for row in callback::ROWS {
        let mut subject = (row.make)(&runner, &provider);
        subject.prepare(2 * WARM_UP);
        subject.run(WARM_UP);
        let region = Region::new(ALLOCATOR);
        subject.run(WARM_UP);
        let change = region.change();
        let each = |count: usize| count as f64 / WARM_UP as f64;
        println!("{} {}", each(change.allocations + change.reallocations), each(change.bytes_allocated));
    }
}

fn memory() {
    let bench = Bench::new(Engines::default());
    let sample = Sample::take(&bench);
    let store: Arc<dyn SessionStore> = Arc::new(MemoryStore::new());
    let mut held = 0;
    let region = Region::new(ALLOCATOR);
    for &size in scale::IN_MEMORY {
        bench.block_on(sample.create(&store, held..size));
        held = size;
        let change = region.change();
        println!("{}", (change.bytes_allocated - change.bytes_deallocated) as f64 / size as f64);
    }
}
