//! The callback URL of a web application, done once and done right.
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::todo)
)]

mod address;
mod browser;
mod builder;
mod clock;
mod context;
mod crypto;
pub mod danger;
mod error;
mod flow;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod guard;
#[cfg(feature = "native")]
#[doc(hidden)]
pub mod native;
mod protocol;
mod provider;
mod relying_party;
mod runtime;
mod session;
#[cfg(feature = "reqwest")]
mod token_proxy;
mod visit;
mod web;

// The public interface is:
pub use address::return_to::{ReturnTo, ReturnToError};
pub use address::trusted_proxies::ForwardedHeaders;
pub use builder::RelyingPartyBuilder;
pub use clock::{Clock, Entropy, EntropyError, SystemClock, SystemEntropy, Timestamp};
pub use context::events::{EndReason, Event, EventKind};
pub use context::settings::Userinfo;
pub use context::sign_in_hook::{Declined, NewSignIn};
pub use crypto::seal::CookieKey;
pub use crypto::secret::Secret;
pub use error::{ConfigError, Error, ErrorCode, Fault};
pub use guard::sign_in_wanted::SignInWanted;
pub use protocol::algorithm::SigningAlgorithm;
pub use protocol::auth_level::AuthLevel;
pub use protocol::authn_request::Prompt;
pub use protocol::client_auth::ClientAuth;
pub use provider::http_client::{HttpClient, HttpError, HttpErrorKind};
pub use relying_party::RelyingParty;
pub use relying_party::sessions::Sessions;
pub use session::{Identity, MemoryStore, SessionHandle, SessionInfo};
#[cfg(feature = "reqwest")]
pub use token_proxy::TokenProxy;
pub use visit::requirement::{Requirement, Unmet};
pub use visit::{AccessToken, AccessTokenError, SignedIn, Visit};

/// For adapters: the boundary between a web framework and the core.
///
/// An adapter shows each request as a [`RequestView`] and does what the [`Step`] says. Applications need none of it:
/// their adapter does.
///
/// [`RequestView`]: adapter::RequestView
/// [`Step`]: adapter::Step
pub mod adapter {
    #[cfg(feature = "reqwest")]
    pub use crate::token_proxy::{BrokenOff, Forward, ProxyBody, ProxyBodySize, ProxyStep, Sending, Upload};
    pub use crate::visit::rejection::{Rejection, guard, missing_layer, stacked_layers};
    pub use crate::web::reply::{BodyError, Decision, Edits, NeedsBody, Reply, Step, Waiting};
    pub use crate::web::request::{RequestView, host};

    #[cfg(feature = "reqwest")]
    #[doc(hidden)]
    pub use crate::__token_proxy as token_proxy;
    #[doc(hidden)]
    pub use crate::{
        __deref as deref, __opaque as opaque, __rejection as rejection, __require_login as require_login,
        __visit as visit,
    };
}

/// For stores: where sessions are kept, and what is kept there.
///
/// A store implements [`SessionStore`](store::SessionStore) and, to be opened by an address,
/// [`StoreOpener`](store::StoreOpener). `landfall-testkit` has a test for every promise of it.
pub mod store {
    pub use crate::session::{
        Change, IndexKey, RecordKey, Selection, SessionStore, StoreError, StoreOpener, StoredRecord, Updated,
        Watcher,
    };
}
