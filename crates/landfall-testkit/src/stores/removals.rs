//! Promises about removals that race with changes: a session that ended stays ended.

use landfall::store::{RecordKey, Selection, Updated};

use super::Engine;
use super::promise::{Kept, promised};
use super::trial::{CROWD, ROUNDS, Trial, key, next, sid, sorted, subject};

/// Whatever updates race a removal, the record is gone afterwards: somebody signed out.
///
/// # Errors
/// When the promise is broken.
pub async fn what_is_removed_is_not_brought_back_by_an_update(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    for round in 0..ROUNDS {
        let first = trial.record(subject(round), Some(sid(round)), 0);
        trial.one.create(key(round), first.clone()).await?;
        let removals = trial
            .race(CROWD, |member, store| {
                let record = next(&first, member);
                async move {
                    if member == CROWD / 2 {
                        return Ok(store.remove(key(round)).await?);
                    }
                    store.update(key(round), 1, record).await?;
                    Ok(false)
                }
            })
            .await?;
        promised(removals.into_iter().any(|(_, removed)| removed), "the removal found the record")?;
        trial.holds(key(round), None, "what is removed stays removed").await?;
        trial.lists(subject(round), &[], "what is removed is not listed again").await?;
    }
    Ok(())
}

/// A removal, rotations and updates of one record at once: either it was rotated and lives under one new key, or
/// it is gone.
///
/// # Errors
/// When the promise is broken.
pub async fn what_is_removed_is_not_brought_back_by_a_rotation(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    for round in 0..ROUNDS * 2 {
        let old = key(round);
        let new = |member| key(1_000 * (round + 1) + member);
        let first = trial.record(subject(round), Some(sid(round)), 0);
        trial.one.create(old, first.clone()).await?;
        let crowd = 12;
        let acts = trial
            .race(crowd, |member, store| {
                let (record, new) = (next(&first, member), new(member));
                async move {
                    Ok(match member % 3 {
                        0 if member == 6 => (store.remove(old).await?, Updated::Gone),
                        0 => (false, store.update(old, 1, record).await?),
                        _ => (false, store.rotate(old, new, 1, record).await?),
                    })
                }
            })
            .await?;
        let removed = acts.iter().any(|(_, (removed, _))| *removed);
        let done: Vec<_> = acts
            .iter()
            .filter(|(_, (_, updated))| *updated == Updated::Done)
            .map(|(member, _)| *member)
            .collect();
        promised(done.len() <= 1, "one version is changed once at most")?;
        let rotated: Vec<_> = done.into_iter().filter(|member| member % 3 != 0).map(new).collect();
        promised(removed == rotated.is_empty(), "a record is either rotated or removed")?;
        trial.lists(subject(round), &rotated, "what is removed is not brought back by a rotation").await?;
        trial.holds(old, None, "the old key is empty").await?;
    }
    Ok(())
}

/// Ending all of a subject's sessions ends all that there were, whatever is written to them or rotated.
///
/// # Errors
/// When the promise is broken.
pub async fn updates_do_not_survive_the_removal_of_a_subject(engine: &dyn Engine) -> Kept {
    removal(engine, false).await
}

/// Ending all of a provider session's sessions ends all that there were, whatever is written to them or rotated.
///
/// # Errors
/// When the promise is broken.
pub async fn updates_do_not_survive_the_removal_of_a_provider_session(engine: &dyn Engine) -> Kept {
    removal(engine, true).await
}

/// What one of the crowd did.
enum Act {
    Changed(u64, Updated),
    Removed(Vec<RecordKey>),
}

/// The removal, while half of the records are updated and half are rotated.
async fn removal(engine: &dyn Engine, by_sid: bool) -> Kept {
    let trial = Trial::open(engine).await;
    for _ in 0..ROUNDS {
        let first = trial.record(subject(1), Some(sid(1)), 0);
        for member in 0..CROWD {
            trial.one.create(key(member), first.clone()).await?;
        }
        let acts = trial
            .race(CROWD, |member, store| {
                let record = next(&first, member);
                async move {
                    Ok(if member == CROWD / 2 {
                        Act::Removed(if by_sid {
                            store.remove_by_sid(sid(1), Selection::all()).await?
                        } else {
                            store.remove_by_subject(subject(1), Selection::all()).await?
                        })
                    } else if member % 2 == 0 {
                        Act::Changed(member, store.update(key(member), 1, record).await?)
                    } else {
                        let new = key(1_000 + member);
                        Act::Changed(member, store.rotate(key(member), new, 1, record).await?)
                    })
                }
            })
            .await?;
        // Nobody changes the one whose turn was the removal.
        let (mut removed, mut wanted) = (Vec::new(), vec![key(CROWD / 2)]);
        for (_, act) in acts {
            match act {
                Act::Removed(keys) => removed = keys,
                Act::Changed(member, updated) => {
                    let rotated = member % 2 == 1 && updated == Updated::Done;
                    wanted.push(key(if rotated { 1_000 + member } else { member }));
                    promised(updated != Updated::Conflict, "nobody else changed the version")?;
                }
            }
        }
        promised(sorted(removed) == sorted(wanted), "every session is removed, under the key it then had")?;
        trial.lists(subject(1), &[], "a session that ended is not brought back").await?;
        for member in 0..CROWD {
            for key in [key(member), key(1_000 + member)] {
                trial.holds(key, None, "a session that ended is not brought back").await?;
            }
        }
    }
    Ok(())
}

/// Of many who remove the same records, one is told of each.
///
/// # Errors
/// When the promise is broken.
pub async fn every_removal_is_told_once(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    for round in 0..ROUNDS {
        let keys: Vec<_> = (0..20).map(key).collect();
        for key in &keys {
            trial.one.create(*key, trial.record(subject(1), Some(sid(1)), 0)).await?;
        }
        let removed = trial
            .race(CROWD, |member, store| async move {
                // All in one way, all in the other, and mixed.
                Ok(match if round < 2 { round } else { member % 3 } {
                    0 => store.remove_by_subject(subject(1), Selection::all()).await?,
                    1 => store.remove_by_sid(sid(1), Selection::all()).await?,
                    _ => store
                        .remove(key(member % 20))
                        .await?
                        .then_some(key(member % 20))
                        .into_iter()
                        .collect(),
                })
            })
            .await?;
        let removed = sorted(removed.into_iter().flat_map(|(_, keys)| keys).collect());
        promised(removed == sorted(keys), "every removal is told, and told once")?;
    }
    Ok(())
}
