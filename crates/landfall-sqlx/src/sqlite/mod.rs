//! [`SqliteStore`]: sessions in an SQLite file, for one machine.

mod error;
mod migrate;
mod place;
mod steps;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use landfall::store::StoreError;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Error, Row as _, TypeInfo as _, ValueRef as _};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use self::error::{File, closed, unmade};
use self::place::Place;
use crate::engine::{ANSWER, CONNECT, Engine, Row, Step, Steps, Value};
use crate::error::{code, failed, late, unconnected};
use crate::running::Running;
use crate::store::SqlStore;
use crate::watchers::Watchers;

/// How many connections a pool of ours has: readers go on beside the one writer.
const CONNECTIONS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(10);

/// Sessions in an SQLite file: for one machine, whose sessions outlive a restart.
///
/// ```
/// use landfall_sqlx::SqliteStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("sessions.db");
/// let store = SqliteStore::open(path);
/// store.migrate().await?;
/// # Ok(())
/// # }
/// ```
pub type SqliteStore = SqlStore<Sqlite>;

/// The database that a [`SqliteStore`] keeps its sessions in.
pub struct Sqlite {
    pool: SqlitePool,
    file: Option<PathBuf>,
    /// SQLite has one writer at a time. Those who wait for their turn here leave the connections to who reads.
    writer: Semaphore,
    /// Whether the file is there, or somebody else's to make.
    made: AtomicBool,
    /// Whether a file that is not there is made.
    makes: bool,
    /// Why there is no database behind this at all: what was opened is no place to keep sessions.
    refused: Option<String>,
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("file", &self.file).finish_non_exhaustive()
    }
}

impl SqlStore<Sqlite> {
    /// Keeps sessions in the database of this pool, which is the application's own.
    ///
    /// A pool on a file should use the write-ahead log (`SqliteJournalMode::Wal`), or a writer stops every reader.
    pub fn new(pool: SqlitePool) -> Self {
        let options = pool.connect_options();
        let name = options.get_filename();
        let in_memory = name.as_os_str().is_empty()
            || name == Path::new(":memory:")
            || name.to_string_lossy().starts_with("file:sqlx-in-memory-");
        let file = (!in_memory).then(|| name.to_path_buf());
        Self::on(Sqlite::on(pool, file, true))
    }

    /// Keeps sessions in this file, which is made when it is first needed, for its owner's eyes alone. Nothing is
    /// opened yet.
    ///
    /// An address does as well: `sqlite:///srv/sessions.db?mode=rwc`, `file:sessions.db`, `sqlite::memory:`, with the
    /// parameters `mode` (`rwc`, `rw`, `memory`), `cache`, `immutable` and `vfs`. `rw` makes no file. One that is
    /// malformed, or may only be read (`mode=ro`), is an error of every call, of `migrate` first.
    ///
    /// Every change is on the disk before it is answered (`synchronous = FULL`): a session that was ended does not
    /// come back after a power cut.
    pub fn open(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        match Place::of(path) {
            Ok(place) => Self::at(place),
            Err(refused) => {
                let pool = unhurried().connect_lazy_with(SqliteConnectOptions::new());
                let nowhere = Sqlite::on(pool, None, false);
                Self::on(Sqlite { refused: Some(refused), ..nowhere })
            }
        }
    }

    /// Keeps sessions in memory, until the last clone of this store is gone.
    pub fn in_memory() -> Self {
        let options = SqliteConnectOptions::new().filename(":memory:").in_memory(true).shared_cache(false);
        let pool = unhurried().max_connections(1).connect_lazy_with(options);
        Self::on(Sqlite::on(pool, None, true))
    }

    /// Makes the file now, for whoever wants to know at once whether that can be done.
    pub(crate) fn made(self) -> Result<Self, StoreError> {
        self.engine().make("open")?;
        Ok(self)
    }

    fn at(place: Place) -> Self {
        let (path, makes, vfs) = match place {
            Place::Memory => return Self::in_memory(),
            Place::File { path, made, vfs } => (path, made, vfs),
        };
        let options = SqliteConnectOptions::new().filename(&path);
        let options = if let Some(vfs) = vfs { options.vfs(vfs) } else { options };
        let options = options
            .create_if_missing(makes)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(ANSWER);
        let pool = unhurried().max_connections(CONNECTIONS).connect_lazy_with(options);
        let engine = Sqlite::on(pool, Some(path), false);
        Self::on(Sqlite { makes, ..engine })
    }
}

/// A pool that keeps its connections: to make them younger is of no use in one process, and would need a runtime
/// already now.
fn unhurried() -> SqlitePoolOptions {
    SqlitePoolOptions::new().idle_timeout(None).max_lifetime(None).test_before_acquire(false)
}

impl Sqlite {
    fn on(pool: SqlitePool, file: Option<PathBuf>, made: bool) -> Self {
        Self {
            pool,
            file,
            writer: Semaphore::new(1),
            made: AtomicBool::new(made),
            makes: true,
            refused: None,
        }
    }

    /// As errors tell of it.
    fn told(&self) -> File<'_> {
        File(self.file.as_deref())
    }

    /// Makes the file, where it is ours to make and not there yet.
    fn make(&self, doing: &str) -> Result<(), StoreError> {
        if self.made.load(Ordering::Acquire) {
            return Ok(());
        }
        if let Some(refused) = &self.refused {
            return Err(StoreError::new(format!("{doing}: {refused}")));
        }
        if let Some(file) = &self.file {
            make(file, self.makes).map_err(|error| unmade(file, doing, self.makes, &error))?;
            // SQLite follows a link, and makes its files beside what that leads to.
            let whole = if file.is_symlink() { file.canonicalize().ok() } else { None };
            let whole = whole.as_deref().unwrap_or(file);
            try_folder(whole).map_err(|error| closed(whole, doing, &error))?;
        }
        self.made.store(true, Ordering::Release);
        Ok(())
    }

    /// The turn to write.
    async fn turn(&self, doing: &str, until: Instant) -> Result<SemaphorePermit<'_>, StoreError> {
        match timeout_at(until, self.writer.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(late(&self.told(), doing)),
        }
    }

    async fn acquire(&self, doing: &str) -> Result<PoolConnection<sqlx::Sqlite>, StoreError> {
        self.make(doing)?;
        let until = Instant::now() + CONNECT;
        loop {
            match timeout_at(until, self.pool.acquire()).await {
                Ok(Ok(connection)) => return Ok(connection),
                // To turn the write-ahead log on, a connection must be alone for a moment.
                Ok(Err(error)) if is_busy(&error) && Instant::now() < until => sleep(PAUSE).await,
                Ok(Err(error)) => return Err(failed(&self.told(), doing, &error)),
                Err(_) => return Err(unconnected(&self.told(), doing)),
            }
        }
    }
}

#[async_trait]
impl Engine for Sqlite {
    const STEPS: &'static Steps = &steps::STEPS;
    const SILENT: bool = true;

    async fn ask(&self, step: &'static Step, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let until = Instant::now() + ANSWER;
        let _turn =
            if step.sql.starts_with("SELECT") { None } else { Some(self.turn(step.doing, until).await?) };
        loop {
            let mut connection = self.acquire(step.doing).await?;
            let mut query = sqlx::query(step.sql);
            for value in values {
                query = match value.clone() {
                    Value::Int(number) => query.bind(number),
                    Value::Bytes(bytes) => query.bind(bytes),
                    Value::Null => query.bind(None::<Vec<u8>>),
                };
            }
            // All rows, for a change is made when the last was read.
            let error = match timeout(ANSWER, query.fetch_all(&mut *connection)).await {
                Ok(Ok(rows)) => {
                    let rows: Result<_, _> = rows.iter().map(row).collect();
                    return rows.map_err(|error| failed(&self.told(), step.doing, &error));
                }
                Ok(Err(error)) => error,
                Err(_) => return Err(late(&self.told(), step.doing)),
            };
            if !is_busy(&error) || Instant::now() >= until {
                return Err(failed(&self.told(), step.doing, &error));
            }
            drop(connection);
            sleep(PAUSE).await;
        }
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        migrate::migrate(self).await
    }

    fn listen(&self, _: &Arc<Watchers>, _: Running) {}

    fn file(&self) -> Option<PathBuf> {
        self.file.clone()
    }
}

/// SQLite gives the files beside it the same permissions.
fn make(file: &Path, makes: bool) -> io::Result<()> {
    for_the_owner().write(true).create(makes).truncate(false).open(file).map(drop)
}

/// Whether files can be made beside it, as the write-ahead log is: SQLite would only say that it cannot open a file.
fn try_folder(file: &Path) -> io::Result<()> {
    let mut name = file.as_os_str().to_os_string();
    name.push(format!("-try-{}", std::process::id()));
    match for_the_owner().write(true).create_new(true).open(&name) {
        Ok(_) => std::fs::remove_file(&name),
        // Somebody tries in this very moment.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn for_the_owner() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Somebody else has the database. What was asked was not done.
fn is_busy(error: &Error) -> bool {
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    code(error)
        .and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| matches!(code & 0xff, BUSY | LOCKED))
}

fn row(row: &SqliteRow) -> Result<Row, Error> {
    (0..row.len())
        .map(|column| {
            let raw = row.try_get_raw(column)?;
            if raw.is_null() {
                return Ok(Value::Null);
            }
            match raw.type_info().name() {
                "BLOB" => row.try_get(column).map(Value::Bytes),
                _ => row.try_get(column).map(Value::Int),
            }
        })
        .collect()
}
