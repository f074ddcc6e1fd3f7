//! Sign-in with an OpenID Provider for applications on somebody's own machine: desktop, terminal, mobile shell.
//!
//! Such a program has no callback URL of its own, no cookie, and nobody it could keep a secret from. So the
//! answer comes to a listener on loopback, to a scheme, or to a code that is entered elsewhere, and tokens lie
//! where only this person can read them. All the rest is the same as on the web: `state`, `nonce`, PKCE, `iss`
//! and the ID token are checked by the core, [`landfall`]. An embedded browser is never used (RFC 8252 §8.12).
//!
//! # Who needs which crate
//!
//! | you have | you take |
//! |---|---|
//! | a desktop application, a terminal program, a mobile shell | this crate |
//! | a web application, server-rendered or single-page | `landfall-axum` or `landfall-actix`: the backend signs people in |
//! | tests that sign somebody in | `landfall-testkit`, as a dev-dependency: its provider knows loopback, schemes and device codes |
//!
//! # The twenty lines that matter
//!
//! ```no_run
//! use landfall_native::{FileStorage, NativeClient};
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let client = NativeClient::builder("https://acme.example", "client-id")
//!         .scopes(["openid", "profile", "offline_access"]) // offline_access: with a refresh token
//!         .storage(FileStorage::new("state/sign-in"))
//!         .build()?;
//!     let user = match client.signed_in().await? {
//!         Some(user) => user,               // from an earlier run
//!         None => client.sign_in().await?,  // opens the browser
//!     };
//!     println!("Hello, {}", user.name().unwrap_or(user.subject()));
//!     let token = client.access_token().await?; // refreshed when it is due
//!     println!("good until {}", token.expires_at().secs());
//!     client.sign_out().await?;
//!     Ok(())
//! }
//! ```
//!
//! At the provider, register a public client (one without a secret) and the redirect URI
//! `http://127.0.0.1/callback`, for which the provider leaves the port open (RFC 8252 §7.3). Where it knows
//! redirect URIs only literally, or loopback only as `localhost`, configure what is registered:
//! [`NativeClientBuilder::loopback_redirect`].
//!
//! | provider | registered | configured |
//! |---|---|---|
//! | one that follows RFC 8252 §7.3 | `http://127.0.0.1/callback` | nothing |
//! | Microsoft Entra | `http://localhost` ("Mobile and desktop applications") | `.loopback_redirect("http://localhost")` |
//! | Amazon Cognito | `http://localhost:8400/callback` | `.loopback_redirect("http://localhost:8400/callback")` |
//!
//! # Where no browser comes up
//!
//! On a server, in a container, over ssh there is none, and launchers often cannot tell. With
//! [`NativeClientBuilder::on_no_browser`] the sign-in goes on: the application shows the address, for a browser on
//! this machine, and a code for any other, where the provider has codes for devices. Whichever the person finishes
//! signs them in.
//!
//! ```no_run
//! # use landfall_native::{NativeClient, NoBrowser};
//! let builder = NativeClient::builder("https://acme.example", "client-id").on_no_browser(|no_browser: NoBrowser| {
//!     eprintln!("Sign in at {}", no_browser.url());
//!     no_browser.use_device(|code| {
//!         eprintln!("or, on another device, enter {} at {}", code.user_code(), code.verification_uri());
//!     });
//! });
//! # let _ = builder;
//! ```
//!
//! # Three ways to sign in
//!
//! | the application | how it signs in | what it registers |
//! |---|---|---|
//! | can open a browser | [`NativeClient::sign_in`]: the system's browser, and a listener on loopback (RFC 8252 §7.3) | `http://127.0.0.1/callback` |
//! | is a shell with a scheme of its own | [`NativeClient::begin`] and [`NativeClient::finish`] (RFC 8252 §7.1) | `com.example.app://callback` |
//! | has no browser at all | [`NativeClient::sign_in_on_device`]: a code that is entered elsewhere (RFC 8628) | nothing; the client must be allowed the device grant |
//!
//! # One sign-in, seen from outside
//!
//! 1. [`NativeClient::sign_in`] binds a port on loopback, fetches the provider's metadata, and opens the system's
//!    browser at the provider. `state`, nonce and PKCE verifier stay in memory.
//! 2. The person signs in. The provider sends the browser to `http://127.0.0.1:PORT/callback` with a code.
//!    Whatever else knocks at that port (another program, a page under another name, the answer to another
//!    sign-in) gets a page and changes nothing. Where the redirect URI says `localhost`, both addresses that the
//!    name means are listened on, or the sign-in fails before a browser is opened.
//! 3. The code is exchanged, the ID token verified, the sign-in put into the storage. Only then the browser shows
//!    how it ended, so that the page tells the truth, and the listener is gone.
//! 4. [`NativeClient::access_token`] gives a token that is good for a while. When it is due, one refresh is made,
//!    however many callers wait, and the new tokens are in the storage before anybody gets them.
//! 5. At the next start [`NativeClient::signed_in`] reads the storage; no browser is needed.
//!
//! A future that is dropped stops what it was about: the listener is closed, the device is not asked about any
//! more. A refresh that was begun goes on to its end, since its refresh token may already be spent.
//!
//! # What an application writes
//!
//! | type | what it is |
//! |---|---|
//! | [`NativeClient`] | the one object: sign in, who is signed in, a token, sign out |
//! | [`NativeClientBuilder`] | its settings; [`NativeClientBuilder::from_builder`] takes those of a web application, the environment's included |
//! | [`TokenStorage`] | where a sign-in is kept: [`MemoryStorage`], [`FileStorage`], `KeyringStorage` with the feature `keyring`, or yours |
//! | [`OpenBrowser`] | how an address is shown: [`SystemBrowser`], or yours |
//! | [`NoBrowser`] | what there is to show where no browser comes up: an address, and a code for another device |
//! | [`SignInAttempt`], [`DeviceCode`] | a sign-in that waits for its answer, and the code to show for one |
//! | [`Identity`], [`AccessToken`] | who signed in, and a token to call an API with |
//! | [`NativeError`] | what can go wrong; [`NativeError::remedy`] says what to do about it |
//! | [`Event`], [`EventKind`] | what happened, for the listener that `on_event` of [`RelyingPartyBuilder`] takes |
//!
//! # The log
//!
//! What happens is told by [`tracing`](https://docs.rs/tracing), under targets that begin with `landfall`:
//! `tracing_subscriber::fmt().init();` in `main` shows it. A program that logs by the `log` crate (`env_logger`) reads the
//! same lines, as long as no subscriber is set. No line holds a token, a code, or the address of a sign-in.
//!
//! # What to read next
//!
//! - [`NativeClient`]: each way to sign in, with an example.
//! - [`TokenStorage`]: what a storage promises, and why the bytes are not sealed.
//! - `examples/native` in the repository: a terminal program that signs in each of the three ways, with a
//!   provider of its own.
//! - `SECURITY.md` there: what another program on the same machine can do, and what it cannot.
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
mod loopback;
mod no_browser;
mod redirect;
mod request;
mod sign_in;
mod storage;
mod tokens;

// The public interface is:
pub use browser::{OpenBrowser, SystemBrowser};
pub use builder::NativeClientBuilder;
pub use client::{NativeClient, SignInAttempt};
pub use device::DeviceCode;
pub use error::NativeError;
pub use landfall::{
    AuthLevel, ClientAuth, ConfigError, EndReason, Error, ErrorCode, Event, EventKind, Identity, Prompt,
    RelyingParty, RelyingPartyBuilder, RequestOrigin, Secret, SignInWanted, SigningAlgorithm, Timestamp,
    Userinfo, WayIn,
};
pub use no_browser::NoBrowser;
#[cfg(feature = "keyring")]
pub use storage::KeyringStorage;
pub use storage::{FileStorage, MemoryStorage, StorageError, TokenStorage};
pub use tokens::AccessToken;

/// The README's program must compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
