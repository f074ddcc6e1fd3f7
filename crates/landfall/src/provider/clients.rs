//! The application's clients: one today, or none, and the one place that knows how many there are.
//!
//! Legs that start a sign-in ask for the first, those that finish one for the number in `state`, and those that use a
//! session's tokens for the client that the session names. A second client is a change of this file and of the builder.

use std::sync::Arc;

use super::client::Client;

/// Every client of an application.
///
/// A pending login and a `state` name theirs by its number, a session by issuer and client id: a session outlives the
/// order in which clients are configured.
#[derive(Debug)]
pub(crate) struct Clients {
    first: Option<Arc<Client>>,
}

/// The number of the first client, as pending logins and `state` have it.
pub(crate) const FIRST: u8 = 0;

impl Clients {
    /// Those of an application with this one client; `None` for one without a provider.
    pub(crate) fn new(first: Option<Client>) -> Self {
        Self { first: first.map(Arc::new) }
    }

    /// The client that people sign in with where nothing says otherwise; `None` where there is no provider.
    pub(crate) fn first(&self) -> Option<&Arc<Client>> {
        self.first.as_ref()
    }

    /// The client of this number; `None` where `state` was sealed by an instance that knows more of them.
    pub(crate) fn numbered(&self, number: u8) -> Option<&Arc<Client>> {
        self.first().filter(|client| client.number == number)
    }

    /// The client with this id at this issuer, if it is configured here. No other may be sent the tokens of its
    /// sessions.
    pub(crate) fn named(&self, issuer: &str, client_id: &str) -> Option<&Arc<Client>> {
        self.first().filter(|client| *client.issuer == *issuer && *client.id == *client_id)
    }
}
