//! Which client a sign-in or a session is for.
//!
//! There is one client today, and everybody who needs one asks here, so that whoever brings a second one finds every
//! place that chooses. A callback has the number in `state` and asks
//! [`Clients::numbered`](crate::provider::clients::Clients::numbered); the legs after that are handed the client.

use std::sync::Arc;

use super::Context;
use crate::provider::client::Client;
use crate::session::Session;

impl Context {
    /// The client that a sign-in is started with where nothing says otherwise: by a link, a guard, or a third party.
    pub(crate) fn client_for_login(&self) -> &Arc<Client> {
        self.clients.first()
    }

    /// The client whose provider calls us itself, or through the browser, to end sessions: whose `iss` is then
    /// demanded, whose keys are asked.
    pub(crate) fn client_for_provider_logout(&self) -> &Arc<Client> {
        self.clients.first()
    }

    /// The client that sessions begin with which the application itself begins.
    pub(crate) fn client_for_created_sessions(&self) -> &Arc<Client> {
        self.clients.first()
    }

    /// The client that a session belongs to; `None` for one that no client began that is configured here. Its
    /// tokens can then neither be refreshed nor revoked.
    pub(crate) fn client_of(&self, session: &Session) -> Option<&Arc<Client>> {
        self.clients.named(session.identity.issuer(), session.client_id.as_deref()?)
    }
}
