//! Errors by whose fault they are: each with a code to match on, a status, and a remedy for the operator.
//!
//! Everything that fails while the application runs is one type, [`Error`], and what can be said of a failure
//! stands in one table, so that log, page and problem+json agree. Whoever raises an error names the code and a
//! detail; it does not choose a status, a sentence or a log level. Everything that cannot work from the start is a
//! [`ConfigError`] instead, and is told when the relying party is built.
//!
//! Three readers get three texts. The person reads `sentence`, which is true and helps no attacker; a program
//! outside reads `public_code`, which tells whether to try again; the operator reads code, detail, cause and
//! remedy, in the log.
//!
//! - `codes`: one row for each code. A new code goes there. `proxy_rows`: those of the token proxy.
//! - `row`: the columns, and the macro that makes the codes of them.
//! - `code`: what can be asked of a code. `fault`: who can mend it.
//! - `config`: the error of a builder. `connect`: that of one that asks the provider. `names`: what its settings are called
//!   where this application sets them.
//!
//! A failure that also offers a way on is `context::refused::Refused`; how it is answered is written in
//! `context::error_reply`. Nothing is imported but `clock`, for the random source's error.

mod codes;
mod columns;
mod config;
mod connect;
mod fault;
mod names;
mod proxy_rows;
mod row;

use std::error::Error as StdError;
use std::fmt;

use crate::clock::EntropyError;

pub use columns::ErrorCode;
pub use config::ConfigError;
pub use connect::ConnectError;
pub use fault::Fault;
pub(crate) use names::Names;

/// A sign-in, a session or a sign-out that did not succeed.
///
/// `Display` says code and detail of this level alone; the cause, if there is one, comes by `source()`. Neither
/// holds a code, a token, a cookie or a secret; what a provider wrote is cut to 200 printable characters.
///
/// ```
/// use landfall::{Error, ErrorCode, Fault};
///
/// let error = Error::from(ErrorCode::ProviderTimeout);
/// assert_eq!((error.status(), error.fault()), (504, Fault::Unreachable));
/// assert!(error.is_recoverable());
/// assert_eq!(error.to_string(), "provider_timeout");
/// ```
#[derive(Debug)]
pub struct Error {
    /// What went wrong: everything else that is said follows from it, unless a field below says more.
    code: ErrorCode,
    /// For the operator: the rule that was broken, or what was found.
    detail: Option<String>,
    /// What somebody else's code said, for the log.
    source: Option<Box<dyn StdError + Send + Sync>>,
    /// For the person, in place of the code's own sentence.
    sentence: Option<String>,
}

impl Error {
    /// An error of which no more is known than its code.
    pub(crate) fn new(code: ErrorCode) -> Self {
        Self { code, detail: None, source: None, sentence: None }
    }

    /// Gives the person a sentence of its own, in place of the code's. It must be as careful: true, whole, and no
    /// help to an attacker.
    #[must_use]
    pub(crate) fn says(mut self, sentence: impl Into<String>) -> Self {
        self.sentence = Some(sentence.into());
        self
    }

    /// Adds what the operator should know. It must not hold a secret, and what a stranger wrote only by way of
    /// [`printable`].
    #[must_use]
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds the cause, of another crate's making. Its text goes into the log as it is.
    #[must_use]
    pub(crate) fn source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What went wrong, to match on.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// Who can mend it.
    pub fn fault(&self) -> Fault {
        self.code.fault()
    }

    /// The HTTP status that goes with it. An adapter need not ask: the reply has it.
    pub fn status(&self) -> u16 {
        self.code.status()
    }

    /// Whether signing in again may succeed. Where it may not, a link to do so would only lead around.
    pub fn is_recoverable(&self) -> bool {
        self.code.is_recoverable()
    }

    /// The sentence a person may read: true, and no help to an attacker.
    pub fn sentence(&self) -> &str {
        self.sentence.as_deref().unwrap_or(self.code.sentence())
    }

    /// What the operator can do, in words for a log. A setting is named by the builder's method; the log itself names
    /// the variable where the setting came from one.
    pub fn remedy(&self) -> &'static str {
        self.code.remedy()
    }

    /// What is known beyond the code, for the operator's eyes.
    pub fn operator_detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.name())?;
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

impl From<EntropyError> for Error {
    fn from(source: EntropyError) -> Self {
        Self::new(ErrorCode::RandomnessFailed).source(source)
    }
}

/// What somebody else wrote, fit for a log: printable ASCII, at most 200 characters, never a line break. Everything
/// else becomes a question mark, so that nobody can write log lines or terminal sequences of their own.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(200) {
        out.push(if c == ' ' || c.is_ascii_graphic() { c } else { '?' });
    }
    out
}
