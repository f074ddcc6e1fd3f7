//! Sessions: what outlives the round trip, where it is kept, and how it ends.

mod cache;
mod freshness;
mod id;
mod identity;
mod keeper;
mod label;
mod listing;
mod memory;
mod provider_logout;
pub(crate) mod record;
mod renewal;
mod seals;
mod stash;
mod store;
mod subject;

use std::sync::Arc;

use bytes::Bytes;

use crate::clock::Timestamp;
use crate::crypto::secret::Secret;

pub(crate) use id::SessionId;
pub use identity::Identity;
pub(crate) use identity::{KeptClaims, Scopes};
pub(crate) use keeper::{CookieSession, KeeperSettings, Lifetimes, SessionKeeper, SessionSeal};
pub(crate) use label::label;
pub use listing::{SessionHandle, SessionInfo};
pub use memory::MemoryStore;
pub(crate) use renewal::{NewSession, Refreshed, Saved};
pub(crate) use seals::RecordSeals;
pub use store::{
    Change, IndexKey, RecordKey, Selection, SessionStore, StoreError, StoreOpener, StoredRecord, Updated,
    Watcher,
};

pub use subject::SubjectId;

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
    pub(crate) id: id::SessionId,
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
