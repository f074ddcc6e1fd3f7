//! Back-channel logout (OpenID Connect Back-Channel Logout 1.0): the provider posts a logout token, and the
//! sessions it names end.
//!
//! Anybody can post here, so what is cheap comes first:
//!
//! 1. The form holds one token.
//! 2. The token is held against every rule but the signature (§2.6): another issuer's, or an old one, makes
//!    nothing be fetched.
//! 3. It waits for its turn among thirty-two.
//! 4. The signature is verified; where its key is not known the keys are looked up once more, as long as strangers have
//!    look-ups left. When they have none the token is not called bad, but told to come again.
//! 5. The logout is remembered for sign-ins under way, then the sessions end that began before it.
//! 6. The application is told, which may end sessions of its own (`on_provider_logout`), and the token's `jti` is remembered.
//!
//! The deed comes before the memory of `jti`: where the store fails in between, the provider's next try succeeds.
//! A token that comes again ends nothing new, as a session is as old as its ID token and ends only by a newer
//! token.

use std::sync::Arc;
use std::time::Duration;

use crate::context::Context;
use crate::context::error_reply::log;
use crate::context::events::{EndReason, EventKind};
use crate::context::logout_hook::{LogoutHook, ProviderLogout};
use crate::crypto::digest::sha256;
use crate::error::{Error, ErrorCode};
use crate::protocol::jwks::KeySet;
use crate::protocol::jws::JwsError;
use crate::protocol::logout_token::{self, LogoutToken, Unverified, rejected};
use crate::provider::client::Client;
use crate::provider::key_lookups::TokenSource;
use crate::runtime::GoingOn;
use crate::session::{RecordKey, Selection, SubjectId};
use crate::web::form::values;
use crate::web::pages;
use crate::web::reply::Reply;

/// The most that a logout token's form may hold.
pub(crate) const MAX_BODY: usize = 64 * 1024;
/// A provider tells the time of sign-ins and of logouts in whole seconds, so a session of the token's own second
/// ends with it.
const SECOND: Duration = Duration::from_secs(1);
/// How long the application may take to end sessions of its own: a provider waits for the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The answer to a form: 200 when its sessions are over, 400 when it is no good, 503 when it should come again.
/// `form` is the body as text, or why it did not come. A token that waits for its turn is forgotten when whoever
/// sent it hangs up; one that has it is verified, within the deadline of a call to the provider, and ends what it ends.
pub(crate) async fn receive(context: &Context, form: Result<String, Error>, going_on: &GoingOn) -> Reply {
    let taken = match form {
        Ok(form) => take(context, &form, going_on).await,
        Err(error) => Err(error),
    };
    match taken {
        Ok(()) => pages::done(),
        Err(error) => reject(context, &error),
    }
}

/// A refusal as §2.8 has it: 400 with JSON for what is wrong with the request, whatever status the error has
/// elsewhere, so that nobody sends it again; 503 with `Retry-After` for what is wrong here or with the keys.
///
/// The detail goes into `error_description`: its reader is the operator of the provider.
pub(crate) fn reject(context: &Context, error: &Error) -> Reply {
    let reference = context.reference();
    log(error, &reference, &context.names);
    let code = error.code();
    if error.status() >= 500 {
        let body = serde_json::json!({
            "error": "temporarily_unavailable",
            "error_description": code.sentence(),
            "reference": reference,
        });
        let mut reply = pages::json(503, &body);
        pages::put(&mut reply, http::header::RETRY_AFTER, &context.retry_after(code).to_string());
        return reply;
    }
    let body = serde_json::json!({
        "error": "invalid_request",
        "error_description": error.operator_detail().unwrap_or(code.sentence()),
        "reference": reference,
    });
    pages::json(400, &body)
}

/// Does what the token of the form says.
///
/// # Errors
/// [`ErrorCode::RequestMalformed`], [`ErrorCode::LogoutTokenRejected`] (also for a `jti` that was seen),
/// [`ErrorCode::Overloaded`], and those of the store and of the provider.
async fn take(context: &Context, form: &str, going_on: &GoingOn) -> Result<(), Error> {
    let token = the_token(form)?;
    let client = context.client_for_provider_logout()?;
    let leeway = context.settings.timeouts.leeway;
    let rules = client.token_rules(leeway, context.clock.now());
    let unverified = logout_token::read(&token, &rules)?;
    let _turn = context.turns.logout_tokens.turn().await?;
    // The provider may wait for less time than its own keys take to come, and send it never again.
    going_on.whatever_happens().await;
    let token = verify(client, &unverified).await?;
    remember(context, client, &token);
    let has_store = context.sessions.store().is_some();
    let ended = if has_store { end(context, client, &token).await? } else { Vec::new() };
    let subject = token.subject.as_deref().map(|subject| subject_at(client, subject));
    if let Some(hook) = &context.logout_hook {
        tell(hook, &token, subject.clone()).await?;
    }
    for key in &ended {
        context.events.tell(EventKind::Ended(EndReason::BackChannel), subject.as_ref(), Some(*key));
    }
    tracing::info!(sessions = ended.len(), "the provider ended sessions by a logout token");
    let name = ["logout token", &client.issuer, &client.id, &token.jti];
    let span = (logout_token::MAX_AGE + leeway) * 2;
    let first = if has_store {
        context.sessions.first_time(name, span).await?
    } else {
        let parts = name.map(|part| sha256(&[part.as_bytes()]));
        let name = sha256(&parts.each_ref().map(<[u8; 32]>::as_slice));
        context.sessions.take_once(name, span, context.clock.now()).await?
    };
    if !first {
        return Err(rejected("jti was seen before"));
    }
    Ok(())
}

/// Tells the application, which may have sessions of its own, and waits for it.
///
/// # Errors
/// [`ErrorCode::ApplicationFailed`], also where it takes longer than [`PATIENCE`].
async fn tell(hook: &LogoutHook, token: &LogoutToken, subject: Option<SubjectId>) -> Result<(), Error> {
    let logout = ProviderLogout { subject, sid: token.sid.clone(), issued_at: token.issued_at };
    tokio::time::timeout(PATIENCE, hook.tell(logout)).await.unwrap_or_else(|_| {
        let detail = "the hook given to `on_provider_logout` did not come to an end within 10 seconds";
        Err(Error::new(ErrorCode::ApplicationFailed).detail(detail))
    })
}

/// Remembers it for sign-ins that are under way: before the store is asked, and the application.
fn remember(context: &Context, client: &Client, token: &LogoutToken) {
    let (at, now, logouts) = (token.issued_at, context.clock.now(), &context.provider_logouts);
    match (&token.subject, &token.sid) {
        (subject, Some(sid)) => logouts.of_session(&client.issuer, subject.as_deref(), sid, at, now),
        (Some(subject), None) => logouts.of_subject(&client.issuer, subject, at, now),
        (None, None) => {}
    }
}

/// The one `logout_token` of the form. Two are refused: whichever was read, another reader may have read the
/// other.
fn the_token(form: &str) -> Result<String, Error> {
    let malformed = |rule: &str| Error::new(ErrorCode::RequestMalformed).detail(rule);
    let mut tokens = values(form, "logout_token");
    match (tokens.next(), tokens.next()) {
        (Some(Some(token)), None) => Ok(token.into_owned()),
        (Some(None), None) => Err(malformed("the form is not UTF-8")),
        _ => Err(malformed("there is not exactly one logout_token")),
    }
}

/// Holds the signature against the provider's keys, looked up once more where none fits.
///
/// # Errors
/// [`ErrorCode::LogoutTokenRejected`] once the keys are newer than the token; [`ErrorCode::KeyLookupsSpent`], and the
/// provider's where its keys cannot be had.
async fn verify(client: &Client, token: &Unverified<'_>) -> Result<LogoutToken, Error> {
    let mark = client.key_mark();
    let metadata = client.metadata().await?;
    let keys = client.keys(&metadata).await?;
    let credentials = client.credentials();
    let verified = |keys: &KeySet| token.verify(keys, credentials.secret.as_ref());
    let verified = match verified(&keys) {
        Err(error) if error.wants_newer_keys() => {
            let fits = |keys: &KeySet| !verified(keys).is_err_and(JwsError::wants_newer_keys);
            let keys = client.newer_keys(&metadata, mark, TokenSource::Stranger, fits).await?;
            verified(&keys)
        }
        verified => verified,
    };
    verified.map_err(|error| rejected(error.rule()))
}

/// Ends what the token names, as far as it began before the token: an old token never ends a newer session. Gives
/// the records that ended.
///
/// - Subject and session: that subject's sessions of that name. Somebody else's by this name is not what it is
///   about.
/// - Session alone: every session of that name at this issuer.
/// - Subject alone: every session of that person. Where all of them are newer the token is refused.
///
/// # Errors
/// The store's, and [`ErrorCode::LogoutTokenRejected`] in the last case.
async fn end(context: &Context, client: &Client, token: &LogoutToken) -> Result<Vec<RecordKey>, Error> {
    let sessions = &context.sessions;
    let at = token.issued_at;
    let before = Selection::all().created_before(at.plus(SECOND));
    let (issuer, why) = (&client.issuer, EndReason::BackChannel);
    match (&token.subject, &token.sid) {
        // Somebody else's session by this name is not what the token is about.
        (Some(subject), Some(sid)) => {
            sessions.end_sid_of(&subject_at(client, subject), sid, at.plus(SECOND), why).await
        }
        (None, Some(sid)) => sessions.end_sid(issuer, sid, before, why).await,
        (Some(subject), None) => {
            let subject = subject_at(client, subject);
            let ended = sessions.end_subject(&subject, before, why).await?;
            if ended.is_empty() && sessions.has_any(&subject).await? {
                return Err(rejected("every session of this subject is newer than the token"));
            }
            Ok(ended)
        }
        (None, None) => Ok(Vec::new()),
    }
}

/// A subject of the token's, at the issuer that signed it.
fn subject_at(client: &Client, subject: &str) -> SubjectId {
    SubjectId::new(Arc::clone(&client.issuer), subject)
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
