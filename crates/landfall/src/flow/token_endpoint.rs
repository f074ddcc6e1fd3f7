//! One call to the token endpoint (RFC 6749 §3.2), for a code and for a refresh token alike.
//!
//! Both calls authenticate the client in one way and fail in the same two ways, so they share this. Requests and
//! responses are made and read by [`protocol::token`](crate::protocol::token); verifying what came is for the
//! caller.

use crate::error::{Error, ErrorCode};
use crate::protocol::client_auth::Credentials;
use crate::protocol::discovery::ProviderMetadata;
use crate::protocol::token::{self, TokenGrant, TokenRequest, TokenSet};
use crate::provider::client::Client;

/// Why there are no tokens. The two are told apart because a refresh ends a session over the first and keeps it
/// over the second.
#[derive(Debug)]
pub(crate) enum TokenError {
    /// The provider says that the code or the refresh token is no good (`invalid_grant`, RFC 6749 §5.2), and so
    /// it is for good.
    InvalidGrant(Error),
    /// Everything else; nothing is known of the code or the refresh token, which may have been used up.
    Failed(Error),
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::InvalidGrant(error) | TokenError::Failed(error) => error,
        }
    }
}

impl From<Error> for TokenError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Asks once; a second time only with a client secret that was rotated meanwhile.
///
/// That is safe with a code and with a refresh token: the provider refused the client before it looked at the
/// grant. Any other failure is not tried again, since the grant may have been spent.
///
/// # Errors
/// [`TokenError`]. Within it, [`ErrorCode::ProviderUnreachable`] says that nothing was sent.
pub(crate) async fn request_tokens(
    client: &Client,
    metadata: &ProviderMetadata,
    grant: TokenGrant<'_>,
) -> Result<TokenSet, TokenError> {
    let credentials = client.credentials();
    match send(client, metadata, &grant, &credentials).await {
        Err(TokenError::Failed(error))
            if error.code() == ErrorCode::ClientRefused && client.reload_secret(&credentials) =>
        {
            send(client, metadata, &grant, &client.credentials()).await
        }
        answer => answer,
    }
}

/// One request and its response. Whether the grant is bad is read from the response where it became an error.
async fn send(
    client: &Client,
    metadata: &ProviderMetadata,
    grant: &TokenGrant<'_>,
    credentials: &Credentials,
) -> Result<TokenSet, TokenError> {
    let ask = TokenRequest { endpoint: &metadata.token_endpoint, credentials, grant };
    let response = client.send(token::request(&ask)?, ErrorCode::TokenResponseInvalid).await?;
    token::response(&ask, &response).map_err(|error| {
        let over = token::is_invalid_grant(&response);
        if over { TokenError::InvalidGrant(error) } else { TokenError::Failed(error) }
    })
}
