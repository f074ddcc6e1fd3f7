//! Token revocation (RFC 7009).

use bytes::Bytes;
use url::Url;

use super::client_auth::Credentials;
use super::form;
use crate::crypto::secret::Secret;
use crate::error::Error;

/// The request that revokes a token (RFC 7009 §2.1).
pub(crate) fn request(
    endpoint: &Url,
    credentials: &Credentials,
    token: &Secret<String>,
    hint: &str,
) -> Result<http::Request<Bytes>, Error> {
    form::post(endpoint, credentials, &[("token", token.expose()), ("token_type_hint", hint)])
}
