//! A logout token as anybody may post it.
//!
//! The promise: what is accepted names a subject or a session, and itself, and is not older than it may be. Without
//! the right signature nothing is accepted at all, so the input is tried twice: as it is, and signed.

use std::time::Duration;

use crate::protocol::algorithm::SigningAlgorithm;
use crate::protocol::jwks::KeySet;
use crate::protocol::logout_token::read;
use crate::protocol::token_rules::TokenRules;
use crate::{Secret, Timestamp};

/// Reads `data` as a token, and, behind a valid signature, as header and claims with a line break between.
///
/// # Panics
/// When a token is accepted that must not be: one that names nobody, has no `jti`, or is too old.
pub fn logout_token(data: &[u8]) {
    accepted(data);
}

/// How many of the two readings were accepted: a test makes sure that a good one is, or nothing would be tried.
pub(super) fn accepted(data: &[u8]) -> usize {
    let secret = Secret::from(super::SECRET);
    let keys = KeySet::default();
    let rules = TokenRules {
        issuer: "https://op.example",
        client_id: "rp-1",
        trusted_audiences: &[],
        algorithms: &[SigningAlgorithm::Hs256, SigningAlgorithm::Rs256],
        leeway: Duration::from_secs(60),
        now: Timestamp::from_secs(1_800_000_000),
    };
    let as_is = std::str::from_utf8(data).ok().map(str::to_owned);
    let signed = super::signed(data, br#"{"alg":"HS256","typ":"logout+jwt"}"#);
    let mut accepted = 0;
    for token in [as_is, Some(signed)].into_iter().flatten() {
        let Ok(says) = read(&token, &rules) else { continue };
        let Ok(says) = says.verify(&keys, Some(&secret)) else { continue };
        assert!(says.subject.is_some() || says.sid.is_some());
        assert!(says.subject.is_none_or(|subject| !subject.is_empty()));
        assert!(says.sid.is_none_or(|sid| !sid.is_empty()) && !says.jti.is_empty());
        assert!(rules.now.since(says.issued_at) <= Duration::from_secs(360));
        assert!(says.issued_at.since(rules.now) <= rules.leeway);
        accepted += 1;
    }
    accepted
}
