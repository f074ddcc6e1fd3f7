//! What becomes of the session that a browser had when another one begins in it.
//!
//! A browser has one session, so whoever signs in, by whatever way, replaces the one that is there.

use std::sync::Arc;

use crate::context::Context;
use crate::context::events::{EndReason, EventKind};
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
    let taken = context.sessions.take(before, EndReason::Replaced, context.clock.now()).await;
    let is_ended = match taken {
        Ok(Taken { last, is_ended }) => {
            if matches!(is_ended, Ok(true)) {
                let kind = EventKind::Ended(EndReason::Replaced);
                context.events.tell(kind, Some(&last.identity.subject_id()), last.record_key());
            }
            // A person's own tokens may hang on the same grant as the new ones; another's are done with.
            let tokens = last.tokens.as_ref().filter(|_| !is_the_same);
            if let (Some(tokens), Some(client)) = (tokens, context.client_of(&last)) {
                logout::revoke(client, tokens).await;
            }
            is_ended
        }
        Err(error) => Err(error),
    };
    if let Err(error) = is_ended {
        tracing::warn!(code = error.code().name(), %error, "the session before this sign-in could not be ended");
    }
}
