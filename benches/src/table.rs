//! What was measured, side by side with what it may be.

use crate::rows::{Framework, ROWS, Row};

/// What one row was found to cost per request, the framework included.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// The median.
    pub nanos: f64,
    /// What it adds to the bare framework: the median of the rounds' differences.
    pub added: f64,
    /// The same between the least of both.
    pub added_least: f64,
    pub allocations: f64,
    pub bytes: f64,
    pub instructions: Option<f64>,
}

/// Prints every row as a difference to the bare one; `costs` are in the order of [`ROWS`].
///
/// A time budget is for the machine it was set on; here it is scaled by what a peer costs on this one, in the same
/// run, and as it is now.
pub fn print(costs: &[Cost]) {
    println!(
        "{:<45} {:>8} {:>8} {:>7} {:>7} {:>8} {:>8}  budget",
        "per request, added to bare", "CPU ns", "least", "x bare", "allocs", "bytes", "instr"
    );
    let mut bare = Cost::default();
    for (row, cost) in ROWS.iter().zip(costs) {
        if row.name == "bare" {
            bare = *cost;
            let framework = match row.framework {
                Framework::Axum => "axum, bare",
                Framework::Actix => "actix-web, bare",
            };
            let instructions = instructions(cost.instructions);
            println!(
                "\n{framework:<45} {:>8.0} {:>8} {:>7} {:>7.1} {:>8.0} {instructions:>8}  (whole)",
                cost.nanos, "", "1.00", cost.allocations, cost.bytes
            );
            continue;
        }
        let allocations = cost.allocations - bare.allocations;
        let difference = cost.instructions.zip(bare.instructions).map(|(row, bare)| row - bare);
        println!(
            "{:<45} {:>+8.0} {:>+8.0} {:>7.2} {:>+7.1} {:>+8.0} {:>8}  {}",
            row.name,
            cost.added,
            cost.added_least,
            cost.nanos / bare.nanos,
            allocations,
            cost.bytes - bare.bytes,
            instructions(difference),
            verdict(row, cost.added, allocations, scale(row.framework, costs))
        );
    }
}

fn instructions(count: Option<f64>) -> String {
    count.map_or_else(|| "-".to_owned(), |count| format!("{count:.0}"))
}

/// How much slower this machine is, by the framework's peer.
fn scale(framework: Framework, costs: &[Cost]) -> f64 {
    let mut peers = ROWS.iter().zip(costs).filter(|(row, _)| row.framework == framework);
    peers.find_map(|(row, cost)| Some(cost.added / row.reference?)).unwrap_or(1.0)
}

fn verdict(row: &Row, nanos: f64, allocations: f64, scale: f64) -> String {
    let against = |budget: Option<f64>, value: f64, unit: &str| {
        let budget = budget?;
        // A tenth of an allocation is what growing a table now and then comes to.
        let word = if value <= budget + 0.1 { "ok" } else { "OVER" };
        Some(format!("{budget:.0} {unit} {word}"))
    };
    let parts = [
        against(row.budget.nanos.map(|budget| budget * scale), nanos, "ns"),
        against(row.budget.allocations.map(f64::floor), allocations, "allocs"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
