//! [`RedisStore`]: the session store on Redis.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use landfall::store::{
    IndexKey, RecordKey, Selection, SessionStore, StoreClock, StoreError, StoredRecord, Updated, Watcher,
};
use landfall::{Clock, Timestamp};
use redis::FromRedisValue;
use tokio::runtime::Handle;

use crate::connection::{Link, Server, within};
use crate::error::{failed, late, strange};
use crate::keys::Keys;
use crate::record::{pack, unpack};
use crate::rights::Lacking;
use crate::script::{Step, Steps};
use crate::sentinel::Sentinels;
use crate::watch::Watchers;

/// How much longer than needed Redis keeps what has expired. The store's clock decides; this is so that Redis,
/// whose clock may be ahead, never decides first.
const SLACK: Duration = Duration::from_secs(60);
/// The longest time to live that is asked for: ten years.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Sessions in Redis, on one server, behind Sentinel or in a cluster. Clones are the same store.
///
/// It connects when it is first used and again whenever the connection broke; while Redis is away its methods
/// fail at once. What its user may not do there is told in the log when a relying party is built with it on a runtime, or
/// by [`check`](Self::check).
///
/// ```
/// use landfall_redis::{RedisStore, redis};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = RedisStore::new(redis::Client::open("redis://127.0.0.1/")?).key_prefix("shop")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisStore {
    clock: StoreClock,
    keys: Keys,
    link: Arc<Link>,
    steps: Arc<Steps>,
    watchers: Arc<Watchers>,
    writings: Arc<Writings>,
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("prefix", &self.keys.prefix()).finish_non_exhaustive()
    }
}

impl RedisStore {
    /// Keeps sessions in the Redis that this client leads to. Nothing is asked of it yet.
    pub fn new(client: redis::Client) -> Self {
        Self::with_server(Server::One(client))
    }

    /// Keeps sessions in a Redis cluster: all in one slot, so that every change is atomic. Nothing is asked of it
    /// yet.
    ///
    /// To hear of changes the client has to speak RESP3. One that does not works; copies that other instances
    /// keep are then as old as the near cache allows.
    ///
    /// ```
    /// use landfall_redis::{RedisStore, redis};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = redis::cluster::ClusterClient::builder(["redis://10.0.0.1:6379", "redis://10.0.0.2:6379"])
    ///     .use_protocol(redis::ProtocolVersion::RESP3)
    ///     .build()?;
    /// let store = RedisStore::cluster(client);
    /// # Ok(())
    /// # }
    /// ```
    pub fn cluster(client: redis::cluster::ClusterClient) -> Self {
        Self::with_server(Server::Cluster { client, plain_hosts: Vec::new() })
    }

    /// Keeps sessions in the Redis that Sentinels call the primary, and follows them to another one after a fail-over: the
    /// first request after it finds that one, and the listener too. The client has to be one for the primary
    /// (`SentinelServerType::Master`). Nothing is asked of it yet.
    ///
    /// ```
    /// use landfall_redis::{RedisStore, redis};
    /// use redis::sentinel::{SentinelClient, SentinelServerType};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sentinels = vec!["redis://10.0.0.1:26379", "redis://10.0.0.2:26379", "redis://10.0.0.3:26379"];
    /// let client = SentinelClient::build(sentinels, "main".to_owned(), None, SentinelServerType::Master)?;
    /// let store = RedisStore::sentinel(client);
    /// # Ok(())
    /// # }
    /// ```
    pub fn sentinel(client: redis::sentinel::SentinelClient) -> Self {
        Self::with_server(Server::Sentinel(Sentinels::of_the_application(client)))
    }

    pub(crate) fn with_server(server: Server) -> Self {
        Self {
            clock: StoreClock::default(),
            keys: Keys::default(),
            link: Arc::new(Link::new(server)),
            steps: Arc::new(Steps::new()),
            watchers: Arc::default(),
            writings: Arc::default(),
        }
    }

    /// Expires records by this clock, whatever the relying party goes by; without it, by the relying party's, which all
    /// instances of one application should agree on. Clones that were made before keep theirs.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = StoreClock::named(clock);
        self
    }

    /// Begins every key with this name, `landfall` by default. Stores with different names know nothing of each
    /// other, and a cluster may keep them on different nodes.
    ///
    /// # Errors
    /// When the name is empty or holds anything but letters, digits and `-`, `_`, `.`, `:`.
    pub fn key_prefix(mut self, name: &str) -> Result<Self, StoreError> {
        self.keys = Keys::new(name)?;
        // Another name is another channel.
        self.watchers = Arc::default();
        Ok(self)
    }

    /// Asks Redis whether the store can work there, for an application that would rather not start than answer 503: it is
    /// there, knows every command that the store needs, and lets its user run them at the store's keys. Without it the same
    /// is found out when the relying party is built on a runtime, else at the first request, and told in the log.
    ///
    /// # Errors
    /// What is missing, with the rules of the ACL that the store's user needs. A user without a right to the store's channel
    /// is no error: what one instance changes, the others then hear of as late as the near cache allows.
    ///
    /// ```no_run
    /// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
    /// use landfall_redis::{RedisStore, redis};
    ///
    /// let store = RedisStore::new(redis::Client::open("redis://127.0.0.1/")?);
    /// store.check().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn check(&self) -> Result<(), StoreError> {
        const DOING: &str = "check";
        let server = self.link.server();
        let name = server.name();
        let lacking = within(Lacking::at(server, &self.keys)).await.ok_or_else(|| late(&name, DOING))?;
        let lacking = lacking.map_err(|error| failed(&name, DOING, &error))?;
        lacking
            .needed(&name, &self.keys)
            .map_or(Ok(()), |reason| Err(StoreError::new(format!("{DOING}: {reason}"))))
    }

    /// Runs a script; `arguments` come after the prefix and the time.
    async fn run<T: FromRedisValue>(
        &self,
        step: &Step,
        keys: &[Vec<u8>],
        now: Timestamp,
        arguments: &[&[u8]],
    ) -> Result<T, StoreError> {
        self.watchers.listen(&self.link, &self.keys);
        let now = now.millis().to_string();
        let arguments = [&[self.keys.prefix().as_bytes(), now.as_bytes()], arguments].concat();
        // While a cluster moves the slot to another node, a script that sees what is on one of the two alone would take the rest
        // for gone. With a name among its keys that is on neither, it is not run before everything has arrived.
        let with_nothing = self.link.server().is_cluster().then(|| [keys, &[self.keys.nothing()]].concat());
        let keys = with_nothing.as_deref().unwrap_or(keys);
        let any_key = keys.first().map_or(&[][..], Vec::as_slice);
        if let Ok(answer) = self.link.ask(step.doing, any_key, &step.by_hash(keys, &arguments)).await? {
            return Ok(answer);
        }
        let answer = self.link.ask(step.doing, any_key, &step.by_code(keys, &arguments)).await?;
        answer.map_err(|_| StoreError::new(format!("{}: Redis lost the script", step.doing)))
    }

    async fn remove_all(
        &self,
        step: &Step,
        index: Vec<u8>,
        selection: Selection,
    ) -> Result<Vec<RecordKey>, StoreError> {
        let before = selection.created_before.map(|moment| moment.millis().to_string()).unwrap_or_default();
        let except = selection.except.map(|key| key.0);
        let except = except.as_ref().map_or(&[][..], |key| &key[..]);
        let removed: Vec<Vec<u8>> =
            self.run(step, &[index], self.clock.now(), &[before.as_bytes(), except]).await?;
        removed.into_iter().map(|key| record_key(step, &key)).collect()
    }

    async fn claim(
        &self,
        step: &Step,
        name: Vec<u8>,
        holder: &[u8],
        span: Duration,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let until = now.plus(span);
        let claim = [holder, &self.writings.next(), &until.millis().to_be_bytes()].concat();
        self.run(step, &[name], now, &[&claim, ttl(now, until).as_bytes()]).await
    }

    /// Where this record lies, and the indexes that it stands in.
    fn names(&self, key: RecordKey, record: &StoredRecord) -> Vec<Vec<u8>> {
        let mut names = vec![self.keys.record(key), self.keys.subject(record.subject)];
        names.extend(record.sid.map(|sid| self.keys.sid(sid)));
        names
    }

    fn pack(&self, step: &Step, record: &StoredRecord) -> Result<Vec<u8>, StoreError> {
        pack(record, self.writings.next())
            .ok_or_else(|| StoreError::new(format!("{}: the record is too large", step.doing)))
    }
}

fn ttl(now: Timestamp, until: Timestamp) -> String {
    (until.since(now).min(LONGEST) + SLACK).as_millis().to_string()
}

fn record_key(step: &Step, key: &[u8]) -> Result<RecordKey, StoreError> {
    key.try_into().map(RecordKey).map_err(|_| strange(step.doing))
}

/// Makes a name for each writing, no two alike, so that a writing that is sent twice is recognised.
#[derive(Debug)]
struct Writings(AtomicU64);

impl Default for Writings {
    fn default() -> Self {
        // Seeded by the operating system.
        Self(AtomicU64::new(RandomState::new().hash_one(0)))
    }
}

impl Writings {
    fn next(&self) -> [u8; 8] {
        self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes()
    }
}

#[async_trait]
impl SessionStore for RedisStore {
    async fn create(&self, key: RecordKey, record: StoredRecord) -> Result<(), StoreError> {
        let step = &self.steps.create;
        let now = self.clock.now();
        let raw = self.pack(step, &record)?;
        let ttl = ttl(now, record.ends_at());
        if self.run(step, &self.names(key, &record), now, &[&key.0, &raw, ttl.as_bytes()]).await? {
            Ok(())
        } else {
            Err(StoreError::new("create: a record with this key exists"))
        }
    }

    async fn load(&self, key: RecordKey) -> Result<Option<StoredRecord>, StoreError> {
        self.watchers.listen(&self.link, &self.keys);
        let name = self.keys.record(key);
        let mut get = redis::cmd("GET");
        get.arg(&name);
        let Ok(raw) = self.link.ask::<Option<Vec<u8>>>("load", &name, &get).await? else {
            return Err(strange("load"));
        };
        let Some(raw) = raw else { return Ok(None) };
        let record = unpack(raw).ok_or_else(|| strange("load"))?;
        Ok(Some(record).filter(|record| !record.is_expired(self.clock.now())))
    }

    async fn update(
        &self,
        key: RecordKey,
        expected: u64,
        record: StoredRecord,
    ) -> Result<Updated, StoreError> {
        let step = &self.steps.update;
        let now = self.clock.now();
        let raw = self.pack(step, &record)?;
        let ttl = ttl(now, record.ends_at());
        let expected = expected.to_string();
        let arguments = [&key.0[..], expected.as_bytes(), &raw, ttl.as_bytes()];
        match self.run(step, &self.names(key, &record), now, &arguments).await? {
            0 => Ok(Updated::Gone),
            1 => Ok(Updated::Conflict),
            2 => Ok(Updated::Done),
            _other => Err(strange(step.doing)),
        }
    }

    async fn remove(&self, key: RecordKey) -> Result<bool, StoreError> {
        self.run(&self.steps.remove, &[self.keys.record(key)], self.clock.now(), &[&key.0]).await
    }

    async fn list_by_subject(
        &self,
        subject: IndexKey,
        limit: usize,
    ) -> Result<Vec<(RecordKey, StoredRecord)>, StoreError> {
        let step = &self.steps.list;
        let limit = limit.to_string();
        let found: Vec<(Vec<u8>, Vec<u8>)> =
            self.run(step, &[self.keys.subject(subject)], self.clock.now(), &[limit.as_bytes()]).await?;
        let read = |(key, raw): (Vec<u8>, _)| {
            Ok((record_key(step, &key)?, unpack(raw).ok_or_else(|| strange(step.doing))?))
        };
        found.into_iter().map(read).collect()
    }

    async fn remove_by_subject(
        &self,
        subject: IndexKey,
        selection: Selection,
    ) -> Result<Vec<RecordKey>, StoreError> {
        self.remove_all(&self.steps.remove_by_subject, self.keys.subject(subject), selection).await
    }

    async fn remove_by_sid(&self, sid: IndexKey, selection: Selection) -> Result<Vec<RecordKey>, StoreError> {
        self.remove_all(&self.steps.remove_by_sid, self.keys.sid(sid), selection).await
    }

    async fn lease(&self, name: [u8; 32], holder: u128, span: Duration) -> Result<bool, StoreError> {
        self.claim(&self.steps.lease, self.keys.lease(name), &holder.to_be_bytes(), span).await
    }

    async fn release(&self, name: [u8; 32], holder: u128) -> Result<(), StoreError> {
        let holder = holder.to_be_bytes();
        self.run(&self.steps.release, &[self.keys.lease(name)], self.clock.now(), &[&holder]).await
    }

    async fn remember_once(&self, name: [u8; 32], span: Duration) -> Result<bool, StoreError> {
        self.claim(&self.steps.remember, self.keys.remembered(name), &[], span).await
    }

    fn use_clock(&self, clock: Arc<dyn Clock>) {
        self.clock.hand_over(clock);
    }

    fn plain_hosts(&self) -> Vec<String> {
        self.link.server().plain_hosts()
    }

    fn allow_plain(&self) {
        self.link.server().allow_plain();
    }

    fn watch(&self, watcher: Watcher) {
        self.watchers.add(watcher);
        // So that what is lacking is told at the start; without a runtime the first call does it.
        if Handle::try_current().is_ok() {
            self.watchers.listen(&self.link, &self.keys);
        }
    }
}
