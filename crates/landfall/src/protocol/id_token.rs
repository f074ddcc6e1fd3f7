//! The ID token and its validation (OpenID Connect Core §3.1.3.7).
//!
//! Here is everything that makes an ID token believed, in the order of the specification, so that the two can be
//! read side by side. What every signed token has to keep to comes from [`jws`],
//! [`token_rules`](super::token_rules) and `claims`; this file adds what ties a token to one sign-in.
//!
//! [`verify`] takes it in this order:
//!
//! 1. Form, header and signature; claims that are an object with unique members.
//! 2. `iss` (item 2) and `aud` with `azp` (items 3 to 5). Only of a token that is ours so far it is said that newer keys
//!    may verify it.
//! 3. `exp`, `iat` and `nbf` (items 9 and 10; RFC 7519 §4.1.5).
//! 4. `nonce` (item 11), `at_hash` (§3.1.3.6), and that it is no logout token.
//! 5. `sub`, `auth_time`, `session_expiry`, `acr`, `sid`: whether they can be what they say.
//! 6. Last, whether the person was authenticated recently (item 13) and in the way (item 12) that was asked for.
//!
//! The last ones come last because a caller starts over where they fail, which it must not do for a token that is
//! no good otherwise. [`verify_refreshed`] does all that, and holds the token against the one of the sign-in.

use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::algorithm::SigningAlgorithm;
use super::auth_level::AuthLevel;
use super::claims::{Broken, Claims, LOGOUT_EVENT};
use super::json::unique_object;
use super::jwks::KeySet;
use super::jws::{self, JwsError, Policy};
use super::token_rules::TokenRules;
use crate::clock::Timestamp;
use crate::crypto::secret::{Secret, same_bytes};
use crate::error::{Error, ErrorCode};

/// An ID token comes fresh from the token endpoint; one issued longer ago than this is not for this sign-in (item
/// 10).
const MAX_AGE_OF_TOKEN: Duration = Duration::from_secs(24 * 60 * 60);

/// What an ID token has to say to be believed: the rules for every token of the provider's, and what ties this one
/// to the sign-in it is for.
#[derive(Debug)]
pub(crate) struct ExpectedIdToken<'a> {
    /// Issuer, client, audiences, algorithms, leeway and the time.
    pub(crate) rules: TokenRules<'a>,
    /// The key for HS256, if that is allowed. `None` for a public client.
    pub(crate) client_secret: Option<&'a Secret<String>>,
    /// The nonce of the pending login: the token was made for this browser's attempt and for no other (OpenID
    /// Connect Core §15.5.2). `None` only where the provider was sent none: at a refresh, and for a device code.
    pub(crate) nonce: Option<&'a str>,
    /// The access token that came with it, to compare with `at_hash`. A token without `at_hash` passes, since the
    /// code flow makes it optional (§3.1.3.6).
    pub(crate) access_token: Option<&'a str>,
    /// How long ago the person may have authenticated. `None` where that was not asked for; then `auth_time` may be
    /// absent.
    pub(crate) max_age: Option<Duration>,
    /// The authentication contexts of which one must have been met. `None` where none was demanded; asking by
    /// `acr_values` alone demands nothing (§5.5.1.1).
    pub(crate) acr: Option<&'a [String]>,
}

/// Why an ID token is not believed, as far as the caller can do something about it.
#[derive(Debug)]
pub(crate) enum Rejection {
    /// No key verifies the token, which is for this client: the provider may have newer ones. The caller asks for them
    /// once and tries again.
    NotVerified(JwsError),
    /// All is well, but the person authenticated longer ago than `max_age`. The caller may send them to sign in
    /// again.
    NotRecent,
    /// All is well, but none of the authentication contexts asked for was met. The sign-in is over.
    AcrUnmet,
    /// Everything else. The error is `IdTokenRejected` and names the rule.
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
            Rejection::NotVerified(error) => rejected(error.rule()),
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
    /// Who it is, by the provider's name for them: unique at this issuer and nowhere else.
    pub(crate) subject: String,
    /// When the provider issued it, by the provider's clock. A session is as old as this says, so that logout
    /// tokens can be told older or newer by one clock.
    pub(crate) issued_at: Timestamp,
    /// When the person authenticated; `None` where the provider does not say.
    pub(crate) auth_time: Option<Timestamp>,
    /// The authentication context that was met; `None` where the provider does not say, or says it as no string.
    pub(crate) acr: Option<String>,
    /// How strongly the person was authenticated; `None` where the provider says nothing of it that is known here.
    pub(crate) auth_level: Option<AuthLevel>,
    /// The provider's name for its session, by which a logout token may end ours.
    pub(crate) sid: Option<String>,
    /// When every session made from this token has to end (IPSIE `session_expiry`). Always after `now`.
    pub(crate) session_expiry: Option<Timestamp>,
    /// Every claim, the ones above included.
    pub(crate) all: Map<String, Value>,
}

/// Validates an ID token: form and signature first, then claim by claim, in the order above.
///
/// # Errors
/// `NotRecent` and `AcrUnmet` are only said about a token that is valid otherwise. `NotVerified` is said about one
/// of which only form and header are sound, and issuer and audience ours.
pub(crate) fn verify(
    token: &str,
    keys: &KeySet,
    expect: &ExpectedIdToken<'_>,
) -> Result<IdTokenClaims, Rejection> {
    let policy =
        Policy { algorithms: expect.rules.algorithms, client_secret: expect.client_secret, types: &["JWT"] };
    let token = jws::read(token, &policy).map_err(invalid)?;
    let signature = match token.check_signature(keys, expect.client_secret) {
        Err(JwsError::Invalid(rule)) => return Err(invalid(rule)),
        signature => signature,
    };
    let all = unique_object(token.payload())
        .map_err(|_| invalid("the claims are not a JSON object with unique members"))?;
    let claims = Claims(&all);

    claims.check_issuer(expect.rules.issuer)?;
    claims.check_audience(expect.rules.client_id, expect.rules.trusted_audiences)?;
    signature.map_err(Rejection::NotVerified)?;
    let issued_at = claims.check_times(expect)?;
    claims.check_binding(expect, token.algorithm())?;
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
    let auth_level = AuthLevel::of(&all);
    Ok(IdTokenClaims { subject, issued_at, auth_time, acr, auth_level, sid, session_expiry, all })
}

/// What the ID token of the sign-in said, for a refreshed one to say again.
#[derive(Debug)]
pub(crate) struct Original<'a> {
    /// The subject of the session.
    pub(crate) subject: &'a str,
    /// As the session keeps it, in whole seconds; `None` where the provider did not say.
    pub(crate) auth_time: Option<Timestamp>,
    /// The token itself, for its nonce. It was verified at sign-in and kept sealed since.
    pub(crate) token: &'a Secret<String>,
}

/// Validates the ID token of a refresh (OpenID Connect Core §12.2): like any other, and about the sign-in that the
/// refresh token came from.
///
/// The subject must be the one that signed in; `auth_time`, where both name it, must be the one of the sign-in; and
/// `nonce` may be absent but must not be another. A provider that mixed up two people's refresh tokens is noticed
/// here.
///
/// # Errors
/// As [`verify`]; what does not fit the sign-in is `Invalid`.
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

/// The nonce of a token that was verified before, read without verifying it again: the keys it was signed with may
/// be gone.
fn nonce_of(token: &Secret<String>) -> Option<String> {
    let payload = token.expose().split('.').nth(1)?;
    let claims = unique_object(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    claims.get("nonce")?.as_str().map(str::to_owned)
}

impl Claims<'_> {
    /// Holds the times against the clock: items 9 and 10, and `nbf` (RFC 7519 §4.1.5). Gives `iat`, which has to be
    /// there (§2).
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
    ///
    /// A wrong `at_hash` means that the access token was not issued with this ID token, though both came in one
    /// answer.
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

    /// When the person authenticated. One in the future would satisfy every `max_age` to come, so it is refused.
    fn auth_time(&self, expect: &ExpectedIdToken<'_>) -> Result<Option<Timestamp>, Rejection> {
        let auth_time = self.optional_time("auth_time")?;
        if auth_time.is_some_and(|at| at > expect.rules.now.plus(expect.rules.leeway)) {
            return Err(invalid("auth_time lies in the future"));
        }
        Ok(auth_time)
    }

    /// When the session has to end at the latest. One that has passed is refused rather than made a session that
    /// ends at once. There is no leeway: it bounds what we do, not what the provider's clock shows.
    fn session_expiry(&self, now: Timestamp) -> Result<Option<Timestamp>, Rejection> {
        let session_expiry = self.optional_time("session_expiry")?;
        if session_expiry.is_some_and(|end| end <= now) {
            return Err(invalid("session_expiry has passed"));
        }
        Ok(session_expiry)
    }
}

/// The left half of the token's digest, in base64url: what `at_hash` has to be (§3.1.3.6).
fn half_hash(algorithm: SigningAlgorithm, token: &str) -> String {
    let hash = digest::digest(algorithm.digest(), token.as_bytes());
    let hash = hash.as_ref();
    URL_SAFE_NO_PAD.encode(hash.get(..hash.len() / 2).unwrap_or_default())
}

/// The error of a token that breaks this rule.
fn rejected(rule: impl Into<String>) -> Error {
    Error::new(ErrorCode::IdTokenRejected).detail(rule)
}

/// [`Rejection::Invalid`] with this rule.
fn invalid(rule: &'static str) -> Rejection {
    Rejection::Invalid(rejected(rule))
}

#[cfg(test)]
#[path = "id_token_tests.rs"]
mod tests;
