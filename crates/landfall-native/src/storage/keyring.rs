//! A storage in the operating system's own store for secrets.

use keyring::{Entry, Error};
use landfall::Secret;

use super::contract::{StorageError, TokenStorage};

/// Keeps a sign-in in the operating system's own store for secrets: the Keychain, the Credential Manager, or the
/// Secret Service (GNOME Keyring, `KWallet`). The Credential Manager takes 2560 bytes, less than the tokens of many
/// providers: on Windows, a [`FileStorage`](super::FileStorage) in the person's own folder may be the better place.
///
/// ```
/// use landfall_native::{KeyringStorage, NativeClient};
///
/// let builder = NativeClient::builder("https://acme.example", "client-id")
///     .storage(KeyringStorage::new("com.example.app", "sign-in"));
/// # let _ = builder;
/// ```
#[derive(Debug)]
pub struct KeyringStorage {
    service: String,
    user: String,
}

impl KeyringStorage {
    /// Keeps the sign-in under these names: the application's, such as `com.example.app`, and one for the sign-in.
    pub fn new(service: impl Into<String>, user: impl Into<String>) -> Self {
        Self { service: service.into(), user: user.into() }
    }

    fn entry(&self) -> Result<Entry, StorageError> {
        Entry::new(&self.service, &self.user).map_err(failed)
    }
}

impl TokenStorage for KeyringStorage {
    fn load(&self) -> Result<Option<Secret<Vec<u8>>>, StorageError> {
        match self.entry()?.get_secret() {
            Ok(bytes) => Ok(Some(Secret::new(bytes))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    fn save(&self, bytes: &Secret<Vec<u8>>) -> Result<(), StorageError> {
        self.entry()?.set_secret(bytes.expose()).map_err(failed)
    }

    fn remove(&self) -> Result<(), StorageError> {
        match self.entry()?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }
}

/// The error without what was stored, which some of the keyring's errors carry.
fn failed(error: Error) -> StorageError {
    match error {
        Error::BadEncoding(_) => StorageError::new("the keyring", "what is stored cannot be read"),
        Error::Ambiguous(_) => StorageError::new("the keyring", "there are several entries of this name"),
        error => StorageError::new("the keyring", error),
    }
}
