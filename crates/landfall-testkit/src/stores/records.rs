//! Promises about one record: created, loaded, updated, removed.

use bytes::Bytes;
use landfall::Timestamp;
use landfall::store::{RecordKey, StoreError, Updated};

use super::Engine;
use super::promise::{Kept, promised};
use super::trial::{Trial, key, next, sid, subject};

/// A key that is taken is refused, and what is there stays as it is.
///
/// # Errors
/// When the promise is broken.
pub async fn create_refuses_an_existing_key(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    let first = trial.create(key(1), subject(1)).await?;
    let second = trial.record(subject(2), Some(sid(2)), 2);
    for store in [&trial.one, &trial.two] {
        let again = store.create(key(1), second.clone()).await;
        promised(again.is_err(), "creating an existing key is an error")?;
    }
    trial.holds(key(1), Some(&first), "a refused creation leaves the record as it was").await?;
    trial.lists(subject(1), &[key(1)], "a refused creation leaves the index as it was").await?;
    trial.lists(subject(2), &[], "a refused creation is not listed").await
}

/// Empty, large and odd contents, high versions and milliseconds come back as they were.
///
/// # Errors
/// When the promise is broken.
pub async fn a_record_comes_back_as_it_was(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    trial.holds(key(0), None, "where nothing was created there is nothing").await?;
    let all_bytes: Vec<u8> = (0..=255).collect();
    let contents = [
        Vec::new(),
        vec![0],
        b"\r\n'\"\\ {}*%_:\0".to_vec(),
        all_bytes.repeat(256),
        all_bytes,
        vec![0xff; 100],
    ];
    for (number, content) in (1..).zip(contents) {
        let mut record = trial.record(subject(number), (number % 2 == 0).then(|| sid(number)), number);
        record.created_at = Timestamp::from_millis(record.created_at.millis() - 86_400_001 - number);
        record.expires_at = Timestamp::from_millis(253_402_300_799_990 + number);
        record.idle_expires_at = Timestamp::from_millis(253_402_300_799_000 + number);
        record.sealed = Bytes::from(content.clone());
        record.admin = Bytes::from(content.iter().rev().copied().collect::<Vec<_>>());
        trial.one.create(key(number), record.clone()).await?;
        trial.holds(key(number), Some(&record), "a record is loaded as it was created").await?;

        record.version = (1 << 40) + number;
        record.sealed = Bytes::from(content.repeat(2));
        record.admin = Bytes::new();
        let updated = trial.two.update(key(number), 1, record.clone()).await?;
        promised(updated == Updated::Done, "a version may be skipped")?;
        trial.holds(key(number), Some(&record), "a record is loaded as it was updated").await?;
        let listed = trial.one.list_by_subject(subject(number), 10).await?;
        promised(listed == [(key(number), record.clone())], "a record is listed as it was updated")?;

        let current = record.version;
        record.version += 1;
        let near = trial.two.update(key(number), current - 1, record.clone()).await?;
        promised(near == Updated::Conflict, "high versions that differ by one are not the same")?;
        let updated = trial.two.update(key(number), current, record.clone()).await?;
        promised(updated == Updated::Done, "high versions that are the same are the same")?;
    }
    Ok(())
}

/// Only a record at the expected version is changed.
///
/// # Errors
/// When the promise is broken.
pub async fn update_changes_the_expected_version_alone(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    let first = trial.create(key(1), subject(1)).await?;
    let second = next(&first, 2);
    let updated = trial.two.update(key(1), 1, second.clone()).await?;
    promised(updated == Updated::Done, "an update at the expected version is done")?;
    trial.holds(key(1), Some(&second), "an update replaces the record").await?;
    for expected in [0, 1, 3] {
        let mut late = second.clone();
        late.version = 10;
        let updated = trial.one.update(key(1), expected, late).await?;
        promised(updated == Updated::Conflict, "an update at another version is a conflict")?;
    }
    trial.holds(key(1), Some(&second), "a conflict leaves the record as it was").await
}

/// A version that is not higher is refused.
///
/// # Errors
/// When the promise is broken.
pub async fn update_wants_a_higher_version(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    let mut record = trial.record(subject(1), None, 1);
    record.version = 5;
    trial.one.create(key(1), record.clone()).await?;
    for version in [5, 4] {
        let mut same = record.clone();
        same.version = version;
        same.sealed = Bytes::from_static(b"not newer");
        is_refused(&trial.one.update(key(1), 5, same).await)?;
    }
    trial.holds(key(1), Some(&record), "a refused update leaves the record as it was").await
}

fn is_refused(updated: &Result<Updated, StoreError>) -> Kept {
    promised(
        matches!(updated, Ok(Updated::Conflict) | Err(_)),
        "what does not raise the version is a conflict or an error",
    )
}

/// An update never brings a record back, nor makes one.
///
/// # Errors
/// When the promise is broken.
pub async fn update_leaves_what_is_gone_gone(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    let first = trial.record(subject(1), Some(sid(1)), 1);
    let stays_gone = async |key: RecordKey| {
        for (store, expected) in [(&trial.one, 1), (&trial.two, 0), (&trial.one, 2)] {
            let mut back = first.clone();
            back.version = expected + 1;
            let updated = store.update(key, expected, back).await?;
            promised(updated == Updated::Gone, "an update of what is not there says so")?;
        }
        trial.holds(key, None, "an update makes no record").await?;
        trial.lists(subject(1), &[], "an update that found nothing is not listed").await
    };
    stays_gone(key(1)).await?;
    trial.one.create(key(1), first.clone()).await?;
    promised(trial.two.remove(key(1)).await?, "what was created can be removed")?;
    stays_gone(key(1)).await
}

/// True once, false before and after.
///
/// # Errors
/// When the promise is broken.
pub async fn remove_tells_whether_there_was_one(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    promised(!trial.one.remove(key(1)).await?, "there was nothing to remove")?;
    trial.create(key(1), subject(1)).await?;
    let other = trial.create(key(2), subject(1)).await?;
    promised(trial.two.remove(key(1)).await?, "there was one to remove")?;
    promised(!trial.one.remove(key(1)).await?, "a removed record is not removed again")?;
    trial.holds(key(1), None, "a removed record is not loaded").await?;
    trial.holds(key(2), Some(&other), "another record stays").await?;
    trial.create(key(1), subject(3)).await?;
    trial.lists(subject(3), &[key(1)], "a removed key is free again").await
}
