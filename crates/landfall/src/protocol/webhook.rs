//! IntelliAuth's webhooks: what a tenant tells about its users, signed with a shared secret.
//!
//! A back channel beside that of logout tokens, with the same effect. The provider's own documentation shows two
//! forms of the payload and two of the time; both are read. No standard stands behind it, so the rules are borrowed
//! from [`logout_token`](super::logout_token): nothing is believed before the signature, nothing stale is acted
//! upon, and whatever is unclear is an error rather than a guess.
//!
//! In this order, in [`read`]:
//!
//! 1. The signature over the body, by any of the secrets: there are two while one is being replaced.
//! 2. The delivery's own time, at most five minutes off.
//! 3. What happened, and to whom. Events about other things end here, as a success.
//! 4. When it happened, at most 25 hours ago.

use std::time::Duration;

use aws_lc_rs::hmac;
use cookie::time::OffsetDateTime;
use cookie::time::format_description::well_known::Rfc3339;
use serde_json::{Map, Value};

use super::claims::numeric_date;
use super::json::unique_object;
use crate::clock::Timestamp;
use crate::crypto::secret::Secret;
use crate::error::{Error, ErrorCode};

/// How far the delivery's own time may be off, either way.
const MAX_AGE_OF_DELIVERY: Duration = Duration::from_secs(5 * 60);
/// How old the event may be: a delivery that failed is tried again for about a day.
const MAX_AGE_OF_EVENT: Duration = Duration::from_secs(25 * 3600);

/// A delivery as it came in.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// The bytes that were signed. They are parsed after the signature was checked.
    pub(crate) body: Vec<u8>,
    /// `X-IntelliAuth-Signature`: HMAC-SHA-256 of the body, in hexadecimal, with or without `sha256=` before it.
    pub(crate) signature: Option<Vec<u8>>,
    /// `X-IntelliAuth-Timestamp`: when this delivery was sent.
    pub(crate) timestamp: Option<Vec<u8>>,
}

/// Which sessions have to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LogoutTarget {
    /// The one that the provider calls by this name.
    Session(String),
    /// Every session of the user whom the provider calls by this name.
    User(String),
}

/// An event that ends sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogoutEvent {
    /// Which sessions.
    pub(crate) target: LogoutTarget,
    /// When it happened, by the provider's clock. A session that is newer stays.
    pub(crate) at: Timestamp,
}

/// Reads a delivery: the signature first, then the times, then what happened. `None` for an event that ends no
/// session.
///
/// The delivery's own time is no part of what is signed; the event's is. So an old delivery that somebody recorded
/// and sends again with a new time is known by the event's.
///
/// # Errors
/// `WebhookUnsigned` where no secret made the signature, `WebhookRejected` where something else is wrong.
pub(crate) fn read(
    delivery: &Delivery,
    secrets: &[Secret<String>],
    now: Timestamp,
    leeway: Duration,
) -> Result<Option<LogoutEvent>, Error> {
    check_signature(delivery, secrets)?;
    let sent = delivery.timestamp.as_deref().and_then(|text| moment_in(std::str::from_utf8(text).ok()?));
    let sent = sent.ok_or_else(|| rejected("X-IntelliAuth-Timestamp is missing or no time"))?;
    if sent > now.plus(MAX_AGE_OF_DELIVERY).plus(leeway) || now > sent.plus(MAX_AGE_OF_DELIVERY).plus(leeway)
    {
        return Err(rejected("X-IntelliAuth-Timestamp is not of the last five minutes"));
    }
    let event = unique_object(&delivery.body)
        .map_err(|_| rejected("the payload is not a JSON object with unique members"))?;
    let kind = either(&event, "event_type", "type").and_then(Value::as_str);
    let kind = kind.ok_or_else(|| rejected("the payload names no event type"))?;
    let target = match kind {
        "user.signed_out" => match session(&event)? {
            Some(session) => LogoutTarget::Session(session),
            None => LogoutTarget::User(user(&event)?),
        },
        "user.disabled" | "user.deleted" => LogoutTarget::User(user(&event)?),
        _ => return Ok(None),
    };
    Ok(Some(LogoutEvent { target, at: time(&event, now, leeway)? }))
}

/// Tries each secret. The engine compares in constant time.
fn check_signature(delivery: &Delivery, secrets: &[Secret<String>]) -> Result<(), Error> {
    let refused = |rule: &str| Error::new(ErrorCode::WebhookUnsigned).detail(rule);
    let text = delivery.signature.as_deref().ok_or_else(|| refused("X-IntelliAuth-Signature is missing"))?;
    let tag = hexadecimal(text.strip_prefix(b"sha256=").unwrap_or(text))
        .ok_or_else(|| refused("X-IntelliAuth-Signature is not hexadecimal"))?;
    let made_by = |secret: &Secret<String>| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        hmac::verify(&key, &delivery.body, &tag).is_ok()
    };
    if secrets.iter().any(made_by) { Ok(()) } else { Err(refused("no secret of ours made the signature")) }
}

/// Bytes from digits in either case; `None` for anything else.
fn hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? * 16 + digit(*low)?)).collect()
}

/// When it happened: `occurred_at`, or `created` in the other form of the payload.
fn time(event: &Map<String, Value>, now: Timestamp, leeway: Duration) -> Result<Timestamp, Error> {
    let at = match either(event, "occurred_at", "created") {
        Some(Value::String(text)) => moment_in(text),
        Some(value) => numeric_date(value),
        None => None,
    };
    let at = at.ok_or_else(|| rejected("the payload says not when it happened"))?;
    if at > now.plus(leeway) {
        return Err(rejected("the event lies in the future"));
    }
    if now > at.plus(MAX_AGE_OF_EVENT) {
        return Err(rejected("the event is more than a day old"));
    }
    Ok(at)
}

/// Seconds since the epoch, or a date and time with its offset (RFC 3339). `None` for anything else, and for what
/// lies before the epoch.
fn moment_in(text: &str) -> Option<Timestamp> {
    let text = text.trim_ascii();
    if let Ok(secs) = text.parse::<u64>() {
        return Some(Timestamp::from_secs(secs));
    }
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    u64::try_from(moment.unix_timestamp_nanos() / 1_000_000).ok().map(Timestamp::from_millis)
}

/// Whom it is about. An event about nobody is an error.
fn user(event: &Map<String, Value>) -> Result<String, Error> {
    named(event, "user", "user_id")?.ok_or_else(|| rejected("the payload names no user"))
}

/// Which session it is about; `None` for an event that names none and so means all of the user's.
fn session(event: &Map<String, Value>) -> Result<Option<String>, Error> {
    named(event, "session", "session_id")
}

/// `data.NAME.id` or `data.FLAT`; `None` where neither is there. One that is there and is no name is an error: read
/// as missing, it would make one session all of them.
fn named(event: &Map<String, Value>, name: &str, flat: &str) -> Result<Option<String>, Error> {
    let data = event.get("data").and_then(Value::as_object);
    let nested = data.and_then(|data| data.get(name)).map(|inner| inner.get("id").unwrap_or(&Value::Null));
    match nested.or_else(|| data.and_then(|data| data.get(flat))) {
        None => Ok(None),
        Some(Value::String(id)) if !id.is_empty() => Ok(Some(id.clone())),
        Some(_) => Err(rejected(format!("the {name} in the payload has no id"))),
    }
}

/// The member by the name that one form of the payload gives it, or the other.
fn either<'a>(event: &'a Map<String, Value>, one: &str, other: &str) -> Option<&'a Value> {
    event.get(one).or_else(|| event.get(other))
}

/// The error of a delivery that breaks this rule.
fn rejected(rule: impl Into<String>) -> Error {
    Error::new(ErrorCode::WebhookRejected).detail(rule)
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
