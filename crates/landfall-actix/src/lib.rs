//! Landfall for actix-web: sign-in with an OpenID Provider, the session and the guard.
//!
//! [`AuthMiddleware`] goes around the whole application. It answers Landfall's own paths (`/auth/…`) and finds
//! out who is there. What needs a sign-in says so: a handler by taking a [`SignedIn`], a whole scope by
//! [`RequireLogin`].
//!
//! ```no_run
//! use actix_web::{App, HttpServer, web};
//! use landfall_actix::{AuthMiddleware, RelyingParty, RequireLogin, SignedIn, Visit};
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
//! async fn serve(auth: RelyingParty) -> std::io::Result<()> {
//!     HttpServer::new(move || {
//!         let reports = web::scope("/reports").route("", web::get().to(async || "all reports"));
//!         App::new()
//!             .route("/", web::get().to(home))
//!             .route("/dashboard", web::get().to(dashboard))
//!             .service(reports.wrap(RequireLogin::new()))
//!             .wrap(AuthMiddleware::new(auth.clone()))
//!     })
//!     .bind("127.0.0.1:3000")?
//!     .run()
//!     .await
//! }
//! # let _ = serve;
//! ```
//!
//! Make the relying party once, outside the closure: its workers share sessions, keys and connections through it.
//!
//! | where | what it does |
//! |---|---|
//! | [`AuthMiddleware`] | the outermost middleware: Landfall's paths, the session, the answer to whoever must sign in |
//! | [`RequireLogin`] | middleware for a scope: nothing inside runs unless somebody is signed in |
//! | [`Requirement`] | what a guard, or a handler half-way, demands beyond a sign-in: level, age, scope, role |
//! | [`TokenProxy`] | middleware that forwards a prefix to one API, with the access token added |
//! | [`Visit`] | extractor: somebody or nobody |
//! | [`SignedIn`] | extractor: somebody, or the request is sent to sign in |
//! | [`Claims`] | extractor: the claims kept at sign-in, as a type of yours |
//! | [`AccessToken`] | extractor: a token that is good for at least another minute |
//!
//! A request that must sign in and cannot follow a redirect (a fetch, a POST, a WebSocket handshake) gets a 401
//! that names the login URL.

mod convert;
mod extract;
mod middleware;
mod reject;
mod require;
mod token_proxy;

pub use extract::{AccessToken, Claims, SignedIn, Visit};
pub use landfall::{
    AuthLevel, ClientAuth, ConfigError, CookieKey, Declined, EndReason, Error, ErrorCode, Event, EventKind,
    ForwardedHeaders, Identity, MemoryStore, NewSignIn, Prompt, RelyingParty, RelyingPartyBuilder,
    Requirement, ReturnTo, Secret, SignInWanted, SigningAlgorithm, Userinfo, danger,
};
pub use middleware::{AuthMiddleware, AuthService};
pub use reject::Rejection;
pub use require::{RequireLogin, RequireLoginService};
pub use token_proxy::{TokenProxy, TokenProxyService};

/// Futures of the two services; named so that they can be written down, with nothing to call.
pub mod future {
    pub use crate::middleware::AuthFuture;
    pub use crate::require::RequireLoginFuture;
    pub use crate::token_proxy::TokenProxyFuture;
}
