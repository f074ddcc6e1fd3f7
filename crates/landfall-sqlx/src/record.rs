//! How a record is written as a row, and read from one.

use landfall::Timestamp;
use landfall::store::{IndexKey, RecordKey, StoreError, StoredRecord};

use crate::engine::{Row, Value};

/// The eleven values of a record, in the order of its columns.
pub(crate) fn values(
    doing: &str,
    key: RecordKey,
    record: &StoredRecord,
    writing: i64,
) -> Result<Vec<Value>, StoreError> {
    Ok(vec![
        bytes(&key.0),
        Value::Int(version(doing, record.version)?),
        moment(record.created_at),
        moment(record.expires_at),
        moment(record.idle_expires_at),
        moment(record.ends_at()),
        bytes(&record.subject.0),
        record.sid.map_or(Value::Null, |sid| bytes(&sid.0)),
        bytes(&record.sealed),
        bytes(&record.admin),
        Value::Int(writing),
    ])
}

/// A record from its nine columns.
pub(crate) fn read(doing: &str, row: Row) -> Result<(RecordKey, StoredRecord), StoreError> {
    let strange = || StoreError::new(format!("{doing}: not a record that this version can read"));
    let [key, version, created, expires, idle, subject, sid, sealed, admin] =
        <[Value; 9]>::try_from(row).map_err(|_| strange())?;
    let read = || {
        let sid = match sid {
            Value::Null => None,
            sid => Some(IndexKey(digest(&sid)?)),
        };
        let (Value::Bytes(sealed), Value::Bytes(admin)) = (sealed, admin) else { return None };
        let mut record = StoredRecord::new(
            timestamp(&created)?,
            timestamp(&expires)?,
            timestamp(&idle)?,
            IndexKey(digest(&subject)?),
            sid,
            sealed.into(),
            admin.into(),
        );
        let Value::Int(version) = version else { return None };
        record.version = u64::try_from(version).ok()?;
        Some((RecordKey(digest(&key)?), record))
    };
    read().ok_or_else(strange)
}

pub(crate) fn bytes(bytes: &[u8]) -> Value {
    Value::Bytes(bytes.to_vec())
}

pub(crate) fn digest(value: &Value) -> Option<[u8; 32]> {
    match value {
        Value::Bytes(bytes) => bytes.as_slice().try_into().ok(),
        _ => None,
    }
}

/// A column holds half the moments there are. Those past it are the last one, which is read as the last one.
pub(crate) fn moment(moment: Timestamp) -> Value {
    Value::Int(i64::try_from(moment.millis()).unwrap_or(i64::MAX))
}

fn timestamp(value: &Value) -> Option<Timestamp> {
    match *value {
        Value::Int(i64::MAX) => Some(Timestamp::from_millis(u64::MAX)),
        Value::Int(millis) => u64::try_from(millis).ok().map(Timestamp::from_millis),
        _ => None,
    }
}

pub(crate) fn version(doing: &str, version: u64) -> Result<i64, StoreError> {
    i64::try_from(version).map_err(|_| StoreError::new(format!("{doing}: the version is too high")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> StoredRecord {
        StoredRecord::new(
            Timestamp::from_millis(1),
            Timestamp::from_millis(u64::MAX),
            Timestamp::from_millis(3),
            IndexKey([7; 32]),
            None,
            "sealed".into(),
            "admin".into(),
        )
    }

    #[test]
    fn what_is_written_is_read() {
        for sid in [None, Some(IndexKey([9; 32]))] {
            let mut record = record();
            record.sid = sid;
            let mut row = values("create", RecordKey([1; 32]), &record, 5).unwrap();
            row.remove(5);
            row.pop();
            assert_eq!(read("load", row).unwrap(), (RecordKey([1; 32]), record));
        }
    }

    #[test]
    fn a_version_that_no_column_holds_is_refused() {
        let mut record = record();
        record.version = u64::MAX;
        assert!(values("create", RecordKey([1; 32]), &record, 5).is_err());
    }

    #[test]
    fn a_row_of_another_kind_is_no_record() {
        assert!(read("load", vec![Value::Null; 9]).is_err());
        assert!(read("load", Vec::new()).is_err());
    }
}
