//! Errors by whose fault they are: each with a code to match on, a status, and a remedy for the operator.

mod code;
mod config;
mod fault;
mod row;
mod table;

use std::error::Error as StdError;
use std::fmt;

use crate::clock::EntropyError;

pub use code::ErrorCode;
pub use config::ConfigError;
pub use fault::Fault;

/// A sign-in, a session or a sign-out that did not succeed.
///
/// `Display` says code and detail of this level alone; the cause, if there is one, comes by `source()`.
/// Neither holds a code, a token, a cookie or a secret; what a provider wrote is cut to 200 printable characters.
#[derive(Debug)]
pub struct Error {
    code: ErrorCode,
    detail: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    sentence: Option<String>,
}

impl Error {
    pub(crate) fn new(code: ErrorCode) -> Self {
        Self { code, detail: None, source: None, sentence: None }
    }

    /// For the person, in place of the code's own sentence.
    #[must_use]
    pub(crate) fn says(mut self, sentence: impl Into<String>) -> Self {
        self.sentence = Some(sentence.into());
        self
    }

    /// For the operator. Must not hold a secret.
    #[must_use]
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    #[must_use]
    pub(crate) fn source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
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

    /// The HTTP status that goes with it.
    pub fn status(&self) -> u16 {
        self.code.status()
    }

    /// Whether signing in again may succeed.
    pub fn is_recoverable(&self) -> bool {
        self.code.is_recoverable()
    }

    /// The sentence a person may read.
    pub fn sentence(&self) -> &str {
        self.sentence.as_deref().unwrap_or(self.code.sentence())
    }

    /// What the operator can do.
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

/// What somebody else wrote, fit for a log: printable ASCII, at most 200 characters, never a line break.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(200) {
        out.push(if c == ' ' || c.is_ascii_graphic() { c } else { '?' });
    }
    out
}
