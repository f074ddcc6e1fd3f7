//! A whole OpenID Provider, a browser and a clock, for applications that sign in with Landfall: in their tests,
//! and on a developer's machine.
//!
//! A sign-in takes three parties, two redirects, cookies and time. A test that replaces the provider by a stub
//! tests the stub. Here all of it is real and in one process: the provider signs tokens and answers codes once,
//! the browser has a true cookie jar, and the clock moves when it is told to. No network, no port of a provider,
//! no waiting.
//!
//! Nothing here reaches further than the loopback interface, and nothing here is fit to protect anything: the
//! provider asks for no password.
//!
//! # Who needs which crate
//!
//! | you have | you take |
//! |---|---|
//! | tests of an application that signs in with `landfall-axum`, `landfall-actix` or `landfall-native` | this crate, as a dev-dependency |
//! | a provider to develop against | this crate: [`LocalProvider`] in a `main`, or `cargo run -p landfall-testkit --example provider` |
//! | a [`SessionStore`](landfall::store::SessionStore) of your own | this crate: [`stores`] has a test for every promise |
//! | people who sign in in production | a provider; never this crate |
//!
//! # The twenty lines that matter
//!
//! ```
//! use axum::{Router, routing::get};
//! use landfall_axum::{AuthLayer, SignedIn};
//! use landfall_testkit::TestBed;
//!
//! async fn dashboard(user: SignedIn) -> String {
//!     format!("Hello, {}", user.name().unwrap_or(user.subject()))
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // A provider in the process, a browser and a clock that know each other.
//!     let bed = TestBed::new("https://app.example.com")?;
//!     let auth = bed.relying_party().build()?;
//!     let app = Router::new().route("/dashboard", get(dashboard)).layer(AuthLayer::new(auth));
//!
//!     // The application listens on loopback; the browser finds it by its public name.
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//!     bed.route(listener.local_addr()?)?;
//!     tokio::spawn(async { axum::serve(listener, app).await });
//!
//!     let page = bed.browser.open("https://app.example.com/dashboard").await?;
//!     assert_eq!(page.text(), "Hello, Ada Lovelace");
//!     Ok(())
//! }
//! ```
//!
//! The browser was sent to the provider, Ada was signed in, and the callback led back to `/dashboard`. With
//! actix-web, serve the `App` on a loopback port and hand its address to [`TestBed::route`] likewise.
//!
//! # One test, seen from outside
//!
//! 1. [`TestBed::new`] registers an application at its base URL with a provider at `https://op.example`. Both
//!    names lead nowhere: requests to them are calls in the process, or go to where [`TestBed::route`] says.
//! 2. [`TestBed::relying_party`] is a builder that knows the provider, the secret, the base URL and the clock.
//!    Change what the test is about, and build it.
//! 3. [`Browser::open`] types an address and follows every redirect, with cookies as real browsers keep them (RFC
//!    6265bis), `SameSite` and fetch metadata included. [`Page::hops`] lists each request on the way.
//! 4. The provider signs Ada in without asking. After [`LocalProvider::ask_who_signs_in`] it shows its page, and
//!    [`Browser::sign_in`] chooses.
//! 5. [`VirtualClock::advance`] makes tokens and sessions old. No test has to wait.
//!
//! # What can be made to happen
//!
//! | | by |
//! |---|---|
//! | an answer that is wrong, late, forged or missing, at any endpoint | [`LocalProvider::inject`] with a [`Fault`] |
//! | a provider that is down, or changes its keys | [`LocalProvider::set_down`], [`LocalProvider::rotate_keys`] |
//! | two requests that race | [`LocalProvider::hold`]: they wait at the endpoint until they are let go |
//! | a session that the provider ends, with back- and front-channel logout and webhooks | [`LocalProvider::end_session`], [`LocalProvider::sign_out_everywhere`], [`LocalProvider::disable`] |
//! | a forged logout token | [`LocalProvider::logout_token`] |
//! | a level that is not delivered, a scope that is refused | [`LocalProvider::set_highest_level`], [`LocalProvider::refuse_consent`] |
//! | a second tab, a link from another site, a fetch, a frame | [`Browser::new_tab`], [`Browser::follow_link`], [`Browser::fetch`], [`Browser::open_frame`] |
//! | a cookie that is lost or planted | [`Browser::forget_cookie`], [`Browser::set_cookie`] |
//! | a person who enters a device's code | [`LocalProvider::allow_device`] |
//!
//! What the provider was asked is in [`LocalProvider::requests`], and what it sent by itself in
//! [`LocalProvider::deliveries`].
//!
//! # A provider for development
//!
//! ```no_run
//! use landfall_testkit::{Client, LocalProvider};
//!
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let provider = LocalProvider::builder()
//!     .port(9000)
//!     .client(Client::new("my-app").secret("my-secret").redirect_uri("http://localhost:3000/auth/callback"))
//!     .start()
//!     .await?;
//! println!("issuer: {}", provider.issuer());
//! # Ok(())
//! # }
//! ```
//!
//! It runs until the last clone is dropped. Its own page, at the issuer's address, ends sessions, disables people
//! and shows what was sent.
//!
//! # What to read next
//!
//! - [`TestBed`], then [`Browser`] and [`LocalProvider`]: everything above, method by method.
//! - [`stores`]: how a store of your own is tried.
//! - `tests/` in the repository: the scenarios and attacks, which are written with this crate.

mod bed;
mod browser;
mod clock;
mod lock;
mod provider;
pub mod stores;

pub use async_trait::async_trait;
pub use bed::TestBed;
pub use browser::{Browser, BrowserError, Button, Form, Hop, Page, SameSitePolicy, StoredCookie, Target};
pub use clock::VirtualClock;
pub use provider::{
    Algorithm, AuthLevel, CallbackEdit, Client, ClientAuth, Consent, Delivery, Endpoint, Fault, Hold,
    IdToken, IdTokenEdit, IdTokenMaker, JsonEdit, Jwt, KeyError, LevelClaim, LocalProvider,
    LocalProviderBuilder, Person, RawResponse, SeenRequest, SessionAtProvider, SignOutReason, SigningKey,
    StartError, WebhookForm,
};

/// The README's program must compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
