//! The client secret: where it comes from, and how it is rotated.
//!
//! A secret in a file can be rotated without a restart, where the provider takes the old one and the new one for a
//! while. The file is not watched: it is read when the relying party is built, and again when the provider refuses the
//! client (`invalid_client`, RFC 6749 §5.2). If it then holds another secret, the request is made once more.

use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};

use crate::crypto::secret::Secret;
use crate::error::ConfigError;

/// Where the client secret comes from.
#[derive(Debug)]
pub(crate) enum SecretSource {
    /// A public client: it has none and proves itself by PKCE alone (RFC 6749 §2.1).
    None,
    /// One that was given to the builder. It stays until the next start.
    Value(Secret<String>),
    /// Read again when the provider refuses the client: secrets are rotated with an overlap.
    File {
        path: PathBuf,
        /// As it was last read.
        current: RwLock<Secret<String>>,
    },
}

impl SecretSource {
    /// A secret that stands in a file.
    ///
    /// # Errors
    /// When the file cannot be read, or is empty.
    pub(crate) fn file(path: PathBuf) -> Result<Self, ConfigError> {
        let current = RwLock::new(read_secret(&path)?);
        Ok(Self::File { path, current })
    }

    /// The secret as it is now; `None` for a public client.
    pub(crate) fn current(&self) -> Option<Secret<String>> {
        match self {
            Self::None => None,
            Self::Value(secret) => Some(secret.clone()),
            Self::File { current, .. } => {
                Some(current.read().unwrap_or_else(PoisonError::into_inner).clone())
            }
        }
    }

    /// Reads the secret's file again; whether there is another one now than the one that was refused. A file that
    /// cannot be read changes nothing. Several requests may do this at once: each compares with the secret that it sent
    /// itself.
    pub(super) fn reload(&self, refused: Option<&Secret<String>>) -> bool {
        let Self::File { path, current } = self else { return false };
        let Ok(fresh) = read_secret(path) else { return false };
        let changed = refused.is_none_or(|old| !old.matches(fresh.expose().as_bytes()));
        *current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        changed
    }
}

/// The file's text without the line break at its end: editors leave one behind.
fn read_secret(path: &std::path::Path) -> Result<Secret<String>, ConfigError> {
    let wrong =
        |problem: &str| ConfigError::new("client_secret_file", problem, "name a file that holds the secret");
    let text = std::fs::read_to_string(path)
        .map_err(|error| wrong(&format!("cannot be read ({})", error.kind())))?;
    let text = Secret::new(text);
    let secret = text.expose().trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(wrong("the file is empty"));
    }
    Ok(Secret::from(secret))
}
