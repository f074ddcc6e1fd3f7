//! What a single-page application asks its backend: who is there, and to finish the sign-in whose answer came to a
//! route of its own (OAuth 2.0 for Browser-Based Applications, backend for frontend). No token leaves by here.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, LOCATION, SET_COOKIE};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Inner, Place, RelyingParty};
use crate::browser::cookie::sent_cookies;
use crate::context::settings::SpaCallback;
use crate::error::{Error, ErrorCode};
use crate::flow::callback::CallbackRequest;
use crate::guard::csrf;
use crate::guard::kind::RequestKind;
use crate::session::{self, Found, Session};
use crate::web::form::{self, is_json};
use crate::web::pages;
use crate::web::pages::runtime_gone;
use crate::web::reply::{BodyError, Decision, Reply, Step};
use crate::web::request::RequestView;

/// What the exchange asks for where no other header is required.
pub(crate) const CSRF_HEADER: &str = "x-csrf";
/// The longest answer of a provider, and JSON around it.
const MAX_BODY: usize = 32 * 1024;
/// A script reads no page.
const SCRIPT: RequestKind = RequestKind::Other { html: false };

/// What the page received: the query of its callback route, with `?` or without.
#[derive(Deserialize)]
struct Exchange {
    response: String,
}

/// What the page is told. Times are Unix times in seconds.
#[derive(Serialize)]
struct WhoIsThere<'a> {
    signed_in: bool,
    subject: &'a str,
    issuer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<&'a str>,
    /// When the session ends at the latest.
    expires_at: u64,
    /// When it ends if nothing is asked for any more.
    idle_expires_at: u64,
    login_url: String,
    logout_url: String,
}

impl RelyingParty {
    /// Says who is there. Asking does not let a session live on: a page that polls would never let it end.
    pub(super) fn who_is_there(
        &self,
        view: &dyn RequestView,
        base: usize,
        place: &Place,
        kind: RequestKind,
    ) -> Step {
        let inner = &self.inner;
        let caller = inner.caller(view);
        let done = |reply: Reply| Step::Done(Decision::Reply(pages::for_caller(reply, caller.as_deref())));
        match view.method() {
            "GET" => {}
            "OPTIONS" if caller.is_some() => return done(inner.preflight("GET")),
            _ => return done(inner.method_not_allowed(kind, base, "GET")),
        }
        if let Err(error) = inner.is_from_here(view) {
            return done(inner.refuse(&error, SCRIPT, base, None));
        }
        let sent = sent_cookies(view, &place.names);
        match inner.sessions.find(base, &place.names, &sent, inner.clock.now()) {
            Found::Nobody => done(inner.session_reply(place, None)),
            Found::Session { session, .. } => done(inner.session_reply(place, Some(&session))),
            Found::Load(ids) => {
                let this = self.clone();
                let work = async move {
                    let inner = &this.inner;
                    let found = inner.sessions.load(ids, inner.clock.now()).await;
                    let reply = found
                        .and_then(|session| Ok(inner.session_reply(inner.place(base)?, session.as_deref())))
                        .unwrap_or_else(|error| inner.refuse(&error, SCRIPT, base, None));
                    Decision::Reply(pages::for_caller(reply, caller.as_deref()))
                };
                Step::Wait(inner.runtime.run(work, || Decision::Reply(runtime_gone())))
            }
        }
    }

    /// Does at the backend what the callback does, for an answer that came to a page.
    pub(super) fn exchange(
        &self,
        view: &dyn RequestView,
        base: usize,
        place: &Place,
        kind: RequestKind,
    ) -> Step {
        let inner = &self.inner;
        let caller = inner.caller(view);
        let done = |reply: Reply| Step::Done(Decision::Reply(pages::for_caller(reply, caller.as_deref())));
        match view.method() {
            "POST" => {}
            "OPTIONS" if caller.is_some() => return done(inner.preflight("POST")),
            _ => return done(inner.method_not_allowed(kind, base, "POST")),
        }
        let redirect_uris = match inner.redirect_uris_of(view) {
            Ok(uris) => uris,
            Err(error) => return done(inner.refuse(&error, SCRIPT, base, None)),
        };
        if !is_json(view) {
            return done(inner.refuse(&Error::new(ErrorCode::UnsupportedMediaType), SCRIPT, base, None));
        }
        let sent = sent_cookies(view, &place.names);
        let found = inner.sessions.find(base, &place.names, &sent, inner.clock.now());
        let label = view.header("user-agent").and_then(session::label);
        let (this, sent) = (self.clone(), sent.attempts);
        inner.needs_body(MAX_BODY, move |body| {
            let inner = Arc::clone(&this.inner);
            let work = async move {
                let reply = match answer_in(body) {
                    Ok(query) => {
                        let request =
                            CallbackRequest { base, query, redirect_uris, asked: None, sent, found, label };
                        told(this.finish(&request, SCRIPT).await)
                    }
                    Err(error) => this.inner.refuse(&error, SCRIPT, base, None),
                };
                pages::for_caller(reply, caller.as_deref())
            };
            inner.runtime.run(work, runtime_gone)
        })
    }
}

impl Inner {
    /// Whether a path is a route that takes the provider's answer in a page.
    pub(super) fn is_spa_callback(&self, place: &Place, path: &str) -> bool {
        self.settings.spa_callbacks.iter().any(|callback| place.base.inside_path(&callback.path) == path)
    }

    /// The origin of a single-page application that calls from beside the base URLs.
    pub(super) fn caller(&self, view: &dyn RequestView) -> Option<String> {
        self.page_beside(view).map(|page| page.origin.clone())
    }

    /// The single-page application that a request comes from, if it is beside the base URLs.
    pub(super) fn page_beside(&self, view: &dyn RequestView) -> Option<&SpaCallback> {
        let origin = view.header("origin")?;
        self.pages_beside().find(|page| page.origin.as_bytes() == origin)
    }

    /// Where an answer may have come to that this page hands on: to a route of the page's own origin. What a form
    /// could send is refused.
    fn redirect_uris_of(&self, view: &dyn RequestView) -> Result<Vec<String>, Error> {
        self.is_from_here(view)?;
        let header = self.settings.required_header.as_deref().unwrap_or(CSRF_HEADER);
        if !csrf::has_header(view, Some(header)) {
            return Err(Error::new(ErrorCode::CrossSite).detail(format!("without the header {header}")));
        }
        let origin = view.header("origin").unwrap_or_default();
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

    fn session_reply(&self, place: &Place, session: Option<&Session>) -> Reply {
        let address = |path: &str| format!("{}{path}", place.base.path);
        let login_url = address(&self.settings.paths.login);
        let Some(session) = session else {
            return pages::json(200, &json!({ "signed_in": false, "login_url": login_url }));
        };
        let identity = &session.identity;
        let who = WhoIsThere {
            signed_in: true,
            subject: identity.subject(),
            issuer: identity.issuer(),
            name: identity.name(),
            email: identity.email(),
            roles: identity.roles().collect(),
            expires_at: session.expires_at.secs(),
            idle_expires_at: session.idle_expires_at.secs(),
            login_url,
            logout_url: address(&self.settings.paths.logout),
        };
        let body = serde_json::to_value(&who).unwrap_or_default();
        pages::json(200, &body)
    }

    /// The answer to a browser that asks whether a page may call (Fetch §3.2).
    fn preflight(&self, method: &str) -> Reply {
        let mut reply = pages::done();
        *reply.status_mut() = http::StatusCode::NO_CONTENT;
        let header = self.settings.required_header.as_deref().unwrap_or(CSRF_HEADER);
        pages::put(&mut reply, ACCESS_CONTROL_ALLOW_METHODS, method);
        pages::put(&mut reply, ACCESS_CONTROL_ALLOW_HEADERS, &format!("content-type, {header}"));
        reply
    }
}

/// What the page received, out of the body.
fn answer_in(body: Result<Bytes, BodyError>) -> Result<String, Error> {
    let body = form::whole(body, ErrorCode::RequestMalformed)?;
    let Exchange { response } = serde_json::from_slice(&body)
        .map_err(|_| Error::new(ErrorCode::RequestMalformed).detail("no JSON with a string `response`"))?;
    Ok(response.strip_prefix('?').unwrap_or(&response).to_owned())
}

/// A redirect, told to a script: where to land, or where to go on.
fn told(reply: Reply) -> Reply {
    let Some(location) = reply.headers().get(LOCATION).and_then(|value| value.to_str().ok()) else {
        return reply;
    };
    let name = if location.starts_with('/') { "return_to" } else { "location" };
    let body: Value = json!({ name: location });
    let mut answer = pages::json(200, &body);
    for cookie in reply.headers().get_all(SET_COOKIE) {
        answer.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    answer
}
