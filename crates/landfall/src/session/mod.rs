//! Sessions: what outlives the round trip.

mod cache;
mod id;
mod identity;
mod keeper;
mod memory;
pub(crate) mod record;
mod store;

use crate::clock::Timestamp;
use crate::secret::Secret;

pub(crate) use cache::NearCache;
pub use identity::Identity;
pub(crate) use keeper::{Found, Lifetimes, SessionKeeper};
pub use memory::MemoryStore;
pub use store::{
    Change, IndexKey, RecordKey, Selection, SessionStore, StoreError, StoreOpener, StoredRecord, Updated,
    Watcher,
};

/// An opened session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) identity: Identity,
    pub(crate) created_at: Timestamp,
    /// From when on it is over, whatever happens.
    pub(crate) expires_at: Timestamp,
    /// From when on it is over unless it is renewed before.
    pub(crate) idle_expires_at: Timestamp,
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
}

/// What the token endpoint gave.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: Secret<String>,
    pub(crate) access_expires_at: Timestamp,
    pub(crate) refresh: Option<Secret<String>>,
    pub(crate) id_token: Secret<String>,
}

impl Session {
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        now >= self.expires_at || now >= self.idle_expires_at
    }
}
