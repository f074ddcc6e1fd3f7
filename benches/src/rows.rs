//! What is measured, and what it may cost.

use crate::engines::{Engine, Engines};
use crate::subject::{Runner, Subject, same};
use crate::{actix_apps, axum_apps, landfall_auth as auth, peers, store_rows};

/// The framework below a row: its bare row is subtracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framework {
    Axum,
    Actix,
}

/// What a row may add to the bare framework.
#[derive(Clone, Copy, Debug, Default)]
pub struct Budget {
    pub nanos: Option<f64>,
    pub allocations: Option<f64>,
    /// So many times what [`store_rows::MEMORY`] adds, and no round trip.
    pub of_memory: Option<f64>,
}

/// One line of the table.
#[derive(Clone, Copy)]
pub struct Row {
    pub framework: Framework,
    pub name: &'static str,
    pub budget: Budget,
    pub make: fn(&Runner) -> Box<dyn Subject>,
    /// What it needs beside this process.
    pub engine: Option<Engine>,
    /// Whether every request asks the store: other threads then work as well, whose instructions are not counted.
    pub asks: bool,
    /// What this added, in nanoseconds, on the machine that the time budgets were set on.
    pub reference: Option<f64>,
}

pub(crate) const FREE: Budget = Budget { nanos: None, allocations: None, of_memory: None };
const VISIT: Budget = Budget { allocations: Some(4.0), ..FREE };
pub(crate) const SIGNED_IN: Budget = Budget { nanos: Some(900.0), allocations: Some(8.0), ..FREE };
const REQUIRE_LOGIN: Budget = Budget { nanos: Some(1300.0), allocations: Some(13.0), ..FREE };

/// actix-web may cost a fifth more.
const fn and_a_fifth(budget: Budget) -> Budget {
    Budget {
        nanos: match budget.nanos {
            Some(nanos) => Some(nanos * 1.2),
            None => None,
        },
        allocations: match budget.allocations {
            Some(allocations) => Some(allocations * 1.2),
            None => None,
        },
        ..budget
    }
}

/// The rows whose engines are there. The bare one comes first in its group.
pub fn measurable(engines: &Engines) -> Vec<Row> {
    let there = |row: &Row| row.engine.is_none_or(|engine| engines.find(engine).is_some());
    [AXUM, store_rows::ROWS, ACTIX].concat().into_iter().filter(there).collect()
}

const AXUM: &[Row] = &[
    axum("bare", FREE, |r| axum_apps::subject(r, axum_apps::bare(), same("theme=dark"))),
    axum("one .layer that does nothing", FREE, |r| {
        axum_apps::subject(r, axum_apps::empty_layers(1), same("theme=dark"))
    }),
    axum("two .layer that do nothing", FREE, |r| {
        axum_apps::subject(r, axum_apps::empty_layers(2), same("theme=dark"))
    }),
    axum("AuthLayer around the router, Visit", VISIT, |r| {
        let auth = auth::sealed();
        let cookies = auth::hot(r, &auth);
        axum_apps::subject(r, axum_apps::around(auth), cookies)
    }),
    axum("AuthLayer, Visit", FREE, |r| {
        let auth = auth::sealed();
        let cookies = auth::hot(r, &auth);
        axum_apps::subject(r, axum_apps::visit(auth), cookies)
    }),
    axum("AuthLayer + SignedIn", SIGNED_IN, |r| {
        let auth = auth::sealed();
        let cookies = auth::hot(r, &auth);
        axum_apps::subject(r, axum_apps::signed_in(auth), cookies)
    }),
    axum("AuthLayer + SignedIn, every cookie new", FREE, |r| {
        let auth = auth::sealed();
        let cookies = auth::cold(r, &auth);
        axum_apps::subject(r, axum_apps::signed_in(auth), cookies)
    }),
    axum("AuthLayer + RequireLogin", REQUIRE_LOGIN, |r| {
        let auth = auth::sealed();
        let cookies = auth::hot(r, &auth);
        axum_apps::subject(r, axum_apps::require_login(auth), cookies)
    }),
    Row { reference: Some(5000.0), ..axum("axum-login + tower-sessions, memory", FREE, peers::axum_login) },
    axum("  the same with login_required!", FREE, peers::axum_login_required),
];

const ACTIX: &[Row] = &[
    actix("bare", FREE, |r| actix_apps::bare(r, same("theme=dark"))),
    actix("one wrap that does nothing", FREE, |r| actix_apps::empty_layer(r, same("theme=dark"))),
    actix("AuthMiddleware, Visit", VISIT, |r| {
        let auth = auth::sealed();
        let cookies = auth::hot(r, &auth);
        actix_apps::visit(r, auth, cookies)
    }),
    actix("AuthMiddleware + SignedIn", SIGNED_IN, |r| {
        let auth = auth::sealed();
        let cookies = auth::hot(r, &auth);
        actix_apps::signed_in(r, auth, cookies)
    }),
    actix("AuthMiddleware + SignedIn, memory store", SIGNED_IN, |r| {
        let auth = auth::stored();
        let cookies = auth::hot(r, &auth);
        actix_apps::signed_in(r, auth, cookies)
    }),
    actix("AuthMiddleware + SignedIn, every cookie new", FREE, |r| {
        let auth = auth::sealed();
        let cookies = auth::cold(r, &auth);
        actix_apps::signed_in(r, auth, cookies)
    }),
    actix("AuthMiddleware + RequireLogin", REQUIRE_LOGIN, |r| {
        let auth = auth::sealed();
        let cookies = auth::hot(r, &auth);
        actix_apps::require_login(r, auth, cookies)
    }),
    Row {
        reference: Some(3400.0),
        ..actix("actix-session + actix-identity, cookie", FREE, peers::actix_identity)
    },
];

pub(crate) const fn axum(name: &'static str, budget: Budget, make: fn(&Runner) -> Box<dyn Subject>) -> Row {
    Row { framework: Framework::Axum, name, budget, make, reference: None, engine: None, asks: false }
}

const fn actix(name: &'static str, budget: Budget, make: fn(&Runner) -> Box<dyn Subject>) -> Row {
    Row {
        framework: Framework::Actix,
        name,
        budget: and_a_fifth(budget),
        make,
        reference: None,
        engine: None,
        asks: false,
    }
}
