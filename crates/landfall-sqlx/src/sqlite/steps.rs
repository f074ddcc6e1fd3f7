//! The statements, in SQLite's words.

use crate::engine::{Step, Steps};

const BATCH_OF_SESSIONS: &str = "DELETE FROM landfall_sessions WHERE rowid IN \
     (SELECT rowid FROM landfall_sessions WHERE ends_at <= $1 LIMIT $2) RETURNING 1";
const BATCH_OF_CLAIMS: &str = "DELETE FROM landfall_claims WHERE rowid IN \
     (SELECT rowid FROM landfall_claims WHERE ends_at <= $1 LIMIT $2) RETURNING 1";

/// The record is replaced by itself where its version is another: SQLite has no other way to tell in one
/// statement that it is there.
const UPDATE: &str = "\
    UPDATE landfall_sessions SET \
        (version, created_at, expires_at, idle_expires_at, ends_at, subject, sid, sealed, admin, writing) = (\
            SELECT $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 WHERE landfall_sessions.version = $13 \
            UNION ALL \
            SELECT landfall_sessions.version, landfall_sessions.created_at, landfall_sessions.expires_at, \
                landfall_sessions.idle_expires_at, landfall_sessions.ends_at, \
                landfall_sessions.subject, landfall_sessions.sid, landfall_sessions.sealed, \
                landfall_sessions.admin, landfall_sessions.writing \
            WHERE landfall_sessions.version <> $13) \
    WHERE key = $1 AND ends_at > $12 \
    RETURNING 1 + (writing = $11)";

pub(super) const STEPS: Steps = Steps {
    create: Step { doing: "create", sql: crate::sql::CREATE },
    load: Step { doing: "load", sql: crate::sql::LOAD },
    update: Step { doing: "update", sql: UPDATE },
    remove: Step {
        doing: "remove",
        sql: "DELETE FROM landfall_sessions WHERE key = $1 RETURNING key, ends_at > $2",
    },
    list: Step { doing: "list", sql: crate::sql::LIST },
    remove_by_subject: Step {
        doing: "remove by subject",
        sql: "DELETE FROM landfall_sessions WHERE subject = $1 AND created_at <= $3 AND key <> $4 \
              RETURNING key, ends_at > $2",
    },
    remove_by_sid: Step {
        doing: "remove by sid",
        sql: "DELETE FROM landfall_sessions WHERE sid = $1 AND created_at <= $3 AND key <> $4 \
              RETURNING key, ends_at > $2",
    },
    claim: Step { doing: "lease", sql: crate::sql::CLAIM },
    release: Step { doing: "release", sql: crate::sql::RELEASE },
    sweep_sessions: Step { doing: "sweep", sql: BATCH_OF_SESSIONS },
    sweep_claims: Step { doing: "sweep", sql: BATCH_OF_CLAIMS },
};
