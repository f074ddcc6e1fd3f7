//! The statements that both databases understand.

pub(crate) const CREATE: &str = "\
    INSERT INTO landfall_sessions \
        (key, version, created_at, expires_at, idle_expires_at, ends_at, subject, sid, sealed, admin, writing) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
    ON CONFLICT (key) DO UPDATE SET \
        version = excluded.version, created_at = excluded.created_at, expires_at = excluded.expires_at, \
        idle_expires_at = excluded.idle_expires_at, ends_at = excluded.ends_at, subject = excluded.subject, \
        sid = excluded.sid, sealed = excluded.sealed, admin = excluded.admin, writing = excluded.writing \
    WHERE landfall_sessions.ends_at <= $12 OR landfall_sessions.writing = excluded.writing \
    RETURNING version";

pub(crate) const LOAD: &str = "\
    SELECT key, version, created_at, expires_at, idle_expires_at, subject, sid, sealed, admin \
    FROM landfall_sessions WHERE key = $1 AND ends_at > $2";

pub(crate) const LIST: &str = "\
    SELECT key, version, created_at, expires_at, idle_expires_at, subject, sid, sealed, admin \
    FROM landfall_sessions WHERE subject = $1 AND ends_at > $2 ORDER BY created_at DESC LIMIT $3";

pub(crate) const CLAIM: &str = "\
    INSERT INTO landfall_claims (kind, name, holder, ends_at, writing) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (kind, name) DO UPDATE SET \
        holder = excluded.holder, ends_at = excluded.ends_at, writing = excluded.writing \
    WHERE landfall_claims.ends_at <= $6 OR landfall_claims.writing = excluded.writing \
    RETURNING kind";

pub(crate) const RELEASE: &str = "DELETE FROM landfall_claims WHERE kind = $1 AND name = $2 AND holder = $3";
