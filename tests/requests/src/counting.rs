//! What is counted of a request.

use stats_alloc::{INSTRUMENTED_SYSTEM, Region};

use crate::subject::Subject;

/// Requests that are answered before any is counted: tables have grown, and what is made once is made.
const WARM_UP: usize = 32;
/// Requests that are counted, each by itself.
const COUNTED: usize = 32;

/// What one request was found to cost, the framework included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counts {
    /// So often the allocator was asked for memory. A table that grows counts, too.
    pub allocations: i64,
    /// So much it was asked for.
    pub bytes: i64,
}

/// The least of several requests.
///
/// The program has to have [`INSTRUMENTED_SYSTEM`] for its allocator, which counts all threads.
pub fn count(subject: &mut dyn Subject) -> Counts {
    subject.prepare(WARM_UP + COUNTED);
    subject.run(WARM_UP);
    let mut once = |requests| {
        let region = Region::new(&INSTRUMENTED_SYSTEM);
        subject.run(requests);
        let change = region.change();
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        Counts {
            allocations: number(change.allocations + change.reallocations),
            bytes: number(change.bytes_allocated),
        }
    };
    // What running costs without a request is the program's own.
    let idle = (0..COUNTED).map(|_| once(0)).min().unwrap_or_default();
    let least = (0..COUNTED).map(|_| once(1)).min().unwrap_or_default();
    Counts { allocations: least.allocations - idle.allocations, bytes: least.bytes - idle.bytes }
}
