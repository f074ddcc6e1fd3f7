//! Webhooks as IntelliAuth sends them, with its own names for what ends sessions.

use aws_lc_rs::hmac;
use cookie::time::OffsetDateTime;
use cookie::time::format_description::well_known::Rfc3339;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use landfall::{Secret, Timestamp};
use serde_json::{Value, json};

use super::core::Core;
use super::delivery::Parcel;
use super::state::{ProviderSession, random};

/// Which of the two forms its documentation shows for webhooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookForm {
    /// `event_id`, `event_type`, `occurred_at`, `data.user.id` and `data.session.id`; the timestamp is in Unix seconds.
    #[default]
    Nested,
    /// `id`, `type`, `created`, `data.user_id` and `data.session_id`; the timestamp is as in ISO 8601.
    Flat,
}

/// Why a session at the provider ended, in IntelliAuth's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignOutReason {
    /// `user_initiated`
    UserInitiated,
    /// `admin_revoked`
    AdminRevoked,
    /// `idle_timeout`
    IdleTimeout,
    /// `policy_violation`
    PolicyViolation,
}

impl SignOutReason {
    fn name(self) -> &'static str {
        match self {
            Self::UserInitiated => "user_initiated",
            Self::AdminRevoked => "admin_revoked",
            Self::IdleTimeout => "idle_timeout",
            Self::PolicyViolation => "policy_violation",
        }
    }
}

/// Where events are posted to.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) uri: String,
    pub(crate) secret: Secret<String>,
}

/// Something that happened to a person.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event<'a> {
    SignedOut(&'a ProviderSession, SignOutReason),
    Disabled(&'a str),
    Deleted(&'a str),
}

impl Event<'_> {
    fn name(self) -> &'static str {
        match self {
            Self::SignedOut(..) => "user.signed_out",
            Self::Disabled(_) => "user.disabled",
            Self::Deleted(_) => "user.deleted",
        }
    }

    fn data(self, form: WebhookForm) -> Value {
        match (self, form) {
            (Self::SignedOut(session, reason), WebhookForm::Nested) => json!({
                "user": {"id": session.person.subject}, "session": {"id": session.sid}, "reason": reason.name(),
            }),
            (Self::SignedOut(session, reason), WebhookForm::Flat) => json!({
                "user_id": session.person.subject, "session_id": session.sid, "reason": reason.name(),
            }),
            (Self::Disabled(subject) | Self::Deleted(subject), WebhookForm::Nested) => {
                json!({"user": {"id": subject}})
            }
            (Self::Disabled(subject) | Self::Deleted(subject), WebhookForm::Flat) => {
                json!({"user_id": subject})
            }
        }
    }
}

impl Core {
    /// This event for every webhook.
    pub(crate) fn webhook_parcels(&self, event: Event<'_>) -> Vec<Parcel> {
        let form = self.options.webhook_form;
        let now = self.clock.now();
        let moment = iso8601(now);
        let parcels = self.options.webhooks.iter().filter_map(|webhook| {
            let id = format!("evt_{}", random().ok()?.get(..22)?);
            let body = match form {
                WebhookForm::Nested => {
                    json!({"event_id": id, "event_type": event.name(), "occurred_at": moment, "data": event.data(form)})
                }
                WebhookForm::Flat => {
                    json!({"id": id, "type": event.name(), "created": moment, "data": event.data(form)})
                }
            };
            let body = body.to_string();
            let timestamp = match form {
                WebhookForm::Nested => now.secs().to_string(),
                WebhookForm::Flat => moment.clone(),
            };
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            for (name, value) in [
                ("x-intelliauth-signature", signature(webhook.secret.expose(), &body)),
                ("x-intelliauth-event-id", id),
                ("x-intelliauth-event-type", event.name().to_owned()),
                ("x-intelliauth-timestamp", timestamp),
            ] {
                headers.insert(HeaderName::from_static(name), value.parse().ok()?);
            }
            let uri = webhook.uri.clone();
            let counts_attempts = Some(HeaderName::from_static("x-intelliauth-delivery-attempt"));
            Some(Parcel { uri, client_id: None, headers, body: body.into(), counts_attempts })
        });
        parcels.collect()
    }
}

/// Hex HMAC-SHA256 over the body as it is sent.
fn signature(secret: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::sign(&key, body.as_bytes())
        .as_ref()
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn iso8601(moment: Timestamp) -> String {
    let seconds = i64::try_from(moment.secs()).unwrap_or_default();
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_rfc_4231_and_the_moment_that_of_iso_8601() {
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signature("Jefe", "what do ya want for nothing?"), expected);
        assert_eq!(iso8601(Timestamp::from_secs(1_767_225_600)), "2026-01-01T00:00:00Z");
    }
}
