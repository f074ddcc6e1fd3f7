//! Who we are to the provider (RFC 6749 §2.3).

use std::fmt;
use std::str::FromStr;

use crate::crypto::secret::Secret;
use crate::error::ConfigError;

/// How the client proves itself at the token endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAuth {
    /// HTTP Basic with form-encoded id and secret (RFC 6749 §2.3.1). The default where there is a secret.
    #[default]
    ClientSecretBasic,
    /// Id and secret in the body.
    ClientSecretPost,
    /// No secret: a public client, protected by PKCE alone.
    None,
}

impl ClientAuth {
    /// The name it has in provider metadata.
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
    pub(crate) client_id: String,
    pub(crate) secret: Option<Secret<String>>,
    pub(crate) method: ClientAuth,
}
