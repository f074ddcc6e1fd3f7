//! [`SqlStore`]: the session store, the same over every database.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::engine::{Engine, Row, Step, Value};
use crate::record::{bytes, digest, moment, read, values, version};
use crate::running::Running;
use crate::sweep::{sweep, sweep_by_itself};
use crate::watchers::Watchers;
use async_trait::async_trait;
use landfall::Clock;
use landfall::store::{
    Change, IndexKey, RecordKey, Selection, SessionStore, StoreClock, StoreError, StoredRecord, Updated,
    Watcher,
};

const LEASE: Value = Value::Int(1);
const REMEMBERED: Value = Value::Int(2);

/// Sessions in a database; see `PostgresStore` and `SqliteStore`. Clones are the same store.
///
/// It connects when it is first used, and again whenever that is needed; while the database is away its methods
/// fail within seconds.
pub struct SqlStore<E> {
    clock: StoreClock,
    engine: Arc<E>,
    watchers: Arc<Watchers>,
    writings: Arc<Writings>,
    sweeping: Arc<AtomicBool>,
    /// Whether the migrations were applied, in a store that applies them by itself; `None` in every other.
    migrated: Option<Arc<Migrated>>,
}

impl<E> Clone for SqlStore<E> {
    fn clone(&self) -> Self {
        Self {
            clock: self.clock.clone(),
            engine: self.engine.clone(),
            watchers: self.watchers.clone(),
            writings: self.writings.clone(),
            sweeping: self.sweeping.clone(),
            migrated: self.migrated.clone(),
        }
    }
}

impl<E: Engine> fmt::Debug for SqlStore<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore").field("engine", &self.engine).finish_non_exhaustive()
    }
}

#[allow(private_bounds, reason = "nobody else makes an engine")]
impl<E: Engine> SqlStore<E> {
    pub(crate) fn on(engine: E) -> Self {
        Self {
            clock: StoreClock::default(),
            engine: Arc::new(engine),
            watchers: Arc::default(),
            writings: Arc::default(),
            sweeping: Arc::default(),
            migrated: None,
        }
    }

    /// The database.
    pub(crate) fn engine(&self) -> &E {
        &self.engine
    }

    /// Expires records by this clock, whatever the relying party goes by; without it, by the relying party's, which all
    /// instances of one application should agree on. Clones that were made before keep theirs.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = StoreClock::named(clock);
        self
    }

    /// Makes the store apply its migrations when it is first used, as [`migrate`](Self::migrate) does.
    pub fn migrating(mut self) -> Self {
        self.migrated = Some(Arc::default());
        self
    }

    /// Makes the tables, or brings those of an earlier version up to this one. To call it again, or from several
    /// instances at once, does no harm; on a database that is as it should be it changes nothing.
    ///
    /// # Errors
    /// When the database fails, or does not let this user make tables.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.engine.migrate().await
    }

    /// Removes what expired more than a minute ago, and returns how many rows that were. The store does so by itself
    /// once a minute, from its first use on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        self.prepare().await?;
        sweep(&*self.engine, &self.clock).await
    }

    /// The first who comes has it done, by a task: whoever looks first may leave, and what makes tables is not broken off
    /// half-way. Those who come meanwhile wait for that one, and are told when it failed: to try one after the other
    /// would be a queue.
    async fn prepare(&self) -> Result<(), StoreError> {
        let Some(migrated) = self.migrated.as_ref().filter(|migrated| !migrated.is_done()) else {
            return Ok(());
        };
        let Ok(turn) = Arc::clone(&migrated.turn).try_lock_owned() else {
            drop(migrated.turn.lock().await);
            return if migrated.is_done() {
                Ok(())
            } else {
                Err(StoreError::new("the migrations failed a moment ago"))
            };
        };
        let (engine, migrated) = (self.engine.clone(), Arc::clone(migrated));
        let migrating = tokio::spawn(async move {
            let _turn = turn;
            if !migrated.is_done() {
                engine.migrate().await?;
                migrated.done.store(true, Ordering::Release);
            }
            Ok(())
        });
        migrating.await.map_err(|_| StoreError::new("the migrations were broken off with the runtime"))?
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.prepare().await?;
        if let Some(running) = Running::begin(&self.sweeping) {
            tokio::spawn(sweep_by_itself(
                Arc::downgrade(&self.engine),
                Arc::new(self.clock.clone()),
                running,
            ));
        }
        if let Some(running) = self.watchers.begin().filter(|_| !E::SILENT) {
            self.engine.listen(&self.watchers, running);
        }
        Ok(())
    }

    async fn ask(&self, step: &'static Step, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.ready().await?;
        self.engine.ask(step, values).await
    }

    fn now(&self) -> Value {
        moment(self.clock.now())
    }

    fn tell(&self, key: RecordKey) {
        if E::SILENT {
            self.watchers.tell(Change::Record(key));
        }
    }

    /// Where the database tells nobody, a change that is under way is told even if nobody waits for it any more.
    async fn to_its_end<T: Send + 'static>(
        changing: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        if !E::SILENT {
            return changing.await;
        }
        match tokio::spawn(changing).await {
            Ok(changed) => changed,
            Err(_) => Err(StoreError::new("a change was broken off with the runtime")),
        }
    }

    async fn removed(&self, step: &'static Step, values: Vec<Value>) -> Result<Vec<RecordKey>, StoreError> {
        let store = self.clone();
        Self::to_its_end(async move {
            let mut live = Vec::new();
            for row in store.ask(step, &values).await? {
                let Some(key) = row.first().and_then(digest).map(RecordKey) else {
                    return Err(strange(step));
                };
                store.tell(key);
                if row.get(1) == Some(&Value::Int(1)) {
                    live.push(key);
                }
            }
            Ok(live)
        })
        .await
    }

    async fn remove_all(
        &self,
        step: &'static Step,
        index: IndexKey,
        selection: Selection,
    ) -> Result<Vec<RecordKey>, StoreError> {
        let last = match selection.created_before {
            None => Value::Int(i64::MAX),
            Some(moment) => Value::Int(i64::try_from(moment.millis()).unwrap_or(i64::MAX).saturating_sub(1)),
        };
        let except = selection.except.map_or(Value::Bytes(Vec::new()), |key| bytes(&key.0));
        self.removed(step, vec![bytes(&index.0), self.now(), last, except]).await
    }

    async fn claim(
        &self,
        kind: Value,
        name: [u8; 32],
        holder: &[u8],
        span: Duration,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let until = moment(now.plus(span));
        let writing = Value::Int(self.writings.next());
        let values = [kind, bytes(&name), bytes(holder), until, writing, moment(now)];
        Ok(!self.ask(&E::STEPS.claim, &values).await?.is_empty())
    }
}

#[async_trait]
impl<E: Engine> SessionStore for SqlStore<E> {
    async fn create(&self, key: RecordKey, record: StoredRecord) -> Result<(), StoreError> {
        let step = &E::STEPS.create;
        let mut values = values(step.doing, key, &record, self.writings.next())?;
        values.push(self.now());
        if self.ask(step, &values).await?.is_empty() {
            return Err(StoreError::new("a record with this key exists"));
        }
        Ok(())
    }

    async fn load(&self, key: RecordKey) -> Result<Option<StoredRecord>, StoreError> {
        let step = &E::STEPS.load;
        let found = self.ask(step, &[bytes(&key.0), self.now()]).await?.pop();
        found.map(|row| read(step.doing, row).map(|(_, record)| record)).transpose()
    }

    async fn update(
        &self,
        key: RecordKey,
        expected: u64,
        record: StoredRecord,
    ) -> Result<Updated, StoreError> {
        let step = &E::STEPS.update;
        // No record is at version -1: it is there or gone, and never replaced.
        let at = if record.version > expected { version(step.doing, expected)? } else { -1 };
        let mut values = values(step.doing, key, &record, self.writings.next())?;
        values.extend([self.now(), Value::Int(at)]);
        let store = self.clone();
        Self::to_its_end(async move {
            let rows = store.ask(step, &values).await?;
            match rows.first().and_then(|row| row.first()) {
                None | Some(Value::Int(0)) => Ok(Updated::Gone),
                Some(Value::Int(1)) => Ok(Updated::Conflict),
                Some(Value::Int(2)) => {
                    store.tell(key);
                    Ok(Updated::Done)
                }
                Some(_) => Err(strange(step)),
            }
        })
        .await
    }

    async fn remove(&self, key: RecordKey) -> Result<bool, StoreError> {
        let removed = self.removed(&E::STEPS.remove, vec![bytes(&key.0), self.now()]).await?;
        Ok(!removed.is_empty())
    }

    async fn list_by_subject(
        &self,
        subject: IndexKey,
        limit: usize,
    ) -> Result<Vec<(RecordKey, StoredRecord)>, StoreError> {
        let step = &E::STEPS.list;
        let limit = Value::Int(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = self.ask(step, &[bytes(&subject.0), self.now(), limit]).await?;
        rows.into_iter().map(|row| read(step.doing, row)).collect()
    }

    async fn remove_by_subject(
        &self,
        subject: IndexKey,
        selection: Selection,
    ) -> Result<Vec<RecordKey>, StoreError> {
        self.remove_all(&E::STEPS.remove_by_subject, subject, selection).await
    }

    async fn remove_by_sid(&self, sid: IndexKey, selection: Selection) -> Result<Vec<RecordKey>, StoreError> {
        self.remove_all(&E::STEPS.remove_by_sid, sid, selection).await
    }

    async fn lease(&self, name: [u8; 32], holder: u128, span: Duration) -> Result<bool, StoreError> {
        self.claim(LEASE, name, &holder.to_be_bytes(), span).await
    }

    async fn release(&self, name: [u8; 32], holder: u128) -> Result<(), StoreError> {
        let values = [LEASE, bytes(&name), bytes(&holder.to_be_bytes())];
        self.ask(&E::STEPS.release, &values).await?;
        Ok(())
    }

    async fn remember_once(&self, name: [u8; 32], span: Duration) -> Result<bool, StoreError> {
        self.claim(REMEMBERED, name, &[], span).await
    }

    fn use_clock(&self, clock: Arc<dyn Clock>) {
        self.clock.hand_over(clock);
    }

    fn watch(&self, watcher: Watcher) {
        self.watchers.add(watcher);
    }

    fn plain_hosts(&self) -> Vec<String> {
        self.engine.plain_hosts()
    }

    fn file(&self) -> Option<PathBuf> {
        self.engine.file()
    }
}

/// Whether the migrations were applied.
#[derive(Debug, Default)]
struct Migrated {
    done: AtomicBool,
    /// Held by the task that applies them.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Migrated {
    fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }
}

fn strange(step: &Step) -> StoreError {
    StoreError::new(format!("{}: the database gave no usable answer", step.doing))
}

/// Names for changes, no two alike, so that one made twice is known for what it is.
#[derive(Debug)]
struct Writings(AtomicU64);

impl Default for Writings {
    fn default() -> Self {
        // Seeded by the operating system.
        Self(AtomicU64::new(RandomState::new().hash_one(0)))
    }
}

impl Writings {
    fn next(&self) -> i64 {
        self.0.fetch_add(1, Ordering::Relaxed).cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;
    use tokio::task::{JoinSet, yield_now};

    use super::*;
    use crate::engine::Steps;

    /// Migrates when it is let, and counts how often.
    #[derive(Debug)]
    struct Gated {
        gate: Semaphore,
        migrations: AtomicU64,
        fails: AtomicBool,
    }

    const fn step() -> Step {
        Step { doing: "try", sql: "" }
    }

    #[async_trait]
    impl Engine for Gated {
        const STEPS: &'static Steps = &Steps {
            create: step(),
            load: step(),
            update: step(),
            remove: step(),
            list: step(),
            remove_by_subject: step(),
            remove_by_sid: step(),
            claim: step(),
            release: step(),
            sweep_sessions: step(),
            sweep_claims: step(),
        };
        const SILENT: bool = true;

        async fn ask(&self, _: &'static Step, _: &[Value]) -> Result<Vec<Row>, StoreError> {
            Ok(Vec::new())
        }

        async fn migrate(&self) -> Result<(), StoreError> {
            self.migrations.fetch_add(1, Ordering::SeqCst);
            self.gate.acquire().await.unwrap().forget();
            if self.fails.load(Ordering::SeqCst) { Err(StoreError::new("no room")) } else { Ok(()) }
        }

        fn listen(&self, _: &Arc<Watchers>, _: Running) {}

        fn file(&self) -> Option<PathBuf> {
            None
        }
    }

    fn store(fails: bool) -> SqlStore<Gated> {
        let (gate, migrations, fails) = (Semaphore::new(0), AtomicU64::new(0), AtomicBool::new(fails));
        SqlStore::on(Gated { gate, migrations, fails }).migrating()
    }

    fn count(store: &SqlStore<Gated>) -> u64 {
        store.engine.migrations.load(Ordering::SeqCst)
    }

    /// Asks fifty times at once, and waits until every one of them waits.
    async fn crowd(store: &SqlStore<Gated>) -> JoinSet<Result<Option<StoredRecord>, StoreError>> {
        let mut asking = JoinSet::new();
        for name in 0..50 {
            let store = store.clone();
            asking.spawn(async move { store.load(RecordKey([name; 32])).await });
        }
        for _ in 0..200 {
            yield_now().await;
        }
        asking
    }

    #[tokio::test]
    async fn many_who_come_at_once_have_the_migrations_applied_once() {
        let store = store(false);
        let asking = crowd(&store).await;
        assert_eq!(count(&store), 1);
        store.engine.gate.add_permits(100);
        assert!(asking.join_all().await.iter().all(Result::is_ok));
        assert!(crowd(&store).await.join_all().await.iter().all(Result::is_ok));
        assert_eq!(count(&store), 1);
    }

    #[tokio::test]
    async fn migrations_that_failed_are_told_to_all_who_waited_and_tried_again_by_the_next() {
        let store = store(true);
        let asking = crowd(&store).await;
        store.engine.gate.add_permits(1);
        assert!(asking.join_all().await.iter().all(Result::is_err));
        assert_eq!(count(&store), 1, "those who waited do not try one after the other");
        store.engine.fails.store(false, Ordering::SeqCst);
        store.engine.gate.add_permits(1);
        assert!(store.load(RecordKey([1; 32])).await.is_ok());
        assert_eq!(count(&store), 2);
    }

    #[tokio::test]
    async fn migrations_go_on_when_whoever_came_first_leaves() {
        let store = store(false);
        let first = tokio::spawn({
            let store = store.clone();
            async move { store.load(RecordKey([1; 32])).await }
        });
        let asking = crowd(&store).await;
        first.abort();
        assert!(first.await.is_err());
        store.engine.gate.add_permits(1);
        assert!(asking.join_all().await.iter().all(Result::is_ok));
        assert_eq!(count(&store), 1);
    }
}
