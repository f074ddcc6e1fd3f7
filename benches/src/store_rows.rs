//! The same page with sessions in stores, on axum.

use landfall::{MemoryStore, RelyingParty};
use landfall_requests::{Request, Subject, TARGET, axum_signed_in, axum_subject, hot};

use crate::bench::Bench;
use crate::engines::Engine;
use crate::rows::{Budget, FREE, Row, axum};
use crate::{landfall_auth as auth, peers};

const NEAR: Budget = Budget { of_memory: Some(1.3), ..FREE };

/// With the near cache, then without.
pub const ROWS: &[Row] = &[
    on(Engine::Redis, axum("SignedIn, Redis", NEAR, |r| signed_in(r, auth::near(auth::redis(r))))),
    on(Engine::Postgres, axum("SignedIn, PostgreSQL", NEAR, |r| signed_in(r, auth::near(auth::postgres(r))))),
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

fn signed_in(bench: &Bench, auth: RelyingParty) -> Box<dyn Subject> {
    let cookies = hot(bench, &auth);
    axum_subject(bench, axum_signed_in(auth), Request::open(TARGET), cookies)
}

const fn on(engine: Engine, row: Row) -> Row {
    Row { engine: Some(engine), ..row }
}

const fn asking(row: Row) -> Row {
    Row { asks: true, ..row }
}
