//! The records, and where they are found: by key, by subject, by provider session, by their end.
//!
//! One map holds the records, three ordered sets of pairs are its indexes. [`Records::insert`] and [`Records::take`]
//! are the only two that change the map, and each changes the indexes too; everything else is made of these two. So
//! an index never names a record that is not there. The lock is around all of it, in [`super`].

use std::collections::{BTreeSet, HashMap};

use crate::clock::Timestamp;
use crate::session::store::{IndexKey, RecordKey, Selection, StoredRecord, Updated};

/// Records and their indexes. Expired ones stay until they are swept, and nobody is given them.
#[derive(Default)]
pub(super) struct Records {
    all: HashMap<RecordKey, StoredRecord>,
    // Pairs, not a set for each subject: most have one session, and a set of its own would be the larger part.
    subjects: BTreeSet<(IndexKey, RecordKey)>,
    sids: BTreeSet<(IndexKey, RecordKey)>,
    /// By the earlier of their two ends: the first is what is swept next, or pushed out.
    ends: BTreeSet<(Timestamp, RecordKey)>,
}

impl Records {
    /// How many there are, expired ones included.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// All of them, expired ones included, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&RecordKey, &StoredRecord)> {
        self.all.iter()
    }

    /// The record, unless it has expired.
    pub(super) fn get(&self, key: RecordKey, now: Timestamp) -> Option<&StoredRecord> {
        self.all.get(&key).filter(|record| !record.is_expired(now))
    }

    /// Puts the record there, in place of what is there.
    pub(super) fn insert(&mut self, key: RecordKey, record: StoredRecord) {
        self.take(key);
        self.subjects.insert((record.subject, key));
        if let Some(sid) = record.sid {
            self.sids.insert((sid, key));
        }
        self.ends.insert((record.ends_at(), key));
        self.all.insert(key, record);
    }

    /// Removes the record and gives it, whether or not it has expired.
    pub(super) fn take(&mut self, key: RecordKey) -> Option<StoredRecord> {
        let record = self.all.remove(&key)?;
        self.subjects.remove(&(record.subject, key));
        if let Some(sid) = record.sid {
            self.sids.remove(&(sid, key));
        }
        self.ends.remove(&(record.ends_at(), key));
        Some(record)
    }

    /// Removes the record that would end first, and gives its key; `None` where there is no record.
    pub(super) fn take_first(&mut self) -> Option<RecordKey> {
        let (_, key) = *self.ends.first()?;
        self.take(key);
        Some(key)
    }

    /// Removes those that have expired, `at_most` so many.
    pub(super) fn sweep(&mut self, now: Timestamp, at_most: usize) {
        for _ in 0..at_most {
            match self.ends.first() {
                Some((end, _)) if *end <= now => self.take_first(),
                _ => return,
            };
        }
    }

    /// Puts the record in the place of an earlier version.
    pub(super) fn update(
        &mut self,
        key: RecordKey,
        now: Timestamp,
        expected: u64,
        record: StoredRecord,
    ) -> Updated {
        match self.get(key, now) {
            None => Updated::Gone,
            Some(current) if current.version != expected || record.version <= expected => Updated::Conflict,
            Some(_) => {
                self.insert(key, record);
                Updated::Done
            }
        }
    }

    /// The records that this index leads to and that have not expired, in no order.
    pub(super) fn of_subject(
        &self,
        subject: IndexKey,
        now: Timestamp,
    ) -> impl Iterator<Item = (RecordKey, &StoredRecord)> {
        indexed(&self.subjects, subject).filter_map(move |key| Some((key, self.get(key, now)?)))
    }

    /// Removes the selected records of a subject, and gives their keys. Expired ones are left to be swept: they were
    /// not ended by this.
    pub(super) fn remove_of_subject(
        &mut self,
        subject: IndexKey,
        selection: Selection,
        now: Timestamp,
    ) -> Vec<RecordKey> {
        self.remove_all(indexed(&self.subjects, subject).collect(), selection, now)
    }

    /// Removes the selected records of a provider session, and gives their keys; expired ones as above.
    pub(super) fn remove_of_sid(
        &mut self,
        sid: IndexKey,
        selection: Selection,
        now: Timestamp,
    ) -> Vec<RecordKey> {
        self.remove_all(indexed(&self.sids, sid).collect(), selection, now)
    }

    #[cfg(test)]
    pub(super) fn holds_nothing(&self) -> bool {
        let indexes = self.subjects.len() + self.sids.len() + self.ends.len();
        self.all.is_empty() && indexes == 0
    }

    /// Removes those of these records that have not expired and are selected, and gives their keys.
    fn remove_all(
        &mut self,
        mut keys: Vec<RecordKey>,
        selection: Selection,
        now: Timestamp,
    ) -> Vec<RecordKey> {
        keys.retain(|key| {
            self.get(*key, now).is_some_and(|record| selection.includes(*key, record.created_at))
        });
        for key in &keys {
            self.take(*key);
        }
        keys
    }
}

/// The keys of all records under one name of an index: the pairs between the least key and the greatest.
fn indexed(index: &BTreeSet<(IndexKey, RecordKey)>, name: IndexKey) -> impl Iterator<Item = RecordKey> {
    let range = (name, RecordKey([u8::MIN; 32]))..=(name, RecordKey([u8::MAX; 32]));
    index.range(range).map(|(_, key)| *key)
}
