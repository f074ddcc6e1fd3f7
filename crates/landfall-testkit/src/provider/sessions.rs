//! The sessions people have at the provider, and their ends.

use super::delivery::Delivery;
use super::state::ProviderSession;
use super::{Core, LocalProvider, lock};

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

    /// Ends every session of this person and takes back what was granted in their name, as an administrator
    /// does, and tells every client that wants to know. Returns when all of them have answered, at the latest
    /// after some seconds, and says what was sent. Needs a Tokio runtime.
    pub async fn sign_out_everywhere(&self, subject: &str) -> Vec<Delivery> {
        let ended = {
            let mut state = lock(&self.core.state);
            state.revoke_all(subject);
            state.end_sessions(|_, session| session.person.subject == subject)
        };
        self.core.announce(&ended).await
    }
}

impl Core {
    /// Tells everybody who wants to know that these sessions are over.
    pub(crate) async fn announce(&self, ended: &[ProviderSession]) -> Vec<Delivery> {
        let parcels = ended.iter().flat_map(|session| self.backchannel_parcels(session)).collect();
        self.courier.send_all(parcels).await
    }
}
