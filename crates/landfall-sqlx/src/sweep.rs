//! The sweep: removes what has expired, once a minute.

use std::sync::{Arc, Weak};
use std::time::Duration;

use landfall::store::StoreError;
use landfall::{Clock, Timestamp};
use tokio::time::MissedTickBehavior;

use crate::engine::{Engine, Step, Value};
use crate::record::moment;
use crate::running::Running;

const EVERY: Duration = Duration::from_mins(1);
/// How long what has expired is kept: other instances share the rows, and their clocks may be behind this one.
const SLACK: Duration = Duration::from_mins(1);
/// How many rows one statement removes at most, so that none is held for long.
const BATCH: i64 = 500;

/// Removes what has expired, and returns how many rows that were.
pub(crate) async fn sweep<E: Engine>(engine: &E, clock: &dyn Clock) -> Result<u64, StoreError> {
    let mut swept = 0;
    for step in [&E::STEPS.sweep_sessions, &E::STEPS.sweep_claims] {
        swept += sweep_all(engine, clock, step).await?;
    }
    Ok(swept)
}

async fn sweep_all<E: Engine>(engine: &E, clock: &dyn Clock, step: &'static Step) -> Result<u64, StoreError> {
    let mut swept = 0;
    loop {
        let until = clock.now().since(Timestamp::from_millis(0)).saturating_sub(SLACK);
        let until = Timestamp::from_millis(0).plus(until);
        let batch = engine.ask(step, &[moment(until), Value::Int(BATCH)]).await?.len();
        swept += batch as u64;
        if i64::try_from(batch).is_ok_and(|batch| batch < BATCH) {
            return Ok(swept);
        }
    }
}

/// Sweeps until the store is gone.
pub(crate) async fn sweep_by_itself<E: Engine>(engine: Weak<E>, clock: Arc<dyn Clock>, _running: Running) {
    let mut beats = tokio::time::interval(EVERY);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        let Some(engine) = engine.upgrade() else { return };
        match sweep(&*engine, &*clock).await {
            Ok(0) => {}
            Ok(swept) => tracing::debug!(swept, "removed what has expired"),
            Err(error) => tracing::debug!(%error, "cannot remove what has expired yet"),
        }
    }
}
