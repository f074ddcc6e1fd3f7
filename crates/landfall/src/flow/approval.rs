//! The application's say in a sign-in, asked once everything is verified and before there is a session.

use std::time::Duration;

use crate::context::Context;
use crate::context::sign_in_hook::NewSignIn;
use crate::error::{Error, ErrorCode};
use crate::flow::code_exchange::CodeExchange;

use crate::session::{SubjectId, Tokens};

/// How long the application may think about it.
const PATIENCE: Duration = Duration::from_secs(15);

/// A sign-in that the application did not approve.
#[derive(Debug)]
pub(crate) struct Rejected {
    pub(crate) error: Error,
    pub(crate) subject: SubjectId,
    pub(crate) tokens: Tokens,
}

/// Asks the application about somebody who is back.
pub(crate) async fn call_sign_in_hook(
    context: &Context,
    exchange: CodeExchange,
) -> Result<CodeExchange, Rejected> {
    let Some(hook) = &context.sign_in_hook else { return Ok(exchange) };
    let CodeExchange { identity, claims, tokens, issued_at, session_expiry } = exchange;
    let subject = identity.subject_id();
    let sign_in = NewSignIn::new(identity, claims, tokens.access.clone());
    let error = match tokio::time::timeout(PATIENCE, hook.ask(sign_in)).await {
        // Who it is stays the provider's word.
        Ok(Ok(approved)) if approved.identity.subject_id() == subject => {
            let (identity, claims) = (approved.identity, serde_json::Map::new());
            return Ok(CodeExchange { identity, claims, tokens, issued_at, session_expiry });
        }
        Ok(Ok(_)) => Error::new(ErrorCode::ApplicationFailed)
            .detail("the application's hook gave another sign-in back than it was given"),
        Ok(Err(declined)) => declined.0,
        Err(_) => Error::new(ErrorCode::ApplicationFailed)
            .detail("the application's hook did not answer within 15 seconds"),
    };
    Err(Rejected { error, subject, tokens })
}
