//! Token revocation (RFC 7009): the request that tells a provider that a token is done with.
//!
//! There is no reader for the answer. A status of success is all that it holds (§2.2), and no sign-out depends on
//! it.

use bytes::Bytes;
use url::Url;

use super::client_auth::Credentials;
use super::form;
use crate::crypto::secret::Secret;
use crate::error::Error;

/// The request that revokes a token (RFC 7009 §2.1). `hint` says which kind it is: `access_token` or
/// `refresh_token`. Revoking a refresh token is enough where there is one: the access tokens of its grant should
/// then end as well.
///
/// # Errors
/// Those of `form::post`.
pub(crate) fn request(
    endpoint: &Url,
    credentials: &Credentials,
    token: &Secret<String>,
    hint: &str,
) -> Result<http::Request<Bytes>, Error> {
    form::post(endpoint, credentials, &[("token", token.expose()), ("token_type_hint", hint)])
}
