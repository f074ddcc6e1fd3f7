//! A lock that a test which panicked does not take from the others.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after a panic: the provider and the browser of one test are another test's, too.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
