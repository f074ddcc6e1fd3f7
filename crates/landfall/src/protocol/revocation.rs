//! Token revocation (RFC 7009).

use bytes::Bytes;
use http::header::AUTHORIZATION;
use url::Url;

use super::client_auth::{ClientAuth, Credentials};
use crate::error::{Error, ErrorCode};
use crate::secret::Secret;

/// The request that revokes a token (RFC 7009 §2.1).
pub(crate) fn request(
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
