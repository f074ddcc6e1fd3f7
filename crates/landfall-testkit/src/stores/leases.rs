//! Promises about leases and remembered names.

use std::time::Duration;

use super::Engine;
use super::promise::{Kept, promised};
use super::trial::{CROWD, MILLISECOND, ROUNDS, Trial, name};

const SPAN: Duration = Duration::from_secs(30);
/// A millisecond less.
const ALMOST: Duration = Duration::from_millis(29_999);

/// Who comes second is refused, be it the holder.
///
/// # Errors
/// When the promise is broken.
pub async fn a_lease_has_one_holder(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    promised(trial.one.lease(name("lease", 1), 1, SPAN).await?, "the first takes the lease")?;
    promised(!trial.one.lease(name("lease", 1), 2, SPAN).await?, "the second does not")?;
    promised(!trial.two.lease(name("lease", 1), 2, SPAN).await?, "nor through another instance")?;
    promised(!trial.two.lease(name("lease", 1), 1, SPAN).await?, "a lease that is held is not taken again")?;
    promised(trial.two.lease(name("lease", 2), 1, SPAN).await?, "another lease is another lease")
}

/// Only the holder gives a lease back, and only while it is the holder's.
///
/// # Errors
/// When the promise is broken.
pub async fn a_lease_is_released_by_its_holder_alone(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    let lease = name("lease", 1);
    // Alike in their lower half, in their upper half, and in what a sign or a float would keep.
    let holders = [1, 1 | 1 << 64, u128::MAX, u128::MAX - 1, u128::MAX >> 1, 0];
    trial.one.release(lease, 1).await?;
    for holder in holders {
        promised(trial.one.lease(lease, holder, SPAN).await?, "a released lease is free")?;
        for other in holders.into_iter().filter(|other| *other != holder) {
            trial.two.release(lease, other).await?;
            promised(!trial.two.lease(lease, other, SPAN).await?, "nobody else can release a lease")?;
        }
        trial.two.release(lease, holder).await?;
    }
    promised(trial.one.lease(lease, 1, SPAN).await?, "a released lease is free")?;
    trial.clock.advance(SPAN);
    promised(trial.two.lease(lease, 2, SPAN).await?, "a lease that ran out is free")?;
    trial.one.release(lease, 1).await?;
    promised(!trial.one.lease(lease, 3, SPAN).await?, "who held it before cannot release it")
}

/// A holder that never comes back holds nobody up for longer than the span.
///
/// # Errors
/// When the promise is broken.
pub async fn a_lease_is_free_after_its_span(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    let lease = name("lease", 1);
    promised(trial.one.lease(lease, 1, SPAN).await?, "the first takes the lease")?;
    trial.clock.advance(ALMOST);
    promised(!trial.two.lease(lease, 2, SPAN * 2).await?, "a lease is held until its span is over")?;
    trial.clock.advance(MILLISECOND);
    promised(trial.two.lease(lease, 2, SPAN * 2).await?, "a lease is free when its span is over")?;
    trial.clock.advance(SPAN);
    promised(!trial.one.lease(lease, 1, SPAN).await?, "the next holder has a span of its own")
}

/// The first to say it is told so; nobody else is, until it is forgotten.
///
/// # Errors
/// When the promise is broken.
pub async fn a_name_is_remembered_for_its_span(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    let token = name("name", 1);
    promised(trial.one.remember_once(token, SPAN).await?, "the first to say a name is the first")?;
    promised(!trial.one.remember_once(token, SPAN).await?, "the second is not")?;
    promised(trial.two.remember_once(name("name", 2), SPAN).await?, "another name is another name")?;
    trial.clock.advance(ALMOST);
    promised(
        !trial.two.remember_once(token, SPAN * 2).await?,
        "a name is remembered until its span is over",
    )?;
    trial.clock.advance(MILLISECOND);
    promised(trial.two.remember_once(token, SPAN).await?, "who was refused did not lengthen the span")?;
    promised(!trial.one.remember_once(token, SPAN).await?, "a name that was forgotten is remembered anew")
}

/// However many ask at once, one gets it; when it ran out, one gets it again.
///
/// # Errors
/// When the promise is broken.
pub async fn of_many_takers_one_gets_the_lease(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    for _ in 0..ROUNDS {
        let taken = trial
            .race(CROWD, |member, store| async move {
                Ok(store.lease(name("lease", 1), u128::from(member), SPAN).await?)
            })
            .await?;
        let holders: Vec<_> = taken.into_iter().filter_map(|(member, got)| got.then_some(member)).collect();
        promised(holders.len() == 1, "of many takers exactly one gets the lease")?;
        let released = trial
            .race(CROWD, |member, store| {
                let held = holders.contains(&member);
                async move {
                    if held {
                        Ok(())
                    } else {
                        Ok(store.release(name("lease", 1), u128::from(member)).await?)
                    }
                }
            })
            .await?;
        promised(released.len() as u64 == CROWD, "everybody is done")?;
        promised(!trial.one.lease(name("lease", 1), 999, SPAN).await?, "those who lost release nothing")?;
        trial.clock.advance(SPAN);
    }
    Ok(())
}

/// However many say it at once, one is the first.
///
/// # Errors
/// When the promise is broken.
pub async fn of_many_who_say_a_name_one_is_first(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    for _ in 0..ROUNDS {
        let said = trial
            .race(CROWD, |_, store| async move { Ok(store.remember_once(name("name", 1), SPAN).await?) })
            .await?;
        let first = said.into_iter().filter(|(_, first)| *first).count();
        promised(first == 1, "of many who say a name exactly one is the first")?;
        trial.clock.advance(SPAN);
    }
    Ok(())
}
