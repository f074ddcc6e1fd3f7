//! The provider, reached and remembered: one [`client::Client`] for one provider.
//!
//! What belongs to the client at one provider is here, and nothing of it is the application's: issuer, client id and
//! authentication, scopes and parameters, algorithms, redirect URIs, metadata, keys, and the way there.

mod cached;
pub(crate) mod client;
pub(crate) mod client_secret;
pub(crate) mod clients;
mod discovered;
pub(crate) mod http_client;
pub(crate) mod internal;
#[cfg(feature = "reqwest")]
pub(crate) mod reqwest;
pub(crate) mod settings;
