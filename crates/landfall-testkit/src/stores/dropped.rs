//! Promises about calls whose future is dropped before they end.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use landfall::store::Updated;

use super::Engine;
use super::promise::{Kept, promised};
use super::trial::{Trial, key, next, sid, subject};

/// A call that is dropped after any number of polls was made as a whole or not at all, and the store works on.
///
/// # Errors
/// When the promise is broken.
pub async fn a_dropped_call_leaves_the_record_whole(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    for polls in 1..=12 {
        let (old, new, who) = (key(2 * polls), key(2 * polls + 1), subject(polls));
        let first = trial.record(who, Some(sid(polls)), 0);
        give_up(polls, trial.one.create(old, first.clone())).await;
        // Until it is known whether it was made, everybody else has to wait, not fail.
        if trial.one.load(old).await?.is_none() {
            // Either of the two may come first; then the other is the one that is refused.
            let _ = trial.one.create(old, first.clone()).await;
        }
        trial.holds(old, Some(&first), "a record is created as a whole").await?;

        let second = next(&first, 2);
        give_up(polls, trial.one.update(old, 1, second.clone())).await;
        let now = trial.two.load(old).await?;
        promised(
            now.as_ref() == Some(&first) || now.as_ref() == Some(&second),
            "a dropped update changed the whole record or nothing",
        )?;
        // Finishes it, if it was not made.
        let updated = trial.one.update(old, 1, second.clone()).await?;
        promised(matches!(updated, Updated::Done | Updated::Conflict), "a dropped update ends no session")?;
        trial.holds(old, Some(&second), "after a dropped update the store works on").await?;

        let third = next(&second, 3);
        give_up(polls, trial.one.rotate(old, new, 2, third.clone())).await;
        for store in [&trial.two, &trial.one] {
            // One call, for a rotation may still be on its way.
            let there = store.list_by_subject(who, 10).await?;
            promised(
                there == [(old, second.clone())] || there == [(new, third.clone())],
                "a dropped rotation moved the whole record or nothing",
            )?;
        }
        let rotated = trial.one.rotate(old, new, 2, third.clone()).await?;
        promised(matches!(rotated, Updated::Done | Updated::Gone), "a dropped rotation ends no session")?;
        trial.holds(new, Some(&third), "after a dropped rotation the store works on").await?;
        trial.holds(old, None, "after a dropped rotation the old key is empty").await?;

        give_up(polls, trial.one.remove(new)).await;
        trial.one.remove(new).await?;
        trial.holds(new, None, "after a dropped removal the store works on").await?;
        trial.lists(who, &[], "what was removed is not listed").await?;

        give_up(polls, trial.one.lease(who.0, 1, super::trial::IDLE)).await;
        let other = trial.one.lease(who.0, 2, super::trial::IDLE).await?;
        trial.one.release(who.0, if other { 2 } else { 1 }).await?;
    }
    Ok(())
}

/// Polls the call so often at most, and drops it.
async fn give_up<T>(polls: u64, call: impl Future<Output = T>) {
    let mut call = pin!(call);
    let mut left = polls;
    std::future::poll_fn(|context| {
        left -= 1;
        if call.as_mut().poll(context).is_ready() || left == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
