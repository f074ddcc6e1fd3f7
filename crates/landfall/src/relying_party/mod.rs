//! The front door: the one object an application makes, and what it does with a request.
//!
//! A [`RelyingParty`] is a [`FrontDoor`], or none where sign-in is not set up: then there are no endpoints, and every visit is
//! nobody's.
//!
//! An adapter hands each request to [`RelyingParty::begin`] and does what the [`decision::Step`] says. An endpoint,
//! or a few that belong together, is one file here: it reads the request, refuses what may not be, and hands the
//! rest to a leg of the trip in [`flow`](crate::flow). What a leg does, and in which order, is not here.
//!
//! - `dispatch`: which path belongs to whom. Begin reading there.
//! - [`decision`]: what an adapter is told to do.
//! - `elsewhere`: what came by no base URL.
//! - `login`, `login_query`: the login address, and what it is asked for.
//! - `callback`: the redirect URI.
//! - `spa`: the two endpoints of a single-page application.
//! - `providers`: what a sign-in page can offer, for its script.
//! - `credentials`: what came with a request in place of a cookie.
//! - `silent`: the sign-in that nobody asked for.
//! - `resume`: a posted form that is kept across a sign-in.
//! - `logout`, `provider_logout`: a person's sign-out, and the provider's.
//! - `kept_tokens`: what an application calls that keeps the provider's tokens itself.
//! - `openapi`, `operations`: the endpoints as a document for others.
//! - [`sessions`]: sessions as objects for the application.
//!
//! A new endpoint is a file here, an arm in `dispatch`, and a row in [`endpoints`](crate::context::endpoints).
//! The room imports [`visit`](crate::visit) and everything below it.

mod callback;
pub(crate) mod credentials;
pub(crate) mod decision;
mod dispatch;
mod elsewhere;
mod kept_tokens;
mod login;
mod login_query;
mod logout;
mod openapi;
mod operations;
mod provider_logout;
mod providers;
mod resume;
pub(crate) mod sessions;
mod silent;
mod spa;

use std::sync::Arc;
use std::time::Duration;

use self::sessions::Sessions;
use crate::context::{Context, no_runtime};
use crate::error::{Error, ErrorCode, Names};
use crate::runtime::under_way::{Unfinished, Work};
use crate::visit::Visit;

/// The one object an application makes: it signs people in at one provider, or keeps the sessions of people whom the
/// application itself signs in ([`without_provider`](Self::without_provider)).
///
/// A clone is the same relying party. Nothing in it asks the network until somebody signs in.
///
/// ```
/// use landfall::{CookieKey, RelyingParty};
///
/// let auth = RelyingParty::builder("https://acme.example")
///     .client("client-id", "client-secret")
///     .base_url("https://app.example.com")
///     .cookie_keys([CookieKey::generate()?])
///     .build()?;
/// # let _ = auth;
/// # Ok::<(), landfall::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RelyingParty {
    /// `None` where sign-in is not set up.
    front: Option<FrontDoor>,
}

/// A relying party that is set up: what answers requests. The endpoints are its methods.
#[derive(Clone, Debug)]
pub(crate) struct FrontDoor {
    /// What all clones share.
    pub(crate) context: Arc<Context>,
}

impl FrontDoor {
    /// Wraps what the builder has checked.
    pub(crate) fn of(context: Context) -> Self {
        Self { context: Arc::new(context) }
    }

    /// The provider's issuer, as it was configured; empty where there is none.
    pub(crate) fn issuer(&self) -> &str {
        self.context.clients.first().map_or("", |client| &client.issuer)
    }
}

impl From<FrontDoor> for RelyingParty {
    fn from(front: FrontDoor) -> Self {
        Self { front: Some(front) }
    }
}

impl RelyingParty {
    /// One that signs nobody in, for an application that is run without a provider: every visit is nobody's, and
    /// whatever needs somebody answers 503 ([`ErrorCode::NotSetUp`]).
    ///
    /// The layers of the adapters make it where they are given none (`AuthLayer::optional`,
    /// `AuthMiddleware::optional`).
    ///
    /// ```
    /// use landfall::RelyingParty;
    ///
    /// let auth = RelyingParty::not_set_up();
    /// assert!(!auth.is_set_up() && auth.issuer().is_empty() && auth.redirect_uris().next().is_none());
    /// ```
    pub fn not_set_up() -> Self {
        Self { front: None }
    }

    /// Whether it can sign anybody in: `true` unless it was made by [`not_set_up`](Self::not_set_up).
    pub fn is_set_up(&self) -> bool {
        self.front.is_some()
    }

    /// Sessions that the application itself begins, lists or ends.
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions::of(self.front.as_ref().map(|front| &front.context))
    }

    /// The provider's issuer, as it was configured. Empty where there is no provider, and where sign-in is not set up.
    pub fn issuer(&self) -> &str {
        self.front.as_ref().map(FrontDoor::issuer).unwrap_or_default()
    }

    /// The redirect URIs to register at the provider, byte for byte; one for each base URL, and those of
    /// single-page applications. None where there is no provider, and where sign-in is not set up.
    ///
    /// ```
    /// use landfall::{CookieKey, RelyingParty};
    ///
    /// let auth = RelyingParty::builder("https://acme.example")
    ///     .client("client-id", "client-secret")
    ///     .base_url("https://app.example.com")
    ///     .cookie_keys([CookieKey::generate()?])
    ///     .build()?;
    /// assert!(auth.redirect_uris().eq(["https://app.example.com/auth/callback"]));
    /// # Ok::<(), landfall::ConfigError>(())
    /// ```
    pub fn redirect_uris(&self) -> impl Iterator<Item = String> {
        self.front.iter().flat_map(|FrontDoor { context }| {
            context.clients.first().into_iter().flat_map(|client| {
                let spa = context.settings.spa_callbacks.iter().map(|callback| callback.literal.clone());
                context.sites.iter().map(|site| client.redirect_uri(&site.base)).chain(spa)
            })
        })
    }

    /// The base URLs, as they were configured: first the one that people know the application by. None where sign-in is
    /// not set up.
    pub fn base_urls(&self) -> impl Iterator<Item = &str> {
        let sites = self.front.iter().flat_map(|front| front.context.sites.iter());
        sites.map(|site| site.base.literal.as_str())
    }

    /// Waits, before the process ends, for what goes on by itself: callbacks whose code was sent, refreshes, sign-outs
    /// and logout tokens, sessions that are written. A process that ends in the middle of a refresh takes tokens with
    /// it that nobody else has.
    ///
    /// Call it when the server takes no connections any more and has answered what it had taken: with axum after
    /// `axum::serve(…).with_graceful_shutdown(…)` has returned, with actix-web after `HttpServer::run` has. Then end the
    /// process. Three times have to fit into what whoever stops the process allows it: the server's, this deadline, and
    /// a moment. Ten seconds cover a provider that is slow; a store that is away may take longer.
    ///
    /// Requests that come all the same, from its first poll on and for good:
    ///
    /// | request | answer |
    /// |---|---|
    /// | a callback, an exchange, a token that would have to be refreshed and is over | 503 with `Retry-After` ([`ErrorCode::ShuttingDown`]), nothing is sent to the provider: the sign-in stays pending, the session stands, and another instance does it |
    /// | a sign-out, by a person or by the provider | done, and waited for: a provider may not say it twice |
    /// | everything else: pages, guards, the way to the provider | as ever |
    ///
    /// Returns what was left when `deadline` was over; a WARN names it as well. Dropping the waiting leaves the rest as
    /// described. Several may wait at once.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// # async fn end(auth: landfall::RelyingParty) {
    /// let left = auth.drain(Duration::from_secs(10)).await;
    /// assert!(left.is_empty(), "lost: {left}");
    /// # }
    /// ```
    pub async fn drain(&self, deadline: Duration) -> Unfinished {
        let Some(FrontDoor { context }) = &self.front else { return Unfinished::default() };
        let left = context.runtime.drain(deadline).await;
        if !left.is_empty() {
            tracing::warn!(
                sign_ins = left.sign_ins(),
                refreshes = left.refreshes(),
                saves = left.saves(),
                sign_outs = left.sign_outs(),
                others = left.others(),
                "the deadline is over and work is not: {left}; what ends with the process now is lost"
            );
        }
        left
    }

    /// Asks the store and the provider once, for a builder that is to fail at the start rather than at the first
    /// sign-in: the store by a record that it is given and that is taken away again, the provider for its metadata.
    ///
    /// # Errors
    /// When the store lacks something, or the provider cannot be reached or its metadata cannot be used. The error's
    /// detail is whole, with the remedy, since whoever starts the application may print that alone.
    pub(crate) async fn connect(&self) -> Result<(), Error> {
        let Some(FrontDoor { context }) = self.front.clone() else { return Err(ErrorCode::NotSetUp.into()) };
        let this = Arc::clone(&context);
        let asked = async move {
            this.sessions.try_store(this.clock.now()).await?;
            match this.clients.first() {
                Some(client) => client.metadata().await.map(drop),
                None => Ok(()),
            }
        };
        let place = context.runtime.enter(Work::Other);
        let asked = context.runtime.run(place, asked, || Err(no_runtime())).await;
        asked.map_err(|error| whole(error, &context.names))
    }
}

/// With everything that the operator should read in the detail, as this application calls its settings.
fn whole(error: Error, names: &Names) -> Error {
    let detail = error.operator_detail().unwrap_or_default();
    let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    let parts = [detail, source.as_str(), error.remedy()];
    let parts: Vec<_> =
        parts.into_iter().filter(|part| !part.is_empty()).map(|part| names.spell(part)).collect();
    let detail = parts.join("; ");
    error.detail(detail)
}

impl Visit {
    /// For adapters: who made this visit, and so answers for it.
    pub fn relying_party(&self) -> RelyingParty {
        let context = self.set_up().map(|(context, _)| Arc::clone(context));
        RelyingParty { front: context.map(|context| FrontDoor { context }) }
    }
}
