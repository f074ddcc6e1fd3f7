//! The roles that a provider's claims give, and what the operator is told where they give none.
//!
//! The rules are in [`protocol::roles`](crate::protocol::roles). What is told is bounded: a claim that is missing once in
//! the life of a client, since providers leave it out for whoever has no role; one in another shape once a minute, since
//! that is a mistake that lasts. Names of claims are told and never a value.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Map, Value};

use super::client::Client;
use crate::clock::{OnceAMinute, Timestamp};
use crate::error::printable;
use crate::protocol::roles::{RoleRules, Trouble};

/// How many names of claims are told at most.
const NAMES: usize = 40;
/// How many characters of each.
const NAME: usize = 64;

/// What the log has been told of roles.
#[derive(Debug, Default)]
pub(super) struct RolesTold {
    missing: AtomicBool,
    shape: OnceAMinute,
}

impl Client {
    /// The roles of somebody with these claims, as the application's rules read and map them.
    pub(crate) fn roles(&self, claims: &Map<String, Value>, now: Timestamp) -> Vec<String> {
        let rules = &self.settings.roles;
        let read = rules.read(claims);
        match read.trouble {
            Some(Trouble::Missing) if !self.roles_told.missing.swap(true, Ordering::Relaxed) => {
                tell_missing(rules, claims);
            }
            Some(Trouble::Shape(found)) if self.roles_told.shape.is_due(now) => {
                tracing::warn!(
                    claim = printable(&rules.claim),
                    found,
                    "the claim of the roles has a shape that is not read, and gives none; name what holds them by \
                     `role_claim`, with dots for the way into it"
                );
            }
            Some(Trouble::Missing | Trouble::Shape(_)) | None => {}
        }
        read.roles
    }
}

/// Most applications ask for no role: where nobody named the claim, its absence is a matter for whoever looks closely.
fn tell_missing(rules: &RoleRules, claims: &Map<String, Value>) {
    let (claim, came) = (printable(&rules.claim), names(claims));
    if rules.is_named {
        tracing::warn!(
            claim,
            came,
            "the claim of the roles did not come, so this person has none by it; told once. If others have it, all is well; \
             else look for it among those that came, name it by `role_claim`, or have the provider send it"
        );
    } else {
        tracing::debug!(claim, came, "no claim of roles came; told once");
    }
}

/// The names of the claims, so many and so long that they fit a line.
fn names(claims: &Map<String, Value>) -> String {
    let mut names: Vec<_> = claims
        .keys()
        .take(NAMES)
        .map(|name| printable(&name.chars().take(NAME).collect::<String>()))
        .collect();
    if claims.len() > NAMES {
        names.push("…".to_owned());
    }
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_claims_fit_a_line_whatever_came() {
        let long = "x".repeat(1_000) + "\n";
        let claims: Map<_, _> = (0..100).map(|n| (format!("{n:03}{long}"), Value::from("PLANTED"))).collect();
        let told = names(&claims);
        assert!(told.len() < NAMES * (NAME + 1) + 8 && told.ends_with('…') && !told.contains('\n'));
        assert!(!told.contains("PLANTED"));
        let one: Map<_, _> = [("a\nb".to_owned(), Value::Null)].into_iter().collect();
        assert_eq!(names(&one), "a?b");
    }
}
