//! The error of a builder that asks the provider before anybody signs in: a setting, or the provider.

use std::fmt;

use super::{ConfigError, Error};

/// Why [`connect`](crate::RelyingPartyBuilder::connect) made no relying party.
///
/// `Display` and `Debug` read as those of what is inside: it is what a `main` that returns an error prints.
///
/// ```
/// use landfall::{ConnectError, RelyingParty};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let error = RelyingParty::builder("https://acme.example").connect().await.unwrap_err();
/// assert!(matches!(error, ConnectError::Config(error) if error.setting == "base_url"));
/// # }
/// ```
#[derive(thiserror::Error)]
#[error(transparent)]
#[non_exhaustive]
pub enum ConnectError {
    /// A setting cannot work. Nobody was asked.
    Config(#[from] ConfigError),
    /// The provider cannot be reached, or its metadata cannot be used. Trying again may help.
    Provider(#[from] Error),
}

impl fmt::Debug for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => fmt::Debug::fmt(error, f),
            Self::Provider(error) => fmt::Debug::fmt(error, f),
        }
    }
}
