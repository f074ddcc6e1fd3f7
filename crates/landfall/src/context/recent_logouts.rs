//! Whose session the provider ended a moment ago: a sign-in that was under way meanwhile must not outlive it.
//!
//! Between an ID token and its session lie userinfo and the application's hook. A logout token or a webhook that
//! comes in between finds nothing to end. So it is remembered, in this process and for five minutes, and the new
//! session is held against it. Both sides write before they read:
//!
//! 1. The logout is remembered, then the store is asked to end sessions.
//! 2. The session is begun in the store, then it is asked for here ([`ProviderLogouts::include`]).
//!
//! Whichever comes second therefore sees the first.

use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;

use crate::clock::Timestamp;
use crate::session::Identity;

/// How many logouts are remembered of each kind.
const CAPACITY: usize = 4096;
/// How long a logout is remembered: far longer than userinfo and the application's hook may take.
const REMEMBERED: Duration = Duration::from_secs(300);

/// The logouts that providers sent a moment ago.
#[derive(Debug)]
pub(crate) struct ProviderLogouts {
    /// By the provider's name for the session (`sid`).
    sessions: Cache<Named, Logout>,
    /// By the subject, for a logout of all its sessions.
    subjects: Cache<Named, Logout>,
}

/// A subject or a session, by its issuer and its name there. Two providers may use one name.
type Named = (Arc<str>, String);

/// What is remembered of a logout.
#[derive(Clone, Debug)]
struct Logout {
    /// Whose session, where that was said.
    subject: Option<String>,
    /// Sessions that began before this second are over, by the provider's clock. One of the same second cannot be
    /// told from one of after.
    second: u64,
    /// When it was heard of, by ours.
    heard: Timestamp,
}

impl ProviderLogouts {
    pub(crate) fn new() -> Self {
        Self { sessions: Cache::new(CAPACITY), subjects: Cache::new(CAPACITY) }
    }

    /// Remembers that a provider session ended; `subject` where the provider said whose. To be called before the
    /// store is asked, so that either of the two sees the other.
    ///
    /// `at` is by the provider's clock, `heard` by ours.
    pub(crate) fn of_session(
        &self,
        issuer: &Arc<str>,
        subject: Option<&str>,
        sid: &str,
        at: Timestamp,
        heard: Timestamp,
    ) {
        let logout = Logout { subject: subject.map(str::to_owned), second: at.secs(), heard };
        note(&self.sessions, (Arc::clone(issuer), sid.to_owned()), logout);
    }

    /// Remembers that every session of a subject ended. To be called before the store is asked, as above.
    pub(crate) fn of_subject(&self, issuer: &Arc<str>, subject: &str, at: Timestamp, heard: Timestamp) {
        let logout = Logout { subject: None, second: at.secs(), heard };
        note(&self.subjects, (Arc::clone(issuer), subject.to_owned()), logout);
    }

    /// Whether a session that began at `created_at` has been ended already, by its `sid` or by its subject.
    ///
    /// `created_at` is the provider's time of the ID token. One of the very second of the logout is let live: it
    /// may have come after.
    pub(crate) fn include(&self, identity: &Identity, created_at: Timestamp, now: Timestamp) -> bool {
        let named = |name: &str| (Arc::clone(&identity.issuer), name.to_owned());
        let by_session = identity.sid().and_then(|sid| self.sessions.get(&named(sid)));
        let logouts = by_session.into_iter().chain(self.subjects.get(&named(identity.subject())));
        logouts.filter(|logout| now.since(logout.heard) <= REMEMBERED).any(|logout| {
            created_at.secs() < logout.second
                && logout.subject.is_none_or(|subject| subject == identity.subject())
        })
    }
}

/// Keeps the newest logout of a name. An older one that comes late takes nothing back.
fn note(known: &Cache<Named, Logout>, name: Named, logout: Logout) {
    if known.get(&name).is_none_or(|before| before.second <= logout.second) {
        known.insert(name, logout);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_began_before_an_ending_is_included_and_nothing_else() {
        let logouts = ProviderLogouts::new();
        let issuer: Arc<str> = Arc::from("https://op.example");
        let at = |secs| Timestamp::from_secs(secs);
        logouts.of_subject(&issuer, "ada", at(100), at(100));
        let ada = Identity::new("https://op.example", "ada");
        assert!(logouts.include(&ada, at(99), at(101)));
        assert!(!logouts.include(&ada, at(100), at(101)));
        assert!(!logouts.include(&ada, at(99), at(500)), "long ago");
        assert!(!logouts.include(&Identity::new("https://op.example", "grace"), at(99), at(101)));
        logouts.of_session(&issuer, None, "ses_1", at(200), at(200));
        logouts.of_session(&issuer, None, "ses_1", at(120), at(200));
        let mut grace = Identity::new("https://op.example", "grace");
        grace.sid = Some("ses_1".to_owned());
        assert!(logouts.include(&grace, at(150), at(201)), "an older token takes nothing back");
        logouts.of_session(&issuer, Some("ada"), "ses_2", at(200), at(200));
        grace.sid = Some("ses_2".to_owned());
        assert!(!logouts.include(&grace, at(150), at(201)), "somebody else's");
        let mut elsewhere = Identity::new("https://other.example", "ada");
        elsewhere.sid = Some("ses_1".to_owned());
        assert!(!logouts.include(&elsewhere, at(50), at(101)), "another issuer's");
    }
}
