//! The application's say in a sign-in, asked once everything is verified and before there is a session.

use std::time::Duration;

use crate::context::sign_in_hook::NewSignIn;
use crate::error::{Error, ErrorCode};
use crate::flow::exchange::Redeemed;
use crate::relying_party::Inner;
use crate::session::Tokens;

/// How long the application may think about it.
const PATIENCE: Duration = Duration::from_secs(15);

/// A sign-in that the application did not approve.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) error: Error,
    pub(crate) subject: String,
    pub(crate) tokens: Tokens,
}

/// Asks the application.
pub(crate) async fn ask(inner: &Inner, redeemed: Redeemed) -> Result<Redeemed, Refused> {
    let Some(hook) = &inner.sign_in_hook else { return Ok(redeemed) };
    let Redeemed { identity, claims, tokens, issued_at, session_expiry } = redeemed;
    let (issuer, subject) = (identity.issuer.clone(), identity.subject.clone());
    let sign_in = NewSignIn::new(identity, claims, tokens.access.clone());
    let error = match tokio::time::timeout(PATIENCE, hook.ask(sign_in)).await {
        // Who it is stays the provider's word.
        Ok(Ok(approved)) if approved.identity.issuer == issuer && approved.identity.subject == subject => {
            let (identity, claims) = (approved.identity, serde_json::Map::new());
            return Ok(Redeemed { identity, claims, tokens, issued_at, session_expiry });
        }
        Ok(Ok(_)) => Error::new(ErrorCode::ApplicationFailed)
            .detail("the application's hook gave another sign-in back than it was given"),
        Ok(Err(declined)) => declined.0,
        Err(_) => Error::new(ErrorCode::ApplicationFailed)
            .detail("the application's hook did not answer within 15 seconds"),
    };
    Err(Refused { error, subject, tokens })
}
