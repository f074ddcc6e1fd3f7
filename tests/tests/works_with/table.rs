//! `tests/data/works_with.json` and the tests say the same.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::stacks::{actix_guarded, actix_stacks, axum_bodies, axum_guarded, axum_inside, axum_stacks};

#[derive(Deserialize)]
struct Table {
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    framework: String,
    stack: String,
    order: String,
    test: String,
}

#[test]
fn every_row_has_its_test_and_every_test_its_row() {
    let table: Table = serde_json::from_str(include_str!("../../data/works_with.json")).unwrap();
    let mut rows = BTreeSet::new();
    let mut places = BTreeSet::new();
    for row in &table.rows {
        assert!(["axum", "actix"].contains(&row.framework.as_str()), "{}", row.framework);
        let orders = ["around", "inside", "under", "guarded"];
        assert!(orders.contains(&row.order.as_str()), "{}", row.order);
        assert!(places.insert((&row.framework, &row.stack, &row.order)), "{} is there twice", row.stack);
        assert!(rows.insert((row.framework.as_str(), row.test.as_str())), "{} is named twice", row.test);
    }
    let on_axum = [axum_bodies::NAMES, axum_guarded::NAMES, axum_inside::NAMES, axum_stacks::NAMES].concat();
    let on_actix = [actix_guarded::NAMES, actix_stacks::NAMES].concat();
    let on_axum = on_axum.into_iter().map(|name| ("axum", name));
    let tests: BTreeSet<_> = on_axum.chain(on_actix.into_iter().map(|name| ("actix", name))).collect();
    let without_row: Vec<_> = tests.difference(&rows).collect();
    let without_test: Vec<_> = rows.difference(&tests).collect();
    assert!(without_row.is_empty() && without_test.is_empty(), "{without_row:?} {without_test:?}");
}
