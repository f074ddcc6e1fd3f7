//! The records, and where they are found: by key, by subject, by provider session, by their end.
//!
//! One table holds the records, three ordered sets are its indexes. [`Records::insert`] and [`Records::take_at`] are
//! the only two that change the table, and each changes the indexes too; everything else is made of these two. So an
//! index never names a record that is not there. The lock is around all of it, in [`super`].
//!
//! What each costs, with `n` records in the store:
//!
//! | step | cost |
//! |---|---|
//! | by key | one look into a table |
//! | insert, take | that, and one step of `log n` in each of three sets |
//! | by subject, by sid | a range of a set: `log n`, and each that is found |
//! | sweep, push out | the front of the set of ends |
//!
//! The indexes hold no key: 32 bytes in each of them would be the larger part of a session. They hold a [`Spot`], which
//! leads to one record as its key does, and the first bytes of a subject or sid, whose rest the record itself tells.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use hashbrown::HashTable;

use super::packed::{Head, Packed};
use crate::clock::Timestamp;
use crate::session::store::{IndexKey, RecordKey, Selection, StoredRecord, Updated};

/// Records and their indexes. Expired ones stay until they are swept, and nobody is given them.
#[derive(Default)]
pub(super) struct Records {
    all: Table,
    // Pairs, not a set for each subject: most have one session, and a set of its own would be the larger part.
    subjects: BTreeSet<(u64, Spot)>,
    sids: BTreeSet<(u64, Spot)>,
    /// By the earlier of their two ends: the first is what is swept next, or pushed out.
    ends: BTreeSet<(Timestamp, Spot)>,
}

impl Records {
    /// How many there are, expired ones included.
    pub(super) fn len(&self) -> usize {
        self.all.held
    }

    /// All of them, expired ones included, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (RecordKey, StoredRecord)> {
        let all = self.all.shards.iter().flatten();
        all.filter_map(|packed| Some((packed.key(), packed.record()?)))
    }

    /// Whether there is such a record that has not expired.
    pub(super) fn holds(&self, key: RecordKey, now: Timestamp) -> bool {
        self.live(key, now).is_some()
    }

    /// The record, unless it has expired.
    pub(super) fn get(&self, key: RecordKey, now: Timestamp) -> Option<StoredRecord> {
        self.all.find(key)?.record().filter(|record| !record.is_expired(now))
    }

    /// Puts the record there, in place of what is there.
    pub(super) fn insert(&mut self, key: RecordKey, record: &StoredRecord) {
        self.take(key);
        let spot = self.all.insert(key, record);
        self.subjects.insert((first(record.subject), spot));
        if let Some(sid) = record.sid {
            self.sids.insert((first(sid), spot));
        }
        self.ends.insert((record.ends_at(), spot));
    }

    /// Removes the record and gives what stood in front of it, whether or not it has expired.
    pub(super) fn take(&mut self, key: RecordKey) -> Option<Head> {
        let head = self.all.find(key)?.head()?;
        self.take_at(Spot { hash: hash(key), serial: head.serial })
    }

    /// The same for the record at this spot.
    fn take_at(&mut self, spot: Spot) -> Option<Head> {
        let head = self.all.take(spot)?.head()?;
        self.subjects.remove(&(first(head.subject), spot));
        if let Some(sid) = head.sid {
            self.sids.remove(&(first(sid), spot));
        }
        self.ends.remove(&(head.ends_at(), spot));
        Some(head)
    }

    /// Removes the record that would end first, and gives its key; `None` where there is no record.
    pub(super) fn take_first(&mut self) -> Option<RecordKey> {
        let (_, spot) = *self.ends.first()?;
        self.take_at(spot).map(|head| head.key)
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
        record: &StoredRecord,
    ) -> Updated {
        match self.live(key, now) {
            None => Updated::Gone,
            Some(current) if current.version != expected || record.version <= expected => Updated::Conflict,
            Some(_) => {
                self.insert(key, record);
                Updated::Done
            }
        }
    }

    /// The records of a subject that have not expired, the newest first, `limit` at most.
    pub(super) fn of_subject(
        &self,
        subject: IndexKey,
        now: Timestamp,
        limit: usize,
    ) -> Vec<(RecordKey, StoredRecord)> {
        let mut found: Vec<(Timestamp, &Packed)> = indexed(&self.subjects, subject)
            .filter_map(|spot| self.all.at(spot))
            .filter_map(|packed| Some((packed.head()?, packed)))
            .filter(|(head, _)| head.subject == subject && !head.is_expired(now))
            .map(|(head, packed)| (head.created_at, packed))
            .collect();
        found.sort_by_key(|(created_at, _)| Reverse(*created_at));
        let newest = found.into_iter().take(limit);
        newest.filter_map(|(_, packed)| Some((packed.key(), packed.record()?))).collect()
    }

    /// Removes the selected records of a subject, and gives their keys. Expired ones are left to be swept: they were
    /// not ended by this.
    pub(super) fn remove_of_subject(
        &mut self,
        subject: IndexKey,
        selection: Selection,
        now: Timestamp,
    ) -> Vec<RecordKey> {
        let spots = indexed(&self.subjects, subject).collect();
        self.remove_all(spots, now, |head| {
            head.subject == subject && selection.includes(head.key, head.created_at)
        })
    }

    /// Removes the selected records of a provider session, and gives their keys; expired ones as above.
    pub(super) fn remove_of_sid(
        &mut self,
        sid: IndexKey,
        selection: Selection,
        now: Timestamp,
    ) -> Vec<RecordKey> {
        let spots = indexed(&self.sids, sid).collect();
        self.remove_all(spots, now, |head| {
            head.sid == Some(sid) && selection.includes(head.key, head.created_at)
        })
    }

    #[cfg(test)]
    pub(super) fn holds_nothing(&self) -> bool {
        let indexes = self.subjects.len() + self.sids.len() + self.ends.len();
        self.all.shards.iter().all(HashTable::is_empty) && self.all.held + indexes == 0
    }

    /// What stands in front of the record, unless it has expired.
    fn live(&self, key: RecordKey, now: Timestamp) -> Option<Head> {
        self.all.find(key)?.head().filter(|head| !head.is_expired(now))
    }

    /// Removes those of these records that have not expired and are selected, and gives their keys.
    fn remove_all(
        &mut self,
        mut spots: Vec<Spot>,
        now: Timestamp,
        selected: impl Fn(&Head) -> bool,
    ) -> Vec<RecordKey> {
        spots.retain(|spot| {
            let head = self.all.at(*spot).and_then(Packed::head);
            head.is_some_and(|head| !head.is_expired(now) && selected(&head))
        });
        spots.into_iter().filter_map(|spot| self.take_at(spot)).map(|head| head.key).collect()
    }
}

/// Where a record is. A record keeps its spot while it is there, and no two have the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Spot {
    /// That of its key.
    hash: u32,
    /// Tells records apart whose keys have the same hash.
    serial: u32,
}

/// The records by their keys.
///
/// It is many tables, so that growing moves a few thousand records and not all of them: whoever signs in at that moment
/// would wait for a million to be moved, and so would everybody behind the lock.
struct Table {
    shards: Box<[HashTable<Packed>]>,
    held: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| HashTable::new()).collect(), held: 0 }
    }
}

impl Table {
    /// The record with this key.
    fn find(&self, key: RecordKey) -> Option<&Packed> {
        let hash = hash(key);
        self.shards.get(shard(hash))?.find(spread(hash), |packed| packed.is(key))
    }

    /// The record at this spot.
    fn at(&self, spot: Spot) -> Option<&Packed> {
        self.shards.get(shard(spot.hash))?.find(spread(spot.hash), |packed| is_at(packed, spot))
    }

    /// Puts a record there, whose key no other has; where it is from now on.
    fn insert(&mut self, key: RecordKey, record: &StoredRecord) -> Spot {
        let hash = hash(key);
        let mut spot = Spot { hash, serial: 0 };
        while self.at(spot).is_some() {
            spot.serial += 1;
        }
        if let Some(shard) = self.shards.get_mut(shard(hash)) {
            let packed = Packed::new(key, record, spot.serial);
            shard.insert_unique(spread(hash), packed, |other| spread(self::hash(other.key())));
            self.held += 1;
        }
        spot
    }

    /// Removes the record at this spot.
    fn take(&mut self, spot: Spot) -> Option<Packed> {
        let shard = self.shards.get_mut(shard(spot.hash))?;
        let found = shard.find_entry(spread(spot.hash), |packed| is_at(packed, spot)).ok()?;
        self.held -= 1;
        Some(found.remove().0)
    }
}

/// So many that to move what one of them holds, when a million are held, takes less than a thousandth of a second.
const SHARDS: usize = 256;

/// Keys are digests of what this server drew by lot: any of their bytes will do, and nobody can choose them.
fn hash(RecordKey(key): RecordKey) -> u32 {
    let beginning = beginning(key);
    u32::try_from((beginning ^ (beginning >> 32)) & u64::from(u32::MAX)).unwrap_or_default()
}

/// Which shard: the hash's first byte.
fn shard(hash: u32) -> usize {
    usize::from(hash.to_be_bytes()[0])
}

/// A hash as the tables want it, with something in every bit.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn is_at(packed: &Packed, spot: Spot) -> bool {
    hash(packed.key()) == spot.hash && packed.head().is_some_and(|head| head.serial == spot.serial)
}

/// What an index has of a subject or sid. Who has the same beginning is told apart by the record.
fn first(IndexKey(name): IndexKey) -> u64 {
    beginning(name)
}

fn beginning(digest: [u8; 32]) -> u64 {
    digest.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// The spots of all records under one name of an index, and of those whose name begins alike.
fn indexed(index: &BTreeSet<(u64, Spot)>, name: IndexKey) -> impl Iterator<Item = Spot> {
    let end = |at| (first(name), Spot { hash: at, serial: at });
    index.range(end(u32::MIN)..=end(u32::MAX)).map(|(_, spot)| *spot)
}
