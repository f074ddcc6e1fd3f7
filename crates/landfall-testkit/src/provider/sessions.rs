//! The sessions people have at the provider, and their ends.

use super::LocalProvider;
use super::core::Core;
use super::delivery::{Delivery, Parcel};
use super::state::ProviderSession;
use super::webhook::{Event, SignOutReason};
use crate::lock::lock;

/// Somebody who is signed in at the provider, in one browser.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionAtProvider {
    /// The `sub` of the person.
    pub subject: String,
    /// The `sid` its tokens carry.
    pub sid: String,
}

impl LocalProvider {
    /// Who is signed in at the provider, the oldest session first.
    pub fn sessions(&self) -> Vec<SessionAtProvider> {
        let mut sessions: Vec<ProviderSession> = lock(&self.core.state).sessions.values().cloned().collect();
        sessions.sort_by_key(|session| session.number);
        let shown = |ProviderSession { person, sid, .. }| SessionAtProvider { subject: person.subject, sid };
        sessions.into_iter().map(shown).collect()
    }

    /// Ends one session and tells everybody who wants to know: its clients by back-channel, and the webhooks.
    /// Returns when all of them have answered, at the latest after some seconds, and says what was sent; nothing,
    /// if there is no such session. Needs a Tokio runtime.
    pub async fn end_session(&self, sid: &str, reason: SignOutReason) -> Vec<Delivery> {
        self.core.end_session(sid, reason).await
    }

    /// Ends every session of this person and takes back what was granted in their name, as an administrator
    /// does; else as [`end_session`](Self::end_session).
    pub async fn sign_out_everywhere(&self, subject: &str) -> Vec<Delivery> {
        self.core.sign_out_everywhere(subject).await
    }

    /// Signs somebody out everywhere and in no more, until [`enable`](Self::enable): `access_denied`. The webhooks
    /// hear of `user.disabled` alone; else as [`end_session`](Self::end_session).
    pub async fn disable(&self, subject: &str) -> Vec<Delivery> {
        self.core.disable(subject).await
    }

    /// Lets somebody in again who was disabled. Who was deleted stays so.
    pub fn enable(&self, subject: &str) {
        self.core.enable(subject);
    }

    /// Deletes somebody for good. The webhooks hear of `user.deleted` alone; else as [`disable`](Self::disable).
    pub async fn delete(&self, subject: &str) -> Vec<Delivery> {
        self.core.delete(subject).await
    }
}

impl Core {
    pub(crate) async fn end_session(&self, sid: &str, reason: SignOutReason) -> Vec<Delivery> {
        let ended = lock(&self.state).end_sessions(|_, session| session.sid == sid);
        self.announce(&ended, reason).await
    }

    pub(crate) async fn sign_out_everywhere(&self, subject: &str) -> Vec<Delivery> {
        let ended = lock(&self.state).sign_out(subject);
        self.announce(&ended, SignOutReason::AdminRevoked).await
    }

    pub(crate) async fn disable(&self, subject: &str) -> Vec<Delivery> {
        let ended = {
            let mut state = lock(&self.state);
            state.disabled.insert(subject.to_owned());
            state.sign_out(subject)
        };
        self.announce_event(&ended, Event::Disabled(subject)).await
    }

    pub(crate) fn enable(&self, subject: &str) {
        lock(&self.state).disabled.remove(subject);
    }

    pub(crate) async fn delete(&self, subject: &str) -> Vec<Delivery> {
        lock(&self.people).retain(|person| person.subject != subject);
        let ended = {
            let mut state = lock(&self.state);
            state.deleted.insert(subject.to_owned());
            state.sign_out(subject)
        };
        self.announce_event(&ended, Event::Deleted(subject)).await
    }

    /// Tells everybody who wants to know that these sessions are over.
    pub(crate) async fn announce(&self, ended: &[ProviderSession], reason: SignOutReason) -> Vec<Delivery> {
        let events = ended.iter().map(|session| Event::SignedOut(session, reason));
        let webhooks = events.flat_map(|event| self.webhook_parcels(event));
        self.courier.send_all(self.logout_tokens(ended).chain(webhooks).collect()).await
    }

    /// Tells the clients that these sessions are over, and the webhooks why.
    async fn announce_event(&self, ended: &[ProviderSession], event: Event<'_>) -> Vec<Delivery> {
        let webhooks = self.webhook_parcels(event);
        self.courier.send_all(self.logout_tokens(ended).chain(webhooks).collect()).await
    }

    fn logout_tokens(&self, ended: &[ProviderSession]) -> impl Iterator<Item = Parcel> {
        ended.iter().flat_map(|session| self.backchannel_parcels(session))
    }
}
