//! One call to the token endpoint, for a code and for a refresh token alike.

use crate::error::{Error, ErrorCode};
use crate::protocol::client_auth::Credentials;
use crate::protocol::discovery::ProviderMetadata;
use crate::protocol::token::{self, Grant, TokenRequest, TokenSet};
use crate::provider::unreachable;
use crate::relying_party::Inner;

/// Why there are no tokens.
#[derive(Debug)]
pub(crate) enum NoTokens {
    /// The provider says that the code or the refresh token is no good, and so it is for good.
    InvalidGrant(Error),
    /// Everything else; nothing is known of the code or the refresh token.
    Failed(Error),
}

impl From<NoTokens> for Error {
    fn from(no_tokens: NoTokens) -> Self {
        match no_tokens {
            NoTokens::InvalidGrant(error) | NoTokens::Failed(error) => error,
        }
    }
}

impl From<Error> for NoTokens {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Asks once; a second time only with a client secret that was rotated meanwhile, as the provider then refused
/// the client before it looked at the grant.
pub(crate) async fn ask(
    inner: &Inner,
    metadata: &ProviderMetadata,
    grant: Grant<'_>,
) -> Result<TokenSet, NoTokens> {
    let credentials = inner.settings.credentials();
    match send(inner, metadata, &grant, &credentials).await {
        Err(NoTokens::Failed(error))
            if error.code() == ErrorCode::ClientRefused && inner.settings.reload_secret(&credentials) =>
        {
            send(inner, metadata, &grant, &inner.settings.credentials()).await
        }
        answer => answer,
    }
}

async fn send(
    inner: &Inner,
    metadata: &ProviderMetadata,
    grant: &Grant<'_>,
    credentials: &Credentials,
) -> Result<TokenSet, NoTokens> {
    let ask = TokenRequest { endpoint: &metadata.token_endpoint, credentials, grant };
    let response = inner
        .http
        .send(token::request(&ask)?)
        .await
        .map_err(|error| unreachable(error, ErrorCode::TokenResponseInvalid))?;
    let is_invalid_grant = token::is_invalid_grant(&response);
    token::response(&ask, response).map_err(|error| {
        if is_invalid_grant { NoTokens::InvalidGrant(error) } else { NoTokens::Failed(error) }
    })
}
