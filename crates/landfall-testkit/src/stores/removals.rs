//! Promises about removals that race with changes: a session that ended stays ended.

use landfall::store::{RecordKey, Selection, Updated};
use tokio::task::yield_now;

use super::Engine;
use super::promise::{Kept, promised};
use super::trial::{CROWD, ROUNDS, Store, Trial, key, moved, next, sid, sorted, subject};

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

/// Whatever updates race a removal and move the record to another subject and provider session, it is found by none
/// of them afterwards.
///
/// # Errors
/// When the promise is broken.
pub async fn what_is_removed_is_not_brought_back_by_an_update_that_moves_the_indexes(
    engine: &dyn Engine,
) -> Kept {
    const FEW: u64 = 12;
    let trial = Trial::open(engine).await;
    for round in 0..ROUNDS * 2 {
        let number = move |member| 1_000 * (round + 1) + member;
        let first = trial.record(subject(round), Some(sid(round)), 0);
        trial.one.create(key(round), first.clone()).await?;
        let acts = trial
            .race(FEW, |member, store| {
                let (still, moved) = (next(&first, member), moved(&first, number(member)));
                async move {
                    Ok(match member % 3 {
                        0 if member == 6 => (store.remove(key(round)).await?, Updated::Gone),
                        0 => (false, store.update(key(round), 1, still).await?),
                        _ => (false, store.update(key(round), 1, moved).await?),
                    })
                }
            })
            .await?;
        promised(acts.iter().any(|(_, (removed, _))| *removed), "the removal found the record")?;
        let done = acts.iter().filter(|(_, (_, updated))| *updated == Updated::Done).count();
        promised(done <= 1, "one version is changed once at most")?;
        trial.holds(key(round), None, "what is removed stays removed").await?;
        for number in (0..FEW).map(number).chain([round]) {
            trial.lists(subject(number), &[], "what is removed is not listed again").await?;
            let gone = trial.one.remove_by_sid(sid(number), Selection::all()).await?;
            promised(gone.is_empty(), "what is removed is not found by a sid again")?;
        }
    }
    Ok(())
}

/// Ending all of a subject's sessions ends all that there were, whatever is written to them.
///
/// # Errors
/// When the promise is broken.
pub async fn updates_do_not_survive_the_removal_of_a_subject(engine: &dyn Engine) -> Kept {
    removal(engine, false).await
}

/// Ending all of a provider session's sessions ends all that there were, whatever is written to them.
///
/// # Errors
/// When the promise is broken.
pub async fn updates_do_not_survive_the_removal_of_a_provider_session(engine: &dyn Engine) -> Kept {
    removal(engine, true).await
}

/// What one of the crowd did.
enum Act {
    Changed(Updated),
    Removed(Vec<RecordKey>),
    Watched,
}

/// The removal, while half of the records are updated and half are moved in the other of the two indexes, and two
/// watch how they end.
async fn removal(engine: &dyn Engine, by_sid: bool) -> Kept {
    let trial = Trial::open(engine).await;
    for _ in 0..ROUNDS {
        let first = trial.record(subject(1), Some(sid(1)), 0);
        for member in 0..CROWD {
            trial.one.create(key(member), first.clone()).await?;
        }
        let acts = trial
            .race(CROWD + 2, |member, store| {
                let mut record = if member % 2 == 0 { next(&first, member) } else { moved(&first, 2) };
                if by_sid {
                    record.sid = first.sid;
                } else {
                    record.subject = first.subject;
                }
                async move {
                    Ok(if member == CROWD / 2 {
                        Act::Removed(if by_sid {
                            store.remove_by_sid(sid(1), Selection::all()).await?
                        } else {
                            store.remove_by_subject(subject(1), Selection::all()).await?
                        })
                    } else if member >= CROWD {
                        end_in_one_moment(&store).await?;
                        Act::Watched
                    } else {
                        Act::Changed(store.update(key(member), 1, record).await?)
                    })
                }
            })
            .await?;
        let mut removed = Vec::new();
        for (_, act) in acts {
            match act {
                Act::Watched => {}
                Act::Removed(keys) => removed = keys,
                Act::Changed(updated) => {
                    promised(updated != Updated::Conflict, "nobody else changed the version")?;
                }
            }
        }
        promised(sorted(removed) == sorted((0..CROWD).map(key).collect()), "every session is removed")?;
        for number in [1, 2] {
            trial.lists(subject(number), &[], "a session that ended is not brought back").await?;
            let gone = trial.two.remove_by_sid(sid(number), Selection::all()).await?;
            promised(gone.is_empty(), "a session that ended is not found by its sid")?;
        }
        for member in 0..CROWD {
            trial.holds(key(member), None, "a session that ended is not brought back").await?;
        }
    }
    Ok(())
}

/// Looks at one record after the other until they have ended: whoever saw one end sees none any more.
async fn end_in_one_moment(store: &Store) -> Kept {
    let mut ended = false;
    while !ended {
        for member in 0..CROWD {
            let there = store.load(key(member)).await?.is_some();
            promised(!(ended && there), "sessions that are ended together end in one moment")?;
            ended = !there;
        }
        yield_now().await;
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
