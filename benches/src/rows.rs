//! What is measured, and what it may cost.

use landfall_requests::{Framework, Kind, MEMORY, Subject};

use crate::bench::Bench;
use crate::engines::{Engine, Engines};
use crate::{peers, store_rows};

/// What a row may add to the bare framework.
#[derive(Clone, Copy, Debug, Default)]
pub struct Budget {
    pub nanos: Option<f64>,
    pub allocations: Option<f64>,
    /// So many times what the memory store adds, and no round trip.
    pub of_memory: Option<f64>,
}

/// One line of the table.
#[derive(Clone, Copy)]
pub struct Row {
    pub framework: Framework,
    pub name: &'static str,
    pub budget: Budget,
    pub what: What,
    /// What it needs beside this process.
    pub engine: Option<Engine>,
    /// Whether every request asks the store: other threads then work as well, whose instructions are not counted.
    pub asks: bool,
    /// What this added, in nanoseconds, on the machine that the time budgets were set on.
    pub reference: Option<f64>,
}

/// What runs.
#[derive(Clone, Copy)]
pub enum What {
    /// A path whose counts are kept.
    Path(landfall_requests::Row),
    /// A peer, or a store.
    Other(fn(&Bench) -> Box<dyn Subject>),
}

impl Row {
    /// The application, running.
    pub fn subject(&self, bench: &Bench, kind: Kind) -> Box<dyn Subject> {
        match self.what {
            What::Path(row) => row.subject(bench, kind),
            What::Other(make) => make(bench),
        }
    }

    /// Whether its counts are kept.
    pub fn is_path(&self) -> bool {
        matches!(self.what, What::Path(_))
    }

    pub fn is_bare(&self) -> bool {
        self.name == "bare"
    }
}

pub(crate) const FREE: Budget = Budget { nanos: None, allocations: None, of_memory: None };

/// What it may cost on axum; actix-web may cost a fifth more.
fn budget(framework: Framework, name: &str) -> Budget {
    let (nanos, allocations) = match name {
        "stranger, open page, around the router" => (None, Some(2.0)),
        "Visit, around the router" => (None, Some(4.0)),
        "SignedIn" | MEMORY => (Some(900.0), Some(8.0)),
        "RequireLogin" => (Some(1300.0), Some(12.0)),
        _ => (None, None),
    };
    let factor = if framework == Framework::Actix { 1.2 } else { 1.0 };
    let times = |value: Option<f64>| value.map(|value| value * factor);
    Budget { nanos: times(nanos), allocations: times(allocations), ..FREE }
}

/// The rows whose engines are there. The bare one comes first in its group.
pub fn measurable(engines: &Engines) -> Vec<Row> {
    let there = |row: &Row| row.engine.is_none_or(|engine| engines.find(engine).is_some());
    let [axum, actix] = Framework::ALL.map(paths);
    [axum, AXUM.to_vec(), store_rows::ROWS.to_vec(), actix, ACTIX.to_vec()]
        .concat()
        .into_iter()
        .filter(there)
        .collect()
}

/// The paths whose counts are kept.
fn paths(framework: Framework) -> Vec<Row> {
    let of = |row: landfall_requests::Row| Row {
        framework,
        name: row.path.name,
        budget: budget(framework, row.path.name),
        what: What::Path(row),
        engine: None,
        asks: false,
        reference: None,
    };
    landfall_requests::rows(framework).map(of).collect()
}

const AXUM: &[Row] = &[
    Row { reference: Some(5000.0), ..axum("axum-login + tower-sessions, memory", FREE, peers::axum_login) },
    axum("  the same with login_required!", FREE, peers::axum_login_required),
];

const ACTIX: &[Row] = &[Row {
    reference: Some(3400.0),
    framework: Framework::Actix,
    ..axum("actix-session + actix-identity, cookie", FREE, peers::actix_identity)
}];

pub(crate) const fn axum(name: &'static str, budget: Budget, make: fn(&Bench) -> Box<dyn Subject>) -> Row {
    Row {
        framework: Framework::Axum,
        name,
        budget,
        what: What::Other(make),
        reference: None,
        engine: None,
        asks: false,
    }
}
