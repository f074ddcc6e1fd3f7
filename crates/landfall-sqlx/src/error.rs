//! Errors of the database as errors of the store, with what an operator may read: never a value, an address or a
//! password.

use landfall::store::StoreError;
use sqlx::Error;

/// `doing` failed, and why.
pub(crate) fn failed(engine: &str, doing: &str, error: &Error) -> StoreError {
    StoreError::new(format!("{doing}: {}", reason(engine, error)))
}

/// `doing` brought no answer in time.
pub(crate) fn late(engine: &str, doing: &str) -> StoreError {
    StoreError::new(format!("{doing}: {engine} did not answer in time"))
}

pub(crate) fn reason(engine: &str, error: &Error) -> String {
    match error {
        Error::Io(cause) => format!("the connection to {engine} failed: {}", cause.kind()),
        Error::Tls(_) => format!("no TLS connection to {engine} could be made"),
        Error::PoolTimedOut => format!("no connection to {engine} in time"),
        Error::PoolClosed => format!("the pool of connections to {engine} was closed"),
        Error::Database(_) if is_unmigrated(error) => {
            format!(
                "the tables are not in {engine} as this version needs them: call `migrate` on the store once"
            )
        }
        // The code alone: the text may quote what the statement was given.
        Error::Database(cause) => match cause.code() {
            Some(code) => format!("{engine} answered with error {code}"),
            None => format!("{engine} answered with an error"),
        },
        Error::Configuration(_) => format!("{engine} cannot be reached as it is configured"),
        Error::WorkerCrashed => format!("the connection to {engine} ended"),
        Error::Protocol(_) => format!("{engine} answered what is not understood"),
        _ => format!("{engine} gave no usable answer"),
    }
}

pub(crate) fn code(error: &Error) -> Option<String> {
    error.as_database_error()?.code().map(std::borrow::Cow::into_owned)
}

/// A table or a column is missing.
fn is_unmigrated(error: &Error) -> bool {
    match code(error).as_deref() {
        Some("42P01" | "42703" | "3F000") => true,
        // SQLite has one code for whatever is wrong with a statement.
        Some("1") => error.as_database_error().is_some_and(|error| {
            let said = error.message();
            said.contains("no such table")
                || said.contains("no such column")
                || said.contains("no column named")
        }),
        _ => false,
    }
}
