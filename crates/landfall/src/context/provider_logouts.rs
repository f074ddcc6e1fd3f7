//! Whose session the provider ended a moment ago: a sign-in that was under way meanwhile must not outlive it.
//!
//! Between an ID token and its session lie userinfo and the application's hook. A logout token that comes in
//! between finds nothing to end, so it is remembered, here and for a few minutes, and the new session is held
//! against it.

use std::time::Duration;

use quick_cache::sync::Cache;

use crate::clock::Timestamp;
use crate::session::Identity;

const CAPACITY: usize = 4096;
/// A sign-in that takes longer than this between ID token and session is none.
const REMEMBERED: Duration = Duration::from_secs(300);

#[derive(Debug)]
pub(crate) struct Endings {
    sessions: Cache<String, Ending>,
    subjects: Cache<String, Ending>,
}

#[derive(Clone, Debug)]
struct Ending {
    /// Whose session, where that was said.
    subject: Option<String>,
    /// Sessions that began before this second are over, by the provider's clock. One of the same second cannot be
    /// told from one of after.
    second: u64,
    /// When it was heard of, by ours.
    heard: Timestamp,
}

impl Endings {
    pub(crate) fn new() -> Self {
        Self { sessions: Cache::new(CAPACITY), subjects: Cache::new(CAPACITY) }
    }

    /// To be called before the store is asked, so that either of the two sees the other.
    pub(crate) fn of_session(&self, subject: Option<&str>, sid: &str, at: Timestamp, heard: Timestamp) {
        note(&self.sessions, sid, Ending { subject: subject.map(str::to_owned), second: at.secs(), heard });
    }

    /// The same for everything of a subject's.
    pub(crate) fn of_subject(&self, subject: &str, at: Timestamp, heard: Timestamp) {
        note(&self.subjects, subject, Ending { subject: None, second: at.secs(), heard });
    }

    /// Whether a session that began then has been ended already.
    pub(crate) fn include(&self, identity: &Identity, created_at: Timestamp, now: Timestamp) -> bool {
        let by_session = identity.sid().and_then(|sid| self.sessions.get(sid));
        let endings = by_session.into_iter().chain(self.subjects.get(identity.subject()));
        endings.filter(|ending| now.since(ending.heard) <= REMEMBERED).any(|ending| {
            created_at.secs() < ending.second
                && ending.subject.is_none_or(|subject| subject == identity.subject())
        })
    }
}

/// An older token that comes late takes nothing back.
fn note(known: &Cache<String, Ending>, name: &str, ending: Ending) {
    if known.get(name).is_none_or(|before| before.second <= ending.second) {
        known.insert(name.to_owned(), ending);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_began_before_an_ending_is_included_and_nothing_else() {
        let endings = Endings::new();
        let at = |secs| Timestamp::from_secs(secs);
        endings.of_subject("ada", at(100), at(100));
        let ada = Identity::new("https://op.example", "ada");
        assert!(endings.include(&ada, at(99), at(101)));
        assert!(!endings.include(&ada, at(100), at(101)));
        assert!(!endings.include(&ada, at(99), at(500)), "long ago");
        assert!(!endings.include(&Identity::new("https://op.example", "grace"), at(99), at(101)));
        endings.of_session(None, "ses_1", at(200), at(200));
        endings.of_session(None, "ses_1", at(120), at(200));
        let mut grace = Identity::new("https://op.example", "grace");
        grace.sid = Some("ses_1".to_owned());
        assert!(endings.include(&grace, at(150), at(201)), "an older token takes nothing back");
        endings.of_session(Some("ada"), "ses_2", at(200), at(200));
        grace.sid = Some("ses_2".to_owned());
        assert!(!endings.include(&grace, at(150), at(201)), "somebody else's");
    }
}
