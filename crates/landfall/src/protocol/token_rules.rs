//! What every signed token of a provider has to keep to, whatever it is for.

use std::time::Duration;

use super::algorithm::SigningAlgorithm;
use crate::clock::Timestamp;

/// The rules for tokens that a provider signs for this client: ID tokens (OpenID Connect Core §3.1.3.7), logout tokens
/// (OpenID Connect Back-Channel Logout 1.0 §2.6) and, where they are read at all, access tokens (RFC 9068 §4).
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenRules<'a> {
    /// Who must have signed it, compared as a string.
    pub(crate) issuer: &'a str,
    /// Whom it must be for.
    pub(crate) client_id: &'a str,
    /// Audiences the token may have beside this client.
    pub(crate) trusted_audiences: &'a [String],
    /// How it may be signed.
    pub(crate) algorithms: &'a [SigningAlgorithm],
    /// How far the provider's clock may be off.
    pub(crate) leeway: Duration,
    /// The time it is read at.
    pub(crate) now: Timestamp,
}
