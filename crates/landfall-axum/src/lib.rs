//! Landfall for tower and axum: sign-in with an OpenID Provider, the session and the guard.
//!
//! [`AuthLayer`] goes around the whole router. It answers Landfall's own paths (`/auth/…`) and finds out who
//! is there. What needs a sign-in says so: a handler by taking a [`SignedIn`], a whole router by
//! [`RequireLogin`].
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use landfall_axum::{AuthLayer, RelyingParty, RequireLogin, SignedIn, Visit};
//!
//! async fn home(visit: Visit) -> String {
//!     match visit.signed_in() {
//!         Some(user) => format!("Hello, {}", user.name().unwrap_or(user.subject())),
//!         None => format!("Sign in at {}", visit.login_url()),
//!     }
//! }
//!
//! async fn dashboard(user: SignedIn) -> String {
//!     format!("Hello, {}", user.name().unwrap_or(user.subject()))
//! }
//!
//! fn app(auth: RelyingParty) -> Router {
//!     let reports = Router::new().route("/", get(async || "all reports"));
//!     Router::new()
//!         .route("/", get(home))
//!         .route("/dashboard", get(dashboard))
//!         .nest("/reports", reports.layer(RequireLogin::new()))
//!         .layer(AuthLayer::new(auth))
//! }
//! # let _ = app;
//! ```
//!
//! | where | what it does |
//! |---|---|
//! | [`AuthLayer`] | the outermost layer: Landfall's paths, the session, the answer to whoever must sign in |
//! | [`RequireLogin`] | a layer for a nested router: nothing inside runs unless somebody is signed in |
//! | [`Requirement`] | what a guard, or a handler half-way, demands beyond a sign-in: level, age, scope, role |
//! | [`TokenProxy`] | layer that forwards a prefix to one API, with the access token added |
//! | [`Visit`] | extractor: somebody or nobody |
//! | [`SignedIn`] | extractor: somebody, or the request is sent to sign in |
//! | [`Claims`] | extractor: the claims kept at sign-in, as a type of yours |
//! | [`AccessToken`] | extractor: a token that is good for at least another minute |
//!
//! A request that must sign in and cannot follow a redirect (a fetch, a POST, a WebSocket handshake) gets a 401
//! that names the login URL.
//!
//! The layers are generic over request and response bodies, so they also go around a tower service without
//! axum. The extractors are for axum, by way of `axum-core`.

mod convert;
mod extract;
mod layer;
mod reject;
mod require;
mod token_proxy;

pub use extract::{AccessToken, Claims, SignedIn, Visit};
pub use landfall::{
    AuthLevel, ClientAuth, ConfigError, CookieKey, Declined, EndReason, Error, ErrorCode, Event, EventKind,
    ForwardedHeaders, Identity, MemoryStore, NewSignIn, Prompt, RelyingParty, RelyingPartyBuilder,
    Requirement, ReturnTo, Secret, SignInWanted, SigningAlgorithm, Userinfo, danger,
};
pub use layer::{AuthLayer, AuthService};
pub use reject::Rejection;
pub use require::{RequireLogin, RequireLoginService};
pub use token_proxy::{TokenProxy, TokenProxyBody, TokenProxyService};

/// Futures of the two services; named so that they can be written down, with nothing to call.
pub mod future {
    pub use crate::layer::AuthFuture;
    pub use crate::require::RequireLoginFuture;
    pub use crate::token_proxy::TokenProxyFuture;
}
