//! The outside world: the way to the provider, time, randomness, a runtime.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::RelyingPartyBuilder;
use crate::clock::{Clock, Entropy};
use crate::provider::http_client::HttpClient;

impl RelyingPartyBuilder {
    /// Reaches the provider by a client of yours.
    pub fn http_client(mut self, client: Arc<dyn HttpClient>) -> Self {
        self.http_client = Some(client);
        self
    }

    /// How long a call to the provider may take: to connect, and altogether. Default: 5 s and 15 s. The stock
    /// client keeps to it; a client of yours has to, and a refresh is cut off soon after.
    pub fn http_timeouts(mut self, connect: Duration, total: Duration) -> Self {
        self.connect_timeout = connect;
        self.http_timeout = total;
        self
    }

    /// Trusts the certificates in this PEM file too, when the provider is called. For the stock client.
    pub fn ca_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(file.into());
        self
    }

    /// Reads the time from a clock of yours.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Takes randomness from a source of yours.
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.entropy = entropy;
        self
    }

    /// Runs outbound work on this runtime, which needs I/O and time enabled. Default: one thread of our own.
    pub fn runtime(mut self, handle: tokio::runtime::Handle) -> Self {
        self.runtime = Some(handle);
        self
    }
}
