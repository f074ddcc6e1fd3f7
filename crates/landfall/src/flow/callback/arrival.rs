//! The end of a callback: the session that begins, and what becomes of the one before.

use std::sync::Arc;

use crate::browser::pending_login::PendingLogin;
use crate::context::events::{EndReason, EventKind};
use crate::error::{Error, ErrorCode};
use crate::flow::approval::Refused;
use crate::flow::callback::CallbackRequest;
use crate::flow::exchange::Redeemed;
use crate::flow::logout;
use crate::relying_party::{Inner, Place};
use crate::session::{Beginning, Session};

/// Somebody who is back from the provider.
pub(crate) struct Arrival<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) place: &'a Place,
    pub(crate) request: &'a CallbackRequest,
}

impl Arrival<'_> {
    /// A new session, and the end of the one before.
    pub(crate) async fn begin(&self, pending: &PendingLogin, redeemed: Redeemed) -> Result<String, Error> {
        let Redeemed { identity, tokens, issued_at, session_expiry, .. } = redeemed;
        let now = self.inner.clock.now();
        let before = self.request.session(self.inner).await.unwrap_or_default();
        let sessions = &self.inner.sessions;
        let (label, subject) = (self.request.label.clone(), identity.subject().to_owned());
        // Whether a logout token is older than this session is told by one clock alone: the provider's.
        let created_at = issued_at;
        let begins = identity.clone();
        let beginning =
            Beginning { identity, tokens: Some(tokens), created_at, ceiling: session_expiry, label };
        let begun = sessions.begin(self.request.base, &self.place.names, beginning, now).await?;
        if self.inner.endings.include(&begins, created_at, now) {
            if let Some(key) = begun.key {
                sessions.remove(key).await?;
            }
            return Err(Error::new(ErrorCode::ProviderRefused)
                .detail("the provider ended this session while it began"));
        }
        let is_step_up = pending.more.wish.lacking.is_some()
            && before.as_ref().is_some_and(|before| before.identity.subject() == subject);
        let kind = if is_step_up { EventKind::SteppedUp } else { EventKind::SignedIn };
        self.inner.events.tell(kind, Some(&subject), begun.key);
        if let Some(before) = before {
            self.replaced(&before, &subject).await;
        }
        Ok(begun.cookie)
    }

    /// Gives the tokens of somebody whom the application turned away back, unless they hang on the same grant as
    /// a session that stands.
    pub(crate) async fn turned_away(&self, refused: Refused) -> Error {
        let before = self.request.session(self.inner).await.unwrap_or_default();
        let is_the_same = before.is_some_and(|before| before.identity.subject() == refused.subject);
        if refused.error.code() == ErrorCode::SignInRejected && !is_the_same {
            logout::revoke(self.inner, &refused.tokens).await;
        }
        refused.error
    }

    /// Ends the session that this browser had before.
    async fn replaced(&self, before: &Arc<Session>, by: &str) {
        let is_the_same = before.identity.subject() == by;
        if let Some(place) = before.stored.as_ref().filter(|_| is_the_same) {
            // A refresh that comes back to nothing must not take the new session's grant away.
            self.inner.refreshes.replaced(place.id.record_key());
        }
        match self.inner.sessions.take(before, self.inner.clock.now()).await {
            Ok(Some(ended)) => {
                let key = ended.stored.as_ref().map(|place| place.id.record_key());
                let kind = EventKind::Ended(EndReason::Replaced);
                self.inner.events.tell(kind, Some(ended.identity.subject()), key);
                // A person's own tokens may hang on the same grant as the new ones; another's are done with.
                if let Some(tokens) = ended.tokens.as_ref().filter(|_| !is_the_same) {
                    logout::revoke(self.inner, tokens).await;
                }
            }
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(code = error.code().name(), %error, "the session before this sign-in could not be ended");
            }
        }
    }
}
