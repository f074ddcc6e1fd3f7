//! The token endpoint (RFC 6749 §4.1.3 and §6, RFC 7636 §4.6).

use std::sync::Arc;

use aws_lc_rs::digest;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use landfall::ClientAuth;
use serde_json::{Map, Value, json};

use super::clients::Client;
use super::core::Core;
use super::faults::{Endpoint, Fault, put_tokens};
use super::keys::KeyError;
use super::request::{Parameters, SeenRequest};
use super::state::{Grant, RefreshToken, random};
use crate::lock::lock;

/// RFC 8628 §3.4.
pub(crate) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// An error of the token or revocation endpoint (RFC 6749 §5.2).
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenError {
    pub(crate) error: &'static str,
    pub(crate) description: &'static str,
}

impl TokenError {
    pub(crate) const fn new(error: &'static str, description: &'static str) -> Self {
        Self { error, description }
    }
}

impl From<KeyError> for TokenError {
    fn from(_: KeyError) -> Self {
        Self::new("server_error", "the key or the random source failed")
    }
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        let body = json!({"error": self.error, "error_description": self.description});
        let mut response = json_response(&body);
        *response.status_mut() = match self.error {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            "server_error" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        if self.error == "invalid_client" {
            let challenge = HeaderValue::from_static("Basic realm=\"local provider\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// A grant that may be turned into tokens.
struct Ready {
    id: u64,
    grant: Grant,
    /// A code, rather than a refresh token.
    first: bool,
}

pub(crate) async fn token(
    State(core): State<Arc<Core>>,
    Extension(seen): Extension<Arc<SeenRequest>>,
) -> Response {
    match core.token(&seen) {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

impl Core {
    fn token(&self, seen: &SeenRequest) -> Result<Response, TokenError> {
        let form = seen.form();
        let client = self.authenticate(seen, &form)?;
        let ready = match form.one("grant_type") {
            Some("authorization_code") => self.redeem_code(&client, &form)?,
            Some(DEVICE_GRANT) => {
                let code = form
                    .one("device_code")
                    .ok_or(TokenError::new("invalid_request", "device_code is missing"))?;
                let (id, grant) = self.redeem_device_code(&client.id, code)?;
                Ready { id, grant, first: true }
            }
            Some("refresh_token") => self.redeem_refresh_token(&client, &form)?,
            Some(_) => return Err(TokenError::new("unsupported_grant_type", "")),
            None => return Err(TokenError::new("invalid_request", "grant_type is missing")),
        };
        let chosen = &ready.grant.faults;
        if let Some(answer) = chosen.iter().find_map(|fault| fault.instead(Endpoint::Token)) {
            return Ok(answer);
        }
        let real = self.mint(&client, &ready)?;
        let wants_tokens = |fault: &Fault| match fault {
            Fault::Respond(Endpoint::Token, raw) if raw.wants_tokens() => Some(raw.clone()),
            _ => None,
        };
        if let Some(raw) = self.faults.first(wants_tokens) {
            return Ok(raw.with_tokens(&real).into_response());
        }
        let mut document = real.clone();
        self.edit_json(Endpoint::Token, chosen, &mut document);
        for value in document.values_mut() {
            if let Value::String(text) = value
                && text.contains('$')
            {
                *text = put_tokens(text, &real);
            }
        }
        Ok(json_response(&Value::Object(document)))
    }

    /// Who asks, by the one way they prove it (RFC 6749 §2.3).
    pub(crate) fn authenticate(&self, seen: &SeenRequest, form: &Parameters) -> Result<Client, TokenError> {
        const WRONG: TokenError = TokenError::new("invalid_client", "client authentication failed");
        if form.duplicate().is_some() {
            return Err(TokenError::new("invalid_request", "a parameter is there more than once"));
        }
        let (id, secret, used) = match (seen.credentials("Basic"), form.one("client_secret")) {
            (Some(_), Some(_)) => {
                return Err(TokenError::new("invalid_request", "the client authenticated in two ways"));
            }
            (Some(basic), None) => {
                let (id, secret) = basic_credentials(basic).ok_or(WRONG)?;
                (id, Some(secret), ClientAuth::ClientSecretBasic)
            }
            (None, secret) => {
                let id = form.one("client_id").ok_or(WRONG)?.to_owned();
                let used = if secret.is_some() { ClientAuth::ClientSecretPost } else { ClientAuth::None };
                (id, secret.map(str::to_owned), used)
            }
        };
        let client = self.client(&id).ok_or(WRONG)?;
        let proved = match (&client.secret, &secret) {
            (Some(known), Some(given)) => known.matches(given.as_bytes()),
            (None, None) => true,
            _ => false,
        };
        if proved && client.auth.is_none_or(|wanted| wanted == used) { Ok(client) } else { Err(WRONG) }
    }

    fn redeem_code(&self, client: &Client, form: &Parameters) -> Result<Ready, TokenError> {
        const INVALID: &str = "invalid_grant";
        let code = form.one("code").ok_or(TokenError::new("invalid_request", "code is missing"))?;
        let mut state = lock(&self.state);
        let unknown = TokenError::new(INVALID, "the code is unknown");
        let record =
            state.codes.get_mut(code).filter(|record| record.client_id == client.id).ok_or(unknown)?;
        let again = std::mem::replace(&mut record.used, true);
        let record = record.clone();
        if again {
            // RFC 6749 §4.1.2: somebody else may hold the first answer.
            state.revoke(record.grant);
            return Err(TokenError::new(INVALID, "the code was used before; its tokens are revoked"));
        }
        if self.clock.now() >= record.expires {
            return Err(TokenError::new(INVALID, "the code has expired"));
        }
        if form.one("redirect_uri") != Some(&record.redirect_uri) {
            return Err(TokenError::new(INVALID, "redirect_uri is not the one of the authorization request"));
        }
        let verifier = form.one("code_verifier").unwrap_or_default();
        let hash = digest::digest(&digest::SHA256, verifier.as_bytes());
        if URL_SAFE_NO_PAD.encode(hash) != record.challenge {
            return Err(TokenError::new(INVALID, "code_verifier does not match the challenge"));
        }
        let grant = state.grants.get(&record.grant).cloned().ok_or(unknown)?;
        Ok(Ready { id: record.grant, grant, first: true })
    }

    fn redeem_refresh_token(&self, client: &Client, form: &Parameters) -> Result<Ready, TokenError> {
        let unknown = TokenError::new("invalid_grant", "the refresh token is unknown, revoked or expired");
        let token = form
            .one("refresh_token")
            .ok_or(TokenError::new("invalid_request", "refresh_token is missing"))?;
        let mut state = lock(&self.state);
        let id = state.refresh_tokens.get(token).ok_or(unknown)?.grant;
        let mut grant = state.grants.get(&id).filter(|g| g.client_id == client.id).cloned().ok_or(unknown)?;
        if let Some(scope) = form.one("scope") {
            let narrower: Vec<String> = scope.split_whitespace().map(str::to_owned).collect();
            if !narrower.iter().all(|scope| grant.scopes.contains(scope)) {
                return Err(TokenError::new(
                    "invalid_scope",
                    "a refresh cannot ask for more than was granted",
                ));
            }
            grant.scopes = narrower;
        }
        let again = state.refresh_tokens.get_mut(token).is_some_and(|t| std::mem::replace(&mut t.used, true));
        if again {
            state.revoke(id);
            return Err(TokenError::new(
                "invalid_grant",
                "the refresh token was used before; its family is revoked",
            ));
        }
        Ok(Ready { id, grant, first: false })
    }

    fn mint(&self, client: &Client, ready: &Ready) -> Result<Map<String, Value>, TokenError> {
        let has = |scope: &str| ready.grant.scopes.iter().any(|s| s == scope);
        let lifetime = self.options.access_token_lifetime;
        let access_token = random()?;
        let mut document = Map::new();
        if has("openid") {
            let id_token = self.id_token(client, &ready.grant, &access_token, ready.first)?;
            document.insert("id_token".into(), id_token.into());
        }
        let mut state = lock(&self.state);
        // A refresh token always begets another one, whatever scopes the refresh asked for.
        if has("offline_access") || !ready.first {
            let refresh_token = random()?;
            let record = RefreshToken { grant: ready.id, used: false };
            state.refresh_tokens.insert(refresh_token.clone(), record);
            document.insert("refresh_token".into(), refresh_token.into());
        }
        let expires = self.clock.now().plus(lifetime);
        state.access_tokens.insert(access_token.clone(), (ready.id, expires));
        document.insert("access_token".into(), access_token.into());
        document.insert("token_type".into(), "Bearer".into());
        document.insert("expires_in".into(), lifetime.as_secs().into());
        document.insert("scope".into(), ready.grant.scopes.join(" ").into());
        Ok(document)
    }
}

/// JSON that nobody may keep (RFC 6749 §5.1).
pub(crate) fn json_response(document: &Value) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    (headers, document.to_string()).into_response()
}

/// Id and secret, each form-decoded (RFC 6749 §2.3.1).
fn basic_credentials(encoded: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decode = |part: &str| {
        let pair = format!("={part}");
        form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    Some((decode(id)?, decode(secret)?))
}
