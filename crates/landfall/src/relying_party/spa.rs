//! What a single-page application asks its backend: who is there, and to finish the sign-in whose answer came to
//! a route of its own.
//!
//! This is the backend for frontend of OAuth 2.0 for Browser-Based Applications: tokens stay at the backend, and
//! the page holds a cookie that its scripts cannot read. No token leaves by here.
//!
//! - [`FrontDoor::session_info`] (`GET /auth/session`): who is there, as JSON.
//! - [`FrontDoor::exchange`] (`POST /auth/exchange`): takes the query that the page's route received, and
//!   finishes the sign-in as the callback does.
//!
//! A page may be at an origin of its own. It is then named by a configured `spa_callback`, answers carry CORS
//! headers for that origin, and a preflight is answered here. Any other origin is refused.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, LOCATION};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::FrontDoor;
use super::credentials::{Asking, Found, Whose};
use super::decision::{Decision, Step};
use crate::browser::cookie::SentCookies;
use crate::context::Context;
use crate::context::credentials::NotTaken;
use crate::context::endpoints::Endpoint;
use crate::context::incoming::{Incoming, RequestFacts};
use crate::context::site::Site;
use crate::error::{Error, ErrorCode};
use crate::flow::callback::request::CallbackRequest;
use crate::guard::fetch_metadata::{self, CSRF_HEADER};
use crate::guard::request_kind::RequestKind;
use crate::guard::sign_in_wanted::SignInWanted;
use crate::runtime::GoingOn;
use crate::runtime::under_way::Work;
use crate::session::{self, CookieSession, Somebody};
use crate::web::form::{self, is_json};
use crate::web::pages::{self, runtime_gone};
use crate::web::reply::{BodyError, Reply};

/// The longest answer of a provider, and JSON around it; in bytes.
const MAX_BODY: usize = 32 * 1024;
/// The kind of request that a page's script sends: it reads no page.
pub(super) const SCRIPT: RequestKind = RequestKind::Other { html: false };

/// The body of an exchange.
#[derive(Deserialize)]
struct ExchangeBody {
    /// The query of the page's callback route, with `?` or without.
    response: String,
}

/// What the page is told of whoever is there. Times are Unix times in seconds. What is not known is left out.
#[derive(Serialize)]
struct SessionAnswer<'a> {
    /// Always `true` here. Where nobody is, the answer holds `signed_in` and `login_url` alone.
    signed_in: bool,
    /// The provider's name for the person, unique at the issuer.
    subject: &'a str,
    /// Who vouches for the person: the subject means nothing without it.
    issuer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    /// As the claims name them, or as the application's hook set them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<&'a str>,
    /// How the application says that it authenticated the person: see [`SignedIn::method`](crate::SignedIn::method).
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    /// When the session ends at the latest. As the two that follow of it, not there of credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<u64>,
    /// When it ends if nothing is asked for any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_expires_at: Option<u64>,
    /// Where to open a sign-in, below the base path and without a destination: the sign-in page, if there is one.
    login_url: String,
    /// Where to post a sign-out.
    #[serde(skip_serializing_if = "Option::is_none")]
    logout_url: Option<String>,
}

/// What has to be asked for who is there.
enum Asked {
    /// The store.
    Cookie(CookieSession),
    /// The application, and where it says nothing the store.
    Credentials(Asking),
}

impl Asked {
    /// Who that is.
    ///
    /// # Errors
    /// The store's, and what a look at credentials says.
    async fn who(self, context: &Context, site: &Site) -> Result<Option<Somebody>, NotTaken> {
        let now = context.clock.now();
        let found = match self {
            Self::Cookie(found) => found,
            Self::Credentials(asking) => match asking.whose(context).await? {
                Whose::Somebody(who) => return Ok(Some(who)),
                Whose::Nobodys { sessions, .. } => {
                    context.sessions.find(&site.session_seal, &SentCookies::of_sessions(&sessions), now)
                }
            },
        };
        let session = context.sessions.resolve(&found, now).await?;
        if session.is_none() {
            context.sessions.is_lost(&found, now);
        }
        Ok(session.map(Somebody::by_session))
    }
}

impl FrontDoor {
    /// Says who is there, for whoever has the cookie or credentials that count, and comes from this site or its page.
    ///
    /// Asking does not let a session live on: a page that polls would never let it end. Nor is nobody an error:
    /// the answer is a 200 with `signed_in: false`.
    pub(super) fn session_info(&self, incoming: Incoming<'_>) -> Step {
        let (context, site) = (&self.context, incoming.site);
        let cors_origin = context.cors_origin(&incoming.signs);
        let done = |reply: Reply| Step::reply(pages::for_caller(reply, cors_origin.as_deref()));
        match incoming.method {
            "GET" | "HEAD" => {}
            "OPTIONS" if cors_origin.is_some() => return done(context.preflight("GET")),
            _ => return done(context.method_not_allowed(incoming.kind, site, "GET")),
        }
        if let Err(error) = context.check_origin(site, &incoming.signs) {
            return done(context.refuse(error, SCRIPT, site, None));
        }
        let now = context.clock.now();
        let asked = match self.by_credentials(&incoming) {
            Ok(None) => match context.sessions.find(&site.session_seal, &incoming.cookies, now) {
                CookieSession::Nobody => return done(context.session_reply(site, None)),
                CookieSession::Session { session, .. } => {
                    let who = Somebody::by_session(session);
                    return done(context.session_reply(site, Some(&who)));
                }
                found @ CookieSession::Load { .. } => Ok(Asked::Cookie(found)),
            },
            Ok(Some(Found::Known(who))) => return done(context.session_reply(site, Some(&who))),
            Ok(Some(Found::Ask(asking))) => Ok(Asked::Credentials(asking)),
            Err(error) => Err(error),
        };
        let this = Arc::clone(context);
        let is_told = !matches!(asked, Ok(Asked::Cookie(_)));
        let origin = is_told.then(|| self.heard_origin(&incoming)).flatten();
        let facts = RequestFacts { kind: SCRIPT, ..RequestFacts::of(context, incoming, true) };
        let work = async move {
            let who = match asked {
                Ok(asked) => asked.who(&this, &facts.site).await,
                Err(error) => Err(error),
            };
            let reply = match who {
                Ok(who) => this.session_reply(&facts.site, who.as_ref()),
                Err(not_taken) => this.refuse_credentials(not_taken, &facts, origin.as_deref()),
            };
            Decision::Reply(pages::for_caller(reply, facts.caller.and_then(|caller| this.origin_of(caller))))
        };
        Step::Wait(context.runtime.run_in_place(work, || Decision::Reply(runtime_gone())))
    }

    /// Does at the backend what the callback does, for an answer that came to a page.
    ///
    /// 1. A preflight of a configured page is answered.
    /// 2. The request must come from such a page, carry the header that no form can send, and be JSON.
    /// 3. The query in it goes through [`FrontDoor::finish`], with the redirect URIs of the page's origin
    ///    alone.
    /// 4. A redirect becomes JSON: `return_to` for a path, `location` for another trip to the provider.
    ///
    /// Without the check of the origin another site could sign its visitor in with a code of its own (login
    /// CSRF); `state` and the pending login are held against that as well.
    pub(super) fn exchange(&self, incoming: Incoming<'_>) -> Step {
        let (context, site) = (&self.context, incoming.site);
        let cors_origin = context.cors_origin(&incoming.signs);
        let done = |reply: Reply| Step::reply(pages::for_caller(reply, cors_origin.as_deref()));
        match incoming.method {
            "POST" => {}
            "OPTIONS" if cors_origin.is_some() => return done(context.preflight("POST")),
            _ => return done(context.method_not_allowed(incoming.kind, site, "POST")),
        }
        let redirect_uris = match context.redirect_uris_of(&incoming) {
            Ok(uris) => uris,
            Err(error) => return done(context.refuse(error, SCRIPT, site, None)),
        };
        if !is_json(incoming.view) {
            let error = Error::new(ErrorCode::UnsupportedMediaType);
            return done(context.refuse(error, SCRIPT, site, None));
        }
        let found = context.sessions.find(&site.session_seal, &incoming.cookies, context.clock.now());
        let label = incoming.view.header("user-agent").and_then(session::label);
        let origin = context.request_origin(incoming.view);
        let (this, site, sent) = (self.clone(), Arc::clone(site), incoming.cookies.attempts);
        Step::needs_body(context.needs_body(MAX_BODY, move |body| {
            let context = Arc::clone(&this.context);
            let Some(place) = context.runtime.admit(Work::SignIn) else {
                let reply = context.refuse(Error::new(ErrorCode::ShuttingDown), SCRIPT, &site, None);
                return Box::pin(std::future::ready(pages::for_caller(reply, cors_origin.as_deref())));
            };
            let work = move |going_on: GoingOn| async move {
                let reply = match answer_in(body) {
                    Ok(query) => {
                        let requested_address = None;
                        let request = CallbackRequest {
                            site,
                            query,
                            redirect_uris,
                            requested_address,
                            sent,
                            found,
                            label,
                            origin,
                            going_on,
                        };
                        redirect_as_json(this.finish(&request, SCRIPT).await)
                    }
                    Err(error) => this.context.refuse(error, SCRIPT, &site, None),
                };
                pages::for_caller(reply, cors_origin.as_deref())
            };
            context.runtime.run_until_left(place, work, runtime_gone)
        }))
    }
}

impl Context {
    /// Whether a path is a route that takes the provider's answer in a page. No silent sign-in starts from there:
    /// the page has not read the answer yet.
    pub(super) fn is_spa_callback(&self, site: &Site, path: &str) -> bool {
        self.settings.spa_callbacks.iter().any(|callback| site.base.inside_path(&callback.path) == path)
    }

    /// Where an answer may have come to that this page hands on: to a route of the page's own origin. What a form
    /// could send is refused.
    ///
    /// # Errors
    /// [`ErrorCode::CrossSite`]: another site, no header, or an origin at which no route is configured.
    fn redirect_uris_of(&self, incoming: &Incoming<'_>) -> Result<Vec<String>, Error> {
        self.check_origin(incoming.site, &incoming.signs)?;
        let header = self.settings.csrf.required_header.as_deref().unwrap_or(CSRF_HEADER);
        if !fetch_metadata::has_header(incoming.view, Some(header)) {
            return Err(Error::new(ErrorCode::CrossSite).detail(format!("without the header {header}")));
        }
        let origin = incoming.signs.origin.unwrap_or_default();
        let callbacks = self.settings.spa_callbacks.iter();
        let uris: Vec<_> = callbacks
            .filter(|callback| callback.origin.as_bytes() == origin)
            .map(|callback| callback.literal.clone())
            .collect();
        if uris.is_empty() {
            return Err(Error::new(ErrorCode::CrossSite).detail("Origin is that of no spa_callback"));
        }
        Ok(uris)
    }

    /// The answer to who is there.
    fn session_reply(&self, site: &Site, who: Option<&Somebody>) -> Reply {
        let address = |path: &str| format!("{}{path}", site.base.path);
        let login_url = address(self.settings.paths.path(self.way_in(&SignInWanted::new())));
        let Some(who) = who else {
            return pages::json(200, &json!({ "signed_in": false, "login_url": login_url }));
        };
        let (identity, session) = (who.identity(), who.session());
        let answer = SessionAnswer {
            signed_in: true,
            subject: identity.subject(),
            issuer: identity.issuer(),
            name: identity.name(),
            email: identity.email(),
            roles: identity.roles().collect(),
            method: who.method(),
            expires_at: session.map(|session| session.expires_at.secs()),
            idle_expires_at: session.map(|session| session.idle_expires_at.secs()),
            login_url,
            logout_url: session.map(|_| address(self.settings.paths.path(Endpoint::Logout))),
        };
        let body = serde_json::to_value(&answer).unwrap_or_default();
        pages::json(200, &body)
    }

    /// The answer to a browser that asks whether a page may call with this method (Fetch §3.2). The caller adds
    /// the page's origin.
    pub(super) fn preflight(&self, method: &str) -> Reply {
        let mut reply = pages::done();
        *reply.status_mut() = http::StatusCode::NO_CONTENT;
        let header = self.settings.csrf.required_header.as_deref().unwrap_or(CSRF_HEADER);
        pages::put(&mut reply, ACCESS_CONTROL_ALLOW_METHODS, method);
        pages::put(&mut reply, ACCESS_CONTROL_ALLOW_HEADERS, &format!("content-type, {header}"));
        reply
    }
}

/// What the page received, out of the body.
///
/// # Errors
/// [`ErrorCode::BodyTooLarge`], and [`ErrorCode::RequestMalformed`] for what did not come whole, or is no such
/// JSON.
fn answer_in(body: Result<Bytes, BodyError>) -> Result<String, Error> {
    let body = form::whole(body, ErrorCode::RequestMalformed)?;
    let ExchangeBody { response } = serde_json::from_slice(&body)
        .map_err(|_| Error::new(ErrorCode::RequestMalformed).detail("no JSON with a string `response`"))?;
    Ok(response.strip_prefix('?').unwrap_or(&response).to_owned())
}

/// A redirect, told to a script: where to land, or where to go on. Its other headers go along; a refusal is left as it
/// is.
fn redirect_as_json(reply: Reply) -> Reply {
    let location = reply.headers().get(LOCATION).filter(|_| reply.status().is_redirection());
    let Some(location) = location.and_then(|value| value.to_str().ok()) else {
        return reply;
    };
    let name = if location.starts_with('/') { "return_to" } else { "location" };
    let body: Value = json!({ name: location });
    let mut answer = pages::json(200, &body);
    // Cookies, and what the application's hook added.
    let others: Vec<_> =
        reply.headers().keys().filter(|name| !answer.headers().contains_key(*name)).collect();
    for name in others.into_iter().filter(|name| **name != LOCATION) {
        for value in reply.headers().get_all(name) {
            answer.headers_mut().append(name, value.clone());
        }
    }
    answer
}
