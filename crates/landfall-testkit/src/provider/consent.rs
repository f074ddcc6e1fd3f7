//! Consent: what people allow applications to have.

use super::LocalProvider;
use super::authorize::AuthorizationRequest;
use super::clients::Consent;
use super::core::Core;
use crate::lock::lock;

impl LocalProvider {
    /// Whether consent that is asked for while [`sign_in_as`](Self::sign_in_as) holds is refused. It is given
    /// otherwise.
    pub fn refuse_consent(&self, refuse: bool) {
        lock(&self.core.state).refuse_consent = refuse;
    }

    /// Forgets what this person has allowed any application to have.
    pub fn forget_consent(&self, subject: &str) {
        lock(&self.core.state).consents.retain(|(of, _), _| of != subject);
    }
}

impl Core {
    /// The scopes this person has to be asked about.
    pub(crate) fn scopes_to_ask(&self, request: &AuthorizationRequest, subject: &str) -> Vec<String> {
        let client_id = &request.target.client_id;
        if self.client(client_id).is_none_or(|client| client.consent != Consent::Remembered) {
            return Vec::new();
        }
        let state = lock(&self.state);
        let granted = state.consents.get(&(subject.to_owned(), client_id.clone()));
        let new = |scope: &&String| granted.is_none_or(|granted| !granted.contains(*scope));
        if request.prompt.consent {
            return request.scopes.clone();
        }
        request.scopes.iter().filter(new).cloned().collect()
    }

    pub(crate) fn remember_consent(&self, request: &AuthorizationRequest, subject: &str) {
        const MANY: usize = 4096;
        let mut state = lock(&self.state);
        if state.consents.len() > MANY {
            state.consents.clear();
        }
        let of = (subject.to_owned(), request.target.client_id.clone());
        state.consents.entry(of).or_default().extend(request.scopes.iter().cloned());
    }
}
