//! Names that are held for a while: leases, and what is remembered once.

use std::collections::{BTreeSet, HashMap};

use crate::clock::Timestamp;
use crate::session::store::StoreError;

/// Names, who holds them, and until when.
#[derive(Default)]
pub(super) struct Names {
    held: HashMap<[u8; 32], (u128, Timestamp)>,
    by_end: BTreeSet<(Timestamp, [u8; 32])>,
}

impl Names {
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// Holds a name that nobody holds; whether nobody did.
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

    pub(super) fn release(&mut self, name: [u8; 32], holder: u128) {
        if self.held.get(&name).is_some_and(|(owner, _)| *owner == holder) {
            self.take(name);
        }
    }

    /// Forgets so many of those whose time is over, at most.
    pub(super) fn sweep(&mut self, now: Timestamp, at_most: usize) {
        for _ in 0..at_most {
            match self.by_end.first() {
                Some((end, name)) if *end <= now => self.take(*name),
                _ => return,
            }
        }
    }

    fn take(&mut self, name: [u8; 32]) {
        if let Some((_, end)) = self.held.remove(&name) {
            self.by_end.remove(&(end, name));
        }
    }
}
