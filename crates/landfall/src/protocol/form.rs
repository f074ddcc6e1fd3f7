//! A form that a client posts to one of the provider's endpoints, and proves itself by (RFC 6749 §2.3).

use bytes::Bytes;
use http::header::AUTHORIZATION;
use url::Url;

use super::client_auth::{ClientAuth, Credentials};
use crate::error::{Error, ErrorCode};

/// The request with these fields. For endpoints that the `oauth2` crate has no request for, or refuses to reach on
/// loopback.
pub(crate) fn post(
    endpoint: &Url,
    credentials: &Credentials,
    fields: &[(&str, &str)],
) -> Result<http::Request<Bytes>, Error> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
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
        .map_err(|_| Error::new(ErrorCode::MetadataInvalid).detail("an endpoint of the provider is no URL"))
}
