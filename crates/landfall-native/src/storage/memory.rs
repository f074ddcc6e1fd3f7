//! A storage that ends with the program.

use std::sync::{Mutex, PoisonError};

use landfall::Secret;

use super::contract::{StorageError, TokenStorage};

/// Keeps a sign-in for as long as the program runs.
#[derive(Debug, Default)]
pub struct MemoryStorage(Mutex<Option<Secret<Vec<u8>>>>);

impl TokenStorage for MemoryStorage {
    fn load(&self) -> Result<Option<Secret<Vec<u8>>>, StorageError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn save(&self, bytes: &Secret<Vec<u8>>) -> Result<(), StorageError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes.clone());
        Ok(())
    }

    fn remove(&self) -> Result<(), StorageError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }
}
