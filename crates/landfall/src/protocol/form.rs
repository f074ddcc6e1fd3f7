//! A form that a client posts to one of the provider's endpoints, and proves itself by (RFC 6749 §2.3).
//!
//! Requests for tokens, device authorization and revocation are all built here, so that a client proves itself in one way:
//! by the method in the [`Credentials`].

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use url::Url;

use super::client_auth::{ClientAuth, Credentials};
use crate::error::{Error, ErrorCode};

/// A POST of these fields to this endpoint, authenticated as the client.
///
/// With `client_secret_basic`, id and secret are form-encoded before they become a Basic pair (RFC 6749 §2.3.1): a colon
/// in the id would otherwise end it. The header is marked as sensitive, so no `Debug` shows it. With every other
/// method the id stands in the body, and so does the secret where there is one; never both ways at once.
///
/// # Errors
/// `Misconfigured` where the secret cannot stand in a header, `MetadataInvalid` where the endpoint cannot be asked.
pub(crate) fn post(
    endpoint: &Url,
    credentials: &Credentials,
    fields: &[(&str, &str)],
) -> Result<http::Request<Bytes>, Error> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    let mut request = http::Request::post(endpoint.as_str())
        .header(ACCEPT, HeaderValue::from_static("application/json"))
        .header(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    match (&credentials.secret, credentials.method) {
        (Some(secret), ClientAuth::ClientSecretBasic) => {
            let part = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", part(&credentials.client_id), part(secret.expose()));
            let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, pair);
            let mut value = HeaderValue::try_from(format!("Basic {basic}")).map_err(|_| {
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
        .map_err(|_| Error::new(ErrorCode::MetadataInvalid).detail("an endpoint of the provider is no URL"))
}
