//! The token endpoint (RFC 6749 §4.1.3, §5) and revocation (RFC 7009), by way of the `oauth2` crate.
//!
//! The crate builds the request and reads the answer; sending is the flow's business. No type of it leaves
//! this file, and its errors least of all: one of them carries the whole response.

use std::cell::RefCell;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AccessToken, AuthType, AuthorizationCode, Client, ClientId, ClientSecret, HttpRequest, HttpResponse,
    PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope, StandardRevocableToken,
    TokenResponse, TokenUrl,
};
use serde::{Deserialize, Deserializer, Serialize};
use url::Url;

use super::client_auth::{ClientAuth, Credentials};
use crate::error::{Error, ErrorCode, printable};
use crate::secret::Secret;

const ASSUMED_LIFETIME: Duration = Duration::from_secs(3600);

/// What a code is exchanged with.
pub(crate) struct CodeGrant<'a> {
    pub(crate) endpoint: &'a Url,
    pub(crate) credentials: &'a Credentials,
    pub(crate) code: &'a str,
    /// The literal of the authorization request.
    pub(crate) redirect_uri: &'a str,
    pub(crate) verifier: &'a str,
}

/// What the token endpoint gave.
#[derive(Debug)]
pub(crate) struct TokenSet {
    pub(crate) access: Secret<String>,
    pub(crate) refresh: Option<Secret<String>>,
    pub(crate) id_token: Secret<String>,
    /// Where the provider does not say, an hour: neither forever, nor over at once.
    pub(crate) expires_in: Duration,
    /// As granted; `None` when the provider did not say, which means as asked for (RFC 6749 §5.1).
    pub(crate) scope: Option<String>,
}

/// The request that exchanges a code.
pub(crate) fn request(grant: &CodeGrant<'_>) -> Result<http::Request<Bytes>, Error> {
    let captured = RefCell::new(None);
    let _ = exchange(grant, &|request: HttpRequest| {
        captured.replace(Some(request));
        Err::<HttpResponse, _>(NotSent)
    })?;
    let (mut parts, body) = captured
        .into_inner()
        .ok_or_else(|| Error::new(ErrorCode::Misconfigured).detail("the token request could not be built"))?
        .into_parts();
    if let Some(value) = parts.headers.get_mut(AUTHORIZATION) {
        value.set_sensitive(true);
    }
    Ok(http::Request::from_parts(parts, Bytes::from(body)))
}

/// Reads the answer to [`request`].
///
/// Lenient where providers differ (`expires_in` as a string, `token_type` missing or in odd case), strict
/// where it matters: status 200, JSON of no more and no less than one object, no member twice, tokens of
/// printable characters, an ID token, and never a success that is also an error.
pub(crate) fn response(grant: &CodeGrant<'_>, response: http::Response<Bytes>) -> Result<TokenSet, Error> {
    let invalid = |detail: &str| Error::new(ErrorCode::TokenResponseInvalid).detail(detail);
    if let Some(refusal) = refusal(&response) {
        return Err(refusal);
    }
    super::expect_json(&response).map_err(|detail| invalid(&detail))?;
    // The crate would not mind what follows the object.
    serde_json::from_slice::<serde::de::IgnoredAny>(response.body()).map_err(|_| invalid("not JSON"))?;
    let answer = RefCell::new(Some(response.map(|body| body.to_vec())));
    let wire = exchange(grant, &|_: HttpRequest| answer.take().ok_or(NotSent))?.map_err(map_error)?;
    if !wire.token_type.as_deref().unwrap_or("Bearer").eq_ignore_ascii_case("Bearer") {
        return Err(invalid("token_type is not Bearer"));
    }
    let text = |name: &str, text: &str| {
        if text.is_empty() || !text.bytes().all(|byte| (0x21..=0x7e).contains(&byte)) {
            return Err(invalid(&format!("{name} is empty or holds characters that no token can")));
        }
        Ok(Secret::from(text))
    };
    Ok(TokenSet {
        access: text("access_token", wire.access_token.secret())?,
        refresh: match wire.refresh_token.as_ref().map(RefreshToken::secret) {
            Some(token) if !token.is_empty() => Some(text("refresh_token", token)?),
            _ => None,
        },
        id_token: text("id_token", wire.id_token.as_deref().unwrap_or_default())?,
        expires_in: wire.expires_in.unwrap_or(ASSUMED_LIFETIME),
        scope: wire.scope.clone().filter(|scope| !scope.trim().is_empty()),
    })
}

/// The request that revokes a token (RFC 7009 §2.1).
pub(crate) fn revocation_request(
    endpoint: &Url,
    credentials: &Credentials,
    token: &Secret<String>,
    hint: &str,
) -> Result<http::Request<Bytes>, Error> {
    // The crate refuses http even on loopback, so this one request is ours.
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("token", token.expose()).append_pair("token_type_hint", hint);
    let mut request = http::Request::post(endpoint.as_str())
        .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    match (&credentials.secret, credentials.method) {
        (Some(secret), ClientAuth::ClientSecretBasic) => {
            let part = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", part(&credentials.client_id), part(secret.expose()));
            let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, pair);
            let mut value = http::HeaderValue::try_from(format!("Basic {basic}")).map_err(|_| {
                Error::new(ErrorCode::Misconfigured).detail("the client secret is no header value")
            })?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        (secret, _) => {
            form.append_pair("client_id", &credentials.client_id);
            if let Some(secret) = secret {
                form.append_pair("client_secret", secret.expose());
            }
        }
    }
    request
        .body(Bytes::from(form.finish()))
        .map_err(|_| Error::new(ErrorCode::MetadataInvalid).detail("revocation_endpoint is no URL"))
}

/// An error answer, whatever status it came with: some providers send theirs with a 200.
fn refusal(response: &http::Response<Bytes>) -> Option<Error> {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    let Refusal { error } = serde_json::from_slice(response.body()).ok()?;
    let code = match error.as_str() {
        "invalid_client" | "unauthorized_client" => ErrorCode::ClientRefused,
        "temporarily_unavailable" | "server_error" => ErrorCode::TokenResponseInvalid,
        _ => ErrorCode::TokenRefused,
    };
    // The description may repeat what was sent; the code is one of a short list, or of the provider's making.
    let known = error.len() <= 64 && error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let error = if known { printable(&error) } else { "an unknown error code".to_owned() };
    Some(
        Error::new(code)
            .detail(format!("the token endpoint answered {error}, status {}", response.status().as_u16())),
    )
}

type Failure = RequestTokenError<NotSent, BasicErrorResponse>;

/// Runs the crate's own code with a transport that captures or replays. The outer error is ours.
fn exchange<T>(grant: &CodeGrant<'_>, transport: &T) -> Result<Result<WireTokens, Failure>, Error>
where
    T: Fn(HttpRequest) -> Result<HttpResponse, NotSent>,
{
    let redirect_uri = RedirectUrl::new(grant.redirect_uri.to_owned())
        .map_err(|_| Error::new(ErrorCode::Misconfigured).detail("the redirect URI is no URL"))?;
    let mut client: Client<
        BasicErrorResponse,
        WireTokens,
        BasicTokenIntrospectionResponse,
        StandardRevocableToken,
        BasicRevocationErrorResponse,
    > = Client::new(ClientId::new(grant.credentials.client_id.clone()));
    if let Some(secret) = &grant.credentials.secret {
        client = client.set_client_secret(ClientSecret::new(secret.expose().clone()));
    }
    let client = client
        .set_auth_type(match grant.credentials.method {
            ClientAuth::ClientSecretBasic => AuthType::BasicAuth,
            ClientAuth::ClientSecretPost | ClientAuth::None => AuthType::RequestBody,
        })
        .set_token_uri(TokenUrl::from_url(grant.endpoint.clone()))
        .set_redirect_uri(redirect_uri);
    Ok(client
        .exchange_code(AuthorizationCode::new(grant.code.to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(grant.verifier.to_owned()))
        .request(transport))
}

/// Keeps the kind of failure and drops the rest, which may hold tokens.
fn map_error(failure: Failure) -> Error {
    let detail = match failure {
        RequestTokenError::Parse(error, body) => {
            drop(zeroize::Zeroizing::new(body));
            format!("the member {} is missing or of the wrong type", printable(&error.path().to_string()))
        }
        RequestTokenError::ServerResponse(_) => "an error answer".to_owned(),
        RequestTokenError::Request(NotSent) | RequestTokenError::Other(_) => "an empty answer".to_owned(),
    };
    Error::new(ErrorCode::TokenResponseInvalid).detail(detail)
}

/// Nothing is sent from here.
#[derive(Debug, thiserror::Error)]
#[error("not sent")]
struct NotSent;

/// A token response as it stands on the wire.
#[derive(Deserialize, Serialize)]
struct WireTokens {
    access_token: AccessToken,
    token_type: Option<String>,
    #[serde(default, deserialize_with = "lenient_seconds", skip_serializing)]
    expires_in: Option<Duration>,
    refresh_token: Option<RefreshToken>,
    id_token: Option<String>,
    scope: Option<String>,
}

impl fmt::Debug for WireTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WireTokens([redacted])")
    }
}

impl TokenResponse for WireTokens {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &BasicTokenType::Bearer
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

/// Seconds as a number of any kind, or as a string of digits; null is absent. Saturates.
fn lenient_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Seconds {
        Whole(u64),
        Other(f64),
        Text(String),
    }
    let wrong = || serde::de::Error::custom("expires_in is no number of seconds");
    let seconds = match Option::<Seconds>::deserialize(deserializer)? {
        None => return Ok(None),
        Some(Seconds::Whole(seconds)) => seconds,
        // Saturates, and a negative lifetime is over.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturation is wanted")]
        Some(Seconds::Other(seconds)) if seconds.is_finite() => seconds as u64,
        Some(Seconds::Other(_)) => return Err(wrong()),
        Some(Seconds::Text(text)) => text.trim().parse().map_err(|_| wrong())?,
    };
    Ok(Some(Duration::from_secs(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(method: ClientAuth) -> Credentials {
        let secret = (method != ClientAuth::None).then(|| Secret::from("a:b%c+d e\u{e9}"));
        Credentials { client_id: "web:col on".to_owned(), secret, method }
    }

    fn with_grant<T>(method: ClientAuth, run: impl FnOnce(&CodeGrant<'_>) -> T) -> T {
        let endpoint = Url::parse("https://op.example/token").unwrap();
        run(&CodeGrant {
            endpoint: &endpoint,
            credentials: &credentials(method),
            code: "x&client_id=evil",
            redirect_uri: "https://app.example.com:443/auth/callback",
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        })
    }

    fn answer(status: u16, body: &str) -> Result<TokenSet, Error> {
        let response = http::Response::builder()
            .status(status)
            .header("content-type", "application/json;charset=UTF-8")
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap();
        with_grant(ClientAuth::None, |grant| super::response(grant, response))
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
