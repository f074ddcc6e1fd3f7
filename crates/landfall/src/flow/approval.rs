//! The application's say in a sign-in, asked once everything is verified and before there is a session.
//!
//! It is a leg of its own because two trips share it: the callback, and the sign-in of a native application. What
//! the hook is and what it sees is in [`sign_in_hook`](crate::context::sign_in_hook). The hook may change roles
//! and add data; it may not change who it is, and no session is begun for somebody whom it turned away. It does
//! not decide what becomes of the tokens then: the caller does, who knows of other sessions.

use std::time::Duration;

use crate::context::Context;
use crate::context::provider_tokens::ProviderTokens;
use crate::context::sign_in_hook::{NewSignIn, Outcome};
use crate::context::sign_in_trip::SignInTrip;
use crate::error::{Error, ErrorCode};
use crate::flow::code_exchange::CodeExchange;
use crate::session::{SubjectId, Tokens};

/// How long the application may think about it. A person is waiting for the page, and a hook that hangs must not
/// hold the sign-in for ever.
const PATIENCE: Duration = Duration::from_secs(15);

/// A sign-in that the application approved.
#[derive(Debug)]
pub(crate) struct Approved {
    /// The exchange with the hook's roles and data. Its full claims are gone by then: the identity holds those that a
    /// session keeps.
    pub(crate) exchange: CodeExchange,
    /// The trip, with what the hook changed of it.
    pub(crate) trip: SignInTrip,
    /// What comes of it.
    pub(crate) outcome: Outcome,
}

/// A sign-in that the application did not approve, with what has to be cleared away.
#[derive(Debug)]
pub(crate) struct Rejected {
    /// [`ErrorCode::SignInRejected`] for the application's own decision, [`ErrorCode::ApplicationFailed`] where
    /// something of its own failed.
    pub(crate) error: Error,
    /// Whom it turned away.
    pub(crate) subject: SubjectId,
    /// What the provider gave. Nobody will use it: see [`logout::revoke`](crate::flow::logout::revoke).
    pub(crate) tokens: Tokens,
    /// Whether it had approved, with an answer that cannot be sent: nobody will use the tokens then.
    pub(crate) is_answer: bool,
}

/// Asks the application about somebody who is back; without a hook everybody is approved.
///
/// # Errors
/// [`Rejected`] when the hook declines, fails, takes longer than 15 seconds, hands back somebody else's sign-in, or sets a
/// cookie of ours.
pub(crate) async fn call_sign_in_hook(
    context: &Context,
    exchange: CodeExchange,
    trip: SignInTrip,
) -> Result<Approved, Rejected> {
    let Some(hook) = &context.sign_in_hook else {
        return Ok(Approved { exchange, trip, outcome: Outcome::Session });
    };
    let CodeExchange { identity, claims, tokens, issued_at, session_expiry } = exchange;
    let subject = identity.subject_id();
    let sign_in = NewSignIn::new(identity, claims, ProviderTokens::from(&tokens), trip);
    let mut is_answer = false;
    let error = match tokio::time::timeout(PATIENCE, hook.ask(sign_in)).await {
        // Who it is stays the provider's word.
        Ok(Ok(approved)) if approved.identity.subject_id() == subject => {
            is_answer = matches!(approved.outcome, Outcome::Answer(_));
            match check(context, &approved) {
                Ok(()) => {
                    let (identity, claims) = (approved.identity, serde_json::Map::new());
                    let exchange = CodeExchange { identity, claims, tokens, issued_at, session_expiry };
                    return Ok(Approved { exchange, trip: approved.trip, outcome: approved.outcome });
                }
                Err(error) => error,
            }
        }
        Ok(Ok(_)) => Error::new(ErrorCode::ApplicationFailed)
            .detail("the application's hook gave another sign-in back than it was given"),
        Ok(Err(declined)) => declined.0,
        Err(_) => Error::new(ErrorCode::ApplicationFailed)
            .detail("the application's hook did not answer within 15 seconds"),
    };
    Err(Rejected { error, subject, tokens, is_answer })
}

/// Whether what the hook gives back may be sent: no cookie of ours, in its headers or in its answer, and no interim status.
///
/// # Errors
/// [`ErrorCode::ApplicationFailed`].
fn check(context: &Context, approved: &NewSignIn) -> Result<(), Error> {
    context.check_cookies_of(&approved.trip.headers)?;
    let Outcome::Answer(response) = &approved.outcome else { return Ok(()) };
    if response.status().is_informational() {
        let detail = format!("the application's hook answered {}, which ends no request", response.status());
        return Err(Error::new(ErrorCode::ApplicationFailed).detail(detail));
    }
    context.check_cookies_of(response.headers())
}
