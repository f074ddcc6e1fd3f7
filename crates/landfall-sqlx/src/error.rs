//! Errors of the database as errors of the store, with what an operator may read: which database it is, what it lacks
//! and what to do; never a value or a password.

use landfall::store::StoreError;
use sqlx::Error;

/// A database, as its errors tell of it.
pub(crate) trait Told {
    /// Which one it is: `PostgreSQL at db.internal:5432`.
    fn name(&self) -> String;

    /// What an error of this code means, and what to do, as it goes on behind the name; `None` where the code alone is
    /// told. `said` is the database's own text, which may quote what a statement was given.
    fn meaning(&self, doing: &str, code: &str, said: &str) -> Option<String>;
}

/// `doing` failed, and why.
pub(crate) fn failed(database: &impl Told, doing: &str, error: &Error) -> StoreError {
    StoreError::new(format!("{doing}: {}", reason(database, doing, error)))
}

/// `doing` brought no answer in time.
pub(crate) fn late(database: &impl Told, doing: &str) -> StoreError {
    StoreError::new(format!("{doing}: {} did not answer in time", database.name()))
}

/// `doing` got no connection in time.
pub(crate) fn unconnected(database: &impl Told, doing: &str) -> StoreError {
    StoreError::new(format!("{doing}: no connection to {} in time", database.name()))
}

pub(crate) fn reason(database: &impl Told, doing: &str, error: &Error) -> String {
    let name = database.name();
    match error {
        Error::Io(cause) => match distrust(&cause.to_string()) {
            Some(why) => format!("{name} is not believed to be who it should be: {why}"),
            None => format!("the connection to {name} failed: {}", cause.kind()),
        },
        Error::Tls(cause) if cause.to_string().contains("does not support TLS") => {
            format!("{name} speaks no TLS, and the connection asks for it (sslmode)")
        }
        Error::Tls(_) => format!(
            "no TLS connection to {name} could be made: see whether sslrootcert, sslcert and sslkey are certificates and a key"
        ),
        Error::PoolTimedOut => format!("no connection to {name} in time"),
        Error::PoolClosed => format!("the pool of connections to {name} was closed"),
        Error::Database(_) if is_unmigrated(error) && doing != MIGRATE => {
            format!(
                "the tables are not in {name} as this version needs them: call `migrate` on the store once, or \
                 `migrating` on the store or on its opener"
            )
        }
        Error::Database(cause) => match cause.code() {
            Some(code) => match database.meaning(doing, &code, cause.message()) {
                Some(meaning) => format!("{name} {meaning}"),
                // The code alone: the text may quote what the statement was given.
                None => format!("{name} answered with error {code}"),
            },
            None => format!("{name} answered with an error"),
        },
        Error::Configuration(_) => format!("{name} cannot be reached as it is configured"),
        Error::WorkerCrashed => format!("the connection to {name} ended"),
        Error::Protocol(_) => format!("{name} answered what is not understood"),
        _ => format!("{name} gave no usable answer"),
    }
}

/// Why a certificate was not believed, by how TLS words it.
fn distrust(said: &str) -> Option<&'static str> {
    let said = said.strip_prefix("invalid peer certificate: ")?;
    Some(match said {
        // The latter where another authority has the same name.
        _ if said.contains("UnknownIssuer") || said.contains("BadSignature") => {
            "nobody known has signed its certificate; name the file of its authority by sslrootcert"
        }
        _ if said.contains("not valid for name") || said.contains("NotValidForName") => {
            "its certificate is for another name than the address has"
        }
        _ if said.contains("xpired") => "its certificate has expired",
        _ => "its certificate is not valid",
    })
}

/// What migrations do, for messages.
pub(crate) const MIGRATE: &str = "migrate";

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
