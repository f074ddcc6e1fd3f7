//! Which client a sign-in or a session is for, if there is one.
//!
//! There is one client today, or none where the application was told to go without a provider; everybody who needs one
//! asks here, so that whoever brings a second one finds every place that chooses. A callback has the number in `state`
//! and asks [`Clients::numbered`](crate::provider::clients::Clients::numbered); the legs after that are handed the client.

use std::sync::Arc;

use super::Context;
use crate::error::{Error, ErrorCode};
use crate::provider::client::Client;
use crate::session::Session;

impl Context {
    /// The client that a sign-in is started with where nothing says otherwise: by a link, a guard, or a third party.
    ///
    /// # Errors
    /// [`ErrorCode::NoProvider`].
    pub(crate) fn client_for_login(&self) -> Result<&Arc<Client>, Error> {
        self.the_client()
    }

    /// The client whose provider calls us itself, or through the browser, to end sessions: whose `iss` is then
    /// demanded, whose keys are asked.
    ///
    /// # Errors
    /// [`ErrorCode::NoProvider`].
    pub(crate) fn client_for_provider_logout(&self) -> Result<&Arc<Client>, Error> {
        self.the_client()
    }

    /// The client that sessions begin with which the application itself begins for a person of the provider's; `None`
    /// where there is no provider.
    pub(crate) fn client_for_created_sessions(&self) -> Option<&Arc<Client>> {
        self.clients.first()
    }

    /// The client that a session belongs to; `None` for one that no client began that is configured here. Its
    /// tokens can then neither be refreshed nor revoked.
    pub(crate) fn client_of(&self, session: &Session) -> Option<&Arc<Client>> {
        self.clients.named(session.identity.issuer(), session.client_id.as_deref()?)
    }

    fn the_client(&self) -> Result<&Arc<Client>, Error> {
        self.clients.first().ok_or_else(|| Error::new(ErrorCode::NoProvider))
    }
}
