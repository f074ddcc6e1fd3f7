//! Promises about the two indexes: what is listed by them, and what is removed.

use std::time::Duration;

use bytes::Bytes;
use landfall::Clock;
use landfall::store::{IndexKey, RecordKey, Selection, Updated};

use super::Engine;
use super::promise::{Kept, promised};
use super::trial::{IDLE, MILLISECOND, Trial, key, listed, name, next, sid, sorted, subject};

/// The newest are listed, in order, as many as asked for, and nobody else's.
///
/// # Errors
/// When the promise is broken.
pub async fn a_list_has_the_newest_first_and_no_more_than_asked(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    promised(trial.one.list_by_subject(subject(1), 10).await?.is_empty(), "nobody has no sessions")?;
    // Neither in the order of their keys nor of their ends.
    for (age, number) in [(3, 5), (1, 2), (5, 1), (2, 4), (4, 3)] {
        let mut record = trial.record(subject(1), None, number);
        record.created_at = landfall::Timestamp::from_millis(record.created_at.millis() - age);
        record.idle_expires_at = record.idle_expires_at.plus(Duration::from_secs(number));
        trial.one.create(key(number), record).await?;
    }
    trial.create(key(6), subject(2)).await?;
    let order: Vec<_> = [2, 4, 5, 3, 1].into_iter().map(key).collect();
    for store in [&trial.one, &trial.two] {
        for limit in [0, 1, 3, 5, 6, usize::MAX] {
            let listed = store.list_by_subject(subject(1), limit).await?;
            let keys: Vec<_> = listed.iter().map(|(key, _)| *key).collect();
            let wanted: Vec<_> = order.iter().take(limit).copied().collect();
            promised(keys == wanted, "a list has the newest first, and no more than asked for")?;
            for (key, record) in listed {
                promised(
                    store.load(key).await?.as_ref() == Some(&record),
                    "what is listed is what is loaded",
                )?;
            }
        }
    }
    Ok(())
}

/// What has expired takes no place in a list.
///
/// # Errors
/// When the promise is broken.
pub async fn a_list_leaves_out_expired_records(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    let mut long = trial.record(subject(1), None, 1);
    long.idle_expires_at = long.expires_at;
    trial.one.create(key(1), long).await?;
    trial.clock.advance(MILLISECOND);
    trial.create(key(2), subject(1)).await?;
    trial.create(key(3), subject(1)).await?;
    trial.lists(subject(1), &[key(1), key(2), key(3)], "what lives is listed").await?;
    trial.clock.advance(IDLE);
    trial.lists(subject(1), &[key(1)], "what has expired is not listed").await?;
    let first = trial.two.list_by_subject(subject(1), 1).await?;
    promised(first.len() == 1, "what has expired takes no place in a list")
}

/// A record that is updated to another subject or provider session is found there alone.
///
/// # Errors
/// When the promise is broken.
pub async fn an_update_moves_the_indexes(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    let first = trial.record(subject(1), Some(sid(1)), 1);
    trial.one.create(key(1), first.clone()).await?;
    let mut second = next(&first, 2);
    (second.subject, second.sid) = (subject(2), Some(sid(2)));
    second.created_at = second.created_at.plus(MILLISECOND);
    let updated = trial.two.update(key(1), 1, second.clone()).await?;
    promised(updated == Updated::Done, "an update may change the indexes")?;
    trial.lists(subject(1), &[], "an updated record is not listed where it was").await?;
    trial.lists(subject(2), &[key(1)], "an updated record is listed where it is").await?;
    for gone in [
        trial.one.remove_by_sid(sid(1), Selection::all()).await?,
        trial.one.remove_by_subject(subject(1), Selection::all()).await?,
    ] {
        promised(gone.is_empty(), "an updated record is not removed where it was")?;
    }
    let earlier = Selection::all().created_before(second.created_at);
    let gone = trial.one.remove_by_subject(subject(2), earlier).await?;
    promised(gone.is_empty(), "an updated record was created when it says")?;

    let mut third = next(&second, 3);
    third.sid = None;
    trial.one.update(key(1), 2, third.clone()).await?;
    let gone = trial.two.remove_by_sid(sid(2), Selection::all()).await?;
    promised(gone.is_empty(), "a record that lost its sid is not removed by it")?;
    let mut fourth = next(&third, 4);
    fourth.sid = Some(sid(3));
    trial.one.update(key(1), 3, fourth.clone()).await?;
    trial.holds(key(1), Some(&fourth), "an update changes the record").await?;
    let gone = trial.two.remove_by_sid(sid(3), Selection::all()).await?;
    promised(gone == [key(1)], "a record that got a sid is removed by it")?;
    trial.holds(key(1), None, "what was removed by its sid is gone").await?;
    trial.lists(subject(2), &[], "what was removed by its sid is not listed").await
}

/// A session that is made anew under another key, as at a new sign-in, is found under that key alone.
///
/// # Errors
/// When the promise is broken.
pub async fn a_session_made_anew_is_found_under_its_new_key_alone(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    let first = trial.record(subject(1), Some(sid(1)), 1);
    trial.one.create(key(1), first.clone()).await?;
    trial.one.create(key(2), first.clone()).await?;
    promised(trial.two.remove(key(1)).await?, "the session before is removed")?;
    trial.lists(subject(1), &[key(2)], "a session made anew is listed under its new key").await?;
    let mut other = first;
    (other.subject, other.sid) = (subject(2), Some(sid(2)));
    trial.two.create(key(3), other).await?;
    promised(trial.one.remove(key(2)).await?, "the session before is removed by another instance")?;
    trial.lists(subject(1), &[], "a session made anew is not listed where it was").await?;
    trial.lists(subject(2), &[key(3)], "a session made anew is listed where it is").await?;
    let gone = trial.one.remove_by_sid(sid(1), Selection::all()).await?;
    promised(gone.is_empty(), "a session made anew is not removed by its old sid")?;
    let gone = trial.one.remove_by_sid(sid(2), Selection::all()).await?;
    promised(gone == [key(3)], "a session made anew is removed by its new sid, under its new key")
}

/// One session's end takes no other session out of its subject's list, however it ends.
///
/// # Errors
/// When the promise is broken.
pub async fn ending_one_session_leaves_the_others_listed(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    for number in 1..=6 {
        let record = trial.record(subject(1), Some(sid(number % 3)), number);
        trial.one.create(key(number), record).await?;
    }
    let left = |numbers: &[u64]| numbers.iter().map(|number| key(*number)).collect::<Vec<_>>();
    let promise = "ending one session leaves the others listed";
    trial.two.remove(key(1)).await?;
    trial.lists(subject(1), &left(&[2, 3, 4, 5, 6]), promise).await?;
    trial.one.remove_by_sid(sid(2), Selection::all()).await?;
    trial.lists(subject(1), &left(&[3, 4, 6]), promise).await?;
    trial.one.create(key(7), trial.record(subject(1), None, 7)).await?;
    trial.one.remove(key(3)).await?;
    trial.lists(subject(1), &left(&[4, 6, 7]), promise).await?;
    // The two instances in turn: an index of one's own would show here.
    trial.two.remove(key(7)).await?;
    trial.lists(subject(1), &left(&[4, 6]), promise).await?;
    let gone = trial.two.remove_by_subject(subject(1), Selection::all()).await?;
    promised(sorted(gone) == left(&[4, 6]), "the others can be ended by their subject")
}

/// A selection takes what was created before a moment, all but one, or both; it takes it whole, says what it
/// took, and leaves everybody else's.
///
/// # Errors
/// When the promise is broken.
pub async fn removing_by_subject_takes_the_selected_alone(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    let began = trial.clock.now();
    for number in 0..6 {
        let mut record = trial.record(subject(1), Some(sid(1)), number);
        record.created_at = began.plus(Duration::from_millis(number));
        trial.one.create(key(number), record).await?;
    }
    let other = trial.create(key(10), subject(2)).await?;

    let nobody = trial.one.remove_by_subject(subject(3), Selection::all()).await?;
    promised(nobody.is_empty(), "nobody's sessions are none")?;
    let none = trial.two.remove_by_subject(subject(1), Selection::all().created_before(began)).await?;
    promised(none.is_empty(), "what was created at the moment was not created before it")?;

    let before = Selection::all().created_before(began.plus(Duration::from_millis(2)));
    let gone = trial.two.remove_by_subject(subject(1), before).await?;
    promised(sorted(gone) == [key(0), key(1)], "exactly those created before are removed, and told")?;
    let left: Vec<_> = (2..6).map(key).collect();
    trial.lists(subject(1), &left, "what was created at the moment or after stays").await?;
    trial.holds(key(0), None, "what was selected is gone").await?;

    let both = Selection::all().created_before(began.plus(Duration::from_millis(4))).except(key(3));
    let gone = trial.one.remove_by_subject(subject(1), both).await?;
    promised(gone == [key(2)], "created before, and not the excepted one")?;
    let gone = trial.one.remove_by_subject(subject(1), Selection::all().except(key(4))).await?;
    promised(sorted(gone) == [key(3), key(5)], "all but one")?;
    trial.lists(subject(1), &[key(4)], "the excepted one stays").await?;
    let gone = trial.two.remove_by_subject(subject(1), Selection::all().except(key(99))).await?;
    promised(gone == [key(4)], "an exception that does not exist excepts nothing")?;
    trial.lists(subject(1), &[], "all are gone").await?;

    promised(
        trial.one.remove_by_sid(sid(1), Selection::all()).await?.is_empty(),
        "they are gone by sid, too",
    )?;
    trial.holds(key(10), Some(&other), "another subject's session stays").await?;
    trial.lists(subject(2), &[key(10)], "another subject's session stays listed").await
}

/// Removing by a provider session takes exactly the sessions it names that were selected, and leaves all others.
///
/// # Errors
/// When the promise is broken.
pub async fn removing_by_sid_takes_that_provider_session_alone(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    let began = trial.clock.now();
    for number in 0..4 {
        let mut record = trial.record(subject(number % 2), Some(sid(1)), number);
        record.created_at = began.plus(Duration::from_millis(number));
        trial.one.create(key(number), record).await?;
    }
    trial.one.create(key(8), trial.record(subject(0), Some(sid(2)), 8)).await?;
    trial.one.create(key(9), trial.record(subject(0), None, 9)).await?;

    let none = trial.one.remove_by_sid(sid(3), Selection::all()).await?;
    promised(none.is_empty(), "an unknown provider session has none")?;
    let before = Selection::all().created_before(began.plus(Duration::from_millis(1)));
    promised(trial.two.remove_by_sid(sid(1), before).await? == [key(0)], "those created before alone")?;
    let gone = trial.one.remove_by_sid(sid(1), Selection::all().except(key(2))).await?;
    promised(sorted(gone) == [key(1), key(3)], "all but one, whoever's they are")?;
    let gone = trial.one.remove_by_sid(sid(1), Selection::all()).await?;
    promised(gone == [key(2)], "what was excepted can be removed later")?;
    trial.lists(subject(0), &[key(8), key(9)], "other provider sessions, and those without, stay").await?;
    trial.lists(subject(1), &[], "what was removed by sid is not listed").await
}

/// No byte in a key separates, matches others or ends it.
///
/// # Errors
/// When the promise is broken.
pub async fn no_byte_of_a_name_means_anything(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    let mut names: Vec<[u8; 32]> =
        b"\0*?[]{}:%_'\"\\/\n\r ,;$^.|-+0aA\x7f\x80\xff".iter().map(|byte| [*byte; 32]).collect();
    let mut counted = [0; 32];
    for start in (0..=255_u8).step_by(32) {
        for (byte, value) in counted.iter_mut().zip(start..=255) {
            *byte = value;
        }
        names.push(counted);
    }
    // Alike up to a zero, and alike but for their last byte.
    for last in [0, 1] {
        let mut alike = [b'x'; 32];
        (alike[15], alike[31]) = (0, last);
        names.push(alike);
    }
    for name in &names {
        let mut record = trial.record(IndexKey(*name), Some(IndexKey(*name)), 0);
        record.sealed = Bytes::copy_from_slice(name);
        trial.one.create(RecordKey(*name), record).await?;
    }
    for (number, name) in names.iter().enumerate() {
        let (key, index) = (RecordKey(*name), IndexKey(*name));
        let loaded = trial.two.load(key).await?;
        promised(
            loaded.is_some_and(|record| record.sealed[..] == name[..]),
            "every key is a key of its own",
        )?;
        trial.lists(index, &[key], "every subject is a subject of its own").await?;
        promised(trial.one.lease(*name, 1, IDLE).await?, "every lease is a lease of its own")?;
        promised(trial.one.remember_once(*name, IDLE).await?, "every name is a name of its own")?;
        let gone = match number % 3 {
            0 => trial.one.remove_by_subject(index, Selection::all()).await?,
            1 => trial.one.remove_by_sid(index, Selection::all().except(RecordKey([7; 32]))).await?,
            _ => trial.one.remove(key).await?.then_some(key).into_iter().collect(),
        };
        promised(gone == [key], "removing one removes that one")?;
        promised(listed(&trial.two, index).await?.is_empty(), "what is removed is not listed")?;
    }
    Ok(())
}

/// A record, a subject, a provider session, a lease and a remembered name of the same 32 bytes are five things.
///
/// # Errors
/// When the promise is broken.
pub async fn names_of_different_kinds_do_not_meet(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    let same = name("same", 1);
    let by_subject = trial.record(IndexKey(same), None, 1);
    let by_sid = trial.record(subject(2), Some(IndexKey(same)), 2);
    promised(trial.one.lease(same, 1, IDLE).await?, "a lease")?;
    promised(trial.one.remember_once(same, IDLE).await?, "a remembered name beside a lease")?;
    trial.one.create(RecordKey(same), by_subject.clone()).await?;
    trial.one.create(key(2), by_sid.clone()).await?;
    trial.lists(IndexKey(same), &[RecordKey(same)], "a subject is no provider session").await?;
    promised(!trial.two.lease(same, 2, IDLE).await?, "a lease beside a record")?;
    promised(!trial.two.remember_once(same, IDLE).await?, "a remembered name beside a record")?;
    trial.two.release(same, 1).await?;
    promised(!trial.one.remember_once(same, IDLE).await?, "releasing a lease forgets no name")?;
    trial.holds(RecordKey(same), Some(&by_subject), "releasing a lease removes no record").await?;
    let gone = trial.one.remove_by_sid(IndexKey(same), Selection::all()).await?;
    promised(gone == [key(2)], "a provider session is no subject")?;
    trial.holds(RecordKey(same), Some(&by_subject), "a record of a subject has no provider session").await
}
