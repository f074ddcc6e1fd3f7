//! The callback: read what came back, check it against what this browser was given, exchange the code, begin the
//! session, land.
//!
//! The order is the promise: `state` before anything else, then this browser's pending login, then `iss`, and
//! only then is a code sent anywhere.
//!
//! 1. The answer is parsed; a parameter that is there twice is refused (RFC 6749 §3.1).
//! 2. `state` is opened. What was not sealed here goes no further (login CSRF).
//! 3. The pending login is opened: the cookie of this attempt, for this client, issuer and redirect URI
//!    ([`pending`]). Without it the callback may have come twice, late or to another browser ([`heal`]).
//! 4. `iss` is compared (RFC 9207 §2.4), on errors too: a mix-up ends before the code is anywhere.
//! 5. The provider's keys are fetched, a [turn](crate::context::turns) is waited for, the attempt is claimed in this
//!    process and in the store, and the code is sent. Until the claim all of this ends with a browser that hangs up;
//!    from there on it comes to its end.
//! 6. What came for it is verified ([`code_exchange`](crate::flow::code_exchange)), and the application has its
//!    say ([`approval`]).
//! 7. The session begins and the one before ends ([`arrival`]), or the application answers itself ([`answer`]); the attempt's cookies give way to a mark.
//!
//! Whatever fails says what becomes of the attempt ([`failure`]), and the browser's cookies follow from that:
//!
//! | what failed | the attempt | its cookies |
//! |---|---|---|
//! | metadata, keys, the turn or the store; the provider was not reached | is as good as before | stay |
//! | a wrong `iss`, an error of the provider's, another code | is over | go |
//! | the exchange, the application's hook, the session | is over, its code was sent | go, a mark is set |
//!
//! A silent sign-in that fails shows no error; the person lands on the page as nobody.
//!
//! The files: [`request`] is what comes in and goes out, [`pending`] the state between, [`posted`] the way in by POST.

mod answer;
mod arrival;
mod failure;
mod heal;
mod pending;
pub(crate) mod posted;
pub(crate) mod request;

use self::answer::answered;
use self::arrival::Arrival;
use self::failure::{Failure, WhatCame};
use self::heal::same_request;
use self::pending::CallbackRun;
use self::request::{CallbackFailure, CallbackRequest};
use crate::address::return_to::ReturnTo;
use crate::browser::pending_login::{PendingLogin, State, code_digest};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::context::attempts::{Answer, ReturnedAttempt, forget_in_time};
use crate::context::events::{EventKind, Told, WayIn};
use crate::context::refused::Refused;
use crate::context::sign_in_hook::Outcome;
use crate::context::sign_in_trip::SignInTrip;
use crate::context::site::Site;
use crate::crypto::digest::sha256;
use crate::error::{Error, ErrorCode};
use crate::flow::approval::{self, Approved};
use crate::flow::code_exchange::{CodeExchange, CodeExchangeError, exchange_code};
use crate::protocol::authn_request::Prompt;
use crate::protocol::authorization_response::{AuthorizationOutcome, AuthorizationResponse};
use crate::protocol::discovery::ProviderMetadata;
use crate::web::pages;
use crate::web::reply::Reply;

/// Finishes the sign-in: for the redirect URI, and for the exchange of a single-page application.
///
/// An answer that came by POST waits, sealed, in the query. It is taken up where the GET brings nothing beside it but
/// `state`, and goes through every check as if it stood there in the open.
///
/// # Errors
/// [`CallbackFailure`]: the error, where "Sign in again" leads, and the cookies that have to go.
pub(crate) async fn finish(context: &Context, request: &CallbackRequest) -> Result<Reply, CallbackFailure> {
    let lost = |error| request.lost(context, error);
    let response = AuthorizationResponse::parse(&request.query).map_err(lost)?;
    let state = response.state().map_err(lost)?;
    let state = open_state(context, &request.site, state).map_err(lost)?;
    let client = context.clients.numbered(state.client).ok_or_else(|| {
        lost(Error::new(ErrorCode::StateMismatch).detail("state names a client that is not configured"))
    })?;
    let run = CallbackRun::new(context, client, request, &state);
    let posted =
        response.is_bare().then(|| posted::taken_up(&request.site, &state, &request.query)).flatten();
    match posted {
        None => run.finish(&response).await,
        Some(posted) => match AuthorizationResponse::parse(&posted) {
            Ok(response) => run.finish(&response).await,
            Err(error) => Err(run.concluded(Failure::open(error), None)),
        },
    }
}

/// Opens `state`, and tells a callback that came under another address from one that is not ours at all.
///
/// # Errors
/// [`ErrorCode::HostMismatch`] where another base URL's seal opens it: the operator reads both addresses.
/// Otherwise [`ErrorCode::StateMismatch`].
fn open_state(context: &Context, site: &Site, state: &str) -> Result<State, Error> {
    site.seals.open_state(state).ok_or_else(|| {
        match context.sites.iter().find(|other| other.seals.open_state(state).is_some()) {
            Some(other) => Error::new(ErrorCode::HostMismatch).detail(format!(
                "started under {}, came back under {}",
                other.base.literal, site.base.literal
            )),
            None => Error::new(ErrorCode::StateMismatch)
                .detail("state was not sealed with this application's keys"),
        }
    })
}

impl CallbackRun<'_> {
    /// Answers, and turns a failure into what the caller is told; a silent sign-in's into the page it
    /// interrupted.
    async fn finish(&self, response: &AuthorizationResponse<'_>) -> Result<Reply, CallbackFailure> {
        let answer = self.answer(response).await;
        match answer.map_err(|failure| self.concluded(failure, response.code())) {
            Err(failure) if self.pending.as_ref().is_some_and(|pending| pending.v2.silent) => {
                Ok(self.land_as_nobody(&failure))
            }
            answer => answer,
        }
    }

    /// A sign-in that nobody asked for came to nothing: the page is shown to whoever is there. The log and the
    /// event have the reason, since no page does.
    fn land_as_nobody(&self, failure: &CallbackFailure) -> Reply {
        let (error, reference) = (&failure.refused.error, self.context.reference());
        tracing::info!(code = error.code().name(), %error, reference, "a silent sign-in came to nothing");
        let told = Told {
            subject: failure.subject.as_ref(),
            provider: failure.provider.as_ref(),
            origin: Some(&self.request.origin),
            reference: Some(&reference),
            ..Told::new(EventKind::NotSignedInSilently(error.code()), WayIn::Provider)
        };
        self.context.events.tell_of(&told, self.context.clock.now());
        let mut reply = pages::see_other(failure.return_to.as_str());
        for cookie in &failure.set_cookies {
            pages::add_cookie(&mut reply, cookie);
        }
        reply
    }

    /// Steps 3 and 4: the pending login must be here and in time, and the answer must be its provider's.
    ///
    /// `state` and pending login are each held against the lifetime. Metadata come first because they say whether
    /// `iss` is promised; while they cannot be had, the attempt stays open.
    async fn answer(&self, response: &AuthorizationResponse<'_>) -> Result<Reply, Failure> {
        let now = self.context.clock.now();
        let lifetime = self.context.settings.timeouts.login;
        let Some(pending) = &self.pending else {
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
        let metadata = self.client.metadata().await.map_err(Failure::open)?;
        match response.outcome(&pending.issuer, metadata.sends_iss).map_err(Failure::over)? {
            AuthorizationOutcome::Refused { error, description } => {
                self.refused(pending, &error, description.as_deref()).await
            }
            AuthorizationOutcome::Code(code) => self.once(&metadata, pending, &code).await,
        }
    }

    /// Sends a code once, however often the browser sends it here.
    ///
    /// A second click waits for the first one's answer and gets the same reply, also for half a minute after; where the
    /// application answered itself, it gets the way to the destination.
    /// Another code for this attempt is refused, and so is the same one later: by then the mark in the browser
    /// knows it.
    async fn once(
        &self,
        metadata: &ProviderMetadata,
        pending: &PendingLogin,
        code: &str,
    ) -> Result<Reply, Failure> {
        let replayed = || Failure::over(Error::new(ErrorCode::AttemptReplayed));
        let (context, now) = (self.context, self.context.clock.now());
        context.attempts.sweep(now);
        let attempt = context.attempts.enter(pending.attempt, code_digest(code)).ok_or_else(replayed)?;
        if attempt.answer.get().is_some() {
            return attempt.given(now).ok_or_else(replayed);
        }
        let mut own = None;
        attempt
            .answer
            .get_or_try_init(async || {
                let Landed { reply, again } = self.send_code(&attempt, metadata, pending, code).await?;
                let again = again.unwrap_or_else(|| reply.clone());
                own = Some(reply);
                Ok(Answer::new(again, context.clock.now()))
            })
            .await?;
        if own.is_some() {
            context.attempts.answered(&attempt, context.clock.now());
            forget_in_time(&attempt);
        }
        // Whoever waited for it comes within the half minute.
        own.or_else(|| attempt.given(context.clock.now())).ok_or_else(replayed)
    }

    /// Step 5, for whoever is first: claims the attempt, sends the code, and decides what a failure leaves of it.
    ///
    /// 1. Keys first: a code that was sent cannot be sent again when they turn out to be missing.
    /// 2. A turn is waited for: anybody can start a sign-in and come back with a code of their making, and each is a
    ///    call to the provider.
    /// 3. The attempt is claimed in this process, then by a lease in the store: with several instances one alone
    ///    goes on.
    /// 4. The code is sent, and the turn is over. Where the provider was not reached both claims are given back.
    /// 5. An authentication that is too old gets one more trip that asks for a new one (`prompt=login`); if that
    ///    was this one, or nobody asked for the sign-in, the page says what is lacking and offers another try.
    async fn send_code(
        &self,
        attempt: &ReturnedAttempt,
        metadata: &ProviderMetadata,
        pending: &PendingLogin,
        code: &str,
    ) -> Result<Landed, Failure> {
        let replayed = || Failure::over(Error::new(ErrorCode::AttemptReplayed));
        let keys = self.client.keys(metadata).await.map_err(Failure::open)?;
        let turn = self.context.turns.codes.turn().await.map_err(Failure::open)?;
        self.request.going_on.whatever_happens().await;
        if !attempt.may_send() {
            return Err(replayed());
        }
        // With a store, an attempt is for one instance to finish.
        let (sessions, lease) = (&self.context.sessions, attempt_name(pending));
        match sessions.lease(lease, HOLDER, self.context.settings.timeouts.login).await {
            Ok(true) => {}
            Ok(false) => {
                attempt.not_sent();
                return Err(replayed());
            }
            Err(error) => {
                attempt.not_sent();
                return Err(Failure::open(error));
            }
        }
        let exchanged = exchange_code(self.context, self.client, metadata, keys, pending, code).await;
        // What follows is the application's hook and the store's, and may take its time.
        drop(turn);
        match exchanged {
            Ok(exchange) => self.land(pending, code, exchange).await,
            // Nothing was sent: the pending login stays good for another try.
            Err(CodeExchangeError::NotSent(error)) => {
                sessions.release(lease, HOLDER).await;
                attempt.not_sent();
                Err(Failure::open(error))
            }
            // Asked once more, and this time not to be answered from an old session.
            Err(CodeExchangeError::NotRecent) if pending.restarts == 0 && !pending.v2.silent => {
                let reply = self.restart(same_request(pending).prompt(Prompt::Login)).await?;
                Ok(Landed { reply, again: None })
            }
            Err(CodeExchangeError::NotRecent) => {
                let error = Error::new(ErrorCode::AuthenticationInsufficient);
                Err(Failure::sent(Refused::sign_in(error, same_request(pending))))
            }
            // The person may have gone on without, and think better of it.
            Err(CodeExchangeError::Failed(error))
                if error.code() == ErrorCode::AuthenticationInsufficient =>
            {
                Err(Failure::sent(Refused::sign_in(error, same_request(pending))))
            }
            Err(CodeExchangeError::Failed(error)) => Err(Failure::sent(error)),
        }
    }

    /// Asks the application, then begins the session and lands where the person was going; or sends the application's own
    /// answer.
    ///
    /// Either takes the attempt's cookies away, sets the mark and the session's cookie, and says from when on this browser
    /// may be signed in silently. What stays nowhere must not send the browser about: only a sign-in that somebody wanted
    /// lets a silent one follow at once, and none does where the application answers itself.
    async fn land(
        &self,
        pending: &PendingLogin,
        code: &str,
        exchange: CodeExchange,
    ) -> Result<Landed, Failure> {
        let arrival = Arrival { context: self.context, client: self.client, request: self.request };
        // Verified: whatever keeps this person out now can be told with who it was.
        let subject = self.context.events.are_heard().then(|| exchange.identity.subject_id());
        let failed = |error| Failure::sent(error).of(subject.clone());
        let trip = arrival.trip(pending, &self.return_to).await;
        let Approved { exchange, trip, outcome } =
            match approval::call_sign_in_hook(self.context, exchange, trip).await {
                Ok(approved) => approved,
                Err(rejected) => return Err(failed(arrival.reject(rejected).await)),
            };
        let return_to = self.lands_at(&trip);
        let now = self.context.clock.now();
        let returning_at = |is_wanted: bool| {
            let period = self.context.settings.sign_in.silent?;
            let next = if is_wanted { Timestamp::from_secs(0) } else { now.plus(period) };
            Some(self.site.names.returning_at(next))
        };
        let response = match outcome {
            Outcome::Session => None,
            Outcome::Answer(response) => Some(response),
        };
        let Some(response) = response else {
            let session_cookies = arrival.begin_session(pending, exchange).await.map_err(failed)?;
            let mut cookies = self.spent(code, WhatCame::Session, &return_to);
            cookies.extend(session_cookies.into_iter().chain(returning_at(!pending.v2.silent)));
            tracing::info!(restarts = pending.restarts, "signed in");
            return Ok(landed(&return_to, &trip, &cookies));
        };
        let ended = arrival.make_room(&exchange).await.map_err(failed)?;
        let mut cookies = self.spent(code, WhatCame::Answer, &return_to);
        cookies.extend(ended.into_iter().chain(returning_at(false)));
        Ok(answered(response, &trip.headers, &return_to, &cookies))
    }

    /// Where the person lands: where they were going, or where the application's hook sends them, if people may land there.
    fn lands_at(&self, trip: &SignInTrip) -> ReturnTo {
        if !trip.is_rerouted {
            return self.return_to.clone();
        }
        let destination = trip.destination.as_ref().map(ReturnTo::as_str);
        self.context.landing(self.site, self.page_uri.as_deref(), destination)
    }
}

/// The redirect to the destination, with these cookies and what the application adds.
fn landed(return_to: &ReturnTo, trip: &SignInTrip, cookies: &[String]) -> Landed {
    let mut reply = pages::see_other(return_to.as_str());
    for cookie in cookies {
        pages::add_cookie(&mut reply, cookie);
    }
    for (name, value) in &trip.headers {
        reply.headers_mut().append(name, value.clone());
    }
    Landed { reply, again: None }
}

/// What a callback is answered, and what one is that comes again.
pub(super) struct Landed {
    /// For whoever is first.
    reply: Reply,
    /// For whoever comes again; `None` where that is the same.
    again: Option<Reply>,
}

/// The holder of every attempt's lease. Whoever takes it finishes the attempt: nobody takes it a second time,
/// unless it was given back because nothing was sent.
const HOLDER: u128 = 1;

/// The name of an attempt's lease in the store.
fn attempt_name(pending: &PendingLogin) -> [u8; 32] {
    sha256(&[b"attempt", &pending.attempt])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::browser::cookie::{CookieKind, SentCookie};
    use crate::browser::pending_login::PendingLoginV2;
    use crate::context::request_origin::RequestOrigin;
    use crate::runtime::GoingOn;
    use crate::session::CookieSession;
    use crate::{CookieKey, RelyingParty};

    #[test]
    fn a_hostile_destination_in_a_sealed_pending_login_is_not_followed() {
        let relying_party = RelyingParty::builder("https://op.example")
            .client("app", "secret")
            .base_url("https://app.example.com")
            .cookie_keys([CookieKey::generate().unwrap()])
            .front_door()
            .unwrap();
        let context = &*relying_party.context;
        let (site, client) = (context.sites.first(), context.clients.first().unwrap());
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
                client: 0,
                issuer: "https://op.example".to_owned(),
                issued_at: context.clock.now().secs(),
                nonce: [1; 32],
                verifier: [2; 32],
                redirect_uri: client.redirect_uri(&site.base),
                return_to: hostile.to_owned(),
                scope: String::new(),
                max_age: None,
                acr: Vec::new(),
                acr_essential: false,
                prompt_none: false,
                restarts: 0,
                v2: PendingLoginV2::default(),
                carried: None,
            };
            let state = site.seals.seal_state(&*context.entropy, &pending, None).unwrap();
            let state = site.seals.open_state(&state).unwrap();
            let lifetime = Duration::from_secs(60);
            let line = site.seals.login_cookie(&*context.entropy, &site.names, &pending, lifetime).unwrap();
            let (name, rest) = line.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap().to_owned();
            let cookie = SentCookie { kind: CookieKind::Login, name: name.to_owned(), value };
            for sent in [vec![cookie], Vec::new()] {
                let request = CallbackRequest {
                    site: Arc::clone(site),
                    query: String::new(),
                    redirect_uris: vec![client.redirect_uri(&site.base)],
                    requested_address: None,
                    sent,
                    found: CookieSession::Nobody,
                    label: None,
                    origin: RequestOrigin::default(),
                    going_on: GoingOn::default(),
                };
                let run = CallbackRun::new(context, client, &request, &state);
                assert_eq!(run.return_to.as_str(), lands);
            }
        }
    }
}
