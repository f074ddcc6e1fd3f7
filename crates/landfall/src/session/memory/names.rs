//! Names that are held for a while: leases, and what is remembered once.
//!
//! Both are the same thing here: a name, and until when nobody else may have it. Only a lease is ever given back before
//! its time. A name is a digest, so its length says nothing and a stranger cannot make it long.

use std::collections::{BTreeSet, HashMap};

use crate::clock::Timestamp;
use crate::session::store::StoreError;

/// Names, who holds them, and until when.
#[derive(Default)]
pub(super) struct Names {
    /// Each name with its holder and the moment from which on it is free.
    held: HashMap<[u8; 32], (u128, Timestamp)>,
    /// The names by that moment, the next to be free first.
    by_end: BTreeSet<(Timestamp, [u8; 32])>,
}

impl Names {
    /// How many are held, those included that are free and were not swept yet.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// Holds a name until `until`, if nobody holds it now; whether nobody did. `holder` is who may release it.
    ///
    /// # Errors
    /// When `capacity` names are held already, and this would be one more.
    pub(super) fn hold(
        &mut self,
        name: [u8; 32],
        holder: u128,
        now: Timestamp,
        until: Timestamp,
        capacity: usize,
    ) -> Result<bool, StoreError> {
        match self.held.get(&name) {
            Some((_, end)) if *end > now => return Ok(false),
            Some(_) => self.take(name),
            // A name that is forgotten too early is one that can be said twice: rather an error than that.
            None if self.held.len() >= capacity => return Err(StoreError::new("too many names are held")),
            None => {}
        }
        self.held.insert(name, (holder, until));
        self.by_end.insert((until, name));
        Ok(true)
    }

    /// Frees a name before its time, if it is this holder's.
    pub(super) fn release(&mut self, name: [u8; 32], holder: u128) {
        if self.held.get(&name).is_some_and(|(owner, _)| *owner == holder) {
            self.take(name);
        }
    }

    /// Forgets names whose time is over, `at_most` so many.
    pub(super) fn sweep(&mut self, now: Timestamp, at_most: usize) {
        for _ in 0..at_most {
            match self.by_end.first() {
                Some((end, name)) if *end <= now => self.take(*name),
                _ => return,
            }
        }
    }

    /// Forgets a name, if it is there.
    fn take(&mut self, name: [u8; 32]) {
        if let Some((_, end)) = self.held.remove(&name) {
            self.by_end.remove(&(end, name));
        }
    }
}
