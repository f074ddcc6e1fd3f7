//! Landfall for applications on somebody's own machine: desktop, terminal, mobile shell.
//!
//! | the application | how it signs in |
//! |---|---|
//! | can open a browser | [`NativeClient::sign_in`]: the system's browser, and a listener on loopback (RFC 8252 §7.3) |
//! | is a shell with a scheme of its own | [`NativeClient::begin`] and [`NativeClient::finish`]: `com.example.app://callback` (RFC 8252 §7.1) |
//! | has no browser at all | [`NativeClient::sign_in_on_device`]: a code that is entered elsewhere (RFC 8628) |
//!
//! `state`, `nonce`, PKCE, `iss` and the ID token are checked by the same code as in a web application. An embedded
//! browser is never used (RFC 8252 §8.12).
//!
//! ```no_run
//! use landfall_native::NativeClient;
//!
//! # async fn run() -> Result<(), landfall_native::NativeError> {
//! let client = NativeClient::builder("https://acme.example", "client-id")
//!     .scopes(["openid", "profile", "offline_access"]) // offline_access: with a refresh token
//!     .build()?;
//! let user = client.sign_in().await?;
//! println!("Hello, {}", user.name().unwrap_or(user.subject()));
//! let token = client.access_token().await?; // refreshed when it is due
//! # let _ = token;
//! # Ok(())
//! # }
//! ```
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::todo)
)]

mod browser;
mod builder;
mod client;
mod device;
mod error;
mod listener;
mod redirect;
mod request;
mod storage;
mod tokens;

// The public interface is:
pub use browser::{OpenBrowser, SystemBrowser};
pub use builder::NativeClientBuilder;
pub use client::{NativeClient, SignInAttempt};
pub use device::DeviceCode;
pub use error::NativeError;
pub use landfall::{
    AuthLevel, ClientAuth, ConfigError, Error, ErrorCode, Identity, Prompt, RelyingParty,
    RelyingPartyBuilder, Secret, SignInWanted, SigningAlgorithm, Timestamp, Userinfo,
};
#[cfg(feature = "keyring")]
pub use storage::KeyringStorage;
pub use storage::{FileStorage, MemoryStorage, StorageError, TokenStorage};
pub use tokens::AccessToken;
