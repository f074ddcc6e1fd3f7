//! The callback URL of a web application, done once and done right.
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::todo)
)]

mod address;
mod auth_level;
mod builder;
mod challenge;
mod clock;
mod cookie;
mod csrf;
pub mod danger;
mod decision;
mod env;
mod error;
mod events;
mod flow;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod guard;
mod http_client;
mod inner;
mod kept_form;
mod landing;
mod mismatch;
#[cfg(feature = "native")]
#[doc(hidden)]
pub mod native;
mod origin;
mod pages;
mod pending_login;
mod protocol;
mod relying_party;
mod request;
mod requirement;
mod return_to;
mod runtime;
mod seal;
mod secret;
mod session;
mod sessions;
mod settings;
mod sign_in;
#[cfg(feature = "reqwest")]
mod token_proxy;
mod trusted_proxies;
mod visit;
mod wish;

// The public interface is:
pub use auth_level::AuthLevel;
pub use builder::RelyingPartyBuilder;
pub use challenge::{Prompt, SignInWanted};
pub use clock::{Clock, Entropy, EntropyError, SystemClock, SystemEntropy, Timestamp};
pub use decision::{BodyError, Decision, Edits, NeedsBody, Reply, Step, Waiting};
pub use error::{ConfigError, Error, ErrorCode, Fault};
pub use events::{EndReason, Event, EventKind};
pub use http_client::{HttpClient, HttpError, HttpErrorKind};
pub use protocol::algorithm::SigningAlgorithm;
pub use protocol::client_auth::ClientAuth;
pub use relying_party::{RelyingParty, missing_layer, stacked_layers};
pub use request::RequestView;
pub use requirement::{Requirement, Unmet};
pub use return_to::{ReturnTo, ReturnToError};
pub use seal::CookieKey;
pub use secret::Secret;
pub use session::{
    Change, Identity, IndexKey, MemoryStore, RecordKey, Selection, SessionHandle, SessionInfo, SessionStore,
    StoreError, StoreOpener, StoredRecord, Updated, Watcher,
};
pub use sessions::Sessions;
pub use settings::Userinfo;
pub use sign_in::{Declined, NewSignIn};
#[cfg(feature = "reqwest")]
pub use token_proxy::{BrokenOff, Forward, ProxyBody, ProxyBodySize, ProxyStep, Sending, TokenProxy, Upload};
pub use trusted_proxies::ForwardedHeaders;
pub use visit::{AccessToken, AccessTokenError, SignedIn, Visit};
