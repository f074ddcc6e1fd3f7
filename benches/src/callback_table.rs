//! What a whole callback costs, beside what no callback can do without.

use crate::callback::Row;

/// What a callback may cost on our side, in microseconds, on a machine that takes [`VERIFICATION`] for a signature.
pub const BUDGET: f64 = 120.0;
/// What one RS256 signature took on the machine that the budget is for, in microseconds, at the least.
const VERIFICATION: f64 = 18.24;

/// What one row was found to cost per callback.
#[derive(Clone, Copy, Debug)]
pub struct CallbackCost {
    /// CPU of all threads of this process, in microseconds: the median of the rounds.
    pub median: f64,
    /// The same of the least round.
    pub least: f64,
    pub allocations: f64,
    pub bytes: f64,
    /// System calls are not among them.
    pub instructions: Option<f64>,
}

/// Prints the rows; `costs` are in their order, the floor's first and then that of the row with the budget.
/// `verification` is what one signature takes here, in microseconds.
pub fn print(rows: &[Row], costs: &[CallbackCost], verification: f64) {
    let [floor, ours, ..] = costs else { return };
    println!(
        "\n{:<45} {:>8} {:>8} {:>7} {:>7} {:>8} {:>8}",
        "whole callback, RS256, no userinfo", "CPU us", "least", "x floor", "allocs", "bytes", "instr"
    );
    for (row, cost) in rows.iter().zip(costs) {
        println!(
            "{:<45} {:>8.0} {:>8.0} {:>7.2} {:>7.1} {:>8.0} {:>8}",
            row.name,
            cost.median,
            cost.least,
            cost.least / floor.least,
            cost.allocations,
            cost.bytes,
            cost.instructions.map_or_else(|| "-".to_owned(), |count| format!("{count:.0}"))
        );
    }
    let budget = BUDGET * verification / VERIFICATION;
    println!(
        "budget: {BUDGET:.0} us where one RS256 signature takes {VERIFICATION:.1}; here {verification:.1}, so {budget:.0} us; \
         \"{}\" median {}, least {}",
        rows[1].name,
        verdict(ours.median, budget),
        verdict(ours.least, budget)
    );
}

fn verdict(micros: f64, budget: f64) -> &'static str {
    if micros <= budget { "ok" } else { "OVER" }
}
