//! The application's clients: one today, and the one place that knows how many there are.
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
    first: Arc<Client>,
}

/// The number of the first client, as pending logins and `state` have it.
pub(crate) const FIRST: u8 = 0;

impl Clients {
    /// Those of an application with this one client.
    pub(crate) fn new(first: Client) -> Self {
        Self { first: Arc::new(first) }
    }

    /// The client that people sign in with where nothing says otherwise.
    pub(crate) fn first(&self) -> &Arc<Client> {
        &self.first
    }

    /// The client of this number; `None` where `state` was sealed by an instance that knows more of them.
    pub(crate) fn numbered(&self, number: u8) -> Option<&Arc<Client>> {
        (number == self.first.number).then_some(&self.first)
    }

    /// The client with this id at this issuer, if it is configured here. No other may be sent the tokens of its
    /// sessions.
    pub(crate) fn named(&self, issuer: &str, client_id: &str) -> Option<&Arc<Client>> {
        (*self.first.issuer == *issuer && *self.first.id == *client_id).then_some(&self.first)
    }
}
