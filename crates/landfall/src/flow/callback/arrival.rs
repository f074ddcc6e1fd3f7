//! The end of a callback: the session that begins, and what becomes of the one before.
//!
//! A browser has one session, so whoever signs in again replaces it. The new one is there before the old one
//! ends: a store that fails in between leaves two sessions, and never a person without one. A session identifier
//! is never carried over (session fixation): the new session has a new id.

use std::sync::Arc;

use super::request::CallbackRequest;
use crate::address::return_to::ReturnTo;
use crate::browser::cookie::CookieKind;
use crate::browser::pending_login::PendingLogin;
use crate::context::Context;
use crate::context::events::{EventKind, Told, WayIn};
use crate::context::sign_in_trip::SignInTrip;
use crate::error::{Error, ErrorCode};
use crate::flow::approval::Rejected;
use crate::flow::code_exchange::CodeExchange;
use crate::flow::{logout, replacement};
use crate::provider::client::Client;
use crate::session::{CookieSession, Identity, NewSession, Session};

/// Somebody who is back from the provider, verified and approved or turned away.
pub(super) struct Arrival<'a> {
    /// What every leg shares.
    pub(super) context: &'a Context,
    /// The client that they signed in with. The session will name it.
    pub(super) client: &'a Client,
    /// The callback that brought them.
    pub(super) request: &'a CallbackRequest,
}

impl Arrival<'_> {
    /// What the application's hook is told of the trip; nothing where there is no hook.
    ///
    /// App state is opened here: for the session that this browser has, or for the attempt's cookie, which is the one that
    /// `pending` came out of.
    pub(super) async fn trip(&self, pending: &PendingLogin, destination: &ReturnTo) -> SignInTrip {
        if self.context.sign_in_hook.is_none() {
            return SignInTrip::default();
        }
        let (previous, now) = (self.session_before().await, self.context.clock.now());
        let name = previous.as_ref().map(|session| session.name());
        let carried = pending.carried.as_deref();
        let state = carried.and_then(|carried| carried.state.as_ref()?.opened(name, now));
        SignInTrip {
            destination: Some(destination.clone()),
            origin: self.request.origin.clone(),
            previous,
            asked_for_more: pending.v2.request.insufficient.is_some(),
            state: state.map(str::to_owned),
            parameters: carried.map(|carried| carried.parameters.clone()).unwrap_or_default(),
            ..SignInTrip::default()
        }
    }

    /// A new session, and the end of the one before; gives the Set-Cookie lines. What the application kept in this browser
    /// for somebody else is taken away.
    ///
    /// 1. The session that this browser had is looked up.
    /// 2. The new one is begun. Its age is that of the ID token, by the provider's clock: whether a logout token
    ///    is older than the session is told by one clock alone.
    /// 3. If the provider ended it meanwhile, it is removed again: see
    ///    [`provider_logouts`](crate::context::recent_logouts).
    /// 4. The subject is held to its limit of sessions, where there is one.
    /// 5. The application is told: of a sign-in, or of a step up, if this trip asked for more and the same person
    ///    is back.
    /// 6. The session before ends.
    ///
    /// # Errors
    /// The store's, a session that fits no cookie, [`ErrorCode::ProviderRefused`] in the third step, and
    /// [`ErrorCode::TooManySessions`] in the fourth.
    pub(super) async fn begin_session(
        &self,
        pending: &PendingLogin,
        exchange: CodeExchange,
    ) -> Result<Vec<String>, Error> {
        let CodeExchange { identity, tokens, issued_at, session_expiry, .. } = exchange;
        let now = self.context.clock.now();
        let before = self.session_before().await;
        let sessions = &self.context.sessions;
        let (label, subject) = (self.request.label.clone(), identity.subject_id());
        let created_at = issued_at;
        // What a logout names is all that is asked of it afterwards.
        let begins = Identity {
            sid: identity.sid.clone(),
            ..Identity::new(Arc::clone(&identity.issuer), identity.subject.as_str())
        };
        let new = NewSession {
            identity,
            client_id: Some(Arc::clone(&self.client.id)),
            tokens: Some(tokens),
            created_at,
            ceiling: session_expiry,
            label,
            method: None,
        };
        let started = sessions.begin(&self.request.site.session_seal, new, now).await?;
        if self.context.provider_logouts.include(&begins, created_at, now) {
            if let Some(key) = started.key {
                sessions.remove(key).await?;
            }
            return Err(Error::new(ErrorCode::ProviderRefused)
                .detail("the provider ended this session while it began"));
        }
        let replaces = before.as_ref().and_then(|before| before.record_key());
        self.context.hold_to_limit(&subject, started.key, replaces).await?;
        let is_step_up = pending.v2.request.insufficient.is_some()
            && before.as_ref().is_some_and(|before| before.identity.subject_id() == subject);
        let kind = if is_step_up { EventKind::SteppedUp } else { EventKind::SignedIn };
        let told = Told {
            subject: Some(&subject),
            session: started.key,
            provider: Some(&self.client.issuer),
            origin: Some(&self.request.origin),
            ..Told::new(kind, WayIn::Provider)
        };
        self.context.events.tell_of(&told, now);
        let is_another = before.as_ref().is_some_and(|before| before.identity.subject_id() != subject);
        if let Some(before) = before {
            replacement::replaced(self.context, &before, &subject).await;
        }
        let kept = self.request.sent.iter().filter(|cookie| is_another && cookie.kind == CookieKind::Kept);
        let names = &self.request.site.names;
        Ok(kept.map(|cookie| names.clear(&cookie.name)).chain([started.cookie]).collect())
    }

    /// Revokes the tokens of somebody whom the application turned away by its own decision, or answered what cannot be
    /// sent; gives the error to tell.
    ///
    /// Not if that person has a session in this browser: their tokens may hang on the same grant, and revoking
    /// one may take the other along. Where the application's hook failed they are left alone: the person may try
    /// again at once.
    pub(super) async fn reject(&self, rejected: Rejected) -> Error {
        let before = self.session_before().await;
        let is_the_same = before.is_some_and(|before| before.identity.subject_id() == rejected.subject);
        let is_over = rejected.is_answer || rejected.error.code() == ErrorCode::SignInRejected;
        if is_over && !is_the_same {
            logout::revoke(self.client, &rejected.tokens).await;
        }
        rejected.error
    }

    /// Whether the browser sent a cookie that may be a session's.
    pub(super) fn has_session_cookie(&self) -> bool {
        !matches!(self.request.found, CookieSession::Nobody)
    }

    /// The session that this browser had, if one is known. A store that does not answer is no reason to turn away
    /// somebody who has just signed in.
    pub(super) async fn session_before(&self) -> Option<Arc<Session>> {
        let (sessions, now) = (&self.context.sessions, self.context.clock.now());
        sessions.resolve(&self.request.found, now).await.unwrap_or_default()
    }
}
