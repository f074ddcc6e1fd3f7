//! [`Packed`]: a record with its key as one piece of memory.
//!
//! Where there are a million, a look-up is as long as it waits for memory, so a record is one piece, and where its parts
//! begin is known before any of it is read: the processor fetches all of it at once. In parts it would be waited for part
//! by part, and each would have a length, a capacity and a count of its owners beside it.
//!
//! ```text
//! key             32
//! subject         32
//! created at       8, milliseconds
//! expires at       8
//! idle expires at  8
//! version          8
//! serial           4
//! length of admin  8
//! has a sid        1
//! sid             32, whether there is one or not
//! admin, then sealed
//! ```

use bytes::Bytes;

use crate::clock::Timestamp;
use crate::session::store::{IndexKey, RecordKey, StoredRecord};

/// A record and its key, in one piece. Nobody else sees the form: it lives as long as the process.
pub(super) struct Packed(Box<[u8]>);

/// What stands in front of every record, read.
pub(super) struct Head {
    pub(super) key: RecordKey,
    pub(super) subject: IndexKey,
    pub(super) sid: Option<IndexKey>,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) idle_expires_at: Timestamp,
    pub(super) version: u64,
    /// Tells records apart whose keys have the same hash.
    pub(super) serial: u32,
}

impl Packed {
    /// Packs a record; `serial` is kept beside it.
    pub(super) fn new(key: RecordKey, record: &StoredRecord, serial: u32) -> Self {
        let mut raw = Vec::with_capacity(HEAD + record.admin.len() + record.sealed.len());
        raw.extend_from_slice(&key.0);
        raw.extend_from_slice(&record.subject.0);
        for moment in [record.created_at, record.expires_at, record.idle_expires_at] {
            raw.extend_from_slice(&moment.millis().to_ne_bytes());
        }
        raw.extend_from_slice(&record.version.to_ne_bytes());
        raw.extend_from_slice(&serial.to_ne_bytes());
        raw.extend_from_slice(&record.admin.len().to_ne_bytes());
        raw.push(u8::from(record.sid.is_some()));
        raw.extend_from_slice(&record.sid.map(|sid| sid.0).unwrap_or_default());
        raw.extend_from_slice(&record.admin);
        raw.extend_from_slice(&record.sealed);
        Self(raw.into_boxed_slice())
    }

    /// Whether it has this key.
    pub(super) fn is(&self, key: RecordKey) -> bool {
        self.0.first_chunk() == Some(&key.0)
    }

    /// Its key.
    pub(super) fn key(&self) -> RecordKey {
        RecordKey(self.0.first_chunk().copied().unwrap_or_default())
    }

    /// What stands in front. `Some`, since it was packed here.
    pub(super) fn head(&self) -> Option<Head> {
        read(self.0.first_chunk()?).map(|(head, _)| head)
    }

    /// The record, copied out of it.
    pub(super) fn record(&self) -> Option<StoredRecord> {
        let (head, parts) = self.0.split_first_chunk()?;
        // Before anything in the head is looked at.
        let mut sealed = Bytes::copy_from_slice(parts);
        let (head, length) = read(head)?;
        let admin = if length <= sealed.len() { sealed.split_to(length) } else { return None };
        Some(head.with(sealed, admin))
    }
}

/// The head, and how long the administrative part is.
fn read(head: &[u8; HEAD]) -> Option<(Head, usize)> {
    let mut rest = &head[..];
    let key = RecordKey(take(&mut rest)?);
    let subject = IndexKey(take(&mut rest)?);
    let mut number = || Some(u64::from_ne_bytes(take(&mut rest)?));
    let [created_at, expires_at, idle_expires_at] =
        [number()?, number()?, number()?].map(Timestamp::from_millis);
    let version = number()?;
    let serial = u32::from_ne_bytes(take(&mut rest)?);
    let length = usize::from_ne_bytes(take(&mut rest)?);
    let [has_sid] = take(&mut rest)?;
    let sid = Some(IndexKey(take(&mut rest)?)).filter(|_| has_sid != 0);
    Some((Head { key, subject, sid, created_at, expires_at, idle_expires_at, version, serial }, length))
}

impl Head {
    /// Whether it must not be served any more.
    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.ends_at()
    }

    /// The earlier of its two ends.
    pub(super) fn ends_at(&self) -> Timestamp {
        self.expires_at.min(self.idle_expires_at)
    }

    /// The record with this head.
    fn with(self, sealed: Bytes, admin: Bytes) -> StoredRecord {
        let Self { subject, sid, created_at, expires_at, idle_expires_at, version, .. } = self;
        let mut record =
            StoredRecord::new(created_at, expires_at, idle_expires_at, subject, sid, sealed, admin);
        record.version = version;
        record
    }
}

/// How long the head is.
const HEAD: usize = 32 + 32 + 4 * 8 + 4 + size_of::<usize>() + 1 + 32;

/// The next bytes, read.
fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_read_and_takes_no_more_than_its_parts() {
        for sid in [None, Some(IndexKey([9; 32]))] {
            let [created, expires, idle] = [1, u64::MAX, 3].map(Timestamp::from_millis);
            let (sealed, admin) = (Bytes::from_static(b"sealed"), Bytes::from_static(b"admin"));
            let mut record = StoredRecord::new(created, expires, idle, IndexKey([7; 32]), sid, sealed, admin);
            record.version = 258;
            let packed = Packed::new(RecordKey([1; 32]), &record, 5);
            assert_eq!(packed.record(), Some(record));
            assert_eq!(packed.0.len(), HEAD + b"sealedadmin".len());
            assert!(packed.is(RecordKey([1; 32])) && !packed.is(RecordKey([2; 32])));
            let head = packed.head().unwrap();
            assert_eq!((packed.key(), head.key, head.serial), (RecordKey([1; 32]), RecordKey([1; 32]), 5));
            assert!(head.is_expired(idle) && !head.is_expired(created));
        }
    }
}
