//! Errors of Redis as errors of the store, with what an operator may read: never a value, an address or a password.

use std::error::Error as _;

use landfall::store::StoreError;
use redis::{ErrorKind, RedisError};

/// `doing` failed, and why.
pub(crate) fn failed(doing: &str, error: &RedisError) -> StoreError {
    StoreError::new(format!("{doing}: {}", reason(error)))
}

/// `doing` brought no answer in time.
pub(crate) fn late(doing: &str) -> StoreError {
    StoreError::new(format!("{doing}: Redis did not answer in time"))
}

/// An answer that this version does not understand.
pub(crate) fn strange(doing: &str) -> StoreError {
    StoreError::new(format!("{doing}: not a record that this version can read"))
}

pub(crate) fn reason(error: &RedisError) -> String {
    match error.kind() {
        ErrorKind::AuthenticationFailed => "Redis refused the user name or the password".to_owned(),
        _ if error.is_timeout() => "Redis did not answer in time".to_owned(),
        _ if error.is_connection_refusal() => "Redis cannot be reached: connection refused".to_owned(),
        ErrorKind::Io => match error.source() {
            Some(cause) => format!("the connection to Redis failed: {cause}"),
            None => "the connection to Redis failed".to_owned(),
        },
        // The code alone: the text of a script's error may quote what the script was given.
        ErrorKind::Server(_) | ErrorKind::Extension => match error.code() {
            Some(code) => format!("Redis answered {code}"),
            None => "Redis answered with an error".to_owned(),
        },
        _ => format!("Redis: {}", error.category()),
    }
}
