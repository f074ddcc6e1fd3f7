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
//! | a provider to develop against | this crate: [`LocalProvider::from_args`] in a `main`, or `cargo run -p landfall-testkit --example provider -- --help` |
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
//! # A session in a line
//!
//! Most tests of an application are not about the sign-in: somebody is there, and what does a page say to them?
//! [`TestBed::sign_in`] gives their session's cookie, without a server and without a page. What it makes is as true as
//! any: the provider's token is verified, `on_sign_in` is asked, and the session has its tokens.
//!
//! ```
//! # use landfall_testkit::{Person, TestBed};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let bed = TestBed::new("https://app.example.com")?;
//! # let auth = bed.relying_party().build()?;
//! let grace = bed.sign_in(&auth, "grace").await?;                       // one of the provider's people
//! let admin = Person::new("ada").claim("roles", ["admin"]);             // or somebody with these claims
//! let admin = bed.sign_in_person(&auth, admin).await?;
//! let request = http::Request::get("/admin").header("cookie", admin.header());
//! bed.browser.set_cookie(bed.base_url(), grace.set_cookie())?;          // the bed's browser is Grace's now
//! # let _ = request;
//! # Ok(())
//! # }
//! ```
//!
//! | client | how it takes the cookie |
//! |---|---|
//! | `tower::ServiceExt::oneshot` | `Request::get("/admin").header("cookie", admin.header())` |
//! | `axum-test` | `server.get("/admin").add_header("cookie", admin.header())` |
//! | `actix_web::test::call_service` | `TestRequest::get().uri("/admin").insert_header(("cookie", admin.header()))` |
//! | `reqwest` | `client.get(url).header("cookie", admin.header())`; a jar of its own takes [`SessionCookie::set_cookie`] |
//! | [`Browser`] | [`Browser::set_cookie`] |
//!
//! None of them says that a page is being opened, so a guard answers them with 401 and the login URL; a
//! `sec-fetch-mode: navigate` header gets the redirect that a browser gets. A client that follows redirects over the
//! network needs a provider that listens: [`TestBedBuilder::listening`].
//!
//! # Clocks and runtimes
//!
//! The bed's clock stands at a fixed moment and moves when it is told to. A store that the relying party is given goes
//! by it, be it `MemoryStore::new()` or `SqliteStore::open(…)`, unless the store was given another by `with_clock`.
//!
//! All of it works under `#[tokio::test]`, with `start_paused = true` too, and under `#[actix_web::test]`: nothing of
//! ours measures the time of the runtime at hand, so a paused one makes nothing come too early.
//!
//! # One test, seen from outside
//!
//! 1. [`TestBed::new`] registers an application at its base URL with a provider at `https://op.example`. Both
//!    names lead nowhere: requests to them are calls in the process, or go to where [`TestBed::route`] says.
//!    [`TestBed::builder`] does so for an application whose callback, login and logout are on paths of its own.
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
//! [`LocalProvider::from_args`] reads the same from the arguments of a program, or from a TOML file with the same words
//! (`--config provider.toml`, with the feature `toml`), and says what is wrong with them. It is the whole of the example
//! `provider`:
//!
//! ```text
//! --port 9000 --client my-app --secret my-secret --redirect-uri http://localhost:3000/auth/callback
//! --person ada:role=admin --person "grace:name=Grace Hopper,role=ops"
//! ```
//!
//! # What to read next
//!
//! - [`TestBed`], then [`Browser`] and [`LocalProvider`]: everything above, method by method.
//! - [`stores`]: how a store of your own is tried.
//! - `tests/` in the repository: the scenarios and attacks, which are written with this crate.

mod bed;
mod browser;
mod clock;
mod deadline;
mod lock;
mod provider;
pub mod stores;

pub use async_trait::async_trait;
pub use bed::{SessionCookie, SignInError, TestBed, TestBedBuilder};
pub use browser::{Browser, BrowserError, Button, Form, Hop, Page, SameSitePolicy, StoredCookie, Target};
pub use clock::VirtualClock;
pub use landfall::ClientAuth;
pub use provider::{
    Algorithm, ArgumentError, AuthLevel, CallbackEdit, Client, Consent, Delivery, Endpoint, Fault, Hold,
    IdToken, IdTokenEdit, IdTokenMaker, JsonEdit, Jwt, KeyError, LevelClaim, LocalProvider,
    LocalProviderBuilder, Person, RawResponse, SeenRequest, SessionAtProvider, SignOutReason, SigningKey,
    StartError, WebhookForm,
};

/// The README's program must compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
