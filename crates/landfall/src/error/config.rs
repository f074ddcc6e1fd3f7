//! The error of a builder: which setting cannot work, why, and what to do.

use std::fmt;

/// A setting that cannot work, found when the relying party is built.
///
/// `Debug` reads as `Display` does: it is what a `main` that returns an error prints.
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
    pub(crate) fn new(
        setting: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { setting: setting.into(), problem: problem.into(), remedy: remedy.into() }
    }
}
