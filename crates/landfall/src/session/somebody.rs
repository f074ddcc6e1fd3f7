//! Who is there: by a session, or by credentials that came with the request.
//!
//! Guards, extractors and handlers ask the same of both, so one type answers. Whatever renews, seals, stores, ends, lists
//! or watches a session, or uses its tokens, takes a [`Session`], and there is none to be had of somebody who is here by
//! credentials: [`Somebody::session`] says `None`, and whoever asks has to say what becomes of that. What is inside is made
//! and seen in this file alone.

use std::sync::Arc;

use super::identity::Identity;
use super::opened::Session;
use crate::clock::Timestamp;

/// Who a request is of.
#[derive(Clone, Debug)]
pub(crate) struct Somebody(Arc<Session>);

impl Somebody {
    /// Somebody whose session was found.
    pub(crate) fn by_session(session: Arc<Session>) -> Self {
        Self(session)
    }

    /// Somebody whose credentials the application took, by this scheme in lower case. What only a provider says is left out,
    /// whoever wrote it: scopes, the class, the level and the time of an authentication, the provider's session.
    pub(crate) fn by_credentials(identity: Identity, scheme: &str, now: Timestamp) -> Self {
        let claims = identity.claims_without(&["acr", "amr", "auth_time", "scope", "sid"]);
        let identity = Identity {
            claims,
            scope: None,
            requested: None,
            acr: None,
            auth_level: None,
            auth_time: None,
            sid: None,
            ..identity
        };
        Self(Arc::new(Session {
            identity,
            created_at: now,
            expires_at: now,
            idle_expires_at: now,
            client_id: None,
            tokens: None,
            stored: None,
            method: Some(scheme.into()),
            sealed_id: None,
            is_by_credentials: true,
        }))
    }

    /// Whether it is by credentials.
    pub(crate) fn is_by_credentials(&self) -> bool {
        self.0.is_by_credentials
    }

    /// The session; `None` of somebody who is here by credentials.
    pub(crate) fn session(&self) -> Option<&Arc<Session>> {
        (!self.is_by_credentials()).then_some(&self.0)
    }

    /// The same, of an owner.
    pub(crate) fn into_session(self) -> Option<Arc<Session>> {
        (!self.is_by_credentials()).then_some(self.0)
    }

    /// Who it is.
    pub(crate) fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// How they were authenticated, where the application did that: a word of RFC 8176 §2 for a session, else the scheme.
    pub(crate) fn method(&self) -> Option<&str> {
        self.0.method.as_deref()
    }

    /// When the session ends at the latest; for credentials, when the application took them.
    pub(crate) fn expires_at(&self) -> Timestamp {
        self.0.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::auth_level::AuthLevel;

    #[test]
    fn nothing_of_a_provider_is_left_and_there_is_no_session() {
        let now = Timestamp::from_secs(1_000);
        let mut identity =
            Identity::local("17").with_role("ops").with_scope("a").with_authentication(AuthLevel::Aal3, now);
        let [acr, sid, requested] = ["gold", "a-session", "a b"].map(|text| Some(text.to_owned()));
        (identity.acr, identity.sid, identity.requested) = (acr, sid, requested);
        identity.claims =
            r#"{"acr":"gold","amr":["hwk"],"auth_time":1,"scope":"a","sid":"a-session","team":"blue"}"#
                .to_owned();
        let somebody = Somebody::by_credentials(identity, "bearer", now);
        let identity = somebody.identity();
        assert!(identity.scopes().next().is_none() && identity.acr().is_none());
        assert!(identity.auth_level().is_none() && identity.auth_time().is_none());
        assert!(identity.sid.is_none() && identity.requested.is_none());
        assert_eq!(identity.claims, r#"{"team":"blue"}"#);
        assert!(identity.roles().eq(["ops"]) && somebody.method() == Some("bearer"));
        assert!(somebody.session().is_none() && somebody.into_session().is_none());
    }
}
