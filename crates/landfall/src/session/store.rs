//! What a session store must do. It knows records, versions, expiry, two indexes, a lease and a
//! remember-once; nothing of OAuth, and nothing it could read.
//!
//! This is the contract between the core and an engine, and nothing of an engine is in it. Stores of our own stand in
//! crates of their own; the one in this process is [`MemoryStore`](super::MemoryStore). What a store need not do: judge
//! whether a session may be served beyond its expiry, know who somebody is, or keep anything secret. What it is given
//! is sealed or digested, so a stolen copy of it signs nobody in.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::clock::{Clock, Timestamp};

/// The name a record is stored under: a digest of half the cookie's value. It opens nothing.
///
/// Its bytes are spread evenly, so a store may use any of them to divide records up. `Debug` shows the first four.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey(pub [u8; 32]);

/// A keyed digest of (issuer, subject) or (issuer, sid), to find records by.
///
/// Without the application's cookie keys it tells nobody whose sessions these are. Compare it, and nothing else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexKey(pub [u8; 32]);

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        short(f, "RecordKey", &self.0)
    }
}

impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        short(f, "IndexKey", &self.0)
    }
}

/// The first four bytes: enough to follow one through a log.
fn short(f: &mut fmt::Formatter<'_>, name: &str, bytes: &[u8]) -> fmt::Result {
    write!(f, "{name}(")?;
    for byte in bytes.iter().take(4) {
        write!(f, "{byte:02x}")?;
    }
    f.write_str("..)")
}

/// A session as a store holds it.
///
/// ```
/// use bytes::Bytes;
/// use landfall::Timestamp;
/// use landfall::store::{IndexKey, StoredRecord};
///
/// let [begun, idle, end] = [100, 200, 300].map(Timestamp::from_secs);
/// let record = StoredRecord::new(begun, end, idle, IndexKey([7; 32]), None, Bytes::new(), Bytes::new());
/// assert_eq!(record.version, 1);
/// assert!(!record.is_expired(Timestamp::from_secs(199)));
/// assert!(record.is_expired(record.ends_at()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredRecord {
    /// Counts the changes; the first is 1.
    pub version: u64,
    /// When the session began.
    pub created_at: Timestamp,
    /// From when on it must not be served, whatever happens.
    pub expires_at: Timestamp,
    /// From when on it must not be served unless it was used before. Never later than `expires_at`.
    pub idle_expires_at: Timestamp,
    /// Where all sessions of one subject are found.
    pub subject: IndexKey,
    /// Where the sessions of one provider session are found.
    pub sid: Option<IndexKey>,
    /// Identity and tokens, sealed with the browser's half of the key.
    pub sealed: Bytes,
    /// When it was last seen and how the browser calls itself, sealed with a key of the server's alone, so that
    /// sessions can be listed without their cookies.
    pub admin: Bytes,
}

impl StoredRecord {
    /// A first version.
    pub fn new(
        created_at: Timestamp,
        expires_at: Timestamp,
        idle_expires_at: Timestamp,
        subject: IndexKey,
        sid: Option<IndexKey>,
        sealed: Bytes,
        admin: Bytes,
    ) -> Self {
        Self { version: 1, created_at, expires_at, idle_expires_at, subject, sid, sealed, admin }
    }

    /// The moment from which on it must not be served: the earlier of its two ends.
    pub fn ends_at(&self) -> Timestamp {
        self.expires_at.min(self.idle_expires_at)
    }

    /// Whether it must not be served any more.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at || now >= self.idle_expires_at
    }
}

/// Which of the records that an index leads to.
///
/// ```
/// use landfall::Timestamp;
/// use landfall::store::Selection;
///
/// let earlier = Selection::all().created_before(Timestamp::from_secs(1_800_000_000));
/// assert_eq!(earlier.except, None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Selection {
    /// Those created before this moment alone.
    pub created_before: Option<Timestamp>,
    /// All but this one.
    pub except: Option<RecordKey>,
}

impl Selection {
    /// Every one.
    pub fn all() -> Self {
        Self::default()
    }

    /// Those created before this moment alone; one created at it stays.
    #[must_use]
    pub fn created_before(mut self, moment: Timestamp) -> Self {
        self.created_before = Some(moment);
        self
    }

    /// All but this one.
    #[must_use]
    pub fn except(mut self, key: RecordKey) -> Self {
        self.except = Some(key);
        self
    }

    /// Whether this record is among them.
    pub fn includes(&self, key: RecordKey, created_at: Timestamp) -> bool {
        self.created_before.is_none_or(|moment| created_at < moment) && self.except != Some(key)
    }
}

/// How an update went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Updated {
    /// The record was at the expected version and is changed.
    Done,
    /// Somebody changed it first. Nothing is changed; load it again.
    Conflict,
    /// There is no such record (any more). Nothing is changed: an update never brings a session back.
    Gone,
}

/// What a store tells those who keep copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// This record was changed or removed.
    Record(RecordKey),
    /// Something was changed, and what cannot be told: forget every copy.
    Everything,
}

/// Hears of changes; see [`SessionStore::watch`]. The relying party's own is quick, and asks the store nothing.
pub type Watcher = Arc<dyn Fn(Change) + Send + Sync>;

/// The store failed: nothing is known of the session, least of all that it ended.
///
/// A request that cannot be answered without the store gets a 503, and the log gets these words. A record that is not
/// there is no error.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub struct StoreError {
    detail: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// `detail` is for the operator and must hold no record and no key.
    pub fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), source: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }
}

/// Keeps sessions. Implement it for an engine of your own; the suite in `landfall-testkit` tells whether it
/// keeps the promises below, each of which somebody's session depends on.
///
/// - Every method that changes something is atomic: of two that race, one comes first for everybody.
/// - An expired record is never handed out, listed or updated; it disappears by itself before long.
/// - Whether something has expired is told by the clock the store was given by name, else by the relying party's, which
///   is handed over ([`use_clock`](Self::use_clock)), so that every instance and the relying party agree.
/// - A future that is dropped half-way leaves the record as it was, or changed as a whole. A `load` is dropped whenever
///   a browser hangs up, so that must cost the store little.
/// - Methods are called on a runtime of tokio's with I/O and time. It is not always the same one (a call from another
///   runtime of the application's, or from none, comes on a thread of the relying party's), and one may end while the
///   store lives on: what belongs to a runtime is opened on the one at hand, and opened again after its end.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no session store",
    label = "this keeps no sessions",
    note = "a client or a pool goes into a store: `RedisStore::new(client)` of landfall-redis, `PostgresStore::new(pool)` or `SqliteStore::new(pool)` of landfall-sqlx",
    note = "without an engine: `MemoryStore::new()`; chosen by an address: `.store_opener(…)` and `LANDFALL_STORE`"
)]
#[async_trait]
pub trait SessionStore: fmt::Debug + Send + Sync + 'static {
    /// Stores a new record.
    ///
    /// # Errors
    /// When the engine fails, or a record with this key exists: it is then left as it was.
    async fn create(&self, key: RecordKey, record: StoredRecord) -> Result<(), StoreError>;

    /// The record, unless there is none or it has expired.
    ///
    /// # Errors
    /// When the engine fails.
    async fn load(&self, key: RecordKey) -> Result<Option<StoredRecord>, StoreError>;

    /// Replaces the record if it is still at version `expected`; `record.version` must be higher.
    /// Update-only: a record that is gone stays gone.
    ///
    /// # Errors
    /// When the engine fails.
    async fn update(
        &self,
        key: RecordKey,
        expected: u64,
        record: StoredRecord,
    ) -> Result<Updated, StoreError>;

    /// Removes a record; whether there was one.
    ///
    /// A store whose first answer was lost, and that asked again, may say here and in the removals by an index that
    /// there was nothing to remove.
    ///
    /// # Errors
    /// When the engine fails.
    async fn remove(&self, key: RecordKey) -> Result<bool, StoreError>;

    /// The records of a subject that have not expired, the newest first, `limit` at most.
    ///
    /// # Errors
    /// When the engine fails.
    async fn list_by_subject(
        &self,
        subject: IndexKey,
        limit: usize,
    ) -> Result<Vec<(RecordKey, StoredRecord)>, StoreError>;

    /// Removes the selected records of a subject; which ones.
    ///
    /// # Errors
    /// When the engine fails.
    async fn remove_by_subject(
        &self,
        subject: IndexKey,
        selection: Selection,
    ) -> Result<Vec<RecordKey>, StoreError>;

    /// Removes the selected records of a provider session; which ones.
    ///
    /// # Errors
    /// When the engine fails.
    async fn remove_by_sid(&self, sid: IndexKey, selection: Selection) -> Result<Vec<RecordKey>, StoreError>;

    /// Takes a lease for `holder` if nobody holds it, for `span`; whether it was taken. Asking again does not lengthen
    /// it, and whoever holds it already is told that it is held.
    ///
    /// # Errors
    /// When the engine fails.
    async fn lease(&self, name: [u8; 32], holder: u128, span: Duration) -> Result<bool, StoreError>;

    /// Gives a lease back, if `holder` still holds it: one that ran out may be somebody else's by now.
    ///
    /// # Errors
    /// When the engine fails.
    async fn release(&self, name: [u8; 32], holder: u128) -> Result<(), StoreError>;

    /// Remembers a name for `span`; true for the first to say it, false for everybody after. It tells a logout token
    /// that was sent from one that is replayed.
    ///
    /// # Errors
    /// When the engine fails.
    async fn remember_once(&self, name: [u8; 32], span: Duration) -> Result<bool, StoreError>;

    /// Hears which clock the relying party goes by, to expire records by it; a [`StoreClock`](super::StoreClock) does
    /// what is right. A store that was given a clock by name keeps that one, and one that several relying parties share
    /// the first one's.
    ///
    /// It is called when the relying party is built, before [`watch`](Self::watch). A store that goes by its engine's
    /// time does nothing here, and is right with the system's clock alone. A store around another one hands this on.
    fn use_clock(&self, clock: Arc<dyn Clock>) {
        drop(clock);
    }

    /// Tells `watcher` of every change from now on, as soon as the engine can. A store that cannot tell does
    /// nothing here: copies are then as old as the near cache allows.
    ///
    /// It is called when the relying party is built, with or without a runtime around it: what has to run begins at once
    /// where there is one, else with the first of the other calls. After a gap in which changes may have been missed, the watcher is
    /// told [`Change::Everything`].
    fn watch(&self, watcher: Watcher) {
        drop(watcher);
    }

    /// The hosts that this store reaches without TLS, each with its port where it names one (`10.0.0.7:6379`) and without
    /// user name and password. A Unix socket is none of them; by default there are none.
    ///
    /// A relying party with a host among them that is not a loopback is not built, unless
    /// [`danger::allow_plain_store`](crate::danger::allow_plain_store) says so: whoever can listen on the way reads the
    /// engine's password and the names of sessions, and can end them. A store around another one hands this on.
    fn plain_hosts(&self) -> Vec<String> {
        Vec::new()
    }

    /// Hears that [`danger::allow_plain_store`](crate::danger::allow_plain_store) was said: a store that learns of hosts
    /// beyond loopback only later, and would reach them without TLS, may do so from now on, and refuses to without it.
    ///
    /// It is called when the relying party is built, before [`watch`](Self::watch). By default there is nothing to do: the
    /// hosts are those that were told. A store around another one hands this on.
    fn allow_plain(&self) {}

    /// The file of a store that is embedded in this process and survives it; `None` for every other. On
    /// loopback, cookie keys that nobody configured are kept beside it.
    fn file(&self) -> Option<PathBuf> {
        None
    }
}

/// A shared store is a store: the relying party takes an `Arc` of one as well.
#[async_trait]
impl<S: SessionStore + ?Sized> SessionStore for Arc<S> {
    async fn create(&self, key: RecordKey, record: StoredRecord) -> Result<(), StoreError> {
        (**self).create(key, record).await
    }

    // As the macro would write it, without a future around the other's: this is called for every request.
    fn load<'a, 'future>(
        &'a self,
        key: RecordKey,
    ) -> Pin<Box<dyn Future<Output = Result<Option<StoredRecord>, StoreError>> + Send + 'future>>
    where
        'a: 'future,
        Self: 'future,
    {
        (**self).load(key)
    }

    async fn update(
        &self,
        key: RecordKey,
        expected: u64,
        record: StoredRecord,
    ) -> Result<Updated, StoreError> {
        (**self).update(key, expected, record).await
    }

    async fn remove(&self, key: RecordKey) -> Result<bool, StoreError> {
        (**self).remove(key).await
    }

    async fn list_by_subject(
        &self,
        subject: IndexKey,
        limit: usize,
    ) -> Result<Vec<(RecordKey, StoredRecord)>, StoreError> {
        (**self).list_by_subject(subject, limit).await
    }

    async fn remove_by_subject(
        &self,
        subject: IndexKey,
        selection: Selection,
    ) -> Result<Vec<RecordKey>, StoreError> {
        (**self).remove_by_subject(subject, selection).await
    }

    async fn remove_by_sid(&self, sid: IndexKey, selection: Selection) -> Result<Vec<RecordKey>, StoreError> {
        (**self).remove_by_sid(sid, selection).await
    }

    async fn lease(&self, name: [u8; 32], holder: u128, span: Duration) -> Result<bool, StoreError> {
        (**self).lease(name, holder, span).await
    }

    async fn release(&self, name: [u8; 32], holder: u128) -> Result<(), StoreError> {
        (**self).release(name, holder).await
    }

    async fn remember_once(&self, name: [u8; 32], span: Duration) -> Result<bool, StoreError> {
        (**self).remember_once(name, span).await
    }

    fn use_clock(&self, clock: Arc<dyn Clock>) {
        (**self).use_clock(clock);
    }

    fn watch(&self, watcher: Watcher) {
        (**self).watch(watcher);
    }

    fn plain_hosts(&self) -> Vec<String> {
        (**self).plain_hosts()
    }

    fn allow_plain(&self) {
        (**self).allow_plain();
    }

    fn file(&self) -> Option<PathBuf> {
        (**self).file()
    }
}

/// Opens a store by its address, for `LANDFALL_STORE`; see
/// [`RelyingPartyBuilder::store_opener`](crate::RelyingPartyBuilder::store_opener). The crates with stores have one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` opens no session store",
    label = "this is no `StoreOpener`",
    note = "`landfall_redis::opener()` and `landfall_sqlx::opener()` are; a store that is there already goes to `.store(…)`"
)]
pub trait StoreOpener: fmt::Debug + Send + Sync + 'static {
    /// The schemes it answers for, as they stand before the address's first colon: `redis`, `rediss`.
    fn schemes(&self) -> &'static [&'static str];

    /// The store at this address. A file that it names is made now; an engine elsewhere is asked nothing yet.
    ///
    /// # Errors
    /// When the address is malformed. The error must not repeat it: it may hold a password.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use landfall::store::{SessionStore, StoreError, StoreOpener};
    /// use landfall::{Clock, MemoryStore};
    ///
    /// #[derive(Debug)]
    /// struct Scratch;
    ///
    /// impl StoreOpener for Scratch {
    ///     fn schemes(&self) -> &'static [&'static str] {
    ///         &["scratch"]
    ///     }
    ///
    ///     fn open(&self, _: &str, clock: Arc<dyn Clock>) -> Result<Arc<dyn SessionStore>, StoreError> {
    ///         Ok(Arc::new(MemoryStore::new().with_clock(clock)))
    ///     }
    /// }
    /// ```
    fn open(&self, address: &str, clock: Arc<dyn Clock>) -> Result<Arc<dyn SessionStore>, StoreError>;
}
