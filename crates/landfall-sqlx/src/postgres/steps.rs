//! The statements, in PostgreSQL's words.
//!
//! A removal by an index names its rows by the index alone. One that waits for an update then asks the row as the
//! update left it.

use crate::engine::{Step, Steps};

/// `done` is asked for first. Where it changed nothing, `found` waits for whoever changes the record now, so that
/// it tells what is true then.
const UPDATE: &str = "\
    WITH already AS (SELECT FROM landfall_sessions WHERE key = $1 AND writing = $11), \
    found AS MATERIALIZED (SELECT FROM landfall_sessions WHERE key = $1 AND ends_at > $12 FOR UPDATE), \
    done AS (\
        UPDATE landfall_sessions SET version = $2, created_at = $3, expires_at = $4, idle_expires_at = $5, \
            ends_at = $6, subject = $7, sid = $8, sealed = $9, admin = $10, writing = $11 \
        WHERE key = $1 AND version = $13 AND ends_at > $12 \
        RETURNING pg_notify('landfall', encode($1, 'hex'))::text AS told) \
    SELECT CASE WHEN EXISTS (SELECT FROM done) OR EXISTS (SELECT FROM already) THEN 2::bigint \
        WHEN EXISTS (SELECT FROM found) THEN 1::bigint ELSE 0::bigint END";

macro_rules! remove {
    ($condition:literal) => {
        concat!(
            "DELETE FROM landfall_sessions WHERE ",
            $condition,
            " RETURNING key, (ends_at > $2)::int::bigint, pg_notify('landfall', encode(key, 'hex'))::text"
        )
    };
}

macro_rules! sweep {
    ($table:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ends_at <= $1 AND ctid = ANY (ARRAY(SELECT ctid FROM ",
            $table,
            " WHERE ends_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING 1::bigint"
        )
    };
}

pub(super) const STEPS: Steps = Steps {
    create: Step { doing: "create", sql: crate::sql::CREATE },
    load: Step { doing: "load", sql: crate::sql::LOAD },
    update: Step { doing: "update", sql: UPDATE },
    remove: Step { doing: "remove", sql: remove!("key = $1") },
    list: Step { doing: "list", sql: crate::sql::LIST },
    remove_by_subject: Step {
        doing: "remove by subject",
        sql: remove!("subject = $1 AND created_at <= $3 AND key <> $4"),
    },
    remove_by_sid: Step {
        doing: "remove by sid",
        sql: remove!("sid = $1 AND created_at <= $3 AND key <> $4"),
    },
    claim: Step { doing: "lease", sql: crate::sql::CLAIM },
    release: Step { doing: "release", sql: crate::sql::RELEASE },
    sweep_sessions: Step { doing: "sweep", sql: sweep!("landfall_sessions") },
    sweep_claims: Step { doing: "sweep", sql: sweep!("landfall_claims") },
};
