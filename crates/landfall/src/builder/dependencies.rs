//! The outside world: the way to the provider, time, randomness, a runtime.
//!
//! They are inputs so that a test can hold them still and an application can share its own. Without a word from
//! anybody they are the stock HTTP client (feature `reqwest`), the system's clock and random source, and the
//! runtime that is there, with a thread beside it for what cannot run on that.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::RelyingPartyBuilder;
use crate::clock::{Clock, Entropy};
use crate::error::ConfigError;
use crate::provider::http_client::HttpClient;

/// # The outside world
impl RelyingPartyBuilder {
    /// Reaches the provider by a client of yours. It must not follow redirects; see
    /// [`HttpClient`].
    pub fn http_client(mut self, client: Arc<dyn HttpClient>) -> Self {
        self.inputs.http_client = Some(client);
        self
    }

    /// How long a call to the provider may take: to connect, and altogether. Default: 5 s and 15 s. The stock
    /// client keeps to it; a client of yours has to, and a refresh is cut off soon after.
    pub fn http_timeouts(mut self, connect: Duration, total: Duration) -> Self {
        self.inputs.connect_timeout = connect;
        self.inputs.http_timeout = total;
        self
    }

    /// Trusts the certificates in this PEM file too, when the provider is called. For the stock client.
    pub fn ca_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.names.by_method("ca_file");
        self.inputs.ca_file = Some(file.into());
        self
    }

    /// Reads the time from a clock of yours: for tests, such as `VirtualClock` of `landfall-testkit`. The store goes by
    /// it as well.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.inputs.clock = clock;
        self
    }

    /// Takes randomness from a source of yours. Whoever can foresee it can forge a sign-in: for tests, or a source
    /// that is better than the system's.
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.inputs.entropy = entropy;
        self
    }

    /// Runs outbound work on this runtime, which needs I/O and time enabled, whatever it has else; work on it ends
    /// with it.
    ///
    /// Default: where a request is served on a runtime of several threads with both (`#[tokio::main]`, so usually
    /// where axum is), its work runs there. Everywhere else there is a thread of our own for it: one of
    /// actix-web's workers that computes must not stall what others wait for. Each runtime is looked at once, by
    /// a panic that is caught where it lacks time or I/O; a program that is built with `panic = "abort"` gives
    /// its runtime here, or has the thread.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    /// use landfall::RelyingParty;
    ///
    /// let builder = RelyingParty::builder("https://acme.example").runtime(runtime.handle().clone());
    /// # let _ = builder;
    /// # Ok(())
    /// # }
    /// ```
    pub fn runtime(mut self, handle: tokio::runtime::Handle) -> Self {
        self.inputs.runtime = Some(handle);
        self
    }

    /// The client that was given, or the stock one with these timeouts and roots.
    ///
    /// # Errors
    /// `ca_file` where it cannot be read or used; `http_client` where none was given and there is no stock client.
    #[cfg(feature = "reqwest")]
    pub(super) fn http(&self) -> Result<Arc<dyn HttpClient>, ConfigError> {
        use crate::provider::reqwest::{HttpLimits, ReqwestClient};
        if let Some(client) = &self.inputs.http_client {
            return Ok(Arc::clone(client));
        }
        let root = match &self.inputs.ca_file {
            Some(file) => Some(std::fs::read(file).map_err(|error| {
                ConfigError::new("ca_file", format!("cannot be read ({})", error.kind()), "name a PEM file")
            })?),
            None => None,
        };
        let limits = HttpLimits {
            connect: self.inputs.connect_timeout,
            total: self.inputs.http_timeout,
            ..HttpLimits::default()
        };
        let addresses = [self.client.issuer.as_ref(), self.network.provider_address.as_ref()];
        let plain_http = addresses.into_iter().flatten().any(|address| address.starts_with("http:"));
        Ok(Arc::new(ReqwestClient::new(limits, root.as_deref(), plain_http)?))
    }

    /// The client that was given: without the feature `reqwest` there is no other.
    ///
    /// # Errors
    /// `http_client` where none was given.
    #[cfg(not(feature = "reqwest"))]
    pub(super) fn http(&self) -> Result<Arc<dyn HttpClient>, ConfigError> {
        self.inputs.http_client.clone().ok_or_else(|| {
            ConfigError::new("http_client", "missing", "give one, or turn the feature `reqwest` on")
        })
    }
}
