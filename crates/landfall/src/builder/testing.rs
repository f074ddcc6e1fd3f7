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

/// How long the hook given to `on_credentials` may take, and how long a request waits until it can be asked. Default: 15 s
/// and 5 s. Nothing, where that is not set yet.
pub fn credentials_patience(
    mut builder: RelyingPartyBuilder,
    hook: Duration,
    turn: Duration,
) -> RelyingPartyBuilder {
    if let Some(credentials) = &mut builder.credentials {
        (credentials.patience, credentials.turn) = (hook, turn);
    }
    builder
}

/// How long the body of one of our own endpoints may take to come. Default: 10 s.
pub fn body_timeout(mut builder: RelyingPartyBuilder, timeout: Duration) -> RelyingPartyBuilder {
    builder.timeouts.body = timeout;
    builder
}
