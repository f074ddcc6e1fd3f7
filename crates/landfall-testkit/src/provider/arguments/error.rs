//! [`ArgumentError`]: what is wrong with arguments, where, and what would help.

use std::process::ExitCode;

use crate::provider::StartError;

/// Why arguments make no provider, or that somebody asked what there is to say.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArgumentError {
    /// `--help` was asked for: this is the text, and no failure.
    #[error("{0}")]
    Help(String),
    /// An argument, or a word of the file, does not say what it should.
    #[error("{place}: {problem}; {remedy}")]
    Wrong {
        /// Where it stands: `--port`, or `port in provider.toml`.
        place: String,
        /// What is wrong, with the value unless it is a secret's.
        problem: String,
        /// What would help.
        remedy: String,
    },
    /// The provider does not start.
    #[error(transparent)]
    Start(#[from] StartError),
}

impl ArgumentError {
    pub(super) fn wrong(
        place: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Wrong { place: place.into(), problem: problem.into(), remedy: remedy.into() }
    }

    /// Prints it as programs do, help to the standard output and all else to the standard error, and gives the exit code
    /// that goes with it: 0 or 2.
    pub fn report(&self) -> ExitCode {
        if let Self::Help(text) = self {
            println!("{text}");
            return ExitCode::SUCCESS;
        }
        eprintln!("{self}");
        ExitCode::from(2)
    }
}
