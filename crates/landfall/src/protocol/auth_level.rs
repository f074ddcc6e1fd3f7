//! How strongly somebody was authenticated, in IntelliAuth's three levels.
//!
//! Apart from the claims because the levels travel: a guard demands one (`Requirement`), a request asks for it in
//! `acr_values`, a token says it, a session keeps it as a number.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How strongly somebody was authenticated: IntelliAuth's AAL1 to AAL3 (after NIST SP 800-63B).
///
/// A level arrives as the claim `auth_level` or as `acr`, in any case: `"AAL2"`, `"aal2"`.
///
/// ```
/// use landfall::AuthLevel;
///
/// assert!(AuthLevel::Aal2 > AuthLevel::Aal1);
/// assert_eq!(AuthLevel::parse("AAL2"), Some(AuthLevel::Aal2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AuthLevel {
    /// One factor.
    Aal1,
    /// Two factors.
    Aal2,
    /// Two factors, one of which cannot be phished.
    Aal3,
}

impl AuthLevel {
    /// The level that a text names, in any case; `None` for every other text.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Aal1, Self::Aal2, Self::Aal3].into_iter().find(|level| text.eq_ignore_ascii_case(level.name()))
    }

    /// The level as it is asked for in `acr_values`: `aal1`, `aal2`, `aal3`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aal1 => "aal1",
            Self::Aal2 => "aal2",
            Self::Aal3 => "aal3",
        }
    }

    /// The level that somebody's claims name: `auth_level`, or `acr` where the former is missing or no level.
    pub(crate) fn of(claims: &Map<String, Value>) -> Option<Self> {
        let level = |name| claims.get(name).and_then(Value::as_str).and_then(Self::parse);
        level("auth_level").or_else(|| level("acr"))
    }

    /// The level as a session's record keeps it. These numbers are stored: they never change.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Aal1 => 1,
            Self::Aal2 => 2,
            Self::Aal3 => 3,
        }
    }

    /// The level that a record's number stands for; `None` for one that a newer release may have written.
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        [Self::Aal1, Self::Aal2, Self::Aal3].into_iter().find(|level| level.number() == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_read_from_either_claim_in_any_case_and_from_nothing_else() {
        let of = |name: &str, value: Value| AuthLevel::of(&Map::from_iter([(name.to_owned(), value)]));
        assert_eq!(of("auth_level", "AAL2".into()), Some(AuthLevel::Aal2));
        assert_eq!(of("acr", "aal3".into()), Some(AuthLevel::Aal3));
        for (name, value) in
            [("acr", "aal4".into()), ("acr", "2".into()), ("acr", 2.into()), ("level", "aal2".into())]
        {
            assert_eq!(of(name, value), None);
        }
    }
}
