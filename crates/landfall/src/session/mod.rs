//! Sessions: what outlives the round trip, where it is kept, and how it ends.

mod cache;
mod freshness;
mod id;
mod identity;
mod keeper;
mod label;
mod listing;
mod memory;
mod opened;
mod provider_logout;
pub(crate) mod record;
mod renewal;
mod seals;
mod stash;
mod store;
mod subject;

pub(crate) use id::SessionId;
pub use identity::Identity;
pub(crate) use identity::{KeptClaims, Scopes};
pub(crate) use keeper::{CookieSession, KeeperSettings, Lifetimes, SessionKeeper, SessionSeal};
pub(crate) use label::label;
pub use listing::{SessionHandle, SessionInfo};
pub use memory::MemoryStore;
pub(crate) use opened::{ClientRef, Session, Tokens};
pub(crate) use renewal::{NewSession, Refreshed, Saved};
pub(crate) use seals::RecordSeals;
pub use store::{
    Change, IndexKey, RecordKey, Selection, SessionStore, StoreError, StoreOpener, StoredRecord, Updated,
    Watcher,
};
pub use subject::SubjectId;
