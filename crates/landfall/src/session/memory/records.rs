//! The records, and where they are found: by key, by subject, by provider session, by their end.

use std::collections::{BTreeSet, HashMap};

use crate::clock::Timestamp;
use crate::session::store::{IndexKey, RecordKey, Selection, StoredRecord, Updated};

#[derive(Default)]
pub(super) struct Records {
    all: HashMap<RecordKey, StoredRecord>,
    // Pairs, not a set for each subject: most have one session, and a set of its own would be the larger part.
    subjects: BTreeSet<(IndexKey, RecordKey)>,
    sids: BTreeSet<(IndexKey, RecordKey)>,
    ends: BTreeSet<(Timestamp, RecordKey)>,
}

impl Records {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&RecordKey, &StoredRecord)> {
        self.all.iter()
    }

    /// The record, unless it has expired.
    pub(super) fn get(&self, key: RecordKey, now: Timestamp) -> Option<&StoredRecord> {
        self.all.get(&key).filter(|record| !record.is_expired(now))
    }

    /// Puts the record there, in place of what has expired there.
    pub(super) fn insert(&mut self, key: RecordKey, record: StoredRecord) {
        self.take(key);
        self.subjects.insert((record.subject, key));
        if let Some(sid) = record.sid {
            self.sids.insert((sid, key));
        }
        self.ends.insert((record.ends_at(), key));
        self.all.insert(key, record);
    }

    pub(super) fn take(&mut self, key: RecordKey) -> Option<StoredRecord> {
        let record = self.all.remove(&key)?;
        self.subjects.remove(&(record.subject, key));
        if let Some(sid) = record.sid {
            self.sids.remove(&(sid, key));
        }
        self.ends.remove(&(record.ends_at(), key));
        Some(record)
    }

    /// Removes the record that would end first.
    pub(super) fn take_first(&mut self) -> Option<RecordKey> {
        let (_, key) = *self.ends.first()?;
        self.take(key);
        Some(key)
    }

    /// Removes so many of those that have expired, at most.
    pub(super) fn sweep(&mut self, now: Timestamp, at_most: usize) {
        for _ in 0..at_most {
            match self.ends.first() {
                Some((end, _)) if *end <= now => self.take_first(),
                _ => return,
            };
        }
    }

    pub(super) fn replace(
        &mut self,
        now: Timestamp,
        old: RecordKey,
        new: RecordKey,
        expected: u64,
        record: StoredRecord,
    ) -> Updated {
        match self.get(old, now) {
            None => Updated::Gone,
            Some(current) if current.version != expected || record.version <= expected => Updated::Conflict,
            Some(_) if old != new && self.get(new, now).is_some() => Updated::Conflict,
            Some(_) => {
                self.take(old);
                self.insert(new, record);
                Updated::Done
            }
        }
    }

    pub(super) fn of_subject(
        &self,
        subject: IndexKey,
        now: Timestamp,
    ) -> impl Iterator<Item = (RecordKey, &StoredRecord)> {
        indexed(&self.subjects, subject).filter_map(move |key| Some((key, self.get(key, now)?)))
    }

    pub(super) fn remove_of_subject(
        &mut self,
        subject: IndexKey,
        selection: Selection,
        now: Timestamp,
    ) -> Vec<RecordKey> {
        self.remove_all(indexed(&self.subjects, subject).collect(), selection, now)
    }

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

fn indexed(index: &BTreeSet<(IndexKey, RecordKey)>, name: IndexKey) -> impl Iterator<Item = RecordKey> {
    let range = (name, RecordKey([u8::MIN; 32]))..=(name, RecordKey([u8::MAX; 32]));
    index.range(range).map(|(_, key)| *key)
}
