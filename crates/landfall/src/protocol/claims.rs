//! What ID tokens and logout tokens have in common: who issued them and for whom, times, subject and session.
//!
//! Apart from [`id_token`](super::id_token) and [`logout_token`](super::logout_token) so that both hold issuer and
//! audience against the very same lines. What is particular to one of them (nonce and `at_hash`, events and `jti`)
//! stays with it. Nothing here knows whether the signature holds: callers check that as well.
//!
//! A complaint names the rule and never a value, since claims are personal data and end up in logs.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::clock::Timestamp;

/// The event that makes a token a logout token (OpenID Connect Back-Channel Logout 1.0 §2.4). A logout token must
/// have it and an ID token must not, so that neither passes for the other.
pub(super) const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// The longest subject, in ASCII characters (OpenID Connect Core §2).
const MAX_SUBJECT: usize = 255;

/// The rule that a token breaks, in words for the operator; never a value of the token.
#[derive(Debug)]
pub(super) struct Broken(pub(super) Cow<'static, str>);

/// The claims of a token, as a view of its payload.
pub(super) struct Claims<'a>(pub(super) &'a Map<String, Value>);

impl Claims<'_> {
    /// Who issued it. Compared byte for byte: no URL is normalised, since two spellings may be two issuers.
    pub(super) fn check_issuer(&self, issuer: &str) -> Result<(), Broken> {
        if self.0.get("iss").and_then(Value::as_str) == Some(issuer) {
            Ok(())
        } else {
            Err(broken("iss is not the issuer"))
        }
    }

    /// For whom it is: items 3 to 5 of the list in OpenID Connect Core §3.1.3.7.
    ///
    /// 1. `aud` is a string or an array of strings, and names this client.
    /// 2. Every further audience is one that the configuration trusts. A token for several parties can be presented
    ///    by any of them, so one that is not trusted could replay it here.
    /// 3. `azp`, where it is there, is this client.
    pub(super) fn check_audience(&self, client_id: &str, trusted: &[String]) -> Result<(), Broken> {
        let audiences = match self.0.get("aud") {
            Some(Value::Array(audiences)) => audiences.as_slice(),
            Some(one @ Value::String(_)) => std::slice::from_ref(one),
            _ => return Err(broken("aud is not a string or an array of strings")),
        };
        if audiences.iter().any(|audience| !audience.is_string()) {
            return Err(broken("aud is not a string or an array of strings"));
        }
        if !audiences.iter().any(|audience| audience == client_id) {
            return Err(broken("aud does not contain the client id"));
        }
        let known =
            |audience: &Value| audience == client_id || trusted.iter().any(|trusted| audience == trusted);
        if !audiences.iter().all(known) {
            return Err(broken("aud holds a further audience that is not trusted"));
        }
        if self.0.get("azp").is_some_and(|azp| azp.as_str() != Some(client_id)) {
            return Err(broken("azp is not the client id"));
        }
        Ok(())
    }

    /// The person's name at this issuer; `None` where the token does not say.
    ///
    /// Held to what OpenID Connect Core §2 allows, 1 to 255 ASCII characters, and those printable: it becomes part
    /// of store indexes and log lines.
    pub(super) fn subject(&self) -> Result<Option<String>, Broken> {
        match self.0.get("sub") {
            None => Ok(None),
            Some(Value::String(sub))
                if (1..=MAX_SUBJECT).contains(&sub.len())
                    && sub.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) =>
            {
                Ok(Some(sub.clone()))
            }
            Some(Value::String(_)) => Err(broken("sub is not 1 to 255 printable ASCII characters")),
            Some(_) => Err(broken("sub is not a string")),
        }
    }

    /// The provider's name for its session; `None` where it does not say, which `null` means as well.
    ///
    /// An empty one is refused: a session that cannot be named could not be ended from the provider's side.
    pub(super) fn sid(&self) -> Result<Option<String>, Broken> {
        match self.0.get("sid") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(sid)) if !sid.is_empty() => Ok(Some(sid.clone())),
            Some(_) => Err(broken("sid is not a string that names a session")),
        }
    }

    /// A [`time`](Self::time) that some providers write as `null` where they have none.
    pub(super) fn optional_time(&self, name: &'static str) -> Result<Option<Timestamp>, Broken> {
        if self.0.get(name).is_some_and(Value::is_null) { Ok(None) } else { self.time(name) }
    }

    /// A NumericDate (RFC 7519 §2): a JSON number, with or without a fraction, never a string. `None` where it is
    /// absent.
    pub(super) fn time(&self, name: &'static str) -> Result<Option<Timestamp>, Broken> {
        match self.0.get(name) {
            None => Ok(None),
            Some(value) => match numeric_date(value) {
                Some(time) => Ok(Some(time)),
                None => Err(Broken(format!("{name} is not a number").into())),
            },
        }
    }
}

/// A JSON number of seconds as a moment; `None` for what is no number.
///
/// Saturates: what lies before the epoch is the epoch, what lies too far ahead is the last moment there is. A
/// comparison with the present comes out as it would without.
pub(super) fn numeric_date(value: &Value) -> Option<Timestamp> {
    if let Some(secs) = value.as_u64() {
        return Some(Timestamp::from_secs(secs));
    }
    let secs = value.as_f64()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast from f64 saturates")]
    Some(Timestamp::from_millis((secs * 1000.0) as u64))
}

/// [`Broken`] from a sentence that stands in the code.
pub(super) fn broken(rule: &'static str) -> Broken {
    Broken(Cow::Borrowed(rule))
}
