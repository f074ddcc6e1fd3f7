//! The shape of the error table: its columns, and the macro that makes the codes out of its rows.
//!
//! The macro is there so that a code and its row cannot come apart: the variant, its documentation and its columns
//! are one entry, and a `match` without a default arm leads from one to the other. A new column is a field here;
//! the compiler then asks for it in every row.

use tracing::Level;

use super::fault::Fault;

/// What is known of a code: the columns of the table.
pub(super) struct Row {
    /// The variant in snake case.
    pub(super) name: &'static str,
    /// The HTTP status of the answer.
    pub(super) status: u16,
    /// What problem+json gives an outsider for the name: whether to try again, not what was found. For a sign-in
    /// that is `sign_in_failed` with a 400 and `temporarily_unavailable` with a 502 to 504; else the name itself.
    pub(super) public_code: &'static str,
    /// Who can mend it.
    pub(super) fault: Fault,
    /// Whether signing in again may succeed. The answer then says where, unless it is the store that failed.
    pub(super) recoverable: bool,
    /// How loudly the operator is told: INFO for the visitor's fault, since strangers cause it at will, and WARN
    /// where it may as well be a base URL or a proxy's setting that is missing, or a setting that was left out on
    /// purpose. ERROR for every other fault.
    pub(super) log_level: Level,
    /// The heading of the page, and the title in problem+json.
    pub(super) title: &'static str,
    /// For the person: true, whole, and no help to an attacker.
    pub(super) sentence: &'static str,
    /// For the operator: what to look at or to change. A setting stands in backticks by the builder's method, see
    /// [`Names`](super::Names).
    pub(super) remedy: &'static str,
}

/// Makes `ErrorCode` out of the table: each entry is a variant with its documentation, and the [`Row`] it leads to.
macro_rules! error_codes {
    ($( $(#[$doc:meta])* $code:ident => $row:expr, )*) => {
        /// What went wrong, to match on: codes are stable, messages are not.
        ///
        /// Most applications need none of them, since a failure has been answered by the time it is heard of. They
        /// are for an audit trail, a metric, or an alert.
        ///
        /// ```
        /// use landfall::{ErrorCode, EventKind, RelyingParty};
        ///
        /// let builder = RelyingParty::builder("https://acme.example").on_event(|event| match event.kind {
        ///     EventKind::SignInFailed(ErrorCode::StateMismatch | ErrorCode::AttemptReplayed) => {
        ///         eprintln!("somebody may be trying answers of their own: {:?}", event.reference);
        ///     }
        ///     EventKind::SignInFailed(code) => eprintln!("{code}: {}", code.remedy()),
        ///     _ => {}
        /// });
        /// # let _ = builder;
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $( $(#[$doc])* $code, )*
        }

        impl ErrorCode {
            /// Every code, for the tests that look at all of them.
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$( Self::$code, )*];

            /// The row of a code.
            pub(super) const fn row(self) -> &'static Row {
                match self {
                    $( Self::$code => &$row, )*
                }
            }
        }
    };
}

pub(super) use error_codes;
