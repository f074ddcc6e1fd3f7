CREATE TABLE IF NOT EXISTS landfall_sessions (
    key             bytea PRIMARY KEY,
    version         bigint NOT NULL,
    -- Moments are milliseconds since 1970-01-01T00:00:00Z.
    created_at      bigint NOT NULL,
    expires_at      bigint NOT NULL,
    idle_expires_at bigint NOT NULL,
    -- The earlier of the two ends.
    ends_at         bigint NOT NULL,
    subject         bytea NOT NULL,
    sid             bytea,
    sealed          bytea NOT NULL,
    admin           bytea NOT NULL,
    -- Unlike that of every other change.
    writing         bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS landfall_sessions_subject ON landfall_sessions (subject, created_at);
CREATE INDEX IF NOT EXISTS landfall_sessions_sid ON landfall_sessions (sid) WHERE sid IS NOT NULL;
CREATE INDEX IF NOT EXISTS landfall_sessions_ends_at ON landfall_sessions (ends_at);

-- Leases (kind 1) and remembered names (kind 2).
CREATE TABLE IF NOT EXISTS landfall_claims (
    kind    bigint NOT NULL,
    name    bytea NOT NULL,
    holder  bytea NOT NULL,
    ends_at bigint NOT NULL,
    writing bigint NOT NULL,
    PRIMARY KEY (kind, name)
);
CREATE INDEX IF NOT EXISTS landfall_claims_ends_at ON landfall_claims (ends_at);
