//! An access token as the application is handed it, and why there may be none.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::crypto::secret::Secret;
use crate::error::Error;
use crate::guard::sign_in_wanted::SignInWanted;

/// An access token to call an API with: good for at least another minute when it is handed out, or for half of
/// its lifetime if that is less. While the provider cannot be reached it is handed out until it expires.
///
/// ```
/// # async fn call(visit: landfall::Visit) -> Result<(), landfall::AccessTokenError> {
/// let token = visit.access_token().await?;
/// let authorization = format!("Bearer {}", token.secret());
/// # let _ = authorization;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AccessToken {
    pub(crate) token: Secret<String>,
    pub(crate) expires_at: Timestamp,
    /// What is left of its life at the moment it is handed out.
    pub(crate) expires_in: Duration,
}

impl AccessToken {
    /// The token itself, to put behind `Authorization: Bearer `. Keep it out of logs and pages.
    pub fn secret(&self) -> &str {
        self.token.expose()
    }

    /// When it expires. Where the provider did not say, an hour is assumed.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// How long it was good for when it was handed out; it does not count down.
    pub fn expires_in(&self) -> Duration {
        self.expires_in
    }
}

/// Why there is no access token.
///
/// ```
/// use landfall::AccessTokenError;
///
/// # async fn page(visit: landfall::Visit) -> Result<String, landfall::SignInWanted> {
/// match visit.access_token().await {
///     Ok(token) => Ok(format!("good for {} seconds", token.expires_in().as_secs())),
///     Err(AccessTokenError::Wanted(wanted)) => Err(wanted),
///     // The session stands: the page shows less, and nobody is sent anywhere.
///     Err(_) => Ok("the calendar cannot be shown right now".to_owned()),
/// }
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessTokenError {
    /// Nobody is signed in, or the token has expired and cannot be refreshed: sign in (again).
    #[error("a sign-in is wanted")]
    Wanted(SignInWanted),
    /// It cannot be had now: no store keeps tokens, the store failed, or the provider cannot be reached.
    #[error(transparent)]
    Failed(Error),
}
