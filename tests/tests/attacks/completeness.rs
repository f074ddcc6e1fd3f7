//! Every row of the tables has a runner, a test of its own that exists, or a reason to be left out.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::support::cases;

const TABLES: [(&str, &str); 6] = [
    ("callback.json", include_str!("../../data/callback.json")),
    ("token_endpoint.json", include_str!("../../data/token_endpoint.json")),
    ("session_guard.json", include_str!("../../data/session_guard.json")),
    ("logout_flow.json", include_str!("../../data/logout_flow.json")),
    ("logout_token.json", include_str!("../../data/logout_token.json")),
    ("id_token.json", include_str!("../../data/id_token.json")),
];
/// What a runner goes by.
const RUN: [&str; 5] = ["request", "fault", "transport", "metadata", "discovery"];

#[test]
fn every_row_is_run_or_named_or_left_out_for_a_reason() {
    let left_out: Vec<Value> = serde_json::from_str(include_str!("../../data/out_of_scope.json")).unwrap();
    let mut fate = BTreeMap::new();
    for row in &left_out {
        let [id, file, reason] = ["id", "file", "reason"].map(|name| row[name].as_str().unwrap());
        assert!(reason.len() > 15, "{id} is left out without a reason");
        assert!(TABLES.iter().any(|(table, _)| *table == file), "{id} is of no table");
        assert!(fate.insert(id.to_owned(), "left out").is_none(), "{id} is there twice");
    }
    for (table, text) in TABLES {
        for row in cases::<Value>(text) {
            let id = row["id"].as_str().unwrap();
            assert!(fate.insert(id.to_owned(), "run").is_none(), "{id} is there twice");
            match row["test"].as_str() {
                Some(test) => assert!(exists(test), "{id} names {test}, which is not there"),
                None if table == "id_token.json" => {
                    let flow = row["runner"] == "flow";
                    assert!(!flow || crate::id_token_flow::ROWS.contains(&id), "{id} is run by nobody");
                }
                None if table == "logout_token.json" => {}
                None if table == "logout_flow.json" => panic!("{id} names no test"),
                None => assert!(RUN.iter().any(|key| row.get(*key).is_some()), "{id} has nothing to run"),
            }
        }
    }
    // No row is lost on the way.
    for (prefix, rows) in [("cb-", 90), ("te-", 105), ("sg-", 56), ("lf-", 19), ("lt-", 52)] {
        assert_eq!(fate.keys().filter(|id| id.starts_with(prefix)).count(), rows, "{prefix}");
    }
}

/// Whether `file::function` is in the tree.
fn exists(test: &str) -> bool {
    let (file, function) = test.rsplit_once("::").unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    std::fs::read_to_string(path).is_ok_and(|text| text.contains(&format!("fn {function}(")))
}
