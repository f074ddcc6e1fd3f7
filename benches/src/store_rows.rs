//! The same page with sessions in stores, on axum. Where every request asks the store, it is served as axum's own server
//! does: by a task on a runtime of several threads.

use std::sync::Arc;

use landfall::store::SessionStore;
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
    asking(axum("SignedIn, memory, no near cache", FREE, |r| far(r, |_| Arc::new(MemoryStore::new())))),
    axum("tower-sessions, memory", FREE, |r| peers::tower_sessions(&r.threaded(), peers::memory())),
    asking(on(Engine::Redis, axum("SignedIn, Redis, no near cache", FREE, |r| far(r, auth::redis)))),
    asking(on(Engine::Redis, axum("tower-sessions, Redis", FREE, |r| their(&r.threaded(), peers::redis)))),
    asking(on(
        Engine::Postgres,
        axum("SignedIn, PostgreSQL, no near cache", FREE, |r| far(r, auth::postgres)),
    )),
    asking(on(
        Engine::Postgres,
        axum("tower-sessions, PostgreSQL", FREE, |r| their(&r.threaded(), peers::postgres)),
    )),
];

fn signed_in(bench: &Bench, auth: RelyingParty) -> Box<dyn Subject> {
    let cookies = hot(bench, &auth);
    axum_subject(bench, axum_signed_in(auth), Request::open(TARGET), cookies)
}

/// Every request asks the store.
fn far(bench: &Bench, store: fn(&Bench) -> Arc<dyn SessionStore>) -> Box<dyn Subject> {
    let bench = bench.threaded();
    let store = store(&bench);
    signed_in(&bench, auth::far(store))
}

/// A peer over its store, which is opened on the runtime that it is asked on.
fn their<S: tower_sessions::SessionStore + Clone>(bench: &Bench, store: fn(&Bench) -> S) -> Box<dyn Subject> {
    peers::tower_sessions(bench, store(bench))
}

const fn on(engine: Engine, row: Row) -> Row {
    Row { engine: Some(engine), ..row }
}

const fn asking(row: Row) -> Row {
    Row { asks: true, ..row }
}
