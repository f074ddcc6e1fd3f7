//! What every signed token of a provider has to keep to, whatever it is for.
//!
//! One type, so that ID tokens, logout tokens and access tokens cannot come to be checked by different issuers,
//! audiences or leeways. `provider::client::Client::token_rules` fills it, from one client's settings and the
//! present time.

use std::time::Duration;

use super::algorithm::SigningAlgorithm;
use crate::clock::Timestamp;

/// The rules for tokens that a provider signs for this client: ID tokens (OpenID Connect Core §3.1.3.7), logout
/// tokens (OpenID Connect Back-Channel Logout 1.0 §2.6) and, where they are read at all, access tokens (RFC 9068
/// §4).
///
/// Not every reader needs all of them: an access token is for an API, so its audience is not held against
/// `client_id`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenRules<'a> {
    /// Who must have signed it: the configured issuer, compared as a string. No URL is normalised.
    pub(crate) issuer: &'a str,
    /// Whom it must be for: this has to be among its audiences.
    pub(crate) client_id: &'a str,
    /// Audiences the token may have beside this client. Any other refuses it.
    pub(crate) trusted_audiences: &'a [String],
    /// How it may be signed. The token's header chooses among these and adds none.
    pub(crate) algorithms: &'a [SigningAlgorithm],
    /// How far the provider's clock may be off, either way.
    pub(crate) leeway: Duration,
    /// The time it is read at.
    pub(crate) now: Timestamp,
}
