//! What was taken in this process, where no store remembers it for every instance.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;

/// How many names are remembered at most. Beyond that whatever is taken is refused until some of them are over: what was
/// forgotten could be taken twice.
const CAPACITY: usize = 65_536;

/// Names that are good once.
#[derive(Default)]
pub(super) struct Taken(Mutex<Names>);

#[derive(Default)]
struct Names {
    in_order: VecDeque<([u8; 32], Timestamp)>,
    known: HashSet<[u8; 32]>,
}

impl Taken {
    /// Whether this name is taken for the first time. It is remembered for `span`, which is the same in every call.
    ///
    /// `None` where there is no room: it was not taken, and may be later.
    pub(super) fn is_first(&self, name: [u8; 32], span: Duration, now: Timestamp) -> Option<bool> {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((name, at)) = names.in_order.front().copied()
            && now.since(at) > span
        {
            names.in_order.pop_front();
            names.known.remove(&name);
        }
        if names.known.contains(&name) {
            return Some(false);
        }
        if names.in_order.len() >= CAPACITY {
            return None;
        }
        names.known.insert(name);
        names.in_order.push_back((name, now));
        Some(true)
    }
}

impl std::fmt::Debug for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Taken").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_good_once_and_a_flood_of_names_makes_none_good_twice() {
        let (taken, span) = (Taken::default(), Duration::from_secs(600));
        let name = |number: u64| {
            let mut name = [0; 32];
            name[..8].copy_from_slice(&number.to_be_bytes());
            name
        };
        let at = Timestamp::from_secs;
        assert_eq!(taken.is_first(name(0), span, at(100)), Some(true));
        assert_eq!(taken.is_first(name(0), span, at(700)), Some(false));
        for number in 1..CAPACITY as u64 {
            assert_eq!(taken.is_first(name(number), span, at(101)), Some(true));
        }
        assert_eq!(taken.is_first(name(u64::MAX), span, at(102)), None, "there is no room");
        assert_eq!(taken.is_first(name(0), span, at(102)), Some(false));
        assert_eq!(taken.is_first(name(u64::MAX), span, at(701)), Some(true), "the first is over");
    }
}
