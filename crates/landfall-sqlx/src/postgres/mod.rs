//! [`PostgresStore`]: sessions in PostgreSQL, for many instances on one database.

mod address;
mod error;
mod hosts;
mod lent;
mod listen;
mod migrate;
mod pooler;
mod spares;
mod steps;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use landfall::store::StoreError;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgRow};
use sqlx::{AssertSqlSafe, Connection as _, Error, Row as _, TypeInfo as _, ValueRef as _};
use tokio::task::yield_now;
use tokio::time::timeout;

use self::address::Address;
use self::error::Server;
use self::hosts::Hosts;
use self::lent::Lent;
use self::pooler::{Way, is_mixed_up, written};
use self::spares::Spares;
use crate::engine::{ANSWER, CONNECT, Engine, Row, Step, Steps, Value};
use crate::error::{code, failed, late, unconnected};
use crate::running::Running;
use crate::store::SqlStore;
use crate::watchers::Watchers;

/// How often a statement is sent at most, where its connection was dead or it was undone in favour of another.
const ATTEMPTS: u32 = 4;
const LONGEST_IDLE: Duration = Duration::from_mins(1);

/// Sessions in PostgreSQL: any number of instances share them.
///
/// ```no_run
/// use landfall_sqlx::{PostgresStore, sqlx};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = sqlx::PgPool::connect_lazy("postgres://shop@127.0.0.1/shop")?;
/// let store = PostgresStore::new(pool);
/// store.migrate().await?;
/// # Ok(())
/// # }
/// ```
pub type PostgresStore = SqlStore<Postgres>;

/// The database that a [`PostgresStore`] keeps its sessions in.
pub struct Postgres {
    pool: PgPool,
    /// Connections that the next statement may want.
    spares: Arc<Spares>,
    hosts: Arc<Hosts>,
    way: Way,
    /// Where changes are heard of, if not where the pool leads.
    listen: OnceLock<PgConnectOptions>,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the pool: its options hold a password.
        f.debug_struct("Postgres").finish_non_exhaustive()
    }
}

impl SqlStore<Postgres> {
    /// Keeps sessions in the database of this pool, which is the application's own.
    ///
    /// To hear of changes the store opens one connection more, beside the pool and by the pool's options.
    ///
    /// The store itself sends a statement again when a pooled connection turns out to be dead. A pool with
    /// `test_before_acquire(false)` saves every request a round trip. Between two statements the store keeps connections
    /// for some milliseconds, and none while more than half of what the pool may have is in use.
    pub fn new(pool: PgPool) -> Self {
        Self::on(Postgres::with(pool, Hosts::new(Vec::new())))
    }

    /// With a pool of its own.
    pub(crate) fn open(address: &str) -> Result<Self, StoreError> {
        let Address { hosts, listen } = Address::read(address)?;
        let Some(first) = hosts.first().cloned() else { return Err(StoreError::new("no host")) };
        let hosts = Hosts::new(hosts);
        let chosen = Arc::clone(&hosts);
        // To close connections for their age, a pool would need a runtime already now.
        let pool = PgPoolOptions::new()
            .acquire_timeout(CONNECT)
            .test_before_acquire(false)
            // What waited long may have died unnoticed, of a firewall in between.
            .before_acquire(move |_, meta| {
                let is_good = meta.idle_for < LONGEST_IDLE && !chosen.left_behind(meta.age);
                Box::pin(async move { Ok(is_good) })
            })
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(first);
        let store = Self::on(Postgres::with(pool, hosts));
        Ok(match listen {
            Some(listen) => store.listening_at(listen),
            None => store,
        })
    }

    /// What an administrator runs where the application's role may make no tables: statements that make them in the first
    /// schema of the administrator's `search_path`, and give this role the rights on them that it needs. It also needs
    /// `USAGE` on the schema, which in `public` everybody has.
    ///
    /// ```
    /// let script = landfall_sqlx::PostgresStore::migrations("shop");
    /// assert!(script.contains("TO \"shop\""));
    /// ```
    pub fn migrations(role: &str) -> String {
        migrate::for_an_administrator(role)
    }

    /// Hears of changes by these options, where the pool's lead to a pooler that passes no notices on: such as those of
    /// the server itself. `?listen=host:port` in an address says the same. Of several calls the first counts.
    #[must_use]
    pub fn listening_at(self, options: PgConnectOptions) -> Self {
        let _ = self.engine().listen.set(options);
        self
    }
}

impl Postgres {
    fn with(pool: PgPool, hosts: Arc<Hosts>) -> Self {
        Self { pool, spares: Arc::default(), hosts, way: Way::default(), listen: OnceLock::new() }
    }

    /// Chooses among several hosts before the first is asked, and looks again now and then.
    async fn begin(&self) {
        if self.hosts.are_due() {
            self.choose_host().await;
        }
    }

    /// Looks for the host that takes changes, where there are several. Says whether it is worth asking again.
    async fn choose_host(&self) -> bool {
        self.hosts.choose(&self.pool).await
    }

    /// As errors tell of it.
    fn server(&self) -> Server<'_> {
        Server(&self.pool)
    }

    /// A connection, and whether statements may be prepared on it.
    async fn way_there(&self, doing: &str, tried: bool) -> Result<(bool, Lent), StoreError> {
        let is_direct = self.is_direct(doing).await?;
        Ok((is_direct, self.acquire(doing, tried).await?))
    }

    /// Whether statements may be prepared, as it is found out before the first, and again now and then.
    async fn is_direct(&self, doing: &str) -> Result<bool, StoreError> {
        let looking = self.way.is_direct(self.hosts.moved(), || self.pool.connect_options().as_ref().clone());
        timeout(CONNECT, looking).await.map_err(|_| unconnected(&self.server(), doing))
    }

    /// A connection; `tried` for one that gave a sign of life. After a restart of the server, all that wait in the
    /// pool are dead.
    async fn acquire(&self, doing: &str, tried: bool) -> Result<Lent, StoreError> {
        let spare = self.spares.take().filter(|_| !tried && !self.pool.is_closed());
        if let Some(spare) = spare.filter(|spare| !self.hosts.left_behind(spare.age())) {
            return Ok(spare);
        }
        let acquiring = async {
            loop {
                let mut connection = Lent::new(self.pool.acquire().await?);
                if !tried || connection.ping().await.is_ok() {
                    return Ok(connection);
                }
            }
        };
        match timeout(CONNECT, acquiring).await {
            Ok(connection) => connection.map_err(|error: Error| failed(&self.server(), doing, &error)),
            Err(_) => Err(unconnected(&self.server(), doing)),
        }
    }
}

#[async_trait]
impl Engine for Postgres {
    const STEPS: &'static Steps = &steps::STEPS;
    const SILENT: bool = false;

    async fn ask(&self, step: &'static Step, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut attempts = 0;
        loop {
            self.begin().await;
            let (is_direct, mut connection) = match self.way_there(step.doing, attempts > 0).await {
                Ok(there) => there,
                Err(_) if attempts == 0 && self.choose_host().await => {
                    attempts += 1;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if step.sql.starts_with("SELECT") {
                // A look is broken off whenever a browser hangs up, which must not cost a connection each time.
                connection.give_back_at_the_end();
            } else {
                connection.close_at_the_end();
            }
            let error = match timeout(ANSWER, send(&mut connection, is_direct, step, values)).await {
                Ok(Ok(rows)) => {
                    if self.spares.keep(&self.pool, connection) {
                        // A task that was just started is the next of this thread, and no other takes it over: it
                        // begins before whoever asked goes on, who may hold the thread for long.
                        yield_now().await;
                    }
                    let rows: Result<_, _> = rows.iter().map(row).collect();
                    return rows.map_err(|error| failed(&self.server(), step.doing, &error));
                }
                Ok(Err(error)) => error,
                Err(_) => {
                    connection.close_at_the_end();
                    drop(connection);
                    let late = late(&self.server(), step.doing);
                    // Of several hosts, the next statement asks one that answers.
                    self.choose_host().await;
                    return Err(late);
                }
            };
            let lost =
                is_lost(&error) || is_mixed_up(&error) || (self.hosts.are_many() && only_reads(&error));
            if lost {
                // What ended it may have been somebody who put a pooler there.
                self.way.doubt();
                connection.close_at_the_end();
            } else {
                connection.give_back_at_the_end();
            }
            drop(connection);
            attempts += 1;
            if lost && !self.choose_host().await && self.hosts.are_many() {
                return Err(failed(&self.server(), step.doing, &error));
            }
            // To do a step twice does it once: see `Steps`.
            if attempts == ATTEMPTS || !(lost || is_undone(&error)) {
                return Err(failed(&self.server(), step.doing, &error));
            }
        }
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        migrate::migrate(self).await
    }

    fn listen(&self, watchers: &Arc<Watchers>, running: Running) {
        let (pool, hosts) = (self.pool.clone(), Arc::clone(&self.hosts));
        let apart = self.listen.get().cloned();
        tokio::spawn(listen::listen(Arc::downgrade(watchers), pool, hosts, apart, running));
    }

    fn plain_hosts(&self) -> Vec<String> {
        let pool = self.pool.connect_options();
        let all = self.hosts.all().iter().chain(self.listen.get()).chain([pool.as_ref()]);
        let mut hosts: Vec<String> = all.filter_map(plain_host).collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }

    fn file(&self) -> Option<PathBuf> {
        None
    }
}

/// The host that these options may lead to without TLS: `prefer`, sqlx's default, goes on without it where the server has none,
/// or where somebody on the way says so.
fn plain_host(options: &PgConnectOptions) -> Option<String> {
    use sqlx::postgres::PgSslMode::{Allow, Disable, Prefer};

    let (host, port) = (options.get_host(), options.get_port());
    let is_socket = options.get_socket().is_some() || host.starts_with('/');
    let is_plain = matches!(options.get_ssl_mode(), Allow | Disable | Prefer);
    (is_plain && !is_socket).then(|| {
        if host.contains(':') && !host.starts_with('[') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    })
}

/// Sends a statement, and reads all that comes back.
async fn send(
    connection: &mut PgConnection,
    is_direct: bool,
    step: &Step,
    values: &[Value],
) -> Result<Vec<PgRow>, Error> {
    if !is_direct {
        return sqlx::raw_sql(AssertSqlSafe(written(step.sql, values))).fetch_all(connection).await;
    }
    let mut query = sqlx::query(step.sql);
    for value in values {
        query = match value.clone() {
            Value::Int(number) => query.bind(number),
            Value::Bytes(bytes) => query.bind(bytes),
            Value::Null => query.bind(None::<Vec<u8>>),
        };
    }
    query.fetch_all(connection).await
}

/// The connection ended, or the server is about to.
fn is_lost(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Protocol(_) | Error::WorkerCrashed => true,
        _ => code(error).is_some_and(|code| code.starts_with("08") || code.starts_with("57P")),
    }
}

/// The server takes no changes, or none any more.
fn only_reads(error: &Error) -> bool {
    code(error).as_deref() == Some("25006")
}

/// A deadlock with another removal, or a conflict under an isolation of the application's choice: the statement
/// was undone as a whole.
fn is_undone(error: &Error) -> bool {
    matches!(code(error).as_deref(), Some("40P01" | "40001"))
}

fn row(row: &PgRow) -> Result<Row, Error> {
    (0..row.len())
        .map(|column| {
            let raw = row.try_get_raw(column)?;
            if raw.is_null() {
                return Ok(Value::Null);
            }
            match raw.type_info().name() {
                "INT8" => row.try_get(column).map(Value::Int),
                "BYTEA" => row.try_get(column).map(Value::Bytes),
                // What `pg_notify` answers.
                _ => Ok(Value::Null),
            }
        })
        .collect()
}
