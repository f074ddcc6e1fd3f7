//! Promises about calls whose future is dropped before they end.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use landfall::store::Updated;

use super::Engine;
use super::promise::{Kept, promised};
use super::trial::{Trial, key, moved, next, sid, subject};

/// A call that is dropped after any number of polls was made as a whole or not at all, and the store works on.
///
/// # Errors
/// When the promise is broken.
pub async fn a_dropped_call_leaves_the_record_whole(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    for polls in 1..=12 {
        let (key, who, other) = (key(polls), subject(polls), subject(100 + polls));
        let first = trial.record(who, Some(sid(polls)), 0);
        give_up(polls, trial.one.create(key, first.clone())).await;
        // Until it is known whether it was made, everybody else has to wait, not fail.
        if trial.one.load(key).await?.is_none() {
            // Either of the two may come first; then the other is the one that is refused.
            let _ = trial.one.create(key, first.clone()).await;
        }
        trial.holds(key, Some(&first), "a record is created as a whole").await?;

        let second = next(&first, 2);
        give_up(polls, trial.one.update(key, 1, second.clone())).await;
        let now = trial.two.load(key).await?;
        promised(
            now.as_ref() == Some(&first) || now.as_ref() == Some(&second),
            "a dropped update changed the whole record or nothing",
        )?;
        // Finishes it, if it was not made.
        let updated = trial.one.update(key, 1, second.clone()).await?;
        promised(matches!(updated, Updated::Done | Updated::Conflict), "a dropped update ends no session")?;
        trial.holds(key, Some(&second), "after a dropped update the store works on").await?;

        let third = moved(&second, 100 + polls);
        give_up(polls, trial.one.update(key, 2, third.clone())).await;
        for store in [&trial.two, &trial.one] {
            // One call each, for an update may still be on its way.
            let before = store.list_by_subject(who, 10).await?;
            let after = store.list_by_subject(other, 10).await?;
            promised(
                before.is_empty() || before == [(key, second.clone())],
                "a dropped update leaves the whole record where it was or nothing",
            )?;
            promised(
                if after.is_empty() { !before.is_empty() } else { after == [(key, third.clone())] },
                "a dropped update moves the whole record or nothing",
            )?;
        }
        let updated = trial.one.update(key, 2, third.clone()).await?;
        promised(matches!(updated, Updated::Done | Updated::Conflict), "a dropped update ends no session")?;
        trial.holds(key, Some(&third), "after a dropped update the store works on").await?;
        trial.lists(who, &[], "after a dropped update the record is not listed where it was").await?;
        trial.lists(other, &[key], "after a dropped update the record is listed where it is").await?;

        give_up(polls, trial.one.remove(key)).await;
        trial.one.remove(key).await?;
        trial.holds(key, None, "after a dropped removal the store works on").await?;
        trial.lists(other, &[], "what was removed is not listed").await?;

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
