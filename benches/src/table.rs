//! What was measured, side by side with what it may be.

use landfall_requests::{Framework, MEMORY};

use crate::counted::Counted;
use crate::rows::Row;

/// What one row was found to cost per request, the framework included.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// The median.
    pub nanos: f64,
    /// What it adds to the bare framework: the median of the rounds' differences.
    pub added: f64,
    /// The same between the least of both.
    pub added_least: f64,
    /// What does not depend on the machine's other work.
    pub counted: Counted,
}

/// Prints every row as a difference to the bare one; `costs` are in the order of `rows`.
///
/// A time budget is for the machine it was set on; here it is scaled by what a peer costs on this one, in the same
/// run, and as it is now.
pub fn print(rows: &[Row], costs: &[Cost]) {
    println!(
        "{:<45} {:>8} {:>8} {:>7} {:>7} {:>8} {:>8} {:>15} {:>6}  budget",
        "per request, added to bare",
        "CPU ns",
        "least",
        "x bare",
        "allocs",
        "bytes",
        "instr",
        "short request",
        "trips"
    );
    let mut bare = Cost::default();
    for (row, cost) in rows.iter().zip(costs) {
        if row.is_bare() {
            bare = *cost;
            let framework = match row.framework {
                Framework::Axum => "axum, bare",
                Framework::Actix => "actix-web, bare",
            };
            let (instructions, short) =
                (instructions(cost.counted.instructions), short(cost, &Cost::default()));
            println!(
                "\n{framework:<45} {:>8.0} {:>8} {:>7} {:>7.1} {:>8.0} {instructions:>8} {short:>15} {:>6}  (whole)",
                cost.nanos, "", "1.00", cost.counted.allocations, cost.counted.bytes, ""
            );
            continue;
        }
        let allocations = cost.counted.allocations - bare.counted.allocations;
        let difference =
            cost.counted.instructions.zip(bare.counted.instructions).map(|(row, bare)| row - bare);
        println!(
            "{:<45} {:>+8.0} {:>+8.0} {:>7.2} {:>+7.1} {:>+8.0} {:>8} {:>15} {:>6}  {}",
            row.name,
            cost.added,
            cost.added_least,
            cost.nanos / bare.nanos,
            allocations,
            cost.counted.bytes - bare.counted.bytes,
            instructions(difference),
            short(cost, &bare),
            if row.engine.is_some() { format!("{:.2}", cost.counted.trips) } else { String::new() },
            verdict(row, cost, allocations, scale(row.framework, rows, costs), memory(rows, costs))
        );
    }
}

fn instructions(count: Option<f64>) -> String {
    count.map_or_else(|| "-".to_owned(), |count| format!("{count:.0}"))
}

/// Allocations and instructions of a short request.
fn short(cost: &Cost, bare: &Cost) -> String {
    let Some(allocations) = cost.counted.short_allocations else { return String::new() };
    let allocations = allocations - bare.counted.short_allocations.unwrap_or_default();
    let count = cost
        .counted
        .short_instructions
        .map(|count| count - bare.counted.short_instructions.unwrap_or_default());
    format!("{allocations:.0}, {}", instructions(count))
}

/// How much slower this machine is, by the framework's peer.
fn scale(framework: Framework, rows: &[Row], costs: &[Cost]) -> f64 {
    let mut peers = rows.iter().zip(costs).filter(|(row, _)| row.framework == framework);
    peers.find_map(|(row, cost)| Some(cost.added / row.reference?)).unwrap_or(1.0)
}

/// What sessions in memory add on axum, where the other stores are measured.
fn memory(rows: &[Row], costs: &[Cost]) -> Option<f64> {
    let mut all = rows.iter().zip(costs);
    all.find_map(|(row, cost)| (row.name == MEMORY && row.framework == Framework::Axum).then_some(cost.added))
}

fn verdict(row: &Row, cost: &Cost, allocations: f64, scale: f64, memory: Option<f64>) -> String {
    let word = |kept| if kept { "ok" } else { "OVER" };
    let against = |budget: Option<f64>, value: f64, unit: &str| {
        let budget = budget?;
        // A tenth of an allocation is what growing a table now and then comes to.
        Some(format!("{budget:.0} {unit} {}", word(value <= budget + 0.1)))
    };
    let of_memory = row.budget.of_memory.zip(memory).map(|(budget, memory)| {
        let ratio = cost.added / memory;
        format!(
            "{ratio:.2} of memory, {budget} {}, no trip {}",
            word(ratio <= budget),
            // A sign of life now and then is not the request's.
            word(cost.counted.trips < 0.01)
        )
    });
    let parts = [
        against(row.budget.nanos.map(|budget| budget * scale), cost.added, "ns"),
        against(row.budget.allocations.map(f64::floor), allocations, "allocs"),
        of_memory,
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
