//! A file, and several who use it.

use std::sync::Arc;
use std::time::Duration;

use landfall::store::{
    Change, IndexKey, RecordKey, SessionStore as _, StoreOpener as _, StoredRecord, Updated,
};
use landfall::{Clock as _, SystemClock};
use landfall_sqlx::{SqliteStore, opener, sqlx};
use landfall_testkit::VirtualClock;
use tempfile::TempDir;

const HOUR: Duration = Duration::from_hours(1);

fn key(name: u8) -> RecordKey {
    RecordKey([name; 32])
}

fn record(clock: &VirtualClock, subject: u8) -> StoredRecord {
    let now = clock.now();
    let index = IndexKey([subject; 32]);
    StoredRecord::new(now, now.plus(HOUR), now.plus(HOUR), index, None, "sealed".into(), "admin".into())
}

fn store(folder: &TempDir, clock: &VirtualClock) -> SqliteStore {
    SqliteStore::open(folder.path().join("sessions.db")).with_clock(Arc::new(clock.clone()))
}

#[tokio::test]
async fn a_file_without_the_tables_is_an_error_that_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder, &VirtualClock::default());
    for error in [
        store.load(key(1)).await.unwrap_err(),
        store.create(key(1), record(&VirtualClock::default(), 1)).await.unwrap_err(),
        store.lease([1; 32], 1, HOUR).await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("call `migrate`"), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_had_is_named_with_what_is_missing() {
    let folder = TempDir::new().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "no database, but long enough to be taken for one, if nobody looked").unwrap();
    for (file, missing) in [
        (folder.path().join("gone/sessions.db"), "its folder"),
        (folder.path().to_path_buf(), "is a folder: name a file in it"),
        (text.join("sessions.db"), "is no folder"),
        (text.clone(), "is no SQLite database: name another file"),
    ] {
        let error = SqliteStore::open(&file).migrating().load(key(1)).await.unwrap_err().to_string();
        assert!(error.contains(missing) && error.contains(&file.display().to_string()), "{error}");
        let address = format!("sqlite:{}", file.display());
        if missing != "is no SQLite database: name another file" {
            let error = opener().open(&address, Arc::new(SystemClock)).unwrap_err().to_string();
            assert!(error.contains(missing), "told before anything is asked of it: {error}");
        }
    }
}

#[tokio::test]
async fn a_restart_keeps_the_sessions() {
    let folder = TempDir::new().unwrap();
    let clock = VirtualClock::default();
    for round in 0..3 {
        let store = store(&folder, &clock);
        store.migrate().await.unwrap();
        if round == 0 {
            store.create(key(1), record(&clock, 1)).await.unwrap();
        }
        assert_eq!(store.load(key(1)).await.unwrap(), Some(record(&clock, 1)));
    }
}

#[tokio::test]
async fn a_store_without_a_clock_of_its_own_takes_the_one_it_is_handed_and_its_clones_too() {
    let folder = TempDir::new().unwrap();
    let clock = VirtualClock::default();
    let store = SqliteStore::open(folder.path().join("sessions.db")).migrating();
    let clone = store.clone();
    store.use_clock(Arc::new(clock.clone()));
    clone.create(key(1), record(&clock, 1)).await.unwrap();
    assert!(clone.load(key(1)).await.unwrap().is_some());
    clock.advance(HOUR);
    assert_eq!(clone.load(key(1)).await.unwrap(), None);
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_on_the_machine_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = TempDir::new().unwrap();
    let clock = VirtualClock::default();
    let store = store(&folder, &clock);
    store.migrate().await.unwrap();
    store.create(key(1), record(&clock, 1)).await.unwrap();
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["sessions.db", "sessions.db-shm", "sessions.db-wal"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_write_at_once_wait_for_each_other_and_none_is_refused() {
    let folder = TempDir::new().unwrap();
    let clock = VirtualClock::default();
    // Each has a pool of its own, as another process would, and all start on an empty folder.
    let writing: Vec<_> = (0..6_u8)
        .map(|writer| {
            let (store, clock) = (store(&folder, &clock), clock.clone());
            tokio::spawn(async move {
                store.migrate().await.unwrap();
                for round in 0..20 {
                    let key = RecordKey([[writer, round]; 16].concat().try_into().unwrap());
                    store.create(key, record(&clock, 1)).await.unwrap();
                    let mut next = record(&clock, 1);
                    next.version = 2;
                    assert_eq!(store.update(key, 1, next).await.unwrap(), Updated::Done);
                }
            })
        })
        .collect();
    for writer in writing {
        writer.await.unwrap();
    }
    let all = store(&folder, &clock).list_by_subject(IndexKey([1; 32]), usize::MAX).await.unwrap();
    assert_eq!(all.len(), 120);
}

#[tokio::test]
async fn what_has_expired_is_swept_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let clock = VirtualClock::default();
    let store = store(&folder, &clock).migrating();
    for name in 0..20 {
        store.create(key(name), record(&clock, name)).await.unwrap();
    }
    store.lease([1; 32], 1, HOUR).await.unwrap();
    clock.advance(HOUR);
    assert_eq!(store.sweep().await.unwrap(), 0, "another clock may be behind");
    clock.advance(Duration::from_mins(1));
    store.create(key(255), record(&clock, 1)).await.unwrap();
    // The store sweeps by itself, too: what counts is what is left.
    assert!(store.sweep().await.unwrap() <= 21);
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("sessions.db"));
    let pool = sqlx::SqlitePool::connect_lazy_with(options);
    let left = "SELECT (SELECT count(*) FROM landfall_sessions) + (SELECT count(*) FROM landfall_claims)";
    assert_eq!(sqlx::query_scalar::<_, i64>(left).fetch_one(&pool).await.unwrap(), 1);
    assert!(store.load(key(255)).await.unwrap().is_some());
}

#[tokio::test]
async fn an_application_brings_its_own_pool() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("app.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let store = SqliteStore::new(sqlx::SqlitePool::connect_lazy_with(options));
    store.migrate().await.unwrap();
    assert_eq!(store.load(key(1)).await.unwrap(), None);
    assert_eq!(store.file().as_deref(), Some(path.as_path()));
    let memory = SqliteStore::new(sqlx::SqlitePool::connect_lazy("sqlite::memory:").unwrap());
    assert_eq!(memory.file(), None);
}

#[test]
fn a_store_is_made_without_a_runtime_and_knows_its_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("of all.db");
    assert_eq!(SqliteStore::open(&path).file().as_deref(), Some(path.as_path()));
    assert_eq!(SqliteStore::in_memory().file(), None);
    assert!(!path.exists(), "nothing is opened yet");
    // One that an address names is made at once, so that a place without room or right for it is told at the start.
    let written = path.display().to_string().replace(' ', "%20");
    for (address, file) in [
        (format!("sqlite:{written}"), Some(path.as_path())),
        (format!("sqlite://{written}"), Some(path.as_path())),
        ("sqlite::memory:".to_owned(), None),
    ] {
        let store = opener().open(&address, Arc::new(SystemClock)).unwrap();
        assert_eq!(store.file().as_deref(), file, "{address}");
    }
    assert!(path.exists());
}

#[tokio::test]
async fn an_address_is_enough() {
    let folder = TempDir::new().unwrap();
    let address = format!("sqlite://{}", folder.path().join("sessions.db").display());
    let strict = opener().open(&address, Arc::new(SystemClock)).unwrap();
    assert!(strict.load(key(1)).await.is_err());
    let store = opener().migrating().open(&address, Arc::new(SystemClock)).unwrap();
    assert_eq!(store.load(key(1)).await.unwrap(), None);
}

#[tokio::test]
async fn watchers_in_the_process_are_told() {
    let clock = VirtualClock::default();
    let store = SqliteStore::in_memory().migrating().with_clock(Arc::new(clock.clone()));
    let (tell, told) = std::sync::mpsc::channel();
    let tell = std::sync::Mutex::new(tell);
    store.clone().watch(Arc::new(move |change| tell.lock().unwrap().send(change).unwrap()));
    store.create(key(1), record(&clock, 1)).await.unwrap();
    store.remove(key(1)).await.unwrap();
    assert_eq!(told.try_recv().unwrap(), Change::Record(key(1)));
}
