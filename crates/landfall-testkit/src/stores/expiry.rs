//! Promises about records that expire, by the clock the store was given.

use std::time::{Duration, Instant};

use landfall::store::{Selection, Updated};
use landfall::{Clock, Timestamp};

use super::promise::{Kept, promised};
use super::trial::{ABSOLUTE, IDLE, MILLISECOND, Trial, key, name, next, sid, subject};
use super::{BrokenPromise, Engine};

/// At its absolute end a record is gone, though it was used; a millisecond before it is there.
///
/// # Errors
/// When the promise is broken.
pub async fn a_record_ends_at_its_absolute_end(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    let mut record = trial.record(subject(1), None, 1);
    record.idle_expires_at = record.expires_at;
    trial.one.create(key(1), record.clone()).await?;
    ends(&trial, &record, record.expires_at).await
}

/// A record that was not used in time is gone; a millisecond before it is there.
///
/// # Errors
/// When the promise is broken.
pub async fn a_record_ends_when_it_is_idle(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    let record = trial.create(key(1), subject(1)).await?;
    ends(&trial, &record, record.idle_expires_at).await
}

async fn ends(trial: &Trial, record: &landfall::store::StoredRecord, end: Timestamp) -> Kept {
    trial.clock.set(Timestamp::from_millis(end.millis() - 1));
    trial.holds(key(1), Some(record), "a record is there until its end").await?;
    trial.lists(subject(1), &[key(1)], "a record is listed until its end").await?;
    trial.clock.advance(MILLISECOND);
    trial.holds(key(1), None, "a record is gone at its end").await?;
    trial.lists(subject(1), &[], "a record is not listed at its end").await
}

/// An update gives a record more time, or less, or none.
///
/// # Errors
/// When the promise is broken.
pub async fn an_update_moves_the_ends(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    let mut record = trial.create(key(1), subject(1)).await?;
    let used = Duration::from_secs(300);
    for version in 1..10 {
        trial.clock.advance(used);
        record = next(&record, version);
        record.idle_expires_at = trial.clock.now().plus(IDLE);
        let updated = trial.two.update(key(1), version, record.clone()).await?;
        promised(updated == Updated::Done, "a record that is used lives on")?;
    }
    record.version += 1;
    record.idle_expires_at = trial.clock.now().plus(MILLISECOND);
    trial.one.update(key(1), record.version - 1, record.clone()).await?;
    trial.holds(key(1), Some(&record), "an update may shorten a life").await?;
    trial.clock.advance(MILLISECOND);
    trial.holds(key(1), None, "a shortened life ends sooner").await?;

    let record = trial.create(key(2), subject(2)).await?;
    let mut longer = next(&record, 1);
    longer.expires_at = longer.expires_at.plus(ABSOLUTE);
    longer.idle_expires_at = longer.expires_at;
    trial.one.update(key(2), 1, longer.clone()).await?;
    trial.clock.advance(ABSOLUTE);
    trial.holds(key(2), Some(&longer), "an update may lengthen a life").await
}

/// An update brings no expired record back.
///
/// # Errors
/// When the promise is broken.
pub async fn an_expired_record_is_not_brought_back(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    let record = trial.record(subject(1), Some(sid(1)), 1);
    trial.one.create(key(1), record.clone()).await?;
    trial.clock.set(record.idle_expires_at);
    let mut back = next(&record, 2);
    back.idle_expires_at = trial.clock.now().plus(IDLE);
    for store in [&trial.one, &trial.two] {
        let updated = store.update(key(1), 1, back.clone()).await?;
        promised(updated == Updated::Gone, "an expired record is gone for an update")?;
    }
    trial.holds(key(1), None, "an expired record is not brought back by an update").await?;
    trial.lists(subject(1), &[], "an expired record is not listed again").await
}

/// An expired record is not in the way of a new one, nor does its end reach the new one.
///
/// # Errors
/// When the promise is broken.
pub async fn an_expired_key_is_free_again(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    let first = trial.record(subject(1), Some(sid(1)), 1);
    trial.one.create(key(1), first.clone()).await?;
    trial.clock.set(first.idle_expires_at);
    let second = trial.record(subject(2), Some(sid(2)), 2);
    trial.two.create(key(1), second.clone()).await?;
    trial.holds(key(1), Some(&second), "a new record takes an expired one's place").await?;
    trial.lists(subject(1), &[], "the expired one is not listed").await?;
    let gone = trial.one.remove_by_sid(sid(1), Selection::all()).await?;
    promised(gone.is_empty(), "the new one is not found by the expired one's sid")?;
    trial.clock.set(Timestamp::from_millis(second.idle_expires_at.millis() - 1));
    trial.holds(key(1), Some(&second), "the new one lives as long as it says").await
}

/// What expires takes nothing with it.
///
/// # Errors
/// When the promise is broken.
pub async fn what_lives_outlives_what_has_expired(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    for number in 1..=20 {
        let mut record = trial.record(subject(1), Some(sid(1)), number);
        record.idle_expires_at = trial.clock.now().plus(MILLISECOND * u32::try_from(number).unwrap_or(0));
        trial.one.create(key(number), record).await?;
    }
    for expired in 1..=20 {
        trial.clock.advance(MILLISECOND);
        let left: Vec<_> = (expired + 1..=20).map(key).collect();
        trial.lists(subject(1), &left, "what lives stays listed beside what has expired").await?;
        // Gives a store that sweeps at every change something to sweep at.
        trial.two.create(key(100 + expired), trial.record(subject(2), None, 0)).await?;
    }
    Ok(())
}

/// The engine does not fill up with what has expired. Asked of an engine that [counts](Engine::count).
///
/// # Errors
/// When the promise is broken.
pub async fn expired_records_disappear_by_themselves(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    for number in 0..200 {
        trial.one.create(key(number), trial.record(subject(number % 7), Some(sid(number)), number)).await?;
    }
    let Some(count) = engine.count().await else { return Ok(()) };
    promised(count == 200, "an engine counts what was created")?;
    trial.clock.advance(IDLE);
    let began = Instant::now();
    for number in 1_000.. {
        trial.one.create(key(number), trial.record(subject(1), None, number)).await?;
        trial.two.lease(name("lease", number), 1, IDLE).await?;
        trial.two.load(key(number)).await?;
        trial.one.remove(key(number)).await?;
        if engine.count().await == Some(0) {
            break;
        }
        if began.elapsed() > Duration::from_secs(5) {
            return Err(BrokenPromise::new("broken: expired records disappear by themselves"));
        }
    }
    Ok(())
}
