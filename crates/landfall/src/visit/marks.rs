//! What looking who is there does to the answer: the marks that are left on it.
//!
//! | mark | left by | the answer |
//! |---|---|---|
//! | looked | asking who is there: `Visit::signed_in` | `private, no-cache`, or the application's own word on how long with `private` behind it; `public` stands, as the word of whoever asked |
//! | required | somebody was needed and is there: `Visit::require`, and the extractors that stand on it | the same, and `public` does not stand |
//! | for one alone | a guard that does not say `shared_cache`; a `Personal` that was looked at | the same, whatever else is marked |
//! | shared | a guard that says `shared_cache` | `required` counts as `looked` |
//! | changed | a handler that signed somebody in or out, or keeps an attempt | `no-store`, with the cookies of that, whatever else is marked; without them where it is a server error |
//!
//! "Does not stand" means: `public`, `s-maxage` and the headers that only shared caches read (RFC 9213) are taken out, and
//! `private` is put in. An answer with a Set-Cookie is stored by nobody; one that shared caches may keep gets no cookie.
//!
//! A visit is shared by all that look during one request, and so are its marks: each is added and none is taken back,
//! so the order in which middleware, guards and handlers look says nothing. Of two guards, one inside the other, the
//! stricter one counts.
//!
//! A guard is told from a handler because they are written by different people: whoever writes `public` in a handler that
//! asks `signed_in` has both in sight, and whoever puts a guard around files that say `public` for everybody has not.

use std::sync::atomic::{AtomicU8, Ordering};

/// The marks that were left on one answer. They are only ever added to.
#[derive(Debug, Default)]
pub(super) struct Marks(AtomicU8);

/// One of them; see the table of this file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mark {
    Looked = 1,
    Required = 2,
    ForOneAlone = 4,
    Shared = 8,
    /// A handler signed somebody in or out, or keeps something of an attempt.
    Changed = 16,
}

impl Marks {
    /// Leaves a mark. Whoever asks for the edits has the answer in hand, and so comes after.
    pub(super) fn leave(&self, mark: Mark) {
        self.0.fetch_or(mark as u8, Ordering::Relaxed);
    }

    /// Whether any of the marks was left.
    pub(super) fn any(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    /// Whether this mark was left.
    pub(super) fn has(&self, mark: Mark) -> bool {
        self.0.load(Ordering::Relaxed) & mark as u8 != 0
    }

    /// Whether a guard said that shared caches may keep it.
    pub(super) fn is_shared(&self) -> bool {
        self.0.load(Ordering::Relaxed) & Mark::Shared as u8 != 0
    }

    /// Whether the answer is for one person, whatever it says itself.
    pub(super) fn is_for_one_alone(&self) -> bool {
        let marks = self.0.load(Ordering::Relaxed);
        let has = |mark: Mark| marks & mark as u8 != 0;
        has(Mark::ForOneAlone) || (has(Mark::Required) && !has(Mark::Shared))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_guards_own_word_opens_what_needed_somebody_and_another_guard_shuts_it_again() {
        use Mark::{ForOneAlone, Looked, Required, Shared};
        for (left, expected) in [
            (&[][..], false),
            (&[Looked], false),
            (&[Looked, Required], true),
            (&[Looked, Shared], false),
            (&[Looked, Shared, Required], false),
            (&[Looked, Required, Shared], false),
            (&[ForOneAlone], true),
            (&[Shared, ForOneAlone], true),
            (&[Shared, Required, ForOneAlone], true),
        ] {
            let marks = Marks::default();
            for mark in left {
                marks.leave(*mark);
            }
            assert_eq!((marks.is_for_one_alone(), marks.any()), (expected, !left.is_empty()), "{left:?}");
        }
    }
}
