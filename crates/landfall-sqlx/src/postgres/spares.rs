//! Connections that stay at hand between two statements.
//!
//! A pool asks each connection that it takes back for a sign of life: a round trip for every statement, for which nobody
//! waits, but which costs as much as the statement. So a connection is kept for a moment, in which the next statement may
//! want it, and given back when nobody did. The pool may be the application's own: none is kept where more than half of
//! what it may have is in use, and none for longer than a second, so that what the pool does with those that come back
//! (how old they may be, hooks of the application's) is done.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::PgPool;
use tokio::time::sleep;

use super::lent::Lent;

/// How long a connection is kept that nobody wants.
const MOMENT: Duration = Duration::from_millis(10);
/// How long one is kept that is wanted again and again.
const LONGEST: Duration = Duration::from_secs(1);

/// Those at hand.
#[derive(Default)]
pub(super) struct Spares(Mutex<State>);

#[derive(Default)]
struct State {
    /// With the moment of its last use; the last used is the last.
    spares: Vec<(Lent, Instant)>,
    /// Whether a task looks after them.
    looked_after: bool,
}

impl Spares {
    /// The one that was used last.
    pub(super) fn take(&self) -> Option<Lent> {
        self.state().spares.pop().map(|(spare, _)| spare)
    }

    /// Keeps a connection on which nothing is under way for the next statement, or gives it back. Says whether a task
    /// was started for that.
    pub(super) fn keep(self: &Arc<Self>, pool: &PgPool, mut spare: Lent) -> bool {
        spare.give_back_at_the_end();
        // Those at hand are in use to the pool. Far from its end, nobody can be waiting for one.
        let in_use = (pool.size() as usize).saturating_sub(pool.num_idle());
        let is_wanted = in_use > pool.options().get_max_connections() as usize / 2;
        if is_wanted || pool.is_closed() || spare.age() >= LONGEST {
            return true;
        }
        let mut state = self.state();
        state.spares.push((spare, Instant::now()));
        let is_first = !std::mem::replace(&mut state.looked_after, true);
        if is_first {
            drop(state);
            tokio::spawn(LookingAfter { spares: Arc::clone(self), is_over: false }.until_none_is_left());
        }
        is_first
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task that gives spares back. Where it ends with its runtime, the spares go with it.
struct LookingAfter {
    spares: Arc<Spares>,
    is_over: bool,
}

impl LookingAfter {
    async fn until_none_is_left(mut self) {
        while !self.is_over {
            sleep(MOMENT).await;
            drop(self.unwanted());
        }
    }

    /// Takes those out that nobody wanted for a moment.
    fn unwanted(&mut self) -> Vec<(Lent, Instant)> {
        let mut state = self.spares.state();
        let unwanted = state.spares.partition_point(|(_, used)| used.elapsed() >= MOMENT);
        let unwanted = state.spares.drain(..unwanted).collect();
        self.is_over = state.spares.is_empty();
        state.looked_after = !self.is_over;
        unwanted
    }
}

impl Drop for LookingAfter {
    fn drop(&mut self) {
        if !self.is_over {
            let lost = {
                let mut state = self.spares.state();
                state.looked_after = false;
                std::mem::take(&mut state.spares)
            };
            drop(lost);
        }
    }
}
