CREATE TABLE IF NOT EXISTS landfall_sessions (
    key             BLOB PRIMARY KEY NOT NULL,
    version         INTEGER NOT NULL,
    -- Moments are milliseconds since 1970-01-01T00:00:00Z.
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    idle_expires_at INTEGER NOT NULL,
    -- The earlier of the two ends.
    ends_at         INTEGER NOT NULL,
    subject         BLOB NOT NULL,
    sid             BLOB,
    sealed          BLOB NOT NULL,
    admin           BLOB NOT NULL,
    -- Unlike that of every other change.
    writing         INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS landfall_sessions_subject ON landfall_sessions (subject, created_at);
CREATE INDEX IF NOT EXISTS landfall_sessions_sid ON landfall_sessions (sid) WHERE sid IS NOT NULL;
CREATE INDEX IF NOT EXISTS landfall_sessions_ends_at ON landfall_sessions (ends_at);

-- Leases (kind 1) and remembered names (kind 2).
CREATE TABLE IF NOT EXISTS landfall_claims (
    kind    INTEGER NOT NULL,
    name    BLOB NOT NULL,
    holder  BLOB NOT NULL,
    ends_at INTEGER NOT NULL,
    writing INTEGER NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT;
CREATE INDEX IF NOT EXISTS landfall_claims_ends_at ON landfall_claims (ends_at);
