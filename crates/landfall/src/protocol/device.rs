//! Device authorization (RFC 8628): a code for a device without a browser, that a person enters elsewhere.
//!
//! For `landfall-native`, and behind its feature. Here is what goes to the device authorization endpoint and what
//! comes back, and what a poll's answer means while there are no tokens. The poll itself is a token request like
//! any other, see [`TokenGrant::Device`](super::token::TokenGrant::Device); how often it is repeated is the
//! caller's business.
//!
//! What a provider says is shown to a person and waited by, so it is bounded: codes that can be read, addresses
//! that are no scripts, spans that end.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use url::Url;

use super::client_auth::Credentials;
use super::form;
use crate::address::base_url::is_loopback;
use crate::address::unencrypted::is_as_plain_as;
use crate::crypto::secret::Secret;
use crate::error::{Error, ErrorCode, printable};

/// Between two polls where the provider does not say (RFC 8628 §3.2).
const INTERVAL: Duration = Duration::from_secs(5);
/// The longest wait between two polls. A provider that says more is not believed: nobody waits a day between two
/// questions.
const LONGEST_INTERVAL: Duration = Duration::from_secs(300);
/// The longest life of a code. One that says more ends after this all the same.
const LONGEST_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// The longest code that a person can be asked to read and enter, in characters.
const LONGEST_CODE: usize = 64;

/// What the provider gave: one code for the device, one for the person.
pub(crate) struct DeviceCode {
    /// The device's code, which is worth tokens once the person has agreed. It is never shown.
    pub(crate) secret: Secret<String>,
    /// What the person enters: printable ASCII.
    pub(crate) user_code: String,
    /// Where they enter it.
    pub(crate) verification_uri: Url,
    /// That address with the code in it, for a QR code or a click. `None` where the provider has none.
    pub(crate) verification_uri_complete: Option<Url>,
    /// How long both codes are good, from now.
    pub(crate) expires_in: Duration,
    /// How long to wait between two polls, at least a second.
    pub(crate) interval: Duration,
}

/// Without codes and addresses: one address holds the code.
impl fmt::Debug for DeviceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceCode").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// The answer as it stands on the wire. Times are in seconds.
#[derive(Deserialize)]
struct Wire {
    device_code: String,
    user_code: String,
    /// Some providers stayed with the name of a draft.
    #[serde(alias = "verification_url")]
    verification_uri: String,
    #[serde(alias = "verification_url_complete")]
    verification_uri_complete: Option<String>,
    expires_in: u64,
    interval: Option<u64>,
}

/// Asks for a code (RFC 8628 §3.1).
///
/// # Errors
/// Those of `form::post`.
pub(crate) fn request(
    endpoint: &Url,
    credentials: &Credentials,
    fields: &[(&str, &str)],
) -> Result<http::Request<Bytes>, Error> {
    form::post(endpoint, credentials, fields)
}

/// Reads the answer (RFC 8628 §3.2).
///
/// # Errors
/// An error answer of the provider's becomes what it would be at the token endpoint. `TokenResponseInvalid` is for
/// one that cannot be read, or that nobody could be asked to act on.
pub(crate) fn response(issuer: &str, response: &http::Response<Bytes>) -> Result<DeviceCode, Error> {
    let invalid = |detail: String| Error::new(ErrorCode::TokenResponseInvalid).detail(detail);
    if let Some(refusal) = super::token::refusal(response) {
        return Err(refusal);
    }
    super::expect_json(response).map_err(invalid)?;
    // The error may quote a value.
    let wire: Wire = serde_json::from_slice(response.body()).map_err(|error| {
        invalid(format!("the device authorization endpoint's answer cannot be read ({:?})", error.classify()))
    })?;
    let is_sound = |text: &str| !text.is_empty() && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    if !is_sound(&wire.device_code) || !is_sound(&wire.user_code) || wire.user_code.len() > LONGEST_CODE {
        return Err(invalid("a code that nobody can use".to_owned()));
    }
    Ok(DeviceCode {
        secret: Secret::new(wire.device_code),
        user_code: wire.user_code,
        verification_uri: page(issuer, &wire.verification_uri).map_err(invalid)?,
        verification_uri_complete: match wire.verification_uri_complete.as_deref() {
            None | Some("") => None,
            Some(uri) => Some(page(issuer, uri).map_err(invalid)?),
        },
        expires_in: Duration::from_secs(wire.expires_in).min(LONGEST_LIFETIME),
        interval: wire
            .interval
            .map_or(INTERVAL, Duration::from_secs)
            .clamp(Duration::from_secs(1), LONGEST_INTERVAL),
    })
}

/// An address that a person is sent to: never a script's, and https but on this machine and at an issuer without TLS.
/// A user name in it would let it look like another site's.
fn page(issuer: &str, uri: &str) -> Result<Url, String> {
    let wrong = || format!("{:?} is no address to send a person to", printable(uri));
    let url = Url::parse(uri).map_err(|_| wrong())?;
    let is_sound = url.scheme() == "https"
        || (url.scheme() == "http" && is_loopback(&url))
        || is_as_plain_as(issuer, &url);
    if is_sound && url.username().is_empty() && url.password().is_none() { Ok(url) } else { Err(wrong()) }
}

/// Why there are no tokens yet (RFC 8628 §3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotYet {
    /// The person has not finished. Ask again after the interval.
    Pending,
    /// The device asked too often: the interval grows by five seconds.
    SlowDown,
    /// The person, or the provider's policy, said no.
    Denied,
    /// The code has expired.
    Expired,
}

/// Reads an error answer to a poll; `None` for tokens, and for errors of every other kind. Trouble on the
/// provider's side says nothing of the code, whatever the body claims.
pub(crate) fn not_yet(response: &http::Response<Bytes>) -> Option<NotYet> {
    /// An error answer (RFC 6749 §5.2), as far as it matters here.
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    if response.status().is_server_error() {
        return None;
    }
    let Refusal { error } = serde_json::from_slice(response.body()).ok()?;
    match error.as_str() {
        "authorization_pending" => Some(NotYet::Pending),
        "slow_down" => Some(NotYet::SlowDown),
        "access_denied" => Some(NotYet::Denied),
        "expired_token" => Some(NotYet::Expired),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> http::Response<Bytes> {
        let response = http::Response::builder().status(status).header("content-type", "application/json");
        response.body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
    }

    fn code(changes: &[(&str, &str)]) -> Result<DeviceCode, Error> {
        let mut fields = vec![
            ("device_code", "\"d-1\""),
            ("user_code", "\"WDJB-MJHT\""),
            ("verification_uri", "\"https://op.example/activate\""),
            ("expires_in", "1800"),
        ];
        for change in changes {
            fields.retain(|(name, _)| *name != change.0);
            fields.push(*change);
        }
        let members: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        response("https://op.example", &answer(200, &format!("{{{}}}", members.join(","))))
    }

    #[test]
    fn a_code_is_read_and_its_times_are_kept_within_reason() {
        let read = code(&[]).unwrap();
        assert_eq!(
            (read.user_code.as_str(), read.interval.as_secs(), read.expires_in.as_secs()),
            ("WDJB-MJHT", 5, 1800)
        );
        for (said, kept) in [("0", 1), ("7", 7), ("99999", 300)] {
            assert_eq!(code(&[("interval", said)]).unwrap().interval.as_secs(), kept);
        }
        assert_eq!(code(&[("expires_in", "99999999")]).unwrap().expires_in, LONGEST_LIFETIME);
    }

    #[test]
    fn nobody_is_sent_to_a_script_or_to_plain_http() {
        for uri in [
            "\"javascript:alert(1)\"",
            "\"http://op.example/activate\"",
            "\"file:///etc/passwd\"",
            "\"/activate\"",
            "\"https://u:p@op.example/\"",
        ] {
            assert!(code(&[("verification_uri", uri)]).is_err(), "{uri}");
            assert!(code(&[("verification_uri_complete", uri)]).is_err(), "{uri}");
        }
        // An issuer without TLS is one by name; its person is sent to itself alone.
        assert!(page("http://id.lan:9000", "http://id.lan:9000/activate").is_ok());
        assert!(page("http://id.lan:9000", "http://other.lan:9000/activate").is_err());
    }

    #[test]
    fn a_code_that_could_write_on_somebodys_terminal_is_refused() {
        for text in ["\"\\u001b[2J\"", "\"\"", "\"a\\nb\""] {
            assert!(code(&[("user_code", text)]).is_err(), "{text}");
        }
        assert!(code(&[("user_code", &format!("\"{}\"", "x".repeat(65)))]).is_err());
    }

    #[test]
    fn the_four_answers_to_a_poll_are_told_apart_and_trouble_is_none_of_them() {
        let read = |status, error: &str| not_yet(&answer(status, &format!("{{\"error\":\"{error}\"}}")));
        assert_eq!(read(400, "authorization_pending"), Some(NotYet::Pending));
        assert_eq!(read(400, "slow_down"), Some(NotYet::SlowDown));
        assert_eq!(read(403, "access_denied"), Some(NotYet::Denied));
        assert_eq!(read(400, "expired_token"), Some(NotYet::Expired));
        assert_eq!(read(400, "invalid_grant"), None);
        assert_eq!(read(503, "authorization_pending"), None);
        assert_eq!(not_yet(&answer(200, "{\"access_token\":\"x\"}")), None);
    }
}
