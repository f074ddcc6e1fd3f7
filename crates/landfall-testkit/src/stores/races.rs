//! Promises about races: many create and update at once, on two instances.

use bytes::Bytes;
use landfall::store::{RecordKey, Selection, Updated};

use super::Engine;
use super::promise::{BrokenPromise, Kept, promised};
use super::trial::{CROWD, ROUNDS, Trial, key, listed, moved, next, sid, subject};

/// Who wins a race for one version is one; everybody else is told of the conflict.
///
/// # Errors
/// When the promise is broken.
pub async fn of_many_updates_of_a_version_one_succeeds(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    for round in 0..ROUNDS {
        let first = trial.create(key(round), subject(1)).await?;
        let updates = trial
            .race(CROWD, |member, store| {
                let record = next(&first, member);
                async move { Ok(store.update(key(round), 1, record).await?) }
            })
            .await?;
        let won = winner(&updates)?;
        promised(
            updates.iter().all(|(member, updated)| *member == won || *updated == Updated::Conflict),
            "everybody else is told of the conflict",
        )?;
        trial.holds(key(round), Some(&next(&first, won)), "the record is the winner's").await?;
    }
    Ok(())
}

/// Of many updates that move a record to another subject and provider session one does, and the record is found
/// there alone.
///
/// # Errors
/// When the promise is broken.
pub async fn of_many_updates_that_move_the_indexes_one_moves_them(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    for round in 0..ROUNDS {
        let number = move |member| 1_000 * (round + 1) + member;
        let first = trial.record(subject(round), Some(sid(round)), 0);
        trial.one.create(key(round), first.clone()).await?;
        let updates = trial
            .race(CROWD, |member, store| {
                let record = moved(&first, number(member));
                async move { Ok(store.update(key(round), 1, record).await?) }
            })
            .await?;
        let won = winner(&updates)?;
        promised(
            updates.iter().all(|(member, updated)| *member == won || *updated == Updated::Conflict),
            "everybody else is told of the conflict",
        )?;
        trial.holds(key(round), Some(&moved(&first, number(won))), "the record is the winner's").await?;
        trial.lists(subject(round), &[], "the record is not listed where it was").await?;
        for member in 0..CROWD {
            let wanted: &[RecordKey] = if member == won { &[key(round)] } else { &[] };
            let listed = listed(&trial.one, subject(number(member))).await?;
            promised(listed == wanted, "an update that lost is not listed")?;
            if member != won {
                let gone = trial.two.remove_by_sid(sid(number(member)), Selection::all()).await?;
                promised(gone.is_empty(), "an update that lost is not found by its sid")?;
            }
        }
        let gone = trial.two.remove_by_sid(sid(number(won)), Selection::all()).await?;
        promised(gone == [key(round)], "the record is found by the winner's sid")?;
    }
    Ok(())
}

/// Of many records under one key one is stored, with its indexes and nobody else's.
///
/// # Errors
/// When the promise is broken.
pub async fn of_many_creations_of_a_key_one_succeeds(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    for round in 0..ROUNDS {
        let records: Vec<_> =
            (0..CROWD).map(|member| trial.record(subject(1_000 * round + member), None, member)).collect();
        let created = trial
            .race(CROWD, |member, store| {
                let record = usize::try_from(member).ok().and_then(|member| records.get(member)).cloned();
                async move {
                    let record = record.ok_or_else(|| BrokenPromise::new("no record to create"))?;
                    Ok(store.create(key(round), record).await.is_ok())
                }
            })
            .await?;
        let won: Vec<_> = created.into_iter().filter_map(|(member, done)| done.then_some(member)).collect();
        promised(won.len() == 1, "of many creations of a key exactly one succeeds")?;
        for (member, record) in (0..).zip(&records) {
            let wanted: &[RecordKey] = if won.contains(&member) { &[key(round)] } else { &[] };
            promised(
                listed(&trial.two, record.subject).await? == wanted,
                "a creation that lost is not listed",
            )?;
            if won.contains(&member) {
                trial.holds(key(round), Some(record), "the record is the winner's").await?;
            }
        }
    }
    Ok(())
}

/// Many who add one, each by loading, adding and updating until it is done, add up.
///
/// # Errors
/// When the promise is broken.
pub async fn no_increment_is_lost(engine: &dyn Engine) -> Kept {
    const WORKERS: u64 = 8;
    const TIMES: u64 = 12;
    let trial = Trial::open(engine).await;
    let mut record = trial.record(subject(1), None, 0);
    record.sealed = Bytes::from_static(b"0");
    trial.one.create(key(1), record).await?;
    trial
        .race(WORKERS, |_, store| async move {
            for _ in 0..TIMES {
                loop {
                    let gone = || BrokenPromise::new("broken: a record that is updated is there");
                    let mut record = store.load(key(1)).await?.ok_or_else(gone)?;
                    let expected = record.version;
                    record.version += 1;
                    record.sealed = Bytes::from((number(&record.sealed)? + 1).to_string());
                    match store.update(key(1), expected, record).await? {
                        Updated::Done => break,
                        Updated::Conflict => {}
                        _ => return Err(gone()),
                    }
                }
            }
            Ok(())
        })
        .await?;
    let Some(last) = trial.one.load(key(1)).await? else {
        return Err(BrokenPromise::new("broken: a record that is updated is there"));
    };
    promised(last.version == 1 + WORKERS * TIMES, "every change counts one version")?;
    promised(number(&last.sealed)? == WORKERS * TIMES, "no increment is lost")
}

fn number(text: &[u8]) -> Result<u64, BrokenPromise> {
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| BrokenPromise::new("broken: a record comes back as it was"))
}

/// The one whose change was done.
pub(super) fn winner(changes: &[(u64, Updated)]) -> Result<u64, BrokenPromise> {
    let won: Vec<_> = changes.iter().filter(|(_, updated)| *updated == Updated::Done).collect();
    match won[..] {
        [(member, _)] => Ok(*member),
        _ => Err(BrokenPromise::new(format!("broken: exactly one of many wins, not {}", won.len()))),
    }
}
