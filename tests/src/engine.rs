//! The engine behind a world's sessions, from outside.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use landfall::store::{RecordKey, SessionStore, StoredRecord};
use landfall::{Clock, MemoryStore};
use landfall_sqlx::SqliteStore;
use tempfile::TempDir;

use crate::SessionKind;
use crate::noting::{Noted, Noting};
#[cfg(feature = "real")]
use crate::real::{self, postgres, redis};

/// An engine, and what one test stored in it. Others may use the same.
#[derive(Debug)]
pub struct Engine {
    kind: SessionKind,
    place: Place,
    clock: Arc<dyn Clock>,
    noted: Arc<Noted>,
}

#[derive(Debug)]
enum Place {
    Cookie,
    Memory(MemoryStore),
    Sqlite(TempDir),
    #[cfg(feature = "real")]
    Postgres(String),
    #[cfg(feature = "real")]
    Redis(String),
}

impl Engine {
    /// The engine for sessions of this kind, ready for stores. What expires does so by this clock.
    ///
    /// # Panics
    /// When it is not there.
    pub async fn open(kind: SessionKind, clock: Arc<dyn Clock>) -> Self {
        let place = match kind {
            SessionKind::Cookie => Place::Cookie,
            SessionKind::Memory => Place::Memory(MemoryStore::new().with_clock(Arc::clone(&clock))),
            SessionKind::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                SqliteStore::open(file(&folder)).migrate().await.unwrap();
                Place::Sqlite(folder)
            }
            #[cfg(feature = "real")]
            SessionKind::Postgres => {
                Place::Postgres(postgres::room(&real::address("LANDFALL_TEST_POSTGRES_URL")).await)
            }
            #[cfg(feature = "real")]
            SessionKind::Redis => Place::Redis(real::address("LANDFALL_TEST_REDIS_URL")),
        };
        Self { kind, place, clock, noted: Arc::default() }
    }

    /// The engine that a client finds at `url`: one of the test's own, or the way to it.
    ///
    /// # Panics
    /// When it is not there.
    #[cfg(feature = "real")]
    pub async fn at(kind: SessionKind, url: String, clock: Arc<dyn Clock>) -> Self {
        let place = match kind {
            SessionKind::Postgres => {
                postgres::migrate(&url).await;
                Place::Postgres(url)
            }
            SessionKind::Redis => Place::Redis(url),
            _ => panic!("{kind:?} has no address"),
        };
        Self { kind, place, clock, noted: Arc::default() }
    }

    /// What kind of sessions it holds.
    pub fn kind(&self) -> SessionKind {
        self.kind
    }

    /// A store on it, as another instance on another machine would open one; `None` if sessions need none.
    ///
    /// # Panics
    /// When there is none to be had.
    pub fn store(&self) -> Option<Arc<dyn SessionStore>> {
        let noted = Arc::clone(&self.noted);
        Some(Arc::new(Noting { store: self.plain_store()?, noted }))
    }

    fn plain_store(&self) -> Option<Arc<dyn SessionStore>> {
        let clock = Arc::clone(&self.clock);
        match &self.place {
            Place::Cookie => None,
            Place::Memory(store) => Some(Arc::new(store.clone())),
            Place::Sqlite(folder) => Some(Arc::new(SqliteStore::open(file(folder)).with_clock(clock))),
            #[cfg(feature = "real")]
            Place::Postgres(url) => Some(Arc::new(postgres::store(url).with_clock(clock))),
            #[cfg(feature = "real")]
            Place::Redis(url) => Some(redis::store(url, clock)),
        }
    }

    /// How often the stores on it were asked for anything.
    pub fn calls(&self) -> usize {
        self.noted.calls.load(Ordering::SeqCst)
    }

    /// What stands in it of what this test stored there.
    ///
    /// # Panics
    /// When the engine fails.
    pub async fn stored(&self) -> Vec<(RecordKey, StoredRecord)> {
        let Some(store) = self.plain_store() else { return Vec::new() };
        let noted = self.noted.keys.lock().unwrap().clone();
        let mut stored = Vec::new();
        for key in noted {
            if let Some(record) = store.load(key).await.unwrap() {
                stored.push((key, record));
            }
        }
        stored
    }

    /// All that the engine holds, whoever stored it, as bytes to be searched.
    ///
    /// # Panics
    /// When the engine fails.
    #[cfg_attr(
        not(feature = "real"),
        allow(clippy::unused_async, reason = "what is embedded is read at once")
    )]
    pub async fn dump(&self) -> Vec<u8> {
        match &self.place {
            Place::Cookie => Vec::new(),
            Place::Memory(store) => {
                let bytes = |(key, record): (RecordKey, StoredRecord)| {
                    let sid = record.sid.map_or(Vec::new(), |sid| sid.0.to_vec());
                    [&key.0[..], &record.subject.0, &sid, &record.sealed, &record.admin].concat()
                };
                store.dump().into_iter().flat_map(bytes).collect()
            }
            Place::Sqlite(folder) => files(folder.path()),
            #[cfg(feature = "real")]
            Place::Postgres(url) => postgres::dump(url).await,
            #[cfg(feature = "real")]
            Place::Redis(url) => redis::dump(url).await,
        }
    }
}

fn file(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("sessions.db")
}

/// The bytes on the disk, with what was only written ahead.
fn files(folder: &Path) -> Vec<u8> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.flat_map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
}
