//! What the provider gave for a sign-in, for an application that keeps it itself.
//!
//! Where the application answers a sign-in with a session of its own, no record of ours holds the tokens. What needs them
//! afterwards (a refresh, a sign-out at the provider) is handed them, and reads out of the ID token whose they are.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::crypto::secret::Secret;
use crate::error::{Error, ErrorCode};
use crate::protocol::json::unique_object;
use crate::session::{Identity, Tokens};

/// What the provider gave for a sign-in: for an application that keeps it itself, since it answers with a session of its
/// own ([`NewSignIn::answer`](crate::NewSignIn::answer)).
///
/// Whoever has them acts in the person's name: keep them where nobody else reads, and out of logs, pages and addresses.
///
/// ```
/// use landfall::ProviderTokens;
///
/// // What the application kept of a sign-in, out of its own table:
/// let tokens = ProviderTokens::kept("eyJ…", Some("the refresh token".to_owned()));
/// assert_eq!(tokens.refresh_token(), Some("the refresh token"));
/// assert!(!format!("{tokens:?}").contains("refresh token"));
/// ```
#[derive(Clone, Debug)]
pub struct ProviderTokens {
    pub(crate) access: Option<Secret<String>>,
    pub(crate) access_expires_at: Option<Timestamp>,
    pub(crate) refresh: Option<Secret<String>>,
    pub(crate) id_token: Secret<String>,
}

impl ProviderTokens {
    /// As the application kept them: the ID token of the sign-in, and the newest refresh token. The bytes are believed as
    /// they are, since nobody else may write where they were kept.
    pub fn kept(id_token: impl Into<String>, refresh_token: Option<String>) -> Self {
        Self {
            access: None,
            access_expires_at: None,
            refresh: refresh_token.map(Secret::new),
            id_token: Secret::new(id_token.into()),
        }
    }

    /// The access token, to call an API with; `None` where it was not kept.
    pub fn access_token(&self) -> Option<&str> {
        self.access.as_ref().map(|token| token.expose().as_str())
    }

    /// When the access token expires. Where the provider did not say, an hour is assumed.
    pub fn access_token_expires_at(&self) -> Option<Timestamp> {
        self.access_expires_at
    }

    /// The refresh token; `None` where the provider gave none.
    pub fn refresh_token(&self) -> Option<&str> {
        self.refresh.as_ref().map(|token| token.expose().as_str())
    }

    /// The ID token of the sign-in. A refresh leaves it as it is: it names the session at the provider's sign-out, and what
    /// comes later is compared with it.
    pub fn id_token(&self) -> &str {
        self.id_token.expose()
    }

    /// Whose they are, by the ID token as it was believed at the sign-in: its signature is not looked at again.
    ///
    /// # Errors
    /// [`ErrorCode::Misconfigured`] for what is no ID token.
    pub(crate) fn identity(&self) -> Result<Identity, Error> {
        let payload = self.id_token.expose().split('.').nth(1).unwrap_or_default();
        let claims = URL_SAFE_NO_PAD.decode(payload).ok().and_then(|bytes| unique_object(&bytes).ok());
        let text = |name: &str| claims.as_ref()?.get(name)?.as_str().map(str::to_owned);
        let (Some(issuer), Some(subject)) = (text("iss"), text("sub")) else {
            return Err(Error::new(ErrorCode::Misconfigured).detail("the ID token that was kept is none"));
        };
        let mut identity = Identity::new(issuer, subject);
        let auth_time = claims.as_ref().and_then(|claims| claims.get("auth_time")).and_then(Value::as_u64);
        identity.auth_time = auth_time.map(Timestamp::from_secs);
        identity.sid = text("sid");
        Ok(identity)
    }
}

impl From<&Tokens> for ProviderTokens {
    fn from(tokens: &Tokens) -> Self {
        Self {
            access: Some(tokens.access.clone()),
            access_expires_at: Some(tokens.access_expires_at),
            refresh: tokens.refresh.clone(),
            id_token: tokens.id_token.clone(),
        }
    }
}

/// Why there are no new tokens. What to do differs, so a caller has to tell them apart.
///
/// ```
/// use landfall::{ProviderTokens, RelyingParty, TokensRefreshError};
///
/// async fn renew(auth: &RelyingParty, tokens: &ProviderTokens) -> Option<ProviderTokens> {
///     match auth.refresh(tokens).await {
///         Ok(newer) => Some(newer),
///         // The application's own session ends with it.
///         Err(TokensRefreshError::Ended(_) | TokensRefreshError::NoRefreshToken) => None,
///         // Another time.
///         Err(_) => Some(tokens.clone()),
///     }
/// }
/// # let _ = renew;
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokensRefreshError {
    /// The provider says that the refresh token is no good, or what came for it cannot be believed: sign in again.
    #[error("{0}")]
    Ended(#[source] Error),
    /// The provider could not be reached or did not answer properly. It may work another time.
    #[error("{0}")]
    Failed(#[source] Error),
    /// There is no refresh token to ask with.
    #[error("there is no refresh token")]
    NoRefreshToken,
}

impl From<Error> for TokensRefreshError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_they_are_is_read_out_of_the_id_token() {
        let claims = r#"{"iss":"https://op.example","sub":"ada","auth_time":1800000000,"sid":"s1"}"#;
        let tokens = ProviderTokens::kept(format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims)), None);
        let identity = tokens.identity().unwrap();
        assert_eq!(
            (identity.issuer(), identity.subject(), identity.sid()),
            ("https://op.example", "ada", Some("s1"))
        );
        assert_eq!(identity.auth_time(), Some(Timestamp::from_secs(1_800_000_000)));
        for none in ["", "e30", "e30.e30.x", "e30.!.x"] {
            assert!(ProviderTokens::kept(none, None).identity().is_err(), "{none}");
        }
    }
}
