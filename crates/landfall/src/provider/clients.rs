//! The application's clients: one today, and the one place that knows how many there are.

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

/// The number of the first client.
pub(crate) const FIRST: u8 = 0;

impl Clients {
    pub(crate) fn new(first: Client) -> Self {
        Self { first: Arc::new(first) }
    }

    /// The client that people sign in with where nothing says otherwise.
    pub(crate) fn first(&self) -> &Arc<Client> {
        &self.first
    }

    /// The client of this number, if there is one.
    pub(crate) fn numbered(&self, number: u8) -> Option<&Arc<Client>> {
        (number == self.first.number).then_some(&self.first)
    }

    /// The client with this id at this issuer, if there is one.
    pub(crate) fn named(&self, issuer: &str, client_id: &str) -> Option<&Arc<Client>> {
        (*self.first.issuer == *issuer && *self.first.id == *client_id).then_some(&self.first)
    }
}
