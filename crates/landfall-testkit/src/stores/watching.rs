//! Promises about watchers: whoever keeps copies is told of changes.

use std::sync::Arc;
use std::time::Duration;

use landfall::store::{Change, RecordKey, Selection, Updated};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::Engine;
use super::promise::{BrokenPromise, Kept, promised};
use super::trial::{Store, Trial, key, moved, next, sid, subject};

/// How long news may take; on a machine at rest it is a few milliseconds.
const NEWS: Duration = Duration::from_secs(5);

/// Changes made through one instance are heard of in another. Not asked of an engine that
/// [cannot tell](Engine::watches).
///
/// # Errors
/// When the promise is broken.
pub async fn a_watcher_hears_of_what_another_instance_changed(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    if engine.watches() { watch(&trial, &trial.one, &trial.two).await } else { Ok(()) }
}

/// Changes are heard of in the instance that made them, too: relying parties may share it. Not asked of an engine
/// that [cannot tell](Engine::watches).
///
/// # Errors
/// When the promise is broken.
pub async fn a_watcher_hears_of_what_its_own_store_changed(engine: &dyn Engine) -> Kept {
    let trial = Trial::open(engine).await;
    if engine.watches() { watch(&trial, &trial.one, &trial.one).await } else { Ok(()) }
}

async fn watch(trial: &Trial, changing: &Store, watching: &Store) -> Kept {
    let (tell, told) = unbounded_channel();
    watching.watch(Arc::new(move |change| {
        // Nobody listens any more when the test is over.
        let _ = tell.send(change);
    }));
    let mut news = News { told };
    // The channel opens with the first call. What it says then, that everything may have changed, is not yet news
    // of a change, so two are waited for.
    watching.load(key(0)).await?;
    for _ in 0..2 {
        news.settle(trial, changing).await?;
    }

    let first = trial.record(subject(1), Some(sid(1)), 1);
    for number in 1..=4 {
        changing.create(key(number), first.clone()).await?;
    }
    news.forget();
    let updated = changing.update(key(1), 1, next(&first, 1)).await?;
    promised(updated == Updated::Done, "an update is done")?;
    news.tell_of(key(1), "a watcher hears of an update").await?;
    changing.update(key(1), 2, moved(&next(&first, 1), 2)).await?;
    news.tell_of(key(1), "a watcher hears of an update that moves the indexes").await?;
    changing.remove(key(2)).await?;
    news.tell_of(key(2), "a watcher hears of a removal").await?;
    changing.remove_by_sid(sid(1), Selection::all().except(key(3))).await?;
    news.tell_of(key(4), "a watcher hears of a removal by sid").await?;
    changing.remove_by_subject(subject(1), Selection::all()).await?;
    news.tell_of(key(3), "a watcher hears of a removal by subject").await?;

    // Several at once: each is heard of.
    for number in 10..20 {
        changing.create(key(number), first.clone()).await?;
    }
    news.forget();
    changing.remove_by_subject(subject(1), Selection::all()).await?;
    news.tell_of_all((10..20).map(key).collect(), "a watcher hears of every removal").await
}

struct News {
    told: UnboundedReceiver<Change>,
}

impl News {
    /// Removes records until something is heard.
    async fn settle(&mut self, trial: &Trial, changing: &Store) -> Kept {
        let began = tokio::time::Instant::now();
        while began.elapsed() < NEWS {
            self.forget();
            changing.create(key(0), trial.record(subject(0), None, 0)).await?;
            changing.remove(key(0)).await?;
            if let Ok(Some(_)) = tokio::time::timeout(Duration::from_millis(200), self.told.recv()).await {
                return Ok(());
            }
        }
        Err(BrokenPromise::new("broken: a watcher hears of changes"))
    }

    fn forget(&mut self) {
        while self.told.try_recv().is_ok() {}
    }

    async fn tell_of(&mut self, key: RecordKey, promise: &str) -> Kept {
        self.tell_of_all(vec![key], promise).await
    }

    async fn tell_of_all(&mut self, mut keys: Vec<RecordKey>, promise: &str) -> Kept {
        let heard = async {
            while let Some(change) = self.told.recv().await {
                match change {
                    Change::Record(changed) => keys.retain(|key| *key != changed),
                    _ => keys.clear(),
                }
                if keys.is_empty() {
                    return;
                }
            }
            std::future::pending::<()>().await;
        };
        let heard = tokio::time::timeout(NEWS, heard).await;
        promised(heard.is_ok(), promise)
    }
}
