//! The token endpoint (RFC 6749 §4.1.3, §5, §6).
//!
//! Requests are built here, and sent by the flow. The answer is read by [`token_answer`](super::token_answer), once for
//! error and tokens: leniently where providers differ, and no error repeats any of it.
//!
//! What a caller does:
//!
//! 1. [`request`], sent to the endpoint as it is.
//! 2. [`is_invalid_grant`], at a refresh: it alone says that the session is over.
//! 3. [`response`]: the tokens, or an error of which nothing has to be hidden.
//!
//! Nothing here is retried, and no token is verified: an ID token goes to [`id_token`](super::id_token) next. Read
//! [`client_auth`](super::client_auth) for who asks.

use std::time::Duration;

use bytes::Bytes;
use url::Url;

use super::client_auth::Credentials;
use super::form;
use super::token_answer::{Answer, Member};
use crate::crypto::secret::Secret;
use crate::error::{Error, ErrorCode, printable};

/// The `grant_type` of a device code (RFC 8628 §3.4).
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// How long an access token is taken to live where the provider does not say: neither forever, nor over at once.
const ASSUMED_LIFETIME: Duration = Duration::from_secs(3600);

/// What is sent to the token endpoint, and as whom. The answer is read with the request at hand, since what it must
/// hold depends on the grant.
pub(crate) struct TokenRequest<'a> {
    /// From the provider's metadata, over TLS or on loopback.
    pub(crate) endpoint: &'a Url,
    /// As whom, and by which method that is proved.
    pub(crate) credentials: &'a Credentials,
    /// What is handed in: it decides as well which tokens the answer must hold.
    pub(crate) grant: &'a TokenGrant<'a>,
}

/// What tokens are asked for with.
pub(crate) enum TokenGrant<'a> {
    /// A code (RFC 6749 §4.1.3), under the literal redirect URI of the authorization request, with the PKCE
    /// verifier that the challenge was made of (RFC 7636 §4.5).
    Code { code: &'a str, redirect_uri: &'a str, verifier: &'a str },
    /// A refresh token (RFC 6749 §6). No scope is named, which means the one that was granted.
    Refresh { token: &'a Secret<String> },
    /// A device code (RFC 8628 §3.4).
    #[cfg_attr(not(feature = "native"), allow(dead_code, reason = "for devices alone"))]
    Device { code: &'a Secret<String> },
}

/// What the token endpoint gave. Every token is printable ASCII; none is verified.
#[derive(Debug)]
pub(crate) struct TokenSet {
    /// For the API, or for userinfo.
    pub(crate) access: Secret<String>,
    /// `None` where the provider gave none. At a refresh that means that the one before stays good (RFC 6749 §6).
    pub(crate) refresh: Option<Secret<String>>,
    /// Always there for a code and a device code; at a refresh the provider may leave it out (OpenID Connect Core
    /// §12.2).
    pub(crate) id_token: Option<Secret<String>>,
    /// How long the access token lives, from now. Where the provider does not say, an hour.
    pub(crate) expires_in: Duration,
    /// As granted; `None` when the provider did not say, which means as asked for (RFC 6749 §5.1).
    pub(crate) scope: Option<String>,
}

/// The request itself, authenticated and not sent. The header that holds the secret is marked as sensitive.
///
/// # Errors
/// Those of [`form::post`].
pub(crate) fn request(ask: &TokenRequest<'_>) -> Result<http::Request<Bytes>, Error> {
    let post = |fields: &[(&str, &str)]| form::post(ask.endpoint, ask.credentials, fields);
    match ask.grant {
        TokenGrant::Code { code, redirect_uri, verifier } => post(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ]),
        TokenGrant::Refresh { token } => {
            post(&[("grant_type", "refresh_token"), ("refresh_token", token.expose())])
        }
        TokenGrant::Device { code } => post(&[("grant_type", DEVICE_GRANT), ("device_code", code.expose())]),
    }
}

/// Reads the answer to [`request`].
///
/// Lenient where providers differ (`expires_in` as a string, `token_type` missing or in odd case), strict where it
/// matters: status 200, JSON of no more and no less than one object, no member twice, tokens of printable
/// characters, an ID token for a code, and never a success that is also an error.
///
/// # Errors
/// `ClientRefused` and `TokenRefused` for an error answer, `TokenResponseInvalid` for everything that cannot be
/// used and for trouble on the provider's side. None of them holds a token.
pub(crate) fn response(ask: &TokenRequest<'_>, response: &http::Response<Bytes>) -> Result<TokenSet, Error> {
    let invalid = |detail: &str| Error::new(ErrorCode::TokenResponseInvalid).detail(detail);
    let answer = Answer::read(response.body());
    if let Some(error) = answer.as_ref().and_then(Answer::error) {
        return Err(refused(error, response.status()));
    }
    super::expect_json(response).map_err(|detail| invalid(&detail))?;
    let answer = answer.ok_or_else(|| invalid("not one JSON object"))?;
    if let Some(name) = answer.repeated() {
        return Err(invalid(&format!("the member {name} is there more than once")));
    }
    let is_wrong = |name: &str| invalid(&format!("the member {name} is missing or of the wrong type"));
    let text = |name: &str| match answer.member(name) {
        Ok(Member::Absent) => Ok(None),
        Ok(Member::Text(text)) => Ok(Some(text.as_ref())),
        _ => Err(is_wrong(name)),
    };
    let token = |name: &str, text: &str| {
        if text.is_empty() || !text.bytes().all(|byte| (0x21..=0x7e).contains(&byte)) {
            return Err(invalid(&format!("{name} is empty or holds characters that no token can")));
        }
        Ok(Secret::from(text))
    };
    let expires_in = match answer.member("expires_in") {
        Ok(Member::Absent) => ASSUMED_LIFETIME,
        Ok(Member::Seconds(seconds)) => Duration::from_secs(*seconds),
        Ok(Member::Text(digits)) => {
            Duration::from_secs(digits.trim().parse().map_err(|_| is_wrong("expires_in"))?)
        }
        _ => return Err(is_wrong("expires_in")),
    };
    let (access, token_type, scope) = (text("access_token")?, text("token_type")?, text("scope")?);
    let access = access.ok_or_else(|| is_wrong("access_token"))?;
    if !token_type.unwrap_or("Bearer").eq_ignore_ascii_case("Bearer") {
        return Err(invalid("token_type is not Bearer"));
    }
    Ok(TokenSet {
        access: token("access_token", access)?,
        refresh: match text("refresh_token")? {
            Some(text) if !text.is_empty() => Some(token("refresh_token", text)?),
            _ => None,
        },
        id_token: match (text("id_token")?, ask.grant) {
            (None | Some(""), TokenGrant::Refresh { .. }) => None,
            (text, _) => Some(token("id_token", text.unwrap_or_default())?),
        },
        expires_in,
        scope: scope.filter(|scope| !scope.trim().is_empty()).map(str::to_owned),
    })
}

/// Whether the provider says that the grant is no good any more (RFC 6749 §5.2): the one answer to a refresh that
/// ends a session. Trouble on the provider's side says nothing of the grant, whatever the body claims.
pub(crate) fn is_invalid_grant(response: &http::Response<Bytes>) -> bool {
    !response.status().is_server_error()
        && Answer::read(response.body()).is_some_and(|answer| answer.error() == Some("invalid_grant"))
}

/// An error answer (RFC 6749 §5.2) as an [`Error`], whatever status it came with: some providers send theirs with a
/// 200. `None` for an answer that says no error.
#[cfg(feature = "native")]
pub(super) fn refusal(response: &http::Response<Bytes>) -> Option<Error> {
    Some(refused(Answer::read(response.body())?.error()?, response.status()))
}

/// What an error means. Its description is left out: it may repeat what was sent.
fn refused(error: &str, status: http::StatusCode) -> Error {
    let code = match error {
        _ if status.is_server_error() => ErrorCode::TokenResponseInvalid,
        "invalid_client" | "unauthorized_client" => ErrorCode::ClientRefused,
        "temporarily_unavailable" | "server_error" => ErrorCode::TokenResponseInvalid,
        _ => ErrorCode::TokenRefused,
    };
    // The code is one of a short list, or of the provider's making.
    let known = error.len() <= 64 && error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let error = if known { printable(error) } else { "an unknown error code".to_owned() };
    Error::new(code).detail(format!("the token endpoint answered {error}, status {}", status.as_u16()))
}

#[cfg(test)]
mod tests {
    use http::header::AUTHORIZATION;

    use super::*;
    use crate::protocol::client_auth::ClientAuth;

    fn credentials(method: ClientAuth) -> Credentials {
        let secret = (method != ClientAuth::None).then(|| Secret::from("a:b%c+d e\u{e9}"));
        Credentials { client_id: "web:col on".to_owned(), secret, method }
    }

    const CODE: TokenGrant<'static> = TokenGrant::Code {
        code: "x&client_id=evil",
        redirect_uri: "https://app.example.com:443/auth/callback",
        verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    };

    fn with_grant<T>(method: ClientAuth, run: impl FnOnce(&TokenRequest<'_>) -> T) -> T {
        with(&CODE, method, run)
    }

    fn with<T>(grant: &TokenGrant<'_>, method: ClientAuth, run: impl FnOnce(&TokenRequest<'_>) -> T) -> T {
        let endpoint = Url::parse("https://op.example/token").unwrap();
        run(&TokenRequest { endpoint: &endpoint, credentials: &credentials(method), grant })
    }

    fn answer(status: u16, body: &str) -> Result<TokenSet, Error> {
        with_grant(ClientAuth::None, |grant| super::response(grant, &raw(status, body)))
    }

    fn raw(status: u16, body: &str) -> http::Response<Bytes> {
        http::Response::builder()
            .status(status)
            .header("content-type", "application/json;charset=UTF-8")
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap()
    }

    #[test]
    fn a_refresh_sends_the_token_and_asks_for_no_more_than_was_granted() {
        let token = Secret::from("r t&scope=admin");
        let request =
            with(&TokenGrant::Refresh { token: &token }, ClientAuth::ClientSecretPost, request).unwrap();
        let mut pairs: Vec<_> = form_urlencoded::parse(request.body()).into_owned().collect();
        pairs.sort();
        let names: Vec<_> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["client_id", "client_secret", "grant_type", "refresh_token"]);
        assert_eq!(pairs[3].1, "r t&scope=admin");
    }

    #[test]
    fn a_refreshed_answer_may_come_without_an_id_token_and_a_first_one_may_not() {
        let token = Secret::from("rt");
        let body = r#"{"access_token":"a","token_type":"Bearer"}"#;
        let read = |ask: &TokenRequest<'_>| super::response(ask, &raw(200, body));
        assert!(
            with(&TokenGrant::Refresh { token: &token }, ClientAuth::None, read).unwrap().id_token.is_none()
        );
        assert!(answer(200, body).is_err());
    }

    #[test]
    fn invalid_grant_is_believed_of_the_grant_alone() {
        assert!(is_invalid_grant(&raw(400, r#"{"error":"invalid_grant","error_description":"x"}"#)));
        assert!(is_invalid_grant(&raw(401, r#"{"error":"invalid_grant"}"#)));
        for (status, body) in [
            (503, r#"{"error":"invalid_grant"}"#),
            (400, r#"{"error":"invalid_client"}"#),
            (400, r#"{"error":"invalid_request"}"#),
            (400, "invalid_grant"),
            (200, r#"{"access_token":"a"}"#),
        ] {
            assert!(!is_invalid_grant(&raw(status, body)), "{status} {body}");
        }
    }

    #[test]
    fn basic_encodes_id_and_secret_as_a_form_first() {
        let request = with_grant(ClientAuth::ClientSecretBasic, request).unwrap();
        let basic = request.headers()[AUTHORIZATION].to_str().unwrap().strip_prefix("Basic ").unwrap();
        let pair = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, basic).unwrap();
        assert_eq!(pair, b"web%3Acol+on:a%3Ab%25c%2Bd+e%C3%A9");
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        assert!(!body.contains("client_secret"), "one method of authentication, not two");
        assert!(request.uri().query().is_none());
    }

    #[test]
    fn a_code_cannot_smuggle_parameters_and_the_redirect_uri_is_repeated_byte_for_byte() {
        let request = with_grant(ClientAuth::None, request).unwrap();
        let pairs: Vec<_> = form_urlencoded::parse(request.body()).into_owned().collect();
        let all =
            |name: &str| pairs.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect::<Vec<_>>();
        assert_eq!(all("code"), ["x&client_id=evil"]);
        assert_eq!(all("client_id"), ["web:col on"]);
        assert_eq!(all("redirect_uri"), ["https://app.example.com:443/auth/callback"]);
        assert_eq!(all("code_verifier").len(), 1);
    }

    #[test]
    fn no_error_holds_a_token() {
        for body in [
            r#"{"access_token":"PLANTED","token_type":"Bearer","expires_in":true,"id_token":"PLANTED"}"#,
            r#"{"access_token":"PLANTED","access_token":"PLANTED","token_type":"Bearer","id_token":"PLANTED"}"#,
            r#"{"access_token":"PLANTED","token_type":"mac","id_token":"PLANTED"}"#,
            r#"{"access_token":"PLANTED","token_type":"Bearer"}"#,
            r#"{"error":"PLANTED=x","error_description":"PLANTED"}"#,
            r#"{"access_token":"PLANTED","token_type":"Bearer","id_token":"PLANTED"} PLANTED"#,
        ] {
            let error = answer(200, body).unwrap_err();
            assert!(!format!("{error:?} {error}").contains("PLANTED"), "{error:?}");
        }
    }

    #[test]
    fn what_real_providers_send_is_read() {
        for body in [
            r#"{"access_token":"a","expires_in":"300","id_token":"i"}"#,
            r#"{"access_token":"a","token_type":"bEARER","expires_in":300.9,"id_token":"i","refresh_token":""}"#,
            r#"{"access_token":"a","token_type":"Bearer","expires_in":null,"id_token":"i","foo":{"a":[1]}}"#,
        ] {
            let tokens = answer(200, body).unwrap();
            assert!(tokens.refresh.is_none(), "{body}");
            assert!([300, 3600].map(Duration::from_secs).contains(&tokens.expires_in));
        }
    }
}
