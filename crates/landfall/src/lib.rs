//! The core of Landfall: an OpenID Connect relying party, its session and its guard, without a web framework.
//!
//! A web application that signs people in has a callback URL, and behind that URL lies most of what goes wrong:
//! answers that nobody asked for, tabs that overwrite each other, codes that come twice, destinations that lead to
//! another site, sessions that come back after they ended. This crate answers that URL, and everything that leads to
//! it and away from it, once and in one place. Adapters tie it to a web framework; they translate and decide nothing.
//!
//! # Who needs which crate
//!
//! | you have | you take |
//! |---|---|
//! | an application on axum or tower | [`landfall-axum`](https://docs.rs/landfall-axum): it re-exports what an application writes |
//! | an application on actix-web | [`landfall-actix`](https://docs.rs/landfall-actix): the same types under the same names |
//! | sessions that outlive a restart, or several instances | `landfall-redis`, or `landfall-sqlx` for PostgreSQL and SQLite, beside the adapter |
//! | tests that sign somebody in | `landfall-testkit`, as a dev-dependency |
//! | a program on somebody's own machine | `landfall-native`: this core behind a loopback listener, a scheme or a device code |
//! | another web framework | this crate, and an adapter of your own: the program below is a whole one |
//! | another engine for sessions | this crate for [`SessionStore`](store::SessionStore), and the suite in `landfall-testkit` that tries it |
//!
//! # One request, seen from outside
//!
//! An adapter shows the core a request as a [`RequestView`](adapter::RequestView) and does what [`RelyingParty::begin`] says:
//!
//! ```text
//! begin(request) → Done(Pass(visit))       the application answers; `visit` says who is there. No I/O, no future
//!                → Done(Reply(reply))      ours, or refused: the application does not see the request
//!                → Done(NeedsBody(needs))  ours, and a body is needed: at most so many bytes, within a deadline
//!                → Wait(future)            login, callback, or a session that has to be fetched: one of the above
//! ```
//!
//! Somebody who is not signed in opens `https://app.example.com/dashboard?tab=2`:
//!
//! 1. The path is none of ours and no cookie names a session: [`Decision::Pass`](adapter::Decision::Pass), with a [`Visit`] that says "nobody".
//! 2. The application asks [`Visit::require`] and gets a [`SignInWanted`]. [`Visit::challenge`] turns it into the
//!    answer for this kind of request. A page that is being opened is redirected to the provider, with `state`, nonce
//!    and PKCE verifier sealed into a cookie of this attempt. A script, a form's POST, a WebSocket handshake or an
//!    event stream gets a 401 that names the login URL and leaves no cookie; htmx gets its redirect header.
//! 3. The provider sends the browser to `/auth/callback?code=…&state=…`. The answer is checked against the sealed
//!    attempt, the provider's metadata and keys are fetched if they are not at hand, the code is exchanged, the ID
//!    token verified, the application's own say heard, and a session begun under a new id.
//! 4. The browser is redirected to `/dashboard?tab=2`. The session's cookie is there, so step 1 passes a visit that says
//!    who it is. [`Visit::edits`] names the headers to set on the application's answer; usually there are none.
//!
//! # The twenty lines that matter
//!
//! A whole adapter for requests whose body is in memory, with an application that greets whoever is signed in:
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use landfall::adapter::{Decision, Reply, RequestView, Step};
//! use landfall::{CookieKey, RelyingParty};
//!
//! struct View<'r>(&'r Request<Bytes>);
//!
//! impl RequestView for View<'_> {
//!     fn method(&self) -> &str { self.0.method().as_str() }
//!     fn path(&self) -> &str { self.0.uri().path() }
//!     fn query(&self) -> Option<&str> { self.0.uri().query() }
//!     fn authority(&self) -> Option<&str> { self.0.headers().get("host")?.to_str().ok() }
//!     fn each_header<'a>(&'a self, each: &mut dyn FnMut(&'a str, &'a [u8])) {
//!         self.0.headers().iter().for_each(|(name, value)| each(name.as_str(), value.as_bytes()));
//!     }
//! }
//!
//! async fn answer(auth: &RelyingParty, request: &Request<Bytes>) -> Reply {
//!     let decision = match auth.begin(&View(request)) {
//!         Step::Done(decision) => decision,
//!         Step::Wait(waiting) => waiting.await,
//!     };
//!     match decision {
//!         Decision::Reply(reply) => reply,
//!         // A server that streams bodies reads no more than `needs.limit()` bytes.
//!         Decision::NeedsBody(needs) => needs.with(async { Ok(request.body().clone()) }).await,
//!         Decision::Pass(visit) => match visit.require() {
//!             // A whole adapter also sets what `visit.edits(…)` names.
//!             Ok(user) => Response::new(format!("Hello, {}", user.subject()).into()),
//!             Err(wanted) => visit.challenge(wanted).await,
//!         },
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let auth = RelyingParty::builder("https://acme.example")
//!     .client("client-id", "client-secret")
//!     .base_url("https://app.example.com")
//!     .cookie_keys([CookieKey::generate()?])
//!     .build()?;
//! let fetch = Request::get("/api/me").header("host", "app.example.com").header("sec-fetch-mode", "cors");
//! let reply = answer(&auth, &fetch.body(Bytes::new())?).await;
//! assert_eq!(reply.status(), 401); // a script is told where to sign in; a page would be redirected
//! # Ok(())
//! # }
//! ```
//!
//! # The rooms of the house
//!
//! Each room imports only from rooms below it; `cargo xtask lint` holds the list.
//!
//! | layer | room | what lives there |
//! |---|---|---|
//! | outside | `builder` | settings, checked when the relying party is built; errors name the setting |
//! | | `token_proxy` | a prefix forwarded to one API with the access token added |
//! | the front door | `relying_party` | which path belongs to whom, and which leg of the trip answers it |
//! | | `visit` | what a request knows of who is there, what a guard demands, and what the browser gets |
//! | the trip | `flow` | login, callback, code exchange, refresh, logout, and what the provider ends: one leg a file |
//! | what every leg shares | `context` | settings, sites, endpoints, destinations, refusals, events, the state of the legs |
//! | | `guard` | what kind of request it is, whether it comes from this site, what it gets |
//! | | `session` | the record, its seals, the store's contract, the near cache, leases, and who waits for a session's end |
//! | | `provider` | one provider and our registration there: metadata, keys, HTTP |
//! | | `browser` | what the browser keeps for us: cookies, pending logins, kept forms |
//! | the ground | `protocol` | the rules: pure functions that build a request or read a response |
//! | | `address` | base URLs, proxies, mismatches, return-to |
//! | | `web` | requests as the core sees them, replies, pages, the one reader of forms and queries |
//! | | `crypto`, `error`, `clock`, `runtime` | seals and secrets, failures by fault, time, and where work runs |
//! | beside all | [`danger`] | whatever weakens a default, and only here |
//!
//! # What is implemented, and where
//!
//! | specification | room |
//! |---|---|
//! | OpenID Connect Core 1.0: code flow §3.1, third-party initiated login §4, userinfo §5.3, offline access §11, refresh §12 | `protocol`, `flow` |
//! | OpenID Connect Discovery 1.0, RFC 8414 (metadata) | `protocol::discovery`, `provider` |
//! | OpenID Connect RP-Initiated, Back-Channel and Front-Channel Logout 1.0 | `protocol::end_session`, `protocol::logout_token`, `flow` |
//! | OAuth 2.0: RFC 6749 (code §4.1, refresh §6, client authentication §2.3), RFC 6750 (bearer tokens) | `protocol` |
//! | RFC 7636 (PKCE, S256), RFC 9207 (`iss` in the answer), OAuth 2.0 Form Post Response Mode | `protocol`, `flow::callback` |
//! | RFC 9700 (security best current practice), RFC 8725 (JWT best current practices) | everywhere; named where a line follows from one |
//! | JOSE: RFC 7515, 7517, 7518, 7519, 8037 and 9864 | `protocol::{jws, jwks, algorithm, id_token}` |
//! | RFC 9068 §6 (an access token that is read), RFC 7009 (revocation) | `protocol::{access_token, revocation}` |
//! | RFC 9470 (step-up challenge), RFC 9457 (problem details) | `guard::www_authenticate`, `web` |
//! | RFC 8252 (native applications), RFC 8628 (device grant) | `native`, `protocol::device`; for `landfall-native` |
//! | OAuth 2.0 for Browser-Based Applications: backend for frontend | `relying_party::spa`, `token_proxy` |
//! | RFC 7617 (Basic), RFC 9110 §11 (schemes and challenges), of credentials that come with a request | `context::credentials` |
//! | RFC 6265bis (cookies), RFC 7239 (`Forwarded`), RFC 9110 (HTTP) | `browser::cookie`, `address::forwarded`, `web` |
//!
//! # The log
//!
//! What happens is told by [`tracing`](https://docs.rs/tracing), under targets that begin with `landfall`; a program
//! without a subscriber for it that has a logger of the `log` crate reads the same lines there. Which level means what
//! is said in the adapters' documentation. No line holds a code, a token or a cookie. An adapter that adds a line
//! takes `tracing` as well, and none for a request that is served as usual: such a request is worth no line.
//!
//! # What to read next
//!
//! - [`RelyingParty`] and [`RelyingPartyBuilder`]: every setting, its default, and the environment variable it has.
//! - [`Visit`] and [`Requirement`]: what an application asks, [`SignedIn::ended`] for what stays open; [`RequestView`](adapter::RequestView), [`Step`](adapter::Step) and [`Decision`](adapter::Decision): what an adapter does.
//! - [`SessionStore`](store::SessionStore): what a store promises. [`ErrorCode`]: what can fail, by whose fault, and the remedy.
//! - `ARCHITECTURE.md` in the repository: the layers drawn, five walks through them, and the decisions with their reasons.
//!   `README.md` there lists what is refused, and the test that shows it; `SECURITY.md` says against whom.
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

// The application's interface, flat; that of adapters and stores follows in modules of its own.
pub use address::return_to::{ReturnTo, ReturnToError};
pub use address::trusted_proxies::ForwardedHeaders;
pub use browser::sign_in_failure::SignInFailure;
pub use builder::RelyingPartyBuilder;
pub use clock::{Clock, Entropy, EntropyError, SystemClock, SystemEntropy, Timestamp};
pub use context::credentials::hook::{CredentialsAnswer, CredentialsFailed, CredentialsRequest};
pub use context::credentials::scheme::CredentialScheme;
pub use context::events::{Event, EventKind, WayIn};
pub use context::logout_hook::ProviderLogout;
pub use context::provider_tokens::{ProviderTokens, TokensRefreshError};
pub use context::refused::Refused;
pub use context::request_origin::RequestOrigin;
pub use context::settings::BeyondLimit;
pub use context::sign_in_hook::{Declined, NewSignIn};
pub use context::sign_in_page::ProviderInfo;
pub use crypto::seal::CookieKey;
pub use crypto::secret::Secret;
pub use error::{ConfigError, ConnectError, Error, ErrorCode, Fault};
pub use flow::access_token::{AccessToken, AccessTokenError};
pub use guard::sign_in_wanted::SignInWanted;
pub use protocol::algorithm::SigningAlgorithm;
pub use protocol::auth_level::AuthLevel;
pub use protocol::authn_request::Prompt;
pub use protocol::client_auth::ClientAuth;
pub use provider::client_settings::Userinfo;
pub use provider::http_client::{HttpClient, HttpError, HttpErrorKind};
pub use relying_party::RelyingParty;
pub use relying_party::credentials::Credentials;
pub use relying_party::sessions::Sessions;
pub use runtime::under_way::Unfinished;
pub use session::{EndReason, Identity, MemoryStore, SessionHandle, SessionInfo, SignInOptions, SubjectId};
#[cfg(feature = "reqwest")]
pub use token_proxy::TokenProxy;
pub use visit::Visit;
pub use visit::log_identity::LogIdentity;
pub use visit::personal::Personal;
pub use visit::requirement::{Requirement, Unmet};
pub use visit::sign_out::{SignOut, SignedOut};
pub use visit::signed_in::SignedIn;
pub use web::site_data::SiteData;

/// For adapters: the boundary between a web framework and the core.
///
/// An adapter shows each request as a [`RequestView`](adapter::RequestView) and does what the [`Step`](adapter::Step) says. Applications need none of it:
/// their adapter does.
pub mod adapter {
    pub use crate::context::refused::Failure;
    pub use crate::relying_party::decision::{Decision, Step};
    #[cfg(feature = "reqwest")]
    pub use crate::token_proxy::{BrokenOff, Forward, ProxyBody, ProxyBodySize, ProxyStep, Sending, Upload};
    pub use crate::visit::guard::Guard;
    pub use crate::visit::mounting::Mount;
    pub use crate::visit::rejection::{Rejection, missing_layer, stacked_layers};
    pub use crate::visit::until_ended::{SessionOver, UntilEnded};
    pub use crate::web::pages::PROBLEM;
    pub use crate::web::reply::{BodyError, CacheControl, Edits, NeedsBody, Reply, Waiting};
    pub use crate::web::request::{RequestView, host};
    #[doc(hidden)]
    pub use serde::{Serialize, de::DeserializeOwned};

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
    pub use crate::address::unencrypted::Unencrypted;
    pub use crate::session::{
        Change, IndexKey, RecordKey, Selection, SessionStore, StoreClock, StoreError, StoreOpener,
        StoredRecord, Updated, Watcher,
    };
}

/// For tests of Landfall itself.
#[doc(hidden)]
pub mod testing {
    pub use crate::builder::testing::{body_timeout, credentials_patience, logout_token_patience};
}

/// The README's program must compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
