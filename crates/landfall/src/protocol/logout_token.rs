//! The logout token and its validation (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.6).
//!
//! A logout token ends sessions, and anybody can post one. A forged one must end nothing, and one that can be told
//! for what it is without keys must make nothing be fetched. Hence two steps: [`read`] takes every rule that needs
//! no key; [`Unverified::verify`] asks for the signature, and only its answer may be acted upon. It differs from an
//! ID token by `events`, which must be there, and by `nonce`, which must not.
//!
//! In this order:
//!
//! 1. Form and header, by [`jws::read`]; claims that are an object with unique members.
//! 2. `iss`, `aud` and `azp`, as an ID token.
//! 3. `iat`, at most [`MAX_AGE`] ago, and `exp`.
//! 4. `sub`, `sid` or both; the logout event; no `nonce`; a `jti`.
//! 5. The signature.
//!
//! Whether the token came before is not known here: `flow::provider_logout::backchannel` remembers `jti`.

use std::time::Duration;

use serde_json::{Map, Value};

use super::claims::{Broken, Claims, LOGOUT_EVENT, broken};
use super::json::unique_object;
use super::jwks::KeySet;
use super::jws::{self, JwsError, Policy};
use super::token_rules::TokenRules;
use crate::clock::Timestamp;
use crate::crypto::secret::Secret;
use crate::error::{Error, ErrorCode};

/// How old a logout token may be: it is sent at once, and again a few times. A `jti` need not be remembered longer
/// than a token passes.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(5 * 60);

/// A believed logout token. Subject, session or both are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogoutToken {
    /// Whose sessions end. Without [`sid`](Self::sid) it is all of them.
    pub(crate) subject: Option<String>,
    /// Which of the provider's sessions ended.
    pub(crate) sid: Option<String>,
    /// When the provider issued it, by the provider's clock: it ends nothing that is newer.
    pub(crate) issued_at: Timestamp,
    /// The token's own name, to tell when it comes again.
    pub(crate) jti: String,
}

/// A token that says all that a logout token must, and that nobody vouches for yet.
#[derive(Debug)]
pub(crate) struct Unverified<'a> {
    token: jws::Unverified<'a>,
    says: LogoutToken,
}

/// Reads a token and holds what it says against every rule but the signature.
///
/// Anybody can post here, so whatever can be refused without the provider's keys is refused without them: a token
/// of another issuer, or one that is too old, never makes anything be fetched.
///
/// # Errors
/// `LogoutTokenRejected`, with the rule that is broken.
pub(crate) fn read<'a>(token: &'a str, rules: &TokenRules<'_>) -> Result<Unverified<'a>, Error> {
    let policy = Policy { algorithms: rules.algorithms, client_secret: None, types: &["logout+jwt", "JWT"] };
    let token = jws::read(token, &policy).map_err(rejected)?;
    let claims = unique_object(token.payload())
        .map_err(|_| rejected("the claims are not a JSON object with unique members"))?;
    let says = check(&claims, rules).map_err(|Broken(rule)| rejected(rule))?;
    Ok(Unverified { token, says })
}

impl Unverified<'_> {
    /// The token, if one of the keys signed it, or for HS256 the client secret.
    ///
    /// # Errors
    /// `UnknownKey` and `Unverified` when newer keys may help, `Invalid` when they cannot.
    pub(crate) fn verify(
        &self,
        keys: &KeySet,
        client_secret: Option<&Secret<String>>,
    ) -> Result<LogoutToken, JwsError> {
        self.token.check_signature(keys, client_secret)?;
        Ok(self.says.clone())
    }
}

/// Every rule but the signature. Gives what the token says.
fn check(all: &Map<String, Value>, rules: &TokenRules<'_>) -> Result<LogoutToken, Broken> {
    let claims = Claims(all);
    claims.check_issuer(rules.issuer)?;
    claims.check_audience(rules.client_id, rules.trusted_audiences)?;
    let issued_at = check_times(&claims, rules)?;
    let subject = claims.subject()?;
    let sid = claims.sid()?;
    // Taken for a missing one, it would make one session all of them.
    if all.get("sid").is_some_and(Value::is_null) {
        return Err(broken("sid is not a string that names a session"));
    }
    if subject.is_none() && sid.is_none() {
        return Err(broken("neither sub nor sid is there"));
    }
    if !all.get("events").and_then(|events| events.get(LOGOUT_EVENT)).is_some_and(Value::is_object) {
        return Err(broken("events does not hold the logout event"));
    }
    // It tells a logout token from an ID token for whoever looks at neither typ nor events.
    if all.contains_key("nonce") {
        return Err(broken("nonce is there, as in an ID token"));
    }
    match all.get("jti") {
        Some(Value::String(jti)) if !jti.is_empty() => {
            Ok(LogoutToken { subject, sid, issued_at, jti: jti.clone() })
        }
        _ => Err(broken("jti is not a string that names the token")),
    }
}

/// Holds the times against the clock, and gives `iat`. A provider of before the final text leaves `exp` out.
fn check_times(claims: &Claims<'_>, rules: &TokenRules<'_>) -> Result<Timestamp, Broken> {
    let (now, leeway) = (rules.now, rules.leeway);
    let issued = claims.time("iat")?.ok_or_else(|| broken("iat is missing"))?;
    if issued > now.plus(leeway) {
        return Err(broken("iat lies in the future"));
    }
    if now > issued.plus(MAX_AGE).plus(leeway) {
        return Err(broken("iat lies more than five minutes back"));
    }
    if claims.time("exp")?.is_some_and(|expires| now >= expires.plus(leeway)) {
        return Err(broken("exp has passed"));
    }
    Ok(issued)
}

/// The error of a token that breaks this rule. The caller uses it too, for rules about sessions that are not known
/// here.
pub(crate) fn rejected(rule: impl Into<String>) -> Error {
    Error::new(ErrorCode::LogoutTokenRejected).detail(rule)
}

#[cfg(test)]
#[path = "logout_token_tests.rs"]
mod tests;
