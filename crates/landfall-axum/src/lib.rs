//! Sign-in with an OpenID Provider for axum and tower: a layer around the application, a guard for a subtree, and
//! the extractors that handlers take.
//!
//! An application that signs people in has to answer a callback URL, keep a session, guard its pages, and send
//! people back to where they were going. The core, [`landfall`], does all of that without a web framework. This
//! crate ties it to axum: it translates requests and responses, and decides nothing.
//! [`landfall-actix`](https://docs.rs/landfall-actix) is its mirror image: the same types under the same names,
//! and a middleware where this one has a layer.
//!
//! # Who needs which crate
//!
//! | you have | you take |
//! |---|---|
//! | an application on axum | this crate; it re-exports what an application writes |
//! | an application on actix-web | `landfall-actix` |
//! | sessions that outlive a restart, or several instances | `landfall-redis`, or `landfall-sqlx` for PostgreSQL and SQLite, beside this crate |
//! | tests that sign somebody in | `landfall-testkit`, as a dev-dependency |
//! | a program on somebody's own machine | `landfall-native`, in place of this crate |
//! | another web framework | `landfall` itself, and an adapter of your own |
//!
//! # The twenty lines that matter
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use landfall_axum::{AuthLayer, CookieKey, RelyingParty, RequireLogin, SignedIn, Visit};
//!
//! async fn home(visit: Visit) -> String {
//!     match visit.signed_in() {
//!         Some(user) => format!("Hello, {}", user.name().unwrap_or(user.subject())),
//!         None => format!("Sign in at {}", visit.login_url()),
//!     }
//! }
//!
//! async fn dashboard(user: SignedIn) -> String {
//!     format!("The dashboard of {}", user.subject())
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let auth = RelyingParty::builder("https://acme.example")
//!         .client("client-id", std::env::var("CLIENT_SECRET")?)
//!         .base_url("https://app.example.com")
//!         .cookie_keys([CookieKey::parse(&std::env::var("COOKIE_KEY")?)?])
//!         .build()?;
//!     let reports = Router::new().route("/", get(async || "all reports"));
//!     let app = Router::new()
//!         .route("/", get(home))
//!         .route("/dashboard", get(dashboard))
//!         .nest("/reports", reports.layer(RequireLogin::new()))
//!         .layer(AuthLayer::new(auth));
//!     axum::serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, app).await?;
//!     Ok(())
//! }
//! ```
//!
//! Make the relying party once, and the layer from it: clones share sessions, keys and connections. The layer
//! goes around the whole router, after every route, `.merge` and `.fallback`; layers that must see every answer
//! (tracing, compression, CORS) go around it. `README.md` lists what it was tried with.
//!
//! At the provider, register the redirect URI `https://app.example.com/auth/callback` and the post-logout
//! redirect URI `https://app.example.com/`, byte for byte. A page signs people out with
//! `<form method="post" action="/auth/logout">`.
//!
//! # One request, seen from outside
//!
//! Somebody who is not signed in opens `https://app.example.com/dashboard?tab=2`:
//!
//! 1. [`AuthLayer`] looks at the request before any router does. Its path is none of Landfall's own, and no
//!    cookie names a session: the request goes on, with a [`Visit`] in its extensions that says "nobody".
//! 2. The handler takes [`SignedIn`]. The extractor finds nobody and refuses, with a 401 that carries a
//!    [`SignInWanted`]. The handler does not run.
//! 3. The layer sees in the response what is wanted, and answers in its place: a redirect to the provider, and a cookie
//!    that only this attempt can use. It holds the `state`, the nonce, the PKCE verifier and `/dashboard?tab=2`,
//!    all sealed.
//! 4. The person signs in at the provider, which sends the browser to `/auth/callback` with a code. That path is
//!    Landfall's own: the answer is checked, the code exchanged, the ID token verified, and a session begun. No
//!    route of yours sees it.
//! 5. The browser is redirected to `/dashboard?tab=2`. The cookie names a session now, the visit says who it is,
//!    and the handler runs.
//!
//! A request of somebody who is signed in takes the short way: step 1 finds the session, and the handler runs. No
//! future is boxed for it, and as long as the session is in the near cache no store is asked.
//!
//! Step 3 depends on the request. Only a page that is being opened is redirected. A script's fetch, a form's
//! POST, a WebSocket handshake and an event stream get a 401 that names the login URL, with no cookie; htmx gets
//! its redirect header.
//!
//! # What an application writes
//!
//! | type | what it is |
//! |---|---|
//! | [`AuthLayer`] | the outermost layer: Landfall's own paths (`/auth/…`), the session, the answer to whoever must sign in |
//! | [`RequireLogin`] | layer for a nested router: nothing inside runs unless somebody is signed in; or around everything, by path |
//! | [`Requirement`] | what a guard, or a handler half-way, demands beyond a sign-in: level, age, scope, role |
//! | [`TokenProxy`] | layer that forwards a prefix to one API, with the access token added |
//! | [`Visit`] | extractor: somebody or nobody |
//! | [`Personal`] | a value made of who is there, for a middleware to hand on: only whoever looks at it makes an answer private |
//! | [`SignedIn`] | extractor: somebody, or the request is sent to sign in |
//! | [`Claims`] | extractor: the claims kept at sign-in, as a type of yours |
//! | [`AccessToken`] | extractor: a token to call an API with, good for at least another minute |
//! | [`Rejection`] | what the extractors refuse with; return it from a handler to ask for a sign-in half-way, or by `?` on what a call of Landfall fails with |
//! | [`RelyingParty`] | the application as the provider knows it; [`RelyingPartyBuilder`] has all settings |
//!
//! The layers take any request and response body, so they stand anywhere in a `ServiceBuilder`, and around a tower
//! service without axum; they answer with [`ResponseBody`].
//! The extractors are for axum, by way of `axum-core`. [`future`] holds the names of the services' futures.
//!
//! `Option<SignedIn>`, `Option<Claims<T>>` and `Option<AccessToken>` are `None` where nobody is signed in, and for no
//! other reason: a missing layer, claims that do not fit and a token that cannot be had are refused all the same.
//! `Result<SignedIn, Rejection>` hands the refusal to the handler. Middleware of the application's own finds the [`Visit`] in the
//! request's extensions. Every type of the core that an application names is here, and under the same name in
//! `landfall-actix`, so a handler that names none of axum's is the same there, word for word.
//!
//! Where a handler does not compile, axum's `#[axum::debug_handler]` names the argument that is at fault.
//!
//! # What stays open
//!
//! A WebSocket, an event stream or a long poll outlives the look at who is there. Its handler waits for
//! [`ended`](landfall::SignedIn::ended) beside what else it waits for, and hears why the session is over; a guard that says
//! [`ends_streams`](RequireLogin::ends_streams) ends the bodies of answers by itself, and so does [`TokenProxy`]. The
//! examples have one of each.
//!
//! # The log
//!
//! Landfall tells what it does by [`tracing`](https://docs.rs/tracing), and nothing is seen of it until the program
//! says where to. With `tracing-subscriber` that is one line at the top of `main`, which shows `INFO` and above:
//!
//! ```text
//! tracing_subscriber::fmt().init();
//! ```
//!
//! A program that logs by the `log` crate (`env_logger`, `log4rs`, `fern`) reads the same lines without more, as long as
//! no subscriber is set.
//!
//! | level | what an operator reads |
//! |---|---|
//! | `ERROR` | what the setup, the provider, the store or an API is to blame for: code, the reference that the person sees, detail, cause, remedy; a guard without its layer |
//! | `WARN` | what goes on, and wants a look: a session whose tokens are not refreshed any more, a provider that is away while its keys are known, an address that almost matches, cookie keys that were made up |
//! | `INFO` | at the start, each URI to be registered at the provider; then each sign-in and sign-out, sessions that the provider ended, and what visitors bring about (declined, expired, replayed, forged), with code and reference |
//! | `DEBUG` | sign-ins that start, callbacks that come twice, forms that are kept |
//!
//! Targets are module paths, so all of ours begin with `landfall`: `RUST_LOG=info,landfall=debug` (for
//! `tracing-subscriber` with its feature `env-filter`, and for `env_logger`) shows each step of a sign-in, stores
//! included. No line holds a code, a token or a cookie, and those of a sign-in do not say whose it is: for an audit
//! take [`RelyingPartyBuilder::on_event`].
//!
//! # What to read next
//!
//! - [`RelyingParty`] and [`RelyingPartyBuilder`]: every setting, its default and its environment variable.
//! - [`RequireLogin`] for guards that demand a second factor, a scope or a role; [`Visit::require_more`] for
//!   handlers that do.
//! - [`danger`] before you weaken anything.
//! - `examples/axum` in the repository: a whole application, with a provider of its own. `README.md` there lists
//!   what is refused, and the test that shows it; `SECURITY.md` says against whom; `ARCHITECTURE.md` how it is
//!   built.

mod convert;
mod extract;
mod layer;
mod reject;
mod require;
mod token_proxy;
mod until_ended;

pub use convert::ResponseBody;
pub use extract::{AccessToken, Claims, SignedIn, Visit};
pub use landfall::store::{SessionStore, StoreError, StoreOpener};
pub use landfall::{
    AccessTokenError, AuthLevel, BeyondLimit, ClientAuth, Clock, ConfigError, ConnectError, CookieKey,
    CredentialScheme, Credentials, CredentialsAnswer, CredentialsFailed, CredentialsRequest, Declined,
    EndReason, Entropy, EntropyError, Error, ErrorCode, Event, EventKind, Fault, ForwardedHeaders,
    HttpClient, HttpError, HttpErrorKind, Identity, LogIdentity, MemoryStore, NewSignIn, Personal, Prompt,
    ProviderInfo, ProviderLogout, ProviderTokens, Refused, RelyingParty, RelyingPartyBuilder, RequestOrigin,
    Requirement, ReturnTo, ReturnToError, Secret, SessionHandle, SessionInfo, Sessions, SignInFailure,
    SignInOptions, SignInWanted, SignOut, SignedOut, SigningAlgorithm, SiteData, SubjectId, SystemClock,
    SystemEntropy, Timestamp, TokensRefreshError, Unfinished, Unmet, Userinfo, WayIn, danger, store,
};
pub use layer::{AuthLayer, AuthService};
pub use reject::Rejection;
pub use require::{RequireLogin, RequireLoginService};
pub use token_proxy::{TokenProxy, TokenProxyService};

/// The futures of this crate's services. They have names so that a type can name them; there is nothing to call.
pub mod future {
    pub use crate::layer::AuthFuture;
    pub use crate::require::RequireLoginFuture;
    pub use crate::token_proxy::TokenProxyFuture;
}

/// The README's program must compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
