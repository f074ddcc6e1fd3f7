//! README.md lists what Landfall works with; `tests/data/works_with.json` has a row, and a test, for each of them. Both
//! say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use super::invariants::none;
use crate::shell::{self, Failure};

const TABLE: &str = "tests/data/works_with.json";

/// What README.md calls the orders of a row. The first two are one where both are driven.
const PLACES: [(&[&str], &str); 5] = [
    (&["around", "inside"], "around it, and inside it"),
    (&["around"], "around it"),
    (&["inside"], "inside it"),
    (&["under"], "under it"),
    (&["guarded"], "behind `RequireLogin`"),
];

/// The columns after the first, by the names that rows give the frameworks.
const FRAMEWORKS: [&str; 2] = ["axum", "actix"];

/// A place, a framework, and what stands there.
type Listed = BTreeSet<(String, String, String)>;

/// Compares the two.
pub(crate) fn readme_lists_what_is_driven() -> Result<(), Failure> {
    let root = shell::root();
    let readme = fs::read_to_string(root.join("README.md")).map_err(|error| format!("README.md: {error}"))?;
    let rows = fs::read_to_string(root.join(TABLE)).map_err(|error| format!("{TABLE}: {error}"))?;
    let rows: Value = serde_json::from_str(&rows).map_err(|error| format!("{TABLE}: {error}"))?;
    none(&differences(&listed(&readme), &driven(&rows)?))
}

fn differences(listed: &Listed, driven: &Listed) -> Vec<String> {
    let say = |(place, framework, stack): &(String, String, String), what: &str| {
        format!("`{stack}`, {place}, on {framework}: {what}")
    };
    let untested = listed.difference(driven).map(|row| say(row, "in README.md, and no row drives it"));
    let untold = driven.difference(listed).map(|row| say(row, "driven, and not in README.md"));
    untested.chain(untold).collect()
}

/// What stands in backticks in README's table whose columns are the frameworks.
fn listed(readme: &str) -> Listed {
    let table = readme.lines().skip_while(|line| *line != "| Where | axum | actix-web |").skip(2);
    let mut listed = Listed::new();
    for row in table.take_while(|line| line.starts_with('|')) {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let place = cells.next().unwrap_or_default();
        for (framework, cell) in FRAMEWORKS.iter().zip(cells) {
            let stacks = cell.split('`').skip(1).step_by(2);
            listed.extend(stacks.map(|stack| (place.to_owned(), (*framework).to_owned(), stack.to_owned())));
        }
    }
    listed
}

/// What the rows of the tests say, in README's words.
fn driven(table: &Value) -> Result<Listed, Failure> {
    let mut orders: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for row in table["rows"].as_array().into_iter().flatten() {
        let [framework, stack, order] = ["framework", "stack", "order"].map(|key| row[key].as_str());
        let (Some(framework), Some(stack), Some(order)) = (framework, stack, order) else {
            return Err(format!("{TABLE}: a row without framework, stack or order: {row}").into());
        };
        orders.entry((framework, stack)).or_default().insert(order);
    }
    let mut driven = Listed::new();
    for ((framework, stack), mut orders) in orders {
        for (names, place) in PLACES {
            if names.iter().all(|name| orders.contains(name)) {
                orders.retain(|order| !names.contains(order));
                driven.insert((place.to_owned(), framework.to_owned(), stack.to_owned()));
            }
        }
        if let Some(order) = orders.first() {
            return Err(format!("{TABLE}: no order is called {order}").into());
        }
    }
    Ok(driven)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{differences, driven, listed};

    const README: &str = "text\n\n| Where | axum | actix-web |\n|---|---|---|\n| around it, and inside it | `TraceLayer` | |\n| behind `RequireLogin` | | `Files`, `scope` |\n\n| `x` | `y` |\n";

    #[test]
    fn what_is_listed_is_driven_in_both_orders() {
        let row = |framework, stack, order| json!({"framework": framework, "stack": stack, "order": order});
        let mut rows = vec![
            row("axum", "TraceLayer", "around"),
            row("axum", "TraceLayer", "inside"),
            row("actix", "Files", "guarded"),
            row("actix", "scope", "guarded"),
        ];
        let compared = |rows: &[_]| differences(&listed(README), &driven(&json!({ "rows": rows })).unwrap());
        assert_eq!(compared(&rows), Vec::<String>::new());
        rows.swap_remove(1);
        rows.push(row("actix", "Compress", "inside"));
        assert_eq!(
            compared(&rows),
            [
                "`TraceLayer`, around it, and inside it, on axum: in README.md, and no row drives it",
                "`TraceLayer`, around it, on axum: driven, and not in README.md",
                "`Compress`, inside it, on actix: driven, and not in README.md",
            ]
        );
    }

    #[test]
    fn an_order_that_is_none_is_an_error() {
        let row = json!({"framework": "axum", "stack": "TraceLayer", "order": "beside"});
        assert!(driven(&json!({ "rows": [row] })).is_err());
    }
}
