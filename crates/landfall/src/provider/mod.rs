//! The provider, reached and remembered: one [`client::Client`] for one provider.
//!
//! What belongs to the client at one provider is here, and nothing of it is the application's: issuer, client id and
//! authentication, scopes and parameters, algorithms, redirect URIs, metadata, keys, and the way there.
//!
//! The room fetches, keeps and sends. What an answer means is for [`crate::protocol`] to say, and in which order things
//! are asked for is for `flow`. It imports from `protocol`, `address`, `crypto`, `error` and `clock`; no session, no
//! cookie and no request of a browser is known here.
//!
//! - [`client`] is what every leg is handed; [`clients`] knows how many there are.
//! - [`client_settings`] is how people are signed in there, [`client_secret`] how the client proves itself.
//! - [`metadata`] and [`jwks`] keep metadata and keys, each in a [`cached::Cached`]; [`key_lookups`] is the budget that
//!   tokens of unknown keys have.
//! - [`roles`] tells of claims that hold none.
//! - [`http_client`] is the trait behind which calls are made; [`reqwest`] is the stock client, [`internal`] the way to
//!   a provider that has another address from here.

mod cached;
pub(crate) mod client;
pub(crate) mod client_secret;
pub(crate) mod client_settings;
pub(crate) mod clients;
pub(crate) mod http_client;
pub(crate) mod internal;
mod jwks;
pub(crate) mod key_lookups;
mod metadata;
#[cfg(feature = "reqwest")]
pub(crate) mod reqwest;
mod roles;
