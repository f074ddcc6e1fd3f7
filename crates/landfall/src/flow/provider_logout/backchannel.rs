//! Back-channel logout (OpenID Connect Back-Channel Logout 1.0): the provider posts a logout token, and the
//! sessions it names end.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::context::events::{EndReason, EventKind};
use crate::context::refusal::log;
use crate::error::{Error, ErrorCode};
use crate::protocol::jws::JwsError;
use crate::protocol::logout_token::{self, Expectations, LogoutToken, Unverified, rejected};
use crate::relying_party::Inner;
use crate::session::{RecordKey, Selection};
use crate::web::form::values;
use crate::web::pages;
use crate::web::reply::Reply;

/// The most that a logout token's form may hold.
pub(crate) const MAX_BODY: usize = 64 * 1024;
/// How many tokens may ask for keys and for the store at once.
const AT_ONCE: usize = 32;
/// How long one waits for its turn.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// A provider tells the time of sign-ins and of logouts in whole seconds.
const SECOND: Duration = Duration::from_secs(1);

/// Anybody can post here. What they post takes its turn, so that a flood leaves the rest of the application, and
/// the store, to others.
#[derive(Debug)]
pub(crate) struct Backchannel {
    slots: Semaphore,
    patience: Duration,
}

impl Backchannel {
    pub(crate) fn new(patience: Duration) -> Self {
        Self { slots: Semaphore::new(AT_ONCE), patience }
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, Error> {
        match tokio::time::timeout(self.patience, self.slots.acquire()).await {
            Ok(Ok(slot)) => Ok(slot),
            _ => {
                Err(Error::new(ErrorCode::Overloaded).detail("logout tokens come faster than they are read"))
            }
        }
    }
}

/// The answer to a form: 200 when its sessions are over, 400 when it is no good, 503 when it should come again.
pub(crate) async fn receive(inner: &Inner, form: Result<String, Error>) -> Reply {
    let taken = match form {
        Ok(form) => take(inner, &form).await,
        Err(error) => Err(error),
    };
    match taken {
        Ok(()) => pages::done(),
        Err(error) => refused(inner, &error),
    }
}

/// A refusal as §2.8 has it: always 400 for what is wrong with the request, so that nobody sends it again.
pub(crate) fn refused(inner: &Inner, error: &Error) -> Reply {
    let reference = inner.reference();
    log(error, &reference);
    let code = error.code();
    if error.status() >= 500 {
        let body = serde_json::json!({
            "error": "temporarily_unavailable",
            "error_description": code.sentence(),
            "reference": reference,
        });
        let mut reply = pages::json(503, &body);
        pages::put(&mut reply, http::header::RETRY_AFTER, &inner.retry_after(code).to_string());
        return reply;
    }
    let body = serde_json::json!({
        "error": "invalid_request",
        "error_description": error.operator_detail().unwrap_or(code.sentence()),
        "reference": reference,
    });
    pages::json(400, &body)
}

async fn take(inner: &Inner, form: &str) -> Result<(), Error> {
    let token = the_token(form)?;
    let settings = &inner.settings;
    let expect = Expectations {
        issuer: &settings.issuer,
        client_id: &settings.client_id,
        trusted_audiences: &settings.trusted_audiences,
        algorithms: &settings.algorithms,
        leeway: settings.leeway,
        now: inner.clock.now(),
    };
    let unverified = logout_token::read(&token, &expect)?;
    let _turn = inner.backchannel.turn().await?;
    let token = verify(inner, &unverified).await?;
    let ended = end(inner, &token).await?;
    for key in &ended {
        let subject = token.subject.as_deref();
        inner.events.tell(EventKind::Ended(EndReason::BackChannel), subject, Some(*key));
    }
    tracing::info!(sessions = ended.len(), "the provider ended sessions by a logout token");
    // Remembered behind the deed: where the store fails in between, the provider's next try must do it. Posted
    // again, a token ends nothing new anyway.
    let name = ["logout token", &settings.issuer, &settings.client_id, &token.jti];
    let span = (logout_token::MAX_AGE + settings.leeway) * 2;
    if !inner.sessions.first_time(name, span).await? {
        return Err(rejected("jti was seen before"));
    }
    Ok(())
}

/// The one `logout_token` of the form.
fn the_token(form: &str) -> Result<String, Error> {
    let malformed = |rule: &str| Error::new(ErrorCode::RequestMalformed).detail(rule);
    let mut tokens = values(form, "logout_token");
    match (tokens.next(), tokens.next()) {
        (Some(Some(token)), None) => Ok(token.into_owned()),
        (Some(None), None) => Err(malformed("the form is not UTF-8")),
        _ => Err(malformed("there is not exactly one logout_token")),
    }
}

async fn verify(inner: &Inner, token: &Unverified<'_>) -> Result<LogoutToken, Error> {
    let metadata = inner.provider.metadata().await?;
    let keys = inner.provider.keys(&metadata).await?;
    let credentials = inner.settings.credentials();
    let secret = credentials.secret.as_ref();
    let verified = match token.verify(&keys, secret) {
        Err(JwsError::UnknownKey) => {
            let keys = inner.provider.keys_beyond(&metadata, &keys).await?;
            token.verify(&keys, secret)
        }
        verified => verified,
    };
    verified.map_err(|error| match error {
        JwsError::UnknownKey => rejected("no key of the provider's fits the token, or none verifies it"),
        JwsError::Invalid(rule) => rejected(rule),
    })
}

/// Ends what the token names, as far as it began before the token: an old token never ends a newer session.
async fn end(inner: &Inner, token: &LogoutToken) -> Result<Vec<RecordKey>, Error> {
    let sessions = &inner.sessions;
    let (at, now) = (token.issued_at, inner.clock.now());
    let before = Selection::all().created_before(at.plus(SECOND));
    match (&token.subject, &token.sid) {
        // Somebody else's session by this name is not what the token is about.
        (Some(subject), Some(sid)) => {
            inner.endings.of_session(Some(subject), sid, at, now);
            sessions.end_sid_of(subject, sid, at.plus(SECOND)).await
        }
        (None, Some(sid)) => {
            inner.endings.of_session(None, sid, at, now);
            sessions.end_sid(sid, before).await
        }
        (Some(subject), None) => {
            inner.endings.of_subject(subject, at, now);
            let ended = sessions.end_subject(subject, before).await?;
            if ended.is_empty() && sessions.has_any(subject).await? {
                return Err(rejected("every session of this subject is newer than the token"));
            }
            Ok(ended)
        }
        (None, None) => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_holds_one_token_whatever_else_it_holds() {
        assert_eq!(the_token("a=1&logout%5ftoken=x.y&b").unwrap(), "x.y");
        for form in
            ["", "logout_token", "logout_token=a&logout_token=b", "logout_token=%00%ff", "logout_token=%"]
        {
            let token = the_token(form);
            assert!(token.is_err() || token.as_deref().is_ok_and(str::is_empty), "{form}");
        }
    }
}
