//! The routes whose answers said `public` where they are one person's: each is told once.
//!
//! The answer itself was made private before anybody saw it, so this is for whoever wonders why a cache in front keeps
//! less than it was told to. A file server behind a guard is the usual case: it says `public` of everything.
//!
//! Bounded, since the paths are a visitor's: so many routes in the life of a process, each cut to a length, and a part
//! with a digit in it counts as any other. The query is left out, which may hold what a log should not.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// So many routes are told of in the life of a process.
const MAX_TOLD: usize = 64;
/// A longer path is told of by its beginning, in characters.
const MAX_LENGTH: usize = 120;

/// The routes that the log has named, so that each is named once.
#[derive(Debug, Default)]
pub(crate) struct PublicAnswers(Mutex<HashSet<String>>);

impl PublicAnswers {
    /// Says in the log, once for each route, that an answer at this target was made private though it said otherwise.
    pub(crate) fn tell(&self, target: &str) {
        let route = route(target);
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < MAX_TOLD && !told.contains(&route) {
            tracing::warn!(
                route,
                "an answer to somebody who is signed in lets shared caches keep it (public, s-maxage or a header of theirs): that was taken out, and private put in; where everybody may have it, say .shared_cache() at the guard"
            );
            told.insert(route);
        }
    }
}

/// The path, as far as it names a route: a part with a digit in it may be any, and would make each record's page a route
/// of its own.
fn route(target: &str) -> String {
    let path = target.split('?').next().unwrap_or_default();
    let mut route = String::new();
    for part in path.split('/').skip(1) {
        route.push('/');
        route.push_str(if part.bytes().any(|byte| byte.is_ascii_digit()) { "*" } else { part });
    }
    route.chars().take(MAX_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_a_path_without_query_and_without_what_differs_from_record_to_record() {
        for (target, expected) in [
            ("/", "/"),
            ("/style.css?v=7", "/style.css"),
            ("/reports/7", "/reports/*"),
            ("/assets/app.3f2a.css", "/assets/*"),
            ("/reports/7/pages/", "/reports/*/pages/"),
        ] {
            assert_eq!(route(target), expected);
        }
        assert_eq!(route(&format!("/{}", "\u{e4}".repeat(200))).chars().count(), MAX_LENGTH);
    }

    #[test]
    fn each_route_is_told_once_and_only_so_many() {
        let answers = PublicAnswers::default();
        for first in b'a'..=b'z' {
            for second in b'a'..=b'z' {
                let target = format!("/{}/{}/7", char::from(first), char::from(second));
                answers.tell(&target);
                answers.tell(&target);
            }
        }
        assert_eq!(answers.0.lock().unwrap().len(), MAX_TOLD);
    }
}
