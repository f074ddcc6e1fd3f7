//! What can be asked of an error code. Every answer is a column of its row in `codes.rs`.
//!
//! Apart from the table, so that the table is nothing but rows. The type itself is made there, by the macro of
//! `row.rs`. `columns_tests.rs` looks at all codes at once: that names are unique, texts are whole, and statuses fit
//! their faults.

use std::fmt;

use tracing::Level;

use super::fault::Fault;

pub use super::codes::ErrorCode;

impl ErrorCode {
    /// The code as it stands in logs, in events and in the text of [`Error`](crate::Error): the variant in snake
    /// case. Names are stable.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Who can mend it.
    pub fn fault(self) -> Fault {
        self.row().fault
    }

    /// The HTTP status that goes with it.
    pub fn status(self) -> u16 {
        self.row().status
    }

    /// Whether signing in again may succeed.
    pub fn is_recoverable(self) -> bool {
        self.row().recoverable
    }

    /// The sentence a person may read: true, and no help to an attacker.
    pub fn sentence(self) -> &'static str {
        self.row().sentence
    }

    /// What the operator can do. A setting is named by the builder's method, in backticks; the log itself names the
    /// variable where the setting came from one.
    pub fn remedy(self) -> &'static str {
        self.row().remedy
    }

    /// The heading over the sentence, and the title in problem+json.
    pub(crate) fn title(self) -> &'static str {
        self.row().title
    }

    /// The code that an outsider may see: whether to try again, not what was found. An attacker who learns which
    /// check failed learns which one to try next.
    pub(crate) fn public_code(self) -> &'static str {
        self.row().public_code
    }

    /// How loudly the operator is told. What strangers can cause at will is not loud.
    pub(crate) fn log_level(self) -> Level {
        self.row().log_level
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
#[path = "columns_tests.rs"]
mod tests;
