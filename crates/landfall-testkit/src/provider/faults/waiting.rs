//! The faults that were asked for and have not struck yet.

use std::sync::Mutex;

use super::fault::Fault;
use crate::lock::lock;

/// The faults that wait for their moment, in the order they came.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<(Fault, bool)>>);

impl Faults {
    pub(crate) fn add(&self, fault: Fault, once: bool) {
        lock(&self.0).push((fault, once));
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        lock(&self.0).iter().map(|(fault, _)| fault.clone()).collect()
    }

    /// The first fault `pick` finds something in; used up if it was for one time.
    pub(crate) fn first<T>(&self, pick: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        let mut all = lock(&self.0);
        let (at, found) = all.iter().enumerate().find_map(|(at, (fault, _))| Some((at, pick(fault)?)))?;
        if all.get(at).is_some_and(|(_, once)| *once) {
            all.remove(at);
        }
        Some(found)
    }

    /// Everything `pick` finds something in, each used up if it was for one time.
    pub(crate) fn every<T>(&self, pick: impl Fn(&Fault) -> Option<T>) -> Vec<T> {
        let mut found = Vec::new();
        lock(&self.0).retain(|(fault, once)| match pick(fault) {
            Some(value) => {
                found.push(value);
                !once
            }
            None => true,
        });
        found
    }
}
