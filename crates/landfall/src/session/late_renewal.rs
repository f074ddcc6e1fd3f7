//! Sessions that a browser lost in this process a moment ago, so that an answer which leaves late does not set them again.
//!
//! A sealed session lives in its cookie alone: nothing on the server forgets it when its person signs out, and a request
//! that came before may still be at work. Its answer would carry a renewed cookie, and bring the session back; or in the
//! browser of whoever signed in meanwhile, the one before. A stored session's cookie is sent again only while it moves to
//! another key; late, it would take the place of the cookie of a newer one. So a renewal is decided when its answer leaves:
//!
//! 1. One whose request came more than [`LATE`] ago is dropped: another process may have ended the session, and cannot
//!    tell. The next request asks for another; who only makes requests that take longer is never renewed.
//! 2. One of a session that ended here is dropped, for as long as this is remembered.
//!
//! What is remembered is bounded by [`CAPACITY`] and by [`REMEMBERED`]. Where the oldest has to go before its time, what
//! it said is kept in a coarser way: no renewal is sent for a request that came before it.
//!
//! It is asked where a renewal is about to be set, and once by whoever begins to wait for a session's end. So an ordinary
//! request meets no lock.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::endings::EndReason;
use crate::clock::Timestamp;

/// How long a request may take until a renewal is not sent with its answer.
const LATE: Duration = Duration::from_secs(5);
/// How long an ending is remembered. Requests that a browser sent before it heard of the ending come within this time.
const REMEMBERED: Duration = Duration::from_secs(600);
/// How many are remembered at most, which takes about a megabyte.
const CAPACITY: usize = 16_384;

/// What a session is remembered by: half of the digest that names it (`Session::short_name`).
pub(super) type ShortName = [u8; 16];

/// Whether an answer that leaves now is too late to renew what its request came with. A clock that was set back in
/// between is a reason, too.
fn is_late(came_at: Timestamp, now: Timestamp) -> bool {
    now < came_at || now.since(came_at) > LATE
}

/// The sessions that ended here, by their short names.
#[derive(Default)]
pub(super) struct EndedHere(Mutex<Endings>);

#[derive(Default)]
struct Endings {
    /// With the time of each ending, the oldest first.
    in_order: VecDeque<(ShortName, Timestamp)>,
    /// The same, to be asked, and why each ended.
    known: HashMap<ShortName, EndReason>,
    /// When the youngest ended that had to be forgotten before its time.
    forgotten: Option<Timestamp>,
}

impl EndedHere {
    /// Remembers that a session ended. To be called before the answer leaves that says so to the browser.
    pub(super) fn note(&self, name: ShortName, why: EndReason, now: Timestamp) {
        let mut endings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        endings.forget_what_is_old(now);
        if let Entry::Vacant(new) = endings.known.entry(name) {
            new.insert(why);
            endings.in_order.push_back((name, now));
        }
        if endings.in_order.len() > CAPACITY
            && let Some((name, at)) = endings.in_order.pop_front()
        {
            endings.known.remove(&name);
            endings.forgotten = endings.forgotten.max(Some(at));
        }
    }

    /// Why this session ended here, if that is remembered: for whoever begins to wait for its end too late to be told.
    pub(super) fn why(&self, name: ShortName) -> Option<EndReason> {
        let endings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        endings.known.get(&name).copied()
    }

    /// Whether a renewal of this session may be sent now, for a request that came at `came_at`.
    pub(super) fn lets_live(&self, name: ShortName, came_at: Timestamp, now: Timestamp) -> bool {
        if is_late(came_at, now) {
            return false;
        }
        let endings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        endings.forgotten.is_none_or(|at| came_at > at) && !endings.known.contains_key(&name)
    }
}

impl Endings {
    /// Those whose time is over, and, where a clock was set back, those of a time to come.
    fn forget_what_is_old(&mut self, now: Timestamp) {
        while let Some((name, at)) = self.in_order.front().copied()
            && (now.since(at) > REMEMBERED || at > now)
        {
            self.in_order.pop_front();
            self.known.remove(&name);
        }
    }
}

impl std::fmt::Debug for EndedHere {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EndedHere").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: usize) -> ShortName {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&name.to_be_bytes());
        bytes
    }

    #[test]
    fn what_ended_is_not_renewed_and_nothing_else_is_held_back() {
        let at = Timestamp::from_secs;
        let ended = EndedHere::default();
        assert!(ended.lets_live(id(1), at(100), at(105)));
        assert!(!ended.lets_live(id(1), at(100), at(106)), "another process may have ended it");
        assert!(!ended.lets_live(id(1), at(100), at(99)), "the clock was set back");
        ended.note(id(1), EndReason::SignedOut, at(102));
        ended.note(id(1), EndReason::Replaced, at(102));
        assert_eq!((ended.why(id(1)), ended.why(id(2))), (Some(EndReason::SignedOut), None));
        assert!(!ended.lets_live(id(1), at(100), at(103)));
        assert!(!ended.lets_live(id(1), at(500), at(501)), "a request that was long on its way");
        assert!(ended.lets_live(id(2), at(100), at(103)));
        assert!(ended.lets_live(id(2), at(103), at(103)), "answered within the second");
        assert_eq!(format!("{ended:?}"), "EndedHere { .. }");
    }

    #[test]
    fn an_ending_is_remembered_for_ten_minutes_and_no_longer_where_the_clock_is_set_back() {
        let at = Timestamp::from_secs;
        let ended = EndedHere::default();
        ended.note(id(1), EndReason::SignedOut, at(100));
        ended.note(id(2), EndReason::SignedOut, at(700));
        assert_eq!(ended.why(id(1)), Some(EndReason::SignedOut));
        ended.note(id(3), EndReason::SignedOut, at(701));
        assert_eq!(ended.why(id(1)), None);
        assert_eq!(ended.why(id(2)), Some(EndReason::SignedOut));
        ended.note(id(4), EndReason::SignedOut, at(50));
        assert_eq!((ended.why(id(2)), ended.why(id(3))), (None, None), "of a time to come");
        assert_eq!(ended.why(id(4)), Some(EndReason::SignedOut));
    }

    #[test]
    fn a_flood_of_endings_is_bounded_and_brings_no_session_back() {
        let at = Timestamp::from_secs;
        let ended = EndedHere::default();
        ended.note(id(0), EndReason::SignedOut, at(100));
        for name in 1..=CAPACITY {
            ended.note(id(name), EndReason::SignedOut, at(103));
        }
        assert_eq!(ended.0.lock().unwrap().in_order.len(), CAPACITY);
        assert!(!ended.lets_live(id(0), at(99), at(104)), "forgotten before its time");
        assert!(!ended.lets_live(id(0), at(100), at(104)), "in the same second");
        assert!(ended.lets_live(id(CAPACITY + 1), at(101), at(104)));
        // An hour later all of it is over.
        ended.note(id(CAPACITY + 1), EndReason::SignedOut, at(4000));
        assert_eq!(ended.0.lock().unwrap().in_order.len(), 1);
        assert_eq!(ended.0.lock().unwrap().known.len(), 1);
    }
}
