//! An opened session: who it is of, how long it lasts, where it is stored, and the tokens that are kept with it.

use std::sync::Arc;

use bytes::Bytes;

use super::id::SessionId;
use super::identity::Identity;
use super::store::RecordKey;
use crate::clock::Timestamp;
use crate::crypto::secret::Secret;

/// An opened session.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) identity: Identity,
    pub(crate) created_at: Timestamp,
    /// From when on it is over, whatever happens.
    pub(crate) expires_at: Timestamp,
    /// From when on it is over unless it is renewed before.
    pub(crate) idle_expires_at: Timestamp,
    /// Which client at the identity's issuer began it; `None` where no provider did.
    pub(crate) client_id: Option<Arc<str>>,
    /// Kept in a store alone, never in a cookie.
    pub(crate) tokens: Option<Tokens>,
    /// Where it is stored; `None` for one that lives in its cookie.
    pub(crate) stored: Option<Stored>,
}

/// Where a session is stored.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) id: SessionId,
    pub(crate) version: u64,
    /// The administrative part of the record, sealed.
    pub(crate) admin: Bytes,
}

/// What the token endpoint gave.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: Secret<String>,
    pub(crate) obtained_at: Timestamp,
    pub(crate) access_expires_at: Timestamp,
    pub(crate) refresh: Option<Secret<String>>,
    pub(crate) id_token: Secret<String>,
}

/// A client at its issuer, as a record names it.
#[derive(Clone, Debug)]
pub(crate) struct ClientRef {
    pub(crate) issuer: Arc<str>,
    pub(crate) client_id: Arc<str>,
}

impl Session {
    /// The key of its record; `None` for one that lives in its cookie.
    pub(crate) fn record_key(&self) -> Option<RecordKey> {
        self.stored.as_ref().map(|stored| stored.id.record_key())
    }

    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        now >= self.expires_at || now >= self.idle_expires_at
    }
}
