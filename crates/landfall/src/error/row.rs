//! The shape of the error table: its columns, and the macro that makes the codes out of its rows.

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
    /// where it may as well be a base URL or a proxy's setting that is missing. ERROR for every other fault.
    pub(super) log_level: Level,
    /// The heading of the page, and the title in problem+json.
    pub(super) title: &'static str,
    /// For the person: true, whole, and no help to an attacker.
    pub(super) sentence: &'static str,
    /// For the operator: what to look at or to change.
    pub(super) remedy: &'static str,
}

/// Makes `ErrorCode` out of the table: each entry is a variant with its documentation, and the [`Row`] it leads to.
macro_rules! error_codes {
    ($( $(#[$doc:meta])* $code:ident => $row:expr, )*) => {
        /// What went wrong, to match on: codes are stable, messages are not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $( $(#[$doc])* $code, )*
        }

        impl ErrorCode {
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$( Self::$code, )*];

            pub(super) const fn row(self) -> &'static Row {
                match self {
                    $( Self::$code => &$row, )*
                }
            }
        }
    };
}

pub(super) use error_codes;
