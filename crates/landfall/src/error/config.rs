//! The error of a builder: which setting cannot work, why, and what to do.
//!
//! Apart from [`Error`](super::Error) because it has another reader and another moment: whoever deploys the
//! application, before anybody signs in. So it names settings instead of codes, has no status, and no sentence for
//! a person.

use std::fmt;

/// A setting that cannot work, found when the relying party is built.
///
/// `Debug` reads as `Display` does: it is what a `main` that returns an error prints.
///
/// ```
/// use landfall::RelyingParty;
///
/// let error = RelyingParty::builder("https://acme.example").build().err().map(|error| error.setting);
/// assert_eq!(error.as_deref(), Some("base_url")); // nobody said where the application is reached
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {problem}; {remedy}")]
#[non_exhaustive]
pub struct ConfigError {
    /// The setting: a builder method or an environment variable.
    pub setting: String,
    /// What is wrong with it. Never the value of a secret.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl ConfigError {
    /// Three parts, each a phrase without a full stop: they are printed as one sentence.
    pub(crate) fn new(
        setting: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { setting: setting.into(), problem: problem.into(), remedy: remedy.into() }
    }
}
