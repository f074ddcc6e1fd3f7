//! Who we are to the provider (RFC 6749 §2.3).
//!
//! The method is configured, the credentials are put together for each request by `provider::client`, since a
//! secret in a file may have been replaced meanwhile. They are applied in one place, [`form`](super::form). Another
//! method, such as `private_key_jwt`, is a variant here and an arm there.

use std::fmt;
use std::str::FromStr;

use crate::crypto::secret::Secret;
use crate::error::ConfigError;

/// How the client proves itself at the token endpoint, and at the endpoints for revocation and device codes.
///
/// ```
/// use landfall::ClientAuth;
///
/// let method: ClientAuth = "client_secret_post".parse()?;
/// assert_eq!(method, ClientAuth::ClientSecretPost);
/// assert_eq!(ClientAuth::default().name(), "client_secret_basic");
/// # Ok::<(), landfall::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAuth {
    /// HTTP Basic with form-encoded id and secret (RFC 6749 §2.3.1). The default where there is a secret.
    #[default]
    ClientSecretBasic,
    /// Id and secret in the body. For providers that cannot read the header; RFC 6749 §2.3.1 advises against it
    /// otherwise.
    ClientSecretPost,
    /// No secret: a public client, protected by PKCE alone.
    None,
}

impl ClientAuth {
    /// The name it has in provider metadata, as `token_endpoint_auth_methods_supported` lists it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::None => "none",
        }
    }
}

impl fmt::Display for ClientAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Reads the name, as [`ClientAuth::name`] writes it. The error is the builder's, since only configuration is read
/// by this.
impl FromStr for ClientAuth {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        [Self::ClientSecretBasic, Self::ClientSecretPost, Self::None]
            .into_iter()
            .find(|method| method.name() == text)
            .ok_or_else(|| {
                ConfigError::new(
                    "client_auth",
                    "an unknown method of client authentication",
                    "use client_secret_basic, client_secret_post or none",
                )
            })
    }
}

/// The client's credentials for one request.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    /// As registered with the provider.
    pub(crate) client_id: String,
    /// `None` for a public client.
    pub(crate) secret: Option<Secret<String>>,
    /// Which way they are sent.
    pub(crate) method: ClientAuth,
}
