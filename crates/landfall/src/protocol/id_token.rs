//! The ID token and its validation (OpenID Connect Core §3.1.3.7).

use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::algorithm::SigningAlgorithm;
use super::claims::{Broken, Claims, LOGOUT_EVENT};
use super::json::unique_object;
use super::jwks::KeySet;
use super::jws::{self, JwsError, Policy};
use super::token_rules::TokenRules;
use crate::clock::Timestamp;
use crate::crypto::secret::{Secret, same_bytes};
use crate::error::{Error, ErrorCode};

/// An ID token comes fresh from the token endpoint; one issued longer ago than this is not for this sign-in.
const MAX_AGE_OF_TOKEN: Duration = Duration::from_secs(24 * 60 * 60);

/// What an ID token has to say to be believed: the rules for every token of the provider's, and what ties this one to
/// the sign-in it is for.
#[derive(Debug)]
pub(crate) struct ExpectedIdToken<'a> {
    pub(crate) rules: TokenRules<'a>,
    /// The key for HS256, if that is allowed.
    pub(crate) client_secret: Option<&'a Secret<String>>,
    /// The nonce of the pending login. `None` only where there is no login, at a refresh.
    pub(crate) nonce: Option<&'a str>,
    /// The access token that came with it, to compare with `at_hash`.
    pub(crate) access_token: Option<&'a str>,
    /// How long ago the person may have authenticated, if that was asked for.
    pub(crate) max_age: Option<Duration>,
    /// The authentication contexts of which one must have been met.
    pub(crate) acr: Option<&'a [String]>,
}

/// Why an ID token is not believed, as far as the caller can do something about it.
#[derive(Debug)]
pub(crate) enum Rejection {
    /// No key fits the token: the provider may have newer ones.
    UnknownKey,
    /// All is well, but the person authenticated longer ago than `max_age`.
    NotRecent,
    /// All is well, but none of the authentication contexts asked for was met.
    AcrUnmet,
    /// Everything else.
    Invalid(Error),
}

impl From<Broken> for Rejection {
    fn from(Broken(rule): Broken) -> Self {
        Self::Invalid(rejected(rule))
    }
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::UnknownKey => rejected("no key of the provider's fits the token, or none verifies it"),
            Rejection::NotRecent => Self::new(ErrorCode::AuthenticationInsufficient)
                .detail("auth_time lies further back than the max_age asked for"),
            Rejection::AcrUnmet => Self::new(ErrorCode::AuthenticationInsufficient)
                .detail("acr is none of the authentication contexts asked for"),
            Rejection::Invalid(error) => error,
        }
    }
}

/// A believed ID token.
#[derive(Debug)]
pub(crate) struct IdTokenClaims {
    pub(crate) subject: String,
    /// When the provider issued it, by the provider's clock.
    pub(crate) issued_at: Timestamp,
    /// When the person authenticated.
    pub(crate) auth_time: Option<Timestamp>,
    /// The authentication context that was met.
    pub(crate) acr: Option<String>,
    /// The provider's name for its session.
    pub(crate) sid: Option<String>,
    /// When every session made from this token has to end (IPSIE `session_expiry`).
    pub(crate) session_expiry: Option<Timestamp>,
    /// Every claim, the ones above included.
    pub(crate) all: Map<String, Value>,
}

/// Validates an ID token: form and signature first, then claim by claim.
///
/// `NotRecent` and `AcrUnmet` are only said about a token that is valid otherwise.
pub(crate) fn verify(
    token: &str,
    keys: &KeySet,
    expect: &ExpectedIdToken<'_>,
) -> Result<IdTokenClaims, Rejection> {
    let policy =
        Policy { algorithms: expect.rules.algorithms, client_secret: expect.client_secret, types: &["JWT"] };
    let verified = jws::verify(token, keys, &policy).map_err(|error| match error {
        JwsError::UnknownKey => Rejection::UnknownKey,
        JwsError::Invalid(rule) => invalid(rule),
    })?;
    let all = unique_object(&verified.payload)
        .map_err(|_| invalid("the claims are not a JSON object with unique members"))?;
    let claims = Claims(&all);

    claims.check_issuer(expect.rules.issuer)?;
    claims.check_audience(expect.rules.client_id, expect.rules.trusted_audiences)?;
    let issued_at = claims.check_times(expect)?;
    claims.check_binding(expect, verified.algorithm)?;
    let subject = claims.subject()?.ok_or_else(|| invalid("sub is missing"))?;
    let auth_time = claims.auth_time(expect)?;
    let session_expiry = claims.session_expiry(expect.rules.now)?;
    let acr = all.get("acr").and_then(Value::as_str).map(str::to_owned);
    let sid = claims.sid()?;

    if let Some(max_age) = expect.max_age {
        let at = auth_time.ok_or_else(|| invalid("auth_time is missing, though max_age was asked for"))?;
        if expect.rules.now > at.plus(max_age).plus(expect.rules.leeway) {
            return Err(Rejection::NotRecent);
        }
    }
    if let Some(wanted) = expect.acr
        && !acr.as_ref().is_some_and(|acr| wanted.contains(acr))
    {
        return Err(Rejection::AcrUnmet);
    }
    Ok(IdTokenClaims { subject, issued_at, auth_time, acr, sid, session_expiry, all })
}

/// What the ID token of the sign-in said, for a refreshed one to say again.
#[derive(Debug)]
pub(crate) struct Original<'a> {
    pub(crate) subject: &'a str,
    pub(crate) auth_time: Option<Timestamp>,
    /// The token itself. It was verified at sign-in and kept sealed since.
    pub(crate) token: &'a Secret<String>,
}

/// Validates the ID token of a refresh (OpenID Connect Core §12.2): like any other, and about the same sign-in.
pub(crate) fn verify_refreshed(
    token: &str,
    keys: &KeySet,
    expect: &ExpectedIdToken<'_>,
    original: &Original<'_>,
) -> Result<IdTokenClaims, Rejection> {
    let claims = verify(token, keys, expect)?;
    if !same_bytes(claims.subject.as_bytes(), original.subject.as_bytes()) {
        return Err(invalid("sub is not the one that signed in"));
    }
    // Seconds: a session keeps no more of it.
    if let (Some(now), Some(then)) = (claims.auth_time, original.auth_time)
        && now.secs() != then.secs()
    {
        return Err(invalid("auth_time is not that of the sign-in"));
    }
    match claims.all.get("nonce") {
        None | Some(Value::Null) => {}
        Some(nonce)
            if nonce.as_str().is_some() && nonce_of(original.token) == nonce.as_str().map(str::to_owned) => {}
        Some(_) => return Err(invalid("nonce is not that of the sign-in")),
    }
    Ok(claims)
}

fn nonce_of(token: &Secret<String>) -> Option<String> {
    let payload = token.expose().split('.').nth(1)?;
    let claims = unique_object(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    claims.get("nonce")?.as_str().map(str::to_owned)
}

impl Claims<'_> {
    /// Items 9 and 10, and `nbf` (RFC 7519 §4.1.5). Gives `iat`.
    fn check_times(&self, expect: &ExpectedIdToken<'_>) -> Result<Timestamp, Rejection> {
        let (now, leeway) = (expect.rules.now, expect.rules.leeway);
        let expires = self.time("exp")?.ok_or_else(|| invalid("exp is missing"))?;
        if now >= expires.plus(leeway) {
            return Err(invalid("exp has passed"));
        }
        let issued = self.time("iat")?.ok_or_else(|| invalid("iat is missing"))?;
        if issued > now.plus(leeway) {
            return Err(invalid("iat lies in the future"));
        }
        if now > issued.plus(MAX_AGE_OF_TOKEN).plus(leeway) {
            return Err(invalid("iat lies more than a day back"));
        }
        if self.time("nbf")?.is_some_and(|start| start > now.plus(leeway)) {
            return Err(invalid("nbf lies in the future"));
        }
        Ok(issued)
    }

    /// What binds the token to this sign-in: item 11, `at_hash` (§3.1.3.6), and that it is no logout token.
    fn check_binding(
        &self,
        expect: &ExpectedIdToken<'_>,
        algorithm: SigningAlgorithm,
    ) -> Result<(), Rejection> {
        if self.0.get("events").is_some_and(|events| events.get(LOGOUT_EVENT).is_some()) {
            return Err(invalid("events marks a logout token"));
        }
        if let Some(nonce) = expect.nonce {
            let claimed = self.0.get("nonce").and_then(Value::as_str).unwrap_or_default();
            // An empty nonce binds nothing, on either side.
            if claimed.is_empty() || !same_bytes(claimed.as_bytes(), nonce.as_bytes()) {
                return Err(invalid("nonce is not that of the pending login"));
            }
        }
        if let (Some(claimed), Some(access_token)) = (self.0.get("at_hash"), expect.access_token) {
            let claimed = claimed.as_str().unwrap_or_default();
            if !same_bytes(claimed.as_bytes(), half_hash(algorithm, access_token).as_bytes()) {
                return Err(invalid("at_hash does not belong to the access token"));
            }
        }
        Ok(())
    }

    /// An `auth_time` in the future would satisfy every `max_age` to come.
    fn auth_time(&self, expect: &ExpectedIdToken<'_>) -> Result<Option<Timestamp>, Rejection> {
        let auth_time = self.optional_time("auth_time")?;
        if auth_time.is_some_and(|at| at > expect.rules.now.plus(expect.rules.leeway)) {
            return Err(invalid("auth_time lies in the future"));
        }
        Ok(auth_time)
    }

    fn session_expiry(&self, now: Timestamp) -> Result<Option<Timestamp>, Rejection> {
        let session_expiry = self.optional_time("session_expiry")?;
        if session_expiry.is_some_and(|end| end <= now) {
            return Err(invalid("session_expiry has passed"));
        }
        Ok(session_expiry)
    }
}

fn half_hash(algorithm: SigningAlgorithm, token: &str) -> String {
    let hash = digest::digest(algorithm.digest(), token.as_bytes());
    let hash = hash.as_ref();
    URL_SAFE_NO_PAD.encode(hash.get(..hash.len() / 2).unwrap_or_default())
}

fn rejected(rule: impl Into<String>) -> Error {
    Error::new(ErrorCode::IdTokenRejected).detail(rule)
}

fn invalid(rule: &'static str) -> Rejection {
    Rejection::Invalid(rejected(rule))
}

#[cfg(test)]
#[path = "id_token_tests.rs"]
mod tests;
