//! What tests of Landfall itself shorten, and nobody else should: the defaults are enough for everybody.
//!
//! Functions and not methods, so that they do not stand among the settings; `landfall::testing` passes them on,
//! hidden.

use std::time::Duration;

use super::RelyingPartyBuilder;

/// How long a logout token waits for its turn. Default: 5 s.
pub fn logout_token_patience(mut builder: RelyingPartyBuilder, patience: Duration) -> RelyingPartyBuilder {
    builder.timeouts.logout_token = patience;
    builder
}

/// How long the body of one of our own endpoints may take to come. Default: 10 s.
pub fn body_timeout(mut builder: RelyingPartyBuilder, timeout: Duration) -> RelyingPartyBuilder {
    builder.timeouts.body = timeout;
    builder
}
