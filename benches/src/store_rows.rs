//! The same page with sessions in stores, on axum.

use landfall::{MemoryStore, RelyingParty};

use crate::engines::Engine;
use crate::rows::{Budget, FREE, Row, SIGNED_IN, axum};
use crate::subject::{Runner, Subject};
use crate::{axum_apps, landfall_auth as auth, peers};

/// The row that those with a near cache are held against.
pub const MEMORY: &str = "AuthLayer + SignedIn, memory store";

const NEAR: Budget = Budget { of_memory: Some(1.3), ..FREE };

/// With the near cache, then without.
pub const ROWS: &[Row] = &[
    axum(MEMORY, SIGNED_IN, |r| signed_in(r, auth::stored())),
    on(
        Engine::Redis,
        axum("AuthLayer + SignedIn, Redis", NEAR, |r| signed_in(r, auth::near(auth::redis(r)))),
    ),
    on(
        Engine::Postgres,
        axum("AuthLayer + SignedIn, PostgreSQL", NEAR, |r| signed_in(r, auth::near(auth::postgres(r)))),
    ),
    on(
        Engine::Redis,
        axum("tower-sessions, Redis, its cache", FREE, |r| {
            peers::tower_sessions(r, peers::cached(peers::redis(r)))
        }),
    ),
    on(
        Engine::Postgres,
        axum("tower-sessions, PostgreSQL, its cache", FREE, |r| {
            peers::tower_sessions(r, peers::cached(peers::postgres(r)))
        }),
    ),
    asking(axum("SignedIn, memory, no near cache", FREE, |r| signed_in(r, auth::far(MemoryStore::new())))),
    axum("tower-sessions, memory", FREE, |r| peers::tower_sessions(r, peers::memory())),
    asking(on(
        Engine::Redis,
        axum("SignedIn, Redis, no near cache", FREE, |r| signed_in(r, auth::far(auth::redis(r)))),
    )),
    asking(on(
        Engine::Redis,
        axum("tower-sessions, Redis", FREE, |r| peers::tower_sessions(r, peers::redis(r))),
    )),
    asking(on(
        Engine::Postgres,
        axum("SignedIn, PostgreSQL, no near cache", FREE, |r| signed_in(r, auth::far(auth::postgres(r)))),
    )),
    asking(on(
        Engine::Postgres,
        axum("tower-sessions, PostgreSQL", FREE, |r| peers::tower_sessions(r, peers::postgres(r))),
    )),
];

fn signed_in(runner: &Runner, auth: RelyingParty) -> Box<dyn Subject> {
    let cookies = auth::hot(runner, &auth);
    axum_apps::subject(runner, axum_apps::signed_in(auth), cookies)
}

const fn on(engine: Engine, row: Row) -> Row {
    Row { engine: Some(engine), ..row }
}

const fn asking(row: Row) -> Row {
    Row { asks: true, ..row }
}
