//! The callback: read what came back, check it against what this browser was given, exchange the code,
//! begin the session, land.
//!
//! The order is the promise: `state` before anything else, then this browser's pending login, then `iss`,
//! and only then is a code sent anywhere.

pub(crate) mod arrival;
pub(crate) mod posted;

use std::sync::Arc;

use crate::address::mismatch;
use crate::address::return_to::ReturnTo;
use crate::browser::cookie::{CookieKind, SentCookie};
use crate::browser::pending_login::{PendingLogin, Spent, State, code_digest, target_digest};
use crate::clock::Timestamp;
use crate::context::attempts::Attempt;
use crate::context::events::EventKind;
use crate::crypto::digest::sha256;
use crate::error::{Error, ErrorCode};
use crate::flow::approval;
use crate::flow::callback::arrival::Arrival;
use crate::flow::exchange::{self, Redeemed, Unredeemed};
use crate::flow::login::{self, LoginStart, MAX_RESTARTS};
use crate::guard::sign_in_wanted::SignInWanted;
use crate::protocol::authn_request::Prompt;
use crate::protocol::authorization_response::{self, AuthorizationResponse, Outcome};
use crate::protocol::discovery::ProviderMetadata;
use crate::relying_party::{Inner, Place};
use crate::session::{Found, Session};
use crate::web::pages;
use crate::web::reply::Reply;

/// A callback as it came in.
pub(crate) struct CallbackRequest {
    pub(crate) base: usize,
    pub(crate) query: String,
    /// The redirect URIs that an answer may have come to by this way: the callback's, or a page's own.
    pub(crate) redirect_uris: Vec<String>,
    /// The address it came under, if that is not the base URL's.
    pub(crate) asked: Option<String>,
    pub(crate) sent: Vec<SentCookie>,
    pub(crate) found: Found,
    /// What the browser is called.
    pub(crate) label: Option<String>,
}

impl CallbackRequest {
    /// A failure of which nothing else is known.
    fn lost(&self, inner: &Inner, error: Error) -> CallbackFailure {
        let redirect_uri = self.redirect_uris.first().filter(|uri| !inner.is_callback_uri(self.base, uri));
        let return_to = inner.landing(self.base, redirect_uri.map(String::as_str), None);
        CallbackFailure { error, return_to, redirect_uri: redirect_uri.cloned(), set_cookies: Vec::new() }
    }

    /// The session that this browser has now.
    pub(crate) async fn session(&self, inner: &Inner) -> Result<Option<Arc<Session>>, Error> {
        match &self.found {
            Found::Session { session, .. } => Ok(Some(Arc::clone(session))),
            Found::Load(ids) => inner.sessions.load(ids.clone(), inner.clock.now()).await,
            Found::Nobody => Ok(None),
        }
    }
}

/// What kept a callback from signing anyone in, and what still has to be said to the browser.
pub(crate) struct CallbackFailure {
    pub(crate) error: Error,
    /// Where "Sign in again" leads back to.
    pub(crate) return_to: ReturnTo,
    /// Where the answer to that sign-in is to come to, if not to the callback.
    pub(crate) redirect_uri: Option<String>,
    pub(crate) set_cookies: Vec<String>,
}

/// Finishes the sign-in.
pub(crate) async fn finish(inner: &Inner, request: &CallbackRequest) -> Result<Reply, CallbackFailure> {
    let lost = |error| request.lost(inner, error);
    let place = inner.place(request.base).map_err(lost)?;
    let response = AuthorizationResponse::parse(&request.query).map_err(lost)?;
    let state = response.state().map_err(lost)?;
    let state = open_state(inner, place, state).map_err(lost)?;
    let leg = Leg { inner, place, request, state: &state };
    // A response that came by POST waits in a cookie of its own.
    match request.sent.iter().filter(|_| response.is_bare()).find_map(|cookie| leg.posted(cookie)) {
        None => leg.run(&response).await,
        Some(posted) => match AuthorizationResponse::parse(&posted) {
            Ok(response) => leg.run(&response).await,
            Err(error) => Err(leg.failed(error, Vec::new())),
        },
    }
}

/// Opens `state`, and tells a callback that came under another address from one that is not ours at all.
pub(crate) fn open_state(inner: &Inner, place: &Place, state: &str) -> Result<State, Error> {
    place.seals.open_state(state).ok_or_else(|| {
        match inner.places.iter().find(|other| other.seals.open_state(state).is_some()) {
            Some(other) => Error::new(ErrorCode::HostMismatch).detail(format!(
                "started under {}, came back under {}",
                other.base.literal, place.base.literal
            )),
            None => Error::new(ErrorCode::StateMismatch)
                .detail("state was not sealed with this application's keys"),
        }
    })
}

/// One callback under way.
#[derive(Clone, Copy)]
struct Leg<'a> {
    inner: &'a Inner,
    place: &'a Place,
    request: &'a CallbackRequest,
    state: &'a State,
}

impl Leg<'_> {
    async fn run(&self, response: &AuthorizationResponse<'_>) -> Result<Reply, CallbackFailure> {
        match self.answer(response).await {
            Err(failure) if self.pending().is_some_and(|pending| pending.more.unasked) => {
                Ok(self.land_as_nobody(&failure))
            }
            answer => answer,
        }
    }

    /// A sign-in that nobody asked for came to nothing: the page is shown to whoever is there.
    fn land_as_nobody(&self, failure: &CallbackFailure) -> Reply {
        let (error, reference) = (&failure.error, self.inner.reference());
        tracing::info!(code = error.code().name(), %error, reference, "a silent sign-in came to nothing");
        self.inner.events.failed(EventKind::NotSignedInSilently(error.code()), &reference);
        let mut reply = pages::see_other(failure.return_to.as_str());
        for cookie in &failure.set_cookies {
            pages::add_cookie(&mut reply, cookie);
        }
        reply
    }

    async fn answer(&self, response: &AuthorizationResponse<'_>) -> Result<Reply, CallbackFailure> {
        let now = self.inner.clock.now();
        let lifetime = self.inner.settings.login_lifetime;
        let Some(pending) = self.pending() else {
            // The cookie runs out with the attempt: only a fresh attempt's cookie is missing.
            let cause = if self.state.is_expired(lifetime, now) {
                ErrorCode::AttemptExpired
            } else {
                ErrorCode::AttemptCookieMissing
            };
            return self.heal(response, cause).await;
        };
        if pending.is_expired(lifetime, now) || self.state.is_expired(lifetime, now) {
            return self.heal(response, ErrorCode::AttemptExpired).await;
        }
        // Without metadata nothing is known of `iss`; the pending login is kept for when the provider is back.
        let metadata =
            self.inner.provider.metadata().await.map_err(|error| self.failed(error, Vec::new()))?;
        let outcome = response
            .outcome(&pending.issuer, metadata.sends_iss)
            .map_err(|error| self.failed(error, self.consumed()))?;
        match outcome {
            Outcome::Refused { error, description } => {
                self.refused(&pending, &error, description.as_deref()).await
            }
            Outcome::Code(code) => self.once(&metadata, &pending, &code).await,
        }
    }

    /// The pending login of this attempt, if this browser brought it back.
    fn pending(&self) -> Option<PendingLogin> {
        let name = self.place.names.attempt(CookieKind::Login, &self.state.attempt);
        self.request
            .sent
            .iter()
            .filter(|cookie| cookie.name == name)
            .find_map(|cookie| self.place.seals.open_login(cookie))
            .filter(|pending| {
                pending.attempt == self.state.attempt
                    && pending.provider == self.state.provider
                    && *pending.issuer == *self.inner.settings.issuer
                    && self.request.redirect_uris.contains(&pending.redirect_uri)
            })
    }

    /// Answers a callback without its pending login: come twice, come late, come to the wrong browser.
    async fn heal(
        &self,
        response: &AuthorizationResponse<'_>,
        cause: ErrorCode,
    ) -> Result<Reply, CallbackFailure> {
        let name = self.place.names.attempt(CookieKind::Spent, &self.state.attempt);
        let spent = self
            .request
            .sent
            .iter()
            .filter(|cookie| cookie.name == name)
            .find_map(|cookie| self.place.seals.open_spent(cookie));
        let code = response.code().map(code_digest);
        if spent.as_ref().is_some_and(|spent| Some(spent.code) != code) {
            return Err(self.failed(Error::new(ErrorCode::AttemptReplayed), Vec::new()));
        }
        if self.request.session(self.inner).await.map_err(|error| self.failed(error, Vec::new()))?.is_some() {
            tracing::debug!("a callback came again; the session stands");
            return Ok(pages::see_other(self.return_to().as_str()));
        }
        if spent.is_some() && self.state.restarts < MAX_RESTARTS {
            return self.restart(SignInWanted::new()).await;
        }
        let started_under =
            self.state.asked.as_ref().filter(|asked| Some(*asked) != self.request.asked.as_ref());
        let error = match started_under {
            Some(asked) if cause == ErrorCode::AttemptCookieMissing => {
                mismatch::lost_cookie(asked, &self.place.base)
            }
            _ => Error::new(cause),
        };
        Err(self.failed(error, self.consumed()))
    }

    /// The provider answered with an error (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6).
    async fn refused(
        &self,
        pending: &PendingLogin,
        error: &str,
        description: Option<&str>,
    ) -> Result<Reply, CallbackFailure> {
        // Asked once more, in the way that the provider says it needs.
        if !pending.more.unasked {
            if pending.silent && authorization_response::wants_interaction(error) {
                return self.restart(same_wish(pending)).await;
            }
            if let Some(prompt) =
                authorization_response::needed_prompt(error).filter(|_| pending.restarts == 0)
            {
                return self.restart(same_wish(pending).prompt(prompt)).await;
            }
        }
        let code = authorization_response::refusal(error);
        let detail = match description {
            Some(description) => format!("the provider answered {error}: {description}"),
            None => format!("the provider answered {error}"),
        };
        let detail = if code == ErrorCode::ScopeRefused {
            format!("{detail}; asked for {}", pending.scope)
        } else {
            detail
        };
        Err(self.failed(Error::new(code).detail(detail), self.consumed()))
    }

    /// Sends a code once, however often the browser sends it here.
    async fn once(
        &self,
        metadata: &ProviderMetadata,
        pending: &PendingLogin,
        code: &str,
    ) -> Result<Reply, CallbackFailure> {
        let Some(attempt) = self.inner.attempts.enter(pending.attempt, code_digest(code)) else {
            return Err(self.failed(Error::new(ErrorCode::AttemptReplayed), self.consumed()));
        };
        if attempt.answer.get().is_some() {
            return match attempt.given(self.inner.clock.now()) {
                Some(reply) => Ok(reply),
                None => Err(self.failed(Error::new(ErrorCode::AttemptReplayed), self.consumed())),
            };
        }
        attempt
            .answer
            .get_or_try_init(async || {
                let reply = self.exchange(&attempt, metadata, pending, code).await?;
                Ok((reply, self.inner.clock.now()))
            })
            .await
            .map(|(reply, _)| reply.clone())
    }

    async fn exchange(
        &self,
        attempt: &Attempt,
        metadata: &ProviderMetadata,
        pending: &PendingLogin,
        code: &str,
    ) -> Result<Reply, CallbackFailure> {
        // The keys first: a code that was sent cannot be sent again when they turn out to be missing.
        let keys =
            self.inner.provider.keys(metadata).await.map_err(|error| self.failed(error, Vec::new()))?;
        if !attempt.may_send() {
            return Err(self.failed(Error::new(ErrorCode::AttemptReplayed), self.consumed()));
        }
        if let Err(failure) = self.claim(pending).await {
            attempt.not_sent();
            return Err(failure);
        }
        match exchange::redeem(self.inner, metadata, keys, pending, code).await {
            Ok(redeemed) => self.land(pending, code, redeemed).await,
            // Nothing was sent: the pending login stays good for another try.
            Err(Unredeemed::NotSent(error)) => {
                self.unclaim(pending).await;
                attempt.not_sent();
                Err(self.failed(error, Vec::new()))
            }
            // Asked once more, and this time not to be answered from an old session.
            Err(Unredeemed::NotRecent) if pending.restarts == 0 && !pending.more.unasked => {
                self.restart(same_wish(pending).prompt(Prompt::Login)).await
            }
            Err(Unredeemed::NotRecent) => {
                let error = Error::new(ErrorCode::AuthenticationInsufficient).wish(same_wish(pending));
                Err(self.failed(error, self.spent(code, false)))
            }
            // The person may have gone on without, and think better of it.
            Err(Unredeemed::Failed(error)) if error.code() == ErrorCode::AuthenticationInsufficient => {
                Err(self.failed(error.wish(same_wish(pending)), self.spent(code, false)))
            }
            Err(Unredeemed::Failed(error)) => Err(self.failed(error, self.spent(code, false))),
        }
    }

    /// Begins the session and lands where the person was going.
    async fn land(
        &self,
        pending: &PendingLogin,
        code: &str,
        redeemed: Redeemed,
    ) -> Result<Reply, CallbackFailure> {
        let arrival = Arrival { inner: self.inner, place: self.place, request: self.request };
        let began = match approval::ask(self.inner, redeemed).await {
            Ok(redeemed) => arrival.begin(pending, redeemed).await,
            Err(refused) => Err(arrival.turned_away(refused).await),
        };
        let session_cookie = began.map_err(|error| self.failed(error, self.spent(code, false)))?;
        let mut reply = pages::see_other(self.return_to().as_str());
        // A session that does not stay must not send the browser about: only a sign-in that somebody wanted lets a
        // silent one follow at once.
        let now = self.inner.clock.now();
        let returning = self.inner.settings.silent_sign_in.map(|period| {
            let next = if pending.more.unasked { now.plus(period) } else { Timestamp::from_secs(0) };
            self.place.names.returning_at(next)
        });
        for cookie in self.spent(code, true).iter().chain([&session_cookie]).chain(&returning) {
            pages::add_cookie(&mut reply, cookie);
        }
        tracing::info!(restarts = pending.restarts, "signed in");
        Ok(reply)
    }

    /// With a store, an attempt is for one instance to finish.
    async fn claim(&self, pending: &PendingLogin) -> Result<(), CallbackFailure> {
        let Some(store) = self.inner.sessions.store() else { return Ok(()) };
        let lease = store.lease(attempt_name(pending), 1, self.inner.settings.login_lifetime);
        match self.inner.sessions.bounded(lease).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.failed(Error::new(ErrorCode::AttemptReplayed), self.consumed())),
            Err(error) => Err(self.failed(error, Vec::new())),
        }
    }

    async fn unclaim(&self, pending: &PendingLogin) {
        if let Some(store) = self.inner.sessions.store() {
            // A lease that stays costs this attempt another try, no more.
            let _ = self.inner.sessions.bounded(store.release(attempt_name(pending), 1)).await;
        }
    }

    async fn restart(&self, wanted: SignInWanted) -> Result<Reply, CallbackFailure> {
        let start = LoginStart {
            base: self.request.base,
            return_to: self.return_to(),
            wanted,
            restarts: self.state.restarts.saturating_add(1),
            sent: self.request.sent.clone(),
            unasked: false,
            redirect_uri: self.own_redirect_uri(),
            asked: self.request.asked.clone(),
        };
        let mut reply =
            login::start(self.inner, &start).await.map_err(|error| self.failed(error, self.consumed()))?;
        for cookie in self.consumed() {
            pages::add_cookie(&mut reply, &cookie);
        }
        Ok(reply)
    }

    /// Where the answer to another trip is to come to, if not to the callback.
    fn own_redirect_uri(&self) -> Option<String> {
        let pending = self.pending().map(|pending| pending.redirect_uri);
        let uri = pending.or_else(|| self.request.redirect_uris.first().cloned());
        uri.filter(|uri| !self.inner.is_callback_uri(self.request.base, uri))
    }

    /// What a POST left for this GET.
    fn posted(&self, cookie: &SentCookie) -> Option<String> {
        if cookie.name != self.place.names.attempt(CookieKind::Post, &self.state.attempt) {
            return None;
        }
        let plain = self.place.seals.post.open(cookie.name.as_bytes(), cookie.value.as_bytes()).plain()?;
        String::from_utf8(plain.to_vec()).ok()
    }

    /// The destination, looked at once more: what an older release sealed may not hold today.
    fn return_to(&self) -> ReturnTo {
        let destination =
            self.pending().map(|pending| pending.return_to).or_else(|| self.state.return_to.clone());
        let redirect_uri = self.own_redirect_uri();
        self.inner.landing(self.request.base, redirect_uri.as_deref(), destination.as_deref())
    }

    /// The cookies that take this attempt away.
    fn consumed(&self) -> Vec<String> {
        let names = &self.place.names;
        [CookieKind::Login, CookieKind::Post]
            .map(|kind| names.attempt(kind, &self.state.attempt))
            .iter()
            .filter(|name| self.request.sent.iter().any(|cookie| cookie.name == **name))
            .map(|name| names.clear(name))
            .collect()
    }

    /// The same, with a mark that its code was sent.
    fn spent(&self, code: &str, signed_in: bool) -> Vec<String> {
        let mark = Spent {
            attempt: self.state.attempt,
            code: code_digest(code),
            finished_at: self.inner.clock.now().secs(),
            signed_in,
            target: target_digest(self.return_to().as_str()),
        };
        let mut cookies = self.consumed();
        // Without the mark a reload finds a page instead of the destination; that is all.
        cookies.extend(self.place.seals.spent_cookie(&*self.inner.entropy, &self.place.names, &mark));
        cookies
    }

    fn failed(&self, error: Error, set_cookies: Vec<String>) -> CallbackFailure {
        let (return_to, redirect_uri) = (self.return_to(), self.own_redirect_uri());
        CallbackFailure { error, return_to, redirect_uri, set_cookies }
    }
}

/// What was asked for, without how.
fn same_wish(pending: &PendingLogin) -> SignInWanted {
    let mut wanted = SignInWanted::new();
    (*wanted.wish).clone_from(&pending.more.wish);
    wanted.wish.prompt = None;
    wanted
}

fn attempt_name(pending: &PendingLogin) -> [u8; 32] {
    sha256(&[b"attempt", &pending.attempt])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::browser::pending_login::More;
    use crate::{CookieKey, RelyingParty};

    #[test]
    fn a_hostile_destination_in_a_sealed_pending_login_is_not_followed() {
        let relying_party = RelyingParty::builder("https://op.example")
            .client("app", "secret")
            .base_url("https://app.example.com")
            .cookie_keys([CookieKey::generate().unwrap()])
            .build()
            .unwrap();
        let inner = &*relying_party.inner;
        let place = inner.place(0).unwrap();
        // What no release of ours would seal, nor a later one read.
        for (hostile, lands) in [
            ("//evil.example", "/"),
            ("https://evil.example/", "/"),
            ("/\\evil.example", "/"),
            ("/auth/logout", "/"),
            ("/fine?x=1", "/fine?x=1"),
        ] {
            let pending = PendingLogin {
                attempt: [7; 16],
                provider: 0,
                issuer: "https://op.example".to_owned(),
                issued_at: inner.clock.now().secs(),
                nonce: [1; 32],
                verifier: [2; 32],
                redirect_uri: place.redirect_uri.clone(),
                return_to: hostile.to_owned(),
                scope: String::new(),
                max_age: None,
                acr: Vec::new(),
                acr_essential: false,
                silent: false,
                restarts: 0,
                more: More::default(),
            };
            let state = place.seals.seal_state(&*inner.entropy, &pending, None).unwrap();
            let state = place.seals.open_state(&state).unwrap();
            let lifetime = Duration::from_secs(60);
            let line = place.seals.login_cookie(&*inner.entropy, &place.names, &pending, lifetime).unwrap();
            let (name, rest) = line.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap().to_owned();
            let cookie = SentCookie { kind: CookieKind::Login, name: name.to_owned(), value };
            for sent in [vec![cookie], Vec::new()] {
                let request = CallbackRequest {
                    base: 0,
                    query: String::new(),
                    redirect_uris: vec![place.redirect_uri.clone()],
                    asked: None,
                    sent,
                    found: Found::Nobody,
                    label: None,
                };
                let leg = Leg { inner, place, request: &request, state: &state };
                assert_eq!(leg.return_to().as_str(), lands);
            }
        }
    }
}
