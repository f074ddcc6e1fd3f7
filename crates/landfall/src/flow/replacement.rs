//! What becomes of the session that a browser had when another one begins in it.
//!
//! A browser has one session, so whoever signs in, by whatever way, replaces the one that is there.

use std::sync::Arc;

use crate::context::Context;
use crate::context::events::{EndReason, EventKind};
use crate::error::Error;
use crate::flow::logout;
use crate::session::{Session, SubjectId, Taken};

/// Ends the session that this browser had before.
///
/// The tokens of another person's are revoked. A person's own are not, since the new ones may hang on the
/// same grant; and a refresh of theirs that comes back to nothing is kept from revoking them, too. A store
/// that fails here is told of in the log alone: the new session stands.
pub(crate) async fn replaced(context: &Context, before: &Arc<Session>, by: &SubjectId) {
    let is_the_same = before.identity.subject_id() == *by;
    if let Some(key) = before.record_key().filter(|_| is_the_same) {
        context.refreshes.replaced(key);
    }
    if let Err(error) = end(context, before, EndReason::Replaced, !is_the_same).await {
        tracing::warn!(code = error.code().name(), %error, "the session before this sign-in could not be ended");
    }
}

/// Ends a session that a handler began and whose cookie no answer takes along.
pub(crate) async fn withdrawn(context: &Context, session: &Arc<Session>) {
    if let Err(error) = end(context, session, EndReason::Application, true).await {
        tracing::warn!(code = error.code().name(), %error, "a session that no browser heard of could not be ended");
    }
}

/// Ends a session, and tells of it where it stood.
///
/// # Errors
/// [`ErrorCode::StoreUnavailable`](crate::error::ErrorCode::StoreUnavailable).
async fn end(context: &Context, session: &Arc<Session>, why: EndReason, revokes: bool) -> Result<(), Error> {
    let Taken { last, is_ended } = context.sessions.take(session, why, context.clock.now()).await?;
    if matches!(is_ended, Ok(true)) {
        context.events.tell(EventKind::Ended(why), Some(&last.identity.subject_id()), last.record_key());
    }
    let tokens = last.tokens.as_ref().filter(|_| revokes);
    if let (Some(tokens), Some(client)) = (tokens, context.client_of(&last)) {
        logout::revoke(client, tokens).await;
    }
    is_ended.map(|_| ())
}
