//! What a place that keeps a sign-in has to do, and how it fails.

use std::fmt;

use landfall::Secret;

/// Keeps one sign-in, tokens included, where nobody but this person's programs can read it.
///
/// The bytes are not sealed: the key would lie beside them. Calls may block; they are made on threads that may.
///
/// ```
/// use landfall_native::{Secret, StorageError, TokenStorage};
///
/// /// For a program that signs in anew at every start.
/// #[derive(Debug)]
/// struct Forgetful;
///
/// impl TokenStorage for Forgetful {
///     fn load(&self) -> Result<Option<Secret<Vec<u8>>>, StorageError> {
///         Ok(None)
///     }
///     fn save(&self, _: &Secret<Vec<u8>>) -> Result<(), StorageError> {
///         Ok(())
///     }
///     fn remove(&self) -> Result<(), StorageError> {
///         Ok(())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` keeps no sign-in",
    label = "this is no `TokenStorage`",
    note = "`MemoryStorage`, `FileStorage::new(path)` and, with the feature `keyring`, `KeyringStorage` do"
)]
pub trait TokenStorage: fmt::Debug + Send + Sync + 'static {
    /// What is kept, if anything is.
    ///
    /// # Errors
    /// When the place cannot be read.
    fn load(&self) -> Result<Option<Secret<Vec<u8>>>, StorageError>;

    /// Keeps this in place of what was kept: whole or not at all, also when the machine stops in between.
    ///
    /// # Errors
    /// When the place cannot be written to; what was kept is still there.
    fn save(&self, bytes: &Secret<Vec<u8>>) -> Result<(), StorageError>;

    /// Forgets what is kept. Nothing to forget is no error.
    ///
    /// # Errors
    /// When it is still there.
    fn remove(&self) -> Result<(), StorageError>;
}

/// The place where tokens are kept cannot be read or written. It never holds what was to be kept.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {source}")]
pub struct StorageError {
    what: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl StorageError {
    /// An error of the place that `what` names, such as a path, with its cause.
    pub fn new(what: impl Into<String>, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { what: what.into(), source: source.into() }
    }
}
