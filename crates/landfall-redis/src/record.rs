//! How a record is written as one Redis value: small, and loaded by a plain GET. What a script has to know stands
//! in front, at offsets that never move.
//!
//! ```text
//! 0   format          1
//! 1   version         8, as all numbers with the highest byte first
//! 9   created at      8, milliseconds
//! 17  expires at      8
//! 25  idle expires at 8
//! 33  writing         8, unlike that of every other writing
//! 41  subject         32
//! 73  has a sid       1
//! 74  sid             32, or nothing
//!     length of admin 4
//!     admin, then sealed
//! ```

use bytes::Bytes;
use landfall::Timestamp;
use landfall::store::{IndexKey, StoredRecord};

const FORMAT: u8 = 1;

/// `None` when its administrative part is too long for its length to be written.
pub(crate) fn pack(record: &StoredRecord, writing: [u8; 8]) -> Option<Vec<u8>> {
    let admin = u32::try_from(record.admin.len()).ok()?;
    let mut raw = Vec::with_capacity(110 + record.admin.len() + record.sealed.len());
    raw.push(FORMAT);
    raw.extend_from_slice(&record.version.to_be_bytes());
    for moment in [record.created_at, record.expires_at, record.idle_expires_at] {
        raw.extend_from_slice(&moment.millis().to_be_bytes());
    }
    raw.extend_from_slice(&writing);
    raw.extend_from_slice(&record.subject.0);
    raw.push(u8::from(record.sid.is_some()));
    if let Some(sid) = record.sid {
        raw.extend_from_slice(&sid.0);
    }
    raw.extend_from_slice(&admin.to_be_bytes());
    raw.extend_from_slice(&record.admin);
    raw.extend_from_slice(&record.sealed);
    Some(raw)
}

/// `None` when it is not a record, or one of a format to come.
pub(crate) fn unpack(raw: Vec<u8>) -> Option<StoredRecord> {
    let mut raw = Bytes::from(raw);
    let [FORMAT] = take(&mut raw)? else { return None };
    let version = number(&mut raw)?;
    let created_at = Timestamp::from_millis(number(&mut raw)?);
    let expires_at = Timestamp::from_millis(number(&mut raw)?);
    let idle_expires_at = Timestamp::from_millis(number(&mut raw)?);
    let _writing: [u8; 8] = take(&mut raw)?;
    let subject = IndexKey(take(&mut raw)?);
    let sid = match take(&mut raw)? {
        [0] => None,
        [1] => Some(IndexKey(take(&mut raw)?)),
        [_] => return None,
    };
    let length = usize::try_from(u32::from_be_bytes(take(&mut raw)?)).ok()?;
    if length > raw.len() {
        return None;
    }
    let admin = raw.split_to(length);
    let mut record = StoredRecord::new(created_at, expires_at, idle_expires_at, subject, sid, raw, admin);
    record.version = version;
    Some(record)
}

fn take<const N: usize>(raw: &mut Bytes) -> Option<[u8; N]> {
    let taken = *raw.first_chunk::<N>()?;
    let _ = raw.split_to(N);
    Some(taken)
}

fn number(raw: &mut Bytes) -> Option<u64> {
    take(raw).map(u64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(sid: Option<IndexKey>) -> StoredRecord {
        let mut record = StoredRecord::new(
            Timestamp::from_millis(1),
            Timestamp::from_millis(u64::MAX),
            Timestamp::from_millis(3),
            IndexKey([7; 32]),
            sid,
            Bytes::from_static(b"sealed"),
            Bytes::from_static(b"admin"),
        );
        record.version = 258;
        record
    }

    #[test]
    fn what_is_packed_is_unpacked() {
        for sid in [None, Some(IndexKey([9; 32]))] {
            let record = record(sid);
            assert_eq!(unpack(pack(&record, [1; 8]).unwrap()), Some(record));
        }
    }

    #[test]
    fn a_value_cut_anywhere_before_its_sealed_part_is_no_record() {
        let raw = pack(&record(Some(IndexKey([9; 32]))), [1; 8]).unwrap();
        for length in 0..raw.len() - b"sealed".len() {
            assert_eq!(unpack(raw[..length].to_vec()), None);
        }
    }

    #[test]
    fn a_format_to_come_is_no_record() {
        let mut raw = pack(&record(None), [1; 8]).unwrap();
        raw[0] = 2;
        assert_eq!(unpack(raw), None);
    }
}
