//! The counts that the repository keeps, beside those of this run.

use landfall_requests::{Column, CountsFile, Found};

use crate::counted::{Counted, has_valgrind};
use crate::rows::Row;

/// Prints where the file says otherwise; whether nothing rose.
///
/// # Errors
/// Where the file cannot be read.
pub fn compare(rows: &[Row], counted: &[Counted]) -> Result<bool, String> {
    let file = CountsFile::read()?;
    let differences = file.differences(&found(rows, counted));
    let what = if has_valgrind() { "" } else { " Instructions are not compared: valgrind is not installed." };
    if differences.is_empty() {
        println!("\nEvery row costs what the file of counts says.{what}");
        return Ok(true);
    }
    println!("\nThe file of counts says otherwise of:{what}");
    for difference in &differences {
        println!("  {} {difference}", if difference.is_rise() { "ROSE" } else { "    " });
    }
    if let Some(compiler) = file.other_compiler() {
        println!("The file is of rustc {compiler}, this is another: what differs is told and fails nothing.");
    }
    println!(
        "`cargo xtask bench -- counts --update` writes it anew; a row that rises needs its reason in the change."
    );
    Ok(!differences.iter().any(landfall_requests::Difference::is_rise))
}

/// Writes what this run counted into the file.
///
/// # Errors
/// Where the file cannot be read or written.
pub fn update(rows: &[Row], counted: &[Counted]) -> Result<(), String> {
    CountsFile::read()?.update(&found(rows, counted))
}

fn found(rows: &[Row], counted: &[Counted]) -> Found {
    Found::measure(|row| {
        let is_it = |other: &Row| other.framework == row.framework && other.name == row.path.name;
        let at = rows.iter().position(is_it).expect("every path is a row");
        let cost = counted[at];
        Column::ALL.map(|column| {
            let number = match column {
                Column::TestAllocations | Column::TestBytes => None,
                Column::Allocations => Some(cost.allocations),
                Column::Bytes => Some(cost.bytes),
                Column::Instructions => cost.instructions,
                Column::ShortAllocations => cost.short_allocations,
                Column::ShortInstructions => cost.short_instructions,
            };
            number.map(|number| number.round() as i64)
        })
    })
}
