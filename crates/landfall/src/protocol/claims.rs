//! What ID tokens and logout tokens have in common: who issued them and for whom, times, subject and session.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::clock::Timestamp;

/// The event that makes a token a logout token (OpenID Connect Back-Channel Logout 1.0 §2.4).
pub(super) const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// OpenID Connect Core §2.
const MAX_SUBJECT: usize = 255;

/// The rule that a token breaks, never a value of it.
#[derive(Debug)]
pub(super) struct Broken(pub(super) Cow<'static, str>);

/// The claims of a token.
pub(super) struct Claims<'a>(pub(super) &'a Map<String, Value>);

impl Claims<'_> {
    /// Who issued it. Compared byte for byte: no URL is normalised.
    pub(super) fn check_issuer(&self, issuer: &str) -> Result<(), Broken> {
        if self.0.get("iss").and_then(Value::as_str) == Some(issuer) {
            Ok(())
        } else {
            Err(broken("iss is not the issuer"))
        }
    }

    /// For whom: items 3 to 5 of the list in OpenID Connect Core §3.1.3.7.
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

    /// A session that cannot be named could not be ended from the provider's side.
    pub(super) fn sid(&self) -> Result<Option<String>, Broken> {
        match self.0.get("sid") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(sid)) if !sid.is_empty() => Ok(Some(sid.clone())),
            Some(_) => Err(broken("sid is not a string that names a session")),
        }
    }

    pub(super) fn optional_time(&self, name: &'static str) -> Result<Option<Timestamp>, Broken> {
        if self.0.get(name).is_some_and(Value::is_null) { Ok(None) } else { self.time(name) }
    }

    /// A NumericDate (RFC 7519 §2): a JSON number, with or without a fraction, never a string.
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

/// Saturates: what lies before the epoch is the epoch, what lies too far ahead is the last moment there is.
pub(super) fn numeric_date(value: &Value) -> Option<Timestamp> {
    if let Some(secs) = value.as_u64() {
        return Some(Timestamp::from_secs(secs));
    }
    let secs = value.as_f64()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast from f64 saturates")]
    Some(Timestamp::from_millis((secs * 1000.0) as u64))
}

pub(super) fn broken(rule: &'static str) -> Broken {
    Broken(Cow::Borrowed(rule))
}
