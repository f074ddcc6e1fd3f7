//! What is remembered of credentials: whose they are, for as long as the application lets it, and never that they are bad.
//!
//! No header is kept: an answer stands under its digest, keyed with a key that ends with the process, so what is in memory
//! gives nobody a token to try. Where it is full, what is seldom asked for makes room.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use quick_cache::sync::Cache;

use crate::clock::{Entropy, Timestamp};
use crate::crypto::process_key::ProcessKey;
use crate::error::Error;
use crate::session::{Somebody, SubjectId};

/// How many are remembered at most.
const CAPACITY: usize = 10_000;

/// See the module.
pub(crate) struct Answers {
    key: ProcessKey,
    entries: Cache<[u8; 32], Entry>,
    /// Counts what was forgotten: an answer that was asked for before is not kept after it.
    forgotten: AtomicU64,
}

#[derive(Clone)]
struct Entry {
    somebody: Somebody,
    since: Timestamp,
    until: Timestamp,
}

impl Answers {
    /// None, under a new key.
    ///
    /// # Errors
    /// When the random source fails.
    pub(crate) fn new(entropy: &dyn Entropy) -> Result<Self, Error> {
        let key = ProcessKey::generate(entropy)?;
        Ok(Self { key, entries: Cache::new(CAPACITY), forgotten: AtomicU64::new(0) })
    }

    /// What an answer about a header stands under: these parts are the whole of it.
    pub(crate) fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.key.digest(parts)
    }

    /// Whose these are, if that was said a while ago and may still be believed. A clock that was set back ends it.
    pub(crate) fn known(&self, digest: &[u8; 32], now: Timestamp) -> Option<Somebody> {
        let entry = self.entries.get(digest)?;
        (entry.since <= now && now < entry.until).then_some(entry.somebody)
    }

    /// Moves whenever something is forgotten.
    pub(crate) fn epoch(&self) -> u64 {
        self.forgotten.load(Ordering::SeqCst)
    }

    /// Remembers it for so long, unless anything was forgotten since `epoch`: it may have been just this.
    pub(crate) fn keep(
        &self,
        digest: [u8; 32],
        somebody: &Somebody,
        span: Duration,
        (epoch, now): (u64, Timestamp),
    ) {
        if span.is_zero() {
            return;
        }
        let entry = Entry { somebody: somebody.clone(), since: now, until: now.plus(span) };
        self.entries.insert(digest, entry);
        if self.epoch() != epoch {
            self.entries.remove(&digest);
        }
    }

    /// Forgets all that is remembered of somebody.
    pub(crate) fn forget(&self, subject: &SubjectId) {
        // Counted first: what is kept meanwhile sees that it moved, or is there to be taken out.
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.entries.retain(|_, entry| {
            let identity = entry.somebody.identity();
            identity.issuer() != subject.issuer() || identity.subject() != subject.subject()
        });
    }
}

impl std::fmt::Debug for Answers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answers").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEntropy;
    use crate::session::Identity;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(second: u64) -> Timestamp {
        Timestamp::from_secs(1_000_000 + second)
    }

    fn somebody(subject: &str) -> Somebody {
        Somebody::by_credentials(Identity::local(subject), "bearer", at(0))
    }

    #[test]
    fn an_answer_is_believed_for_its_time_and_not_by_a_clock_that_was_set_back() {
        let answers = Answers::new(&SystemEntropy).unwrap();
        let digest = answers.digest(&[b"one"]);
        answers.keep(digest, &somebody("17"), MINUTE, (answers.epoch(), at(10)));
        assert!(answers.known(&digest, at(10)).is_some() && answers.known(&digest, at(69)).is_some());
        assert!(answers.known(&digest, at(70)).is_none() && answers.known(&digest, at(9)).is_none());
        assert!(answers.known(&answers.digest(&[b"other"]), at(10)).is_none());
        answers.keep(answers.digest(&[b"none"]), &somebody("17"), Duration::ZERO, (answers.epoch(), at(10)));
        assert!(answers.known(&answers.digest(&[b"none"]), at(10)).is_none());
    }

    #[test]
    fn whoever_is_forgotten_is_gone_alone_and_an_answer_on_its_way_is_not_kept() {
        let answers = Answers::new(&SystemEntropy).unwrap();
        let [one, two, late] = [b"1", b"2", b"3"].map(|value| answers.digest(&[value]));
        let epoch = answers.epoch();
        answers.keep(one, &somebody("17"), MINUTE, (epoch, at(0)));
        answers.keep(two, &somebody("18"), MINUTE, (epoch, at(0)));
        answers.forget(&SubjectId::new("https://op.example", "18"));
        assert!(answers.known(&two, at(0)).is_some(), "another issuer's");
        answers.forget(&SubjectId::local("17"));
        assert!(answers.known(&one, at(0)).is_none() && answers.known(&two, at(0)).is_some());
        answers.keep(late, &somebody("17"), MINUTE, (epoch, at(0)));
        assert!(answers.known(&late, at(0)).is_none());
    }

    #[test]
    fn they_are_bounded_in_number() {
        let answers = Answers::new(&SystemEntropy).unwrap();
        let somebody = somebody("17");
        for number in 0..2 * CAPACITY {
            let digest = answers.digest(&[&number.to_be_bytes()]);
            answers.keep(digest, &somebody, MINUTE, (0, at(0)));
        }
        assert!(answers.entries.len() <= CAPACITY);
    }
}
