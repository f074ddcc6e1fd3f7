//! Sessions: what outlives the round trip to the provider, where it is kept, and how it ends.
//!
//! A session is in one of two places. Without a store it is sealed into its cookie, tokens left out. With a store the
//! cookie holds a random [`SessionId`] with our tag, and the session is a record that the store can neither read nor change.
//! [`SessionKeeper`] is the one door to both: the legs of the trip ask it and never see which of the two it is.
//!
//! The room imports from `browser`, `protocol`, `crypto`, `error` and `clock`. It knows nothing of requests, of the
//! provider's metadata or of which leg asks. Its files import each other downwards in this list:
//!
//! | file | what it holds |
//! |---|---|
//! | `provider_logout`, `listing`, `lookout`, `renewal`, `stash`, `trial` | what the keeper does, one part of it a file |
//! | `keeper` | the keeper itself: finding and loading a session, asking the store within a deadline |
//! | `cache` | the near cache in front of every session |
//! | `late_renewal` | sessions that a browser lost here a moment ago |
//! | `endings` | sessions whose end an open connection waits for |
//! | `taken` | what is good once, where no store knows it |
//! | `newborn` | sessions that began here a moment ago, for the log |
//! | `seals` | how a session becomes a [`StoredRecord`] and a record a session |
//! | `record` | the bytes of a session, before they are sealed |
//! | `freshness` | when an access token is handed out as it is |
//! | `somebody` | who is there, by a session or by credentials |
//! | `opened` | a session once it is opened, with its tokens |
//! | `unopened` | what is told, once, of session cookies that do not open |
//! | `misfit` | why claims do not fit a type of the application's |
//! | `sign_in_options` | what an application gives a session that it begins |
//! | `identity`, `subject` | who somebody is |
//! | `id` | what a stored session's cookie holds |
//! | `store`, `memory` | the contract of a store, and the one in this process |
//! | `store_clock` | which clock a store expires by |
//! | `label` | what a browser is called in a list |
//!
//! Who adds a field to a session: to [`Session`] or [`Identity`], and behind the last struct in [`record`]. Who adds
//! something that stores must do: to [`SessionStore`], and to the suite in `landfall-testkit` that every store runs.

mod cache;
mod endings;
mod freshness;
mod id;
mod identity;
mod keeper;
mod label;
mod late_renewal;
mod listing;
mod lookout;
mod memory;
mod misfit;
mod newborn;
mod opened;
mod provider_logout;
pub(crate) mod record;
mod renewal;
mod seals;
mod sign_in_options;
mod somebody;
mod stash;
mod store;
mod store_clock;
mod subject;
mod taken;
mod trial;
mod unopened;

pub use endings::EndReason;
pub(crate) use endings::Watch;
pub(crate) use id::{ReadId, SessionId, SessionIds};
pub use identity::Identity;
pub(crate) use identity::{KeptClaims, Scopes};
pub(crate) use keeper::{CookieSession, KeeperSettings, Lifetimes, SessionKeeper, SessionSeal};
pub(crate) use label::label;
pub use listing::{SessionHandle, SessionInfo};
pub use memory::MemoryStore;
pub(crate) use misfit::{ClaimsOf, claims_error, misfit_of_data};
pub(crate) use opened::{ClientRef, Session, Tokens};
pub(crate) use renewal::{NewSession, Refreshed, Saved, Taken};
pub(crate) use seals::RecordSeals;
pub use sign_in_options::SignInOptions;
pub(crate) use somebody::Somebody;
pub use store::{
    Change, IndexKey, RecordKey, Selection, SessionStore, StoreError, StoreOpener, StoredRecord, Updated,
    Watcher,
};
pub use store_clock::StoreClock;
pub use subject::SubjectId;
