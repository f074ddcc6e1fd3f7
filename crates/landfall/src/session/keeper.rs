//! Where sessions are found: in a sealed cookie, or in a store behind the near cache.
//!
//! [`SessionKeeper`] answers "which session is this" for every leg of the trip, in two steps:
//!
//! 1. [`SessionKeeper::find`] looks at the cookies without I/O. It opens what is sealed, and serves a stored session
//!    from the near cache while its copy is young enough. Most requests end here, without a future.
//! 2. [`SessionKeeper::resolve`] asks the store where the first step could not tell.
//!
//! Three rules hold throughout. A store that fails is an error ([`ErrorCode::StoreUnavailable`]) and never "signed
//! out": people would be sent to the provider, all of them at once. Every call to the store has a deadline. And what
//! was removed is forgotten here, whatever the store answered.
//!
//! What the keeper does besides stands in files of its own: [`renewal`](super::renewal) begins, renews and ends,
//! [`listing`](super::listing) and [`provider_logout`](super::provider_logout) work without cookies,
//! [`stash`](super::stash) keeps what is no session, [`trial`](super::trial) tries the store at the start.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::cache::{Changes, NearCache};
use super::endings::Endings;
use super::id::{ReadId, SessionId, SessionIds, TEXT_LENGTH, looks_like_an_id};
use super::identity::Identity;
use super::late_renewal::EndedHere;
use super::newborn::Newborn;
use super::opened::{ClientRef, Session};
use super::record;
use super::seals::RecordSeals;
use super::store::{Change, RecordKey, SessionStore, StoreError};
use super::taken::Taken;
use super::unopened::{Cause, Unopened};
use crate::browser::cookie::{CookieNames, SentCookies};
use crate::clock::{Entropy, Timestamp};
use crate::crypto::seal::{Opened, Sealer, looks_sealed};
use crate::error::{Error, ErrorCode, Names};

/// How many opened sessions are kept in this process at most.
const CACHE_CAPACITY: usize = 10_000;

/// How long a session lasts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    /// From sign-in, whatever happens.
    pub(crate) absolute: Duration,
    /// Without a request.
    pub(crate) idle: Duration,
}

/// What a request's session cookie leads to, as far as it can be told without I/O.
#[derive(Debug)]
pub(crate) enum CookieSession {
    /// No session: there is no such cookie, or none that opens and still stands.
    Nobody,
    /// This one. `renew`: it is past half of its idle life, or sealed with an older key.
    Session { session: Arc<Session>, renew: bool },
    /// Perhaps one of these; the store knows. More than one where the request has several cookies of that name; then
    /// the first that the store knows counts.
    Load {
        ids: Vec<SessionId>,
        /// Whether an older key of the ring made the tag of one of them: the cookie is then to be written anew.
        old_key: bool,
        /// The session of a cookie behind those, if the store knows none of them.
        otherwise: Option<Arc<Session>>,
    },
}

impl CookieSession {
    /// Whether an older key of the ring wrote an id that is to be loaded, so that its cookie is to be written anew.
    pub(crate) fn has_old_key(&self) -> bool {
        matches!(self, Self::Load { old_key: true, .. })
    }
}

/// How sessions, or their ids, are written into their cookies under one base URL.
#[derive(Debug)]
pub(crate) struct SessionSeal {
    /// Which base URL: what one of them sealed, another cannot open.
    pub(crate) site: usize,
    /// The base URL itself, for the log.
    pub(crate) base_url: String,
    /// What the cookie is called there. Its name is bound into the seal.
    pub(crate) names: CookieNames,
    /// Its keys are of this base URL's origin.
    pub(crate) sealer: Sealer,
    /// Writes and reads the cookies of stored sessions. Its keys are of this origin, and of the cookie's name.
    pub(crate) ids: SessionIds,
}

/// How long things last and may take, and what settings are called.
#[derive(Debug)]
pub(crate) struct KeeperSettings {
    /// How long a session lasts.
    pub(crate) lifetimes: Lifetimes,
    /// How long the store may take to answer.
    pub(crate) store_timeout: Duration,
    /// How old a near copy of a stored session may be.
    pub(crate) near_cache_staleness: Duration,
    /// What settings are called where this application sets them.
    pub(crate) names: Names,
}

/// Finds, begins, renews and ends sessions.
///
/// There is one for each application, shared by all of its base URLs; what differs between those comes with each call,
/// as a [`SessionSeal`].
pub(crate) struct SessionKeeper {
    /// Whom a session belongs to that names no client, and whose issuer every session of a provider must have; `None`
    /// where there is no provider.
    pub(super) client: Option<ClientRef>,
    pub(super) entropy: Arc<dyn Entropy>,
    /// `None` where sessions are sealed into their cookies.
    pub(super) store: Option<Arc<dyn SessionStore>>,
    pub(super) seals: RecordSeals,
    pub(super) cache: Arc<NearCache>,
    /// Counts what the store told, so that a copy loaded before a change is not kept after it.
    changes: Arc<Changes>,
    /// The sessions whose end somebody waits for.
    pub(super) endings: Arc<Endings>,
    /// Tells a session that the store lost from one that is over.
    pub(super) newborn: Newborn,
    /// Keeps a late answer from setting a session again that ended.
    pub(super) ended: EndedHere,
    /// What was taken in this process, where there is no store.
    taken: Taken,
    /// What was told of cookies that do not open.
    unopened: Unopened,
    pub(super) lifetimes: Lifetimes,
    /// How long the store may take to answer one call.
    deadline: Duration,
}

impl SessionKeeper {
    /// A keeper that watches its store, if it has one, for changes that other instances make.
    pub(crate) fn new(
        client: Option<ClientRef>,
        entropy: Arc<dyn Entropy>,
        store: Option<Arc<dyn SessionStore>>,
        seals: RecordSeals,
        settings: KeeperSettings,
    ) -> Self {
        let KeeperSettings { lifetimes, store_timeout: deadline, near_cache_staleness, names } = settings;
        let cache = NearCache::new(CACHE_CAPACITY, near_cache_staleness);
        let cache = Arc::new(cache);
        let (changes, endings) = (Arc::new(Changes::default()), Arc::<Endings>::default());
        if let Some(store) = &store {
            // Weak: a store may outlive the relying party that watches it.
            let (cache, changes, endings) =
                (Arc::downgrade(&cache), Arc::clone(&changes), Arc::clone(&endings));
            store.watch(Arc::new(move |change| {
                changes.count(change);
                if let Some(cache) = cache.upgrade() {
                    cache.forget(change);
                }
                endings.told(change);
            }));
        }
        let (newborn, unopened) = (Newborn::default(), Unopened::new(names));
        let ended = EndedHere::default();
        Self {
            client,
            entropy,
            store,
            seals,
            cache,
            changes,
            endings,
            newborn,
            ended,
            taken: Taken::default(),
            unopened,
            lifetimes,
            deadline,
        }
    }

    /// How sessions become records.
    pub(super) fn seals(&self) -> &RecordSeals {
        &self.seals
    }

    /// What a person is called in logs: a keyed digest, the same for all of their sessions.
    pub(crate) fn log_digest(&self, identity: &Identity) -> [u8; 16] {
        self.seals.log_digest(identity.issuer(), identity.subject())
    }

    /// The store, if there is one.
    pub(crate) fn store(&self) -> Option<&Arc<dyn SessionStore>> {
        self.store.as_ref()
    }

    /// Looks for the session without I/O.
    ///
    /// A request may hold several cookies of this name, for instance where another program on the host set one. The
    /// first that opens to a session that stands is taken, so a cookie that somebody planted does not sign a person
    /// out. A cookie as long as a [`SessionId`] is of a stored session, any other of a sealed one. Only an id that was
    /// written here is ever asked of the store: one that somebody made up is nobody's, as garbage is.
    pub(crate) fn find(&self, seal: &SessionSeal, sent: &SentCookies<'_>, now: Timestamp) -> CookieSession {
        let mut to_load = ToLoad::default();
        for text in sent.sessions.into_iter().flatten() {
            let found = if text.len() == TEXT_LENGTH {
                self.find_stored(seal, text, now, &mut to_load)
            } else {
                // Also where there is a store by now: whoever was signed in before it came stays so.
                self.find_sealed(seal, text, now)
            };
            match found {
                Some((session, old_key)) if to_load.ids.is_empty() => {
                    let renew = old_key || self.is_past_half_life(&session, now);
                    return CookieSession::Session { session, renew };
                }
                // One before it may stand: which of them counts does not depend on what is near.
                Some((session, _)) => return to_load.or(Some(session)),
                None => {}
            }
        }
        if to_load.ids.is_empty() { CookieSession::Nobody } else { to_load.or(None) }
    }

    /// A stored session from the near cache; else its id is added to those to ask the store for.
    fn find_stored(
        &self,
        seal: &SessionSeal,
        text: &[u8],
        now: Timestamp,
        to_load: &mut ToLoad,
    ) -> Option<Alive> {
        let Some(ReadId { id, is_current }) = seal.ids.read(text) else {
            self.tell_of_no_id(seal, text);
            return None;
        };
        if self.store.is_none() {
            self.unopened.tell(Cause::NoStore, Some(&seal.base_url));
            return None;
        }
        match self.cache.stored(&id.record_key().0, now) {
            Some(session)
                if session.stored.as_ref().is_some_and(|stored| stored.id.is(&id))
                    && !session.is_over(now) =>
            {
                Some((session, false))
            }
            // Not here, or over as far as is known here: another instance may have renewed it.
            _ => {
                to_load.ids.push(id);
                to_load.old_key |= !is_current;
                None
            }
        }
    }

    /// A sealed session that stands: from the near cache, or opened now.
    fn find_sealed(&self, seal: &SessionSeal, text: &[u8], now: Timestamp) -> Option<Alive> {
        let (session, current) = match self.cache.sealed(seal.site, text) {
            Some(known) => known,
            None => self.open_sealed(seal, text, now)?,
        };
        (!session.is_over(now)).then_some((session, !current))
    }

    /// Opens a sealed session and keeps a near copy, whether or not it is over.
    fn open_sealed(&self, seal: &SessionSeal, text: &[u8], now: Timestamp) -> Option<Alive> {
        let opened = seal.sealer.open(seal.names.session.as_bytes(), text);
        let (bytes, current) = match opened {
            Opened::Plain { bytes, current } => (bytes, current),
            unopened => {
                self.tell_of(&unopened, seal, text);
                return None;
            }
        };
        let Some(session) = record::read(&bytes, self.client.as_ref()) else {
            self.unopened.tell(Cause::OtherIssuer, Some(&seal.base_url));
            return None;
        };
        self.endings.renewed(&session);
        let session = Arc::new(session);
        if let Ok(text) = std::str::from_utf8(text) {
            self.cache.put_sealed(seal.site, text, Arc::clone(&session), current, now);
        }
        Some((session, current))
    }

    /// Tells the operator, once, of a cookie that looks sealed and does not open. Only until then is it looked at again.
    fn tell_of(&self, unopened: &Opened, seal: &SessionSeal, text: &[u8]) {
        let cause = match unopened {
            Opened::LaterVersion => Cause::LaterRelease,
            Opened::Garbage | Opened::Plain { .. } => Cause::Key,
        };
        if !self.unopened.was_told(cause) && looks_sealed(text) {
            self.unopened.tell(cause, Some(&seal.base_url));
        }
    }

    /// As [`Self::tell_of`], of a cookie that looks like the id of a stored session and has no tag of ours.
    fn tell_of_no_id(&self, seal: &SessionSeal, text: &[u8]) {
        if !self.unopened.was_told(Cause::Id) && looks_like_an_id(text) {
            self.unopened.tell(Cause::Id, Some(&seal.base_url));
        }
    }

    /// Which session a browser has now: what its cookie leads to, asked of the store where that is needed.
    ///
    /// # Errors
    /// [`ErrorCode::StoreUnavailable`].
    pub(crate) async fn resolve(
        &self,
        found: &CookieSession,
        now: Timestamp,
    ) -> Result<Option<Arc<Session>>, Error> {
        match found {
            CookieSession::Session { session, .. } => Ok(Some(Arc::clone(session))),
            CookieSession::Load { ids, otherwise, .. } => {
                Ok(self.load(ids.clone(), now).await?.or_else(|| otherwise.clone()))
            }
            CookieSession::Nobody => Ok(None),
        }
    }

    /// Asks the store for the first of these that is a session, and keeps a near copy of it.
    ///
    /// A record that does not open, or has expired, is passed over: it may be of a key that is not here, or of a later
    /// release. [`Self::reload`] tells those from a session that ended.
    ///
    /// # Errors
    /// [`ErrorCode::StoreUnavailable`].
    pub(crate) async fn load(
        &self,
        ids: Vec<SessionId>,
        now: Timestamp,
    ) -> Result<Option<Arc<Session>>, Error> {
        let Some(store) = &self.store else { return Ok(None) };
        for id in ids {
            let key = id.record_key();
            let changes = self.changes.of(key);
            let Some(stored) = self.bounded(store.load(key)).await? else { continue };
            let Some(session) = self.seals.open(&id, &stored)? else {
                // Sealed with a key that is not here (yet), or a later release's.
                tracing::debug!("a session's record could not be opened");
                self.unopened.tell(Cause::Record, None);
                continue;
            };
            if session.is_over(now) || stored.is_expired(now) {
                continue;
            }
            self.newborn.forget(key);
            let session = Arc::new(session);
            self.cache.put_stored(key.0, Arc::clone(&session), now);
            if self.changes.of(key) != changes {
                self.cache.forget(Change::Record(key));
                self.endings.told(Change::Record(key));
            }
            return Ok(Some(session));
        }
        Ok(None)
    }

    /// Whether what [`resolve`](Self::resolve) found nobody by is a session that was made here a moment ago; then a
    /// WARN says so, once for each. Without it the next thing to be seen is a loop, and the cookie is blamed.
    pub(crate) fn is_lost(&self, found: &CookieSession, now: Timestamp) -> bool {
        let CookieSession::Load { ids, .. } = found else { return false };
        let lost = ids.iter().map(SessionId::record_key).find(|key| self.newborn.is_lost(*key, now));
        if let Some(key) = lost {
            tracing::warn!(
                record = ?key,
                "the store no longer knows the session that it just made: it goes by another clock than the relying party, it has no room, or something empties it"
            );
        }
        lost.is_some()
    }

    /// The session as the store has it now, for whoever opened it before. One that is there and can not be
    /// opened any more has not ended: another instance wrote it, with a key that this one does not have yet.
    ///
    /// # Errors
    /// [`ErrorCode::StoreUnavailable`], for such a record as well: whoever would act on "it is gone" must wait.
    pub(crate) async fn reload(&self, id: &SessionId, now: Timestamp) -> Result<Option<Arc<Session>>, Error> {
        let session = self.load(vec![id.clone()], now).await?;
        let Some(store) = self.store.as_ref().filter(|_| session.is_none()) else { return Ok(session) };
        match self.bounded(store.load(id.record_key())).await? {
            Some(record) if self.seals.open(id, &record)?.is_none() => {
                Err(Error::new(ErrorCode::StoreUnavailable)
                    .detail("a record that another instance wrote with a newer key or format"))
            }
            _ => Ok(None),
        }
    }

    /// Removes a record, and every copy of it here; whether there was one. Without a store there is none.
    ///
    /// # Errors
    /// [`ErrorCode::StoreUnavailable`]: it may have been removed, and only the answer lost.
    pub(crate) async fn remove(&self, key: RecordKey) -> Result<bool, Error> {
        let Some(store) = &self.store else { return Ok(false) };
        let removed = self.bounded(store.remove(key)).await;
        // Also where no answer came: it may have been done.
        self.forget(&[key]);
        removed
    }

    /// What was removed is not served from here any more, not even by a request that is loading it now: the count comes
    /// first, so that such a request sees that something changed.
    pub(super) fn forget(&self, keys: &[RecordKey]) {
        for key in keys {
            self.newborn.forget(*key);
            self.changes.count(Change::Record(*key));
            self.cache.forget(Change::Record(*key));
            self.endings.told(Change::Record(*key));
        }
    }

    /// For when a removal failed half-way and nobody knows of what: every session is loaded anew.
    pub(super) fn forget_everything(&self) {
        self.changes.count(Change::Everything);
        self.cache.forget(Change::Everything);
        self.endings.told(Change::Everything);
    }

    /// Takes a lease in the store, so that one instance alone does what it is for; whether it was free. Without a store
    /// there is one instance, and it is.
    ///
    /// # Errors
    /// [`ErrorCode::StoreUnavailable`]: it may have been taken, and only the answer lost.
    pub(crate) async fn lease(&self, name: [u8; 32], holder: u128, span: Duration) -> Result<bool, Error> {
        match &self.store {
            Some(store) => self.bounded(store.lease(name, holder, span)).await,
            None => Ok(true),
        }
    }

    /// Whether this name is taken for the first time; it is remembered for `span`. Without a store each process knows of
    /// its own.
    ///
    /// # Errors
    /// [`ErrorCode::StoreUnavailable`]: it may have been taken, and only the answer lost. [`ErrorCode::Overloaded`] without
    /// a store, where too many are remembered: it was not taken.
    pub(crate) async fn take_once(
        &self,
        name: [u8; 32],
        span: Duration,
        now: Timestamp,
    ) -> Result<bool, Error> {
        match &self.store {
            Some(store) => self.bounded(store.remember_once(name, span)).await,
            None => self.taken.is_first(name, span, now).ok_or_else(|| {
                Error::new(ErrorCode::Overloaded)
                    .detail("more attempts are taken than one process remembers: give the builder a store")
            }),
        }
    }

    /// Gives a lease back, if this holder still has it. One that stays is over by itself, so no error is told.
    pub(crate) async fn release(&self, name: [u8; 32], holder: u128) {
        if let Some(store) = &self.store {
            // Nothing is lost but time.
            let _ = self.bounded(store.release(name, holder)).await;
        }
    }

    /// Gives a call to the store the deadline to answer, and no longer. It must run where tokio keeps time, as all work
    /// does that [`Runtime`](crate::runtime::Runtime) runs. Past the deadline the call is dropped; see [`SessionStore`] for what that leaves.
    ///
    /// # Errors
    /// [`ErrorCode::StoreUnavailable`], with the store's own words for the operator.
    pub(crate) async fn bounded<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Error> {
        let failed = |error: StoreError| Error::new(ErrorCode::StoreUnavailable).source(error);
        match tokio::time::timeout(self.deadline, call).await {
            Ok(answer) => answer.map_err(failed),
            Err(_) => Err(failed(StoreError::new("no answer within the deadline"))),
        }
    }

    /// Whether it is time to renew a session: less than half of its idle span is left. So a session in use is written
    /// about twice in each idle span, and not with every request.
    pub(crate) fn is_past_half_life(&self, session: &Session, now: Timestamp) -> bool {
        // At its absolute end there is nothing left to renew.
        session.idle_expires_at < session.expires_at
            && session.idle_expires_at.since(now) < self.lifetimes.idle / 2
    }
}

impl std::fmt::Debug for SessionKeeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionKeeper")
            .field("store", &self.store)
            .field("cache", &self.cache)
            .field("lifetimes", &self.lifetimes)
            .finish_non_exhaustive()
    }
}

/// What the store is to be asked for.
#[derive(Default)]
struct ToLoad {
    ids: Vec<SessionId>,
    old_key: bool,
}

impl ToLoad {
    /// To be asked; a session of a cookie behind those counts if the store knows none of them.
    fn or(self, otherwise: Option<Arc<Session>>) -> CookieSession {
        CookieSession::Load { ids: self.ids, old_key: self.old_key, otherwise }
    }
}

/// A session that stands, and whether an older key sealed it.
type Alive = (Arc<Session>, bool);
