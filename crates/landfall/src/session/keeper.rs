//! Where sessions are found, begun, renewed and ended: in a sealed cookie, or in a store behind the near cache.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;

use super::cache::NearCache;
use super::id::{SessionId, TEXT_LENGTH};
use super::store::{Change, IndexKey, Selection, SessionStore, StoreError, StoredRecord};
use super::{Identity, Session, Stored, Tokens, record};
use crate::clock::{Entropy, Timestamp};
use crate::cookie::{CookieNames, MAX_COOKIE, SentCookies};
use crate::error::{Error, ErrorCode};
use crate::seal::{CookieKey, Opened, Sealer, keyed_digests};

/// How long a session lasts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    /// From sign-in, whatever happens.
    pub(crate) absolute: Duration,
    /// Without a request.
    pub(crate) idle: Duration,
}

/// What a request's session cookie leads to.
#[derive(Debug)]
pub(crate) enum Found {
    /// No session.
    Nobody,
    /// This one. `renew`: it is past half of its idle life, or sealed with an older key.
    Session { session: Arc<Session>, renew: bool },
    /// Perhaps one of these; the store knows.
    Load(Vec<SessionId>),
}

pub(crate) struct SessionKeeper {
    issuer: Arc<str>,
    client_id: String,
    ring: Vec<CookieKey>,
    entropy: Arc<dyn Entropy>,
    store: Option<Arc<dyn SessionStore>>,
    cache: Arc<NearCache>,
    /// Counts what the store told, so that a copy loaded before a change is not kept after it.
    changes: Arc<AtomicU64>,
    lifetimes: Lifetimes,
    /// How long the store may take.
    deadline: Duration,
    /// One for each base URL.
    sealers: Vec<Sealer>,
}

impl SessionKeeper {
    #[allow(clippy::too_many_arguments, reason = "called once, by the builder")]
    pub(crate) fn new(
        issuer: Arc<str>,
        client_id: String,
        ring: Vec<CookieKey>,
        entropy: Arc<dyn Entropy>,
        store: Option<Arc<dyn SessionStore>>,
        cache: NearCache,
        lifetimes: Lifetimes,
        deadline: Duration,
        sealers: Vec<Sealer>,
    ) -> Self {
        let cache = Arc::new(cache);
        let changes = Arc::new(AtomicU64::new(0));
        if let Some(store) = &store {
            // Weak: a store may outlive the relying party that watches it.
            let (cache, changes) = (Arc::downgrade(&cache), Arc::clone(&changes));
            store.watch(Arc::new(move |change| {
                changes.fetch_add(1, Ordering::SeqCst);
                if let Some(cache) = cache.upgrade() {
                    cache.forget(change);
                }
            }));
        }
        Self { issuer, client_id, ring, entropy, store, cache, changes, lifetimes, deadline, sealers }
    }

    /// Whether there is a store.
    pub(crate) fn store(&self) -> Option<&Arc<dyn SessionStore>> {
        self.store.as_ref()
    }

    /// Looks for the session without I/O.
    pub(crate) fn find(
        &self,
        base: usize,
        names: &CookieNames,
        sent: &SentCookies<'_>,
        now: Timestamp,
    ) -> Found {
        let mut to_load = Vec::new();
        for text in sent.sessions.into_iter().flatten() {
            let found = match (&self.store, text.len() == TEXT_LENGTH) {
                (Some(_), true) => self.find_stored(text, now, &mut to_load),
                (None, false) => self.find_sealed(base, names, text, now),
                // A sealed cookie where there is a store now, or the other way round.
                _ => None,
            };
            if let Some((session, old_key)) = found {
                let renew = old_key || self.is_past_half_life(&session, now);
                return Found::Session { session, renew };
            }
        }
        if to_load.is_empty() { Found::Nobody } else { Found::Load(to_load) }
    }

    fn find_stored(&self, text: &[u8], now: Timestamp, to_load: &mut Vec<SessionId>) -> Option<Alive> {
        let id = SessionId::parse(text)?;
        match self.cache.stored(&id.record_key().0, now) {
            Some(session) if session.stored.as_ref().is_some_and(|stored| stored.id.is(&id)) => {
                (!session.is_over(now)).then_some((session, false))
            }
            _ => {
                to_load.push(id);
                None
            }
        }
    }

    fn find_sealed(&self, base: usize, names: &CookieNames, text: &[u8], now: Timestamp) -> Option<Alive> {
        let (session, current) = match self.cache.sealed(base, text) {
            Some(known) => known,
            None => self.open_sealed(base, names, text, now)?,
        };
        (!session.is_over(now)).then_some((session, !current))
    }

    fn open_sealed(&self, base: usize, names: &CookieNames, text: &[u8], now: Timestamp) -> Option<Alive> {
        let Opened::Plain { bytes, current } = self.sealers.get(base)?.open(names.session.as_bytes(), text)
        else {
            return None;
        };
        let session = Arc::new(record::read(&bytes, &self.issuer)?);
        if let Ok(text) = std::str::from_utf8(text) {
            self.cache.put_sealed(base, text, Arc::clone(&session), current, now);
        }
        Some((session, current))
    }

    /// Asks the store for the first of these that is a session.
    pub(crate) async fn load(
        &self,
        ids: Vec<SessionId>,
        now: Timestamp,
    ) -> Result<Option<Arc<Session>>, Error> {
        let Some(store) = &self.store else { return Ok(None) };
        for id in ids {
            let key = id.record_key();
            let changes = self.changes.load(Ordering::SeqCst);
            let Some(stored) = self.bounded(store.load(key)).await? else { continue };
            let sealer = self.record_sealer(&id)?;
            let Some(plain) = sealer.open_bytes(&key.0, stored.sealed.to_vec()).plain() else { continue };
            let Some(mut session) = record::read(&plain, &self.issuer) else { continue };
            session.stored = Some(Stored { id, version: stored.version });
            if session.is_over(now) || stored.is_expired(now) {
                continue;
            }
            let session = Arc::new(session);
            self.cache.put_stored(key.0, Arc::clone(&session), now);
            if self.changes.load(Ordering::SeqCst) != changes {
                self.cache.forget(Change::Record(key));
            }
            return Ok(Some(session));
        }
        Ok(None)
    }

    /// Begins a session: always a new one, with a new id. Gives its cookie's value and lifetime.
    pub(crate) async fn begin(
        &self,
        base: usize,
        names: &CookieNames,
        identity: Identity,
        tokens: Option<Tokens>,
        ceiling: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<String, Error> {
        // A record does not hold the issuer: read back, it would be somebody of ours.
        if identity.issuer != self.issuer {
            return Err(Error::new(ErrorCode::Misconfigured)
                .detail("a session for an identity of another issuer than the relying party's"));
        }
        let limit = now.plus(self.lifetimes.absolute);
        let expires_at = ceiling.map_or(limit, |ceiling| ceiling.min(limit));
        let mut session = Session {
            identity,
            created_at: now,
            expires_at,
            idle_expires_at: now.plus(self.lifetimes.idle).min(expires_at),
            tokens,
            stored: None,
        };
        let Some(store) = &self.store else {
            session.tokens = None;
            return self.seal(base, names, &session, now);
        };
        let id = SessionId::generate(&*self.entropy)?;
        let value = id.to_text();
        session.stored = Some(Stored { id: id.clone(), version: 1 });
        let stored = self.stored_form(&id, &session)?;
        self.bounded(store.create(id.record_key(), stored)).await?;
        Ok(names.set(&names.session, &value, expires_at.since(now)))
    }

    /// Lets a session live on: another idle span, never past its end. For a sealed one this gives the cookie
    /// to set; a stored one keeps its cookie.
    pub(crate) async fn renew(
        &self,
        session: &Arc<Session>,
        now: Timestamp,
    ) -> Result<Option<Arc<Session>>, Error> {
        let (Some(store), Some(place)) = (&self.store, &session.stored) else { return Ok(None) };
        let renewed = Session {
            identity: session.identity.clone(),
            created_at: session.created_at,
            expires_at: session.expires_at,
            idle_expires_at: now.plus(self.lifetimes.idle).min(session.expires_at),
            tokens: session.tokens.clone(),
            stored: Some(Stored { id: place.id.clone(), version: place.version + 1 }),
        };
        let key = place.id.record_key();
        let record = self.stored_form(&place.id, &renewed)?;
        match self.bounded(store.update(key, place.version, record)).await? {
            super::Updated::Done => {
                // Not kept near: a sign-out may have come right behind. The next request loads it.
                self.cache.forget(Change::Record(key));
                Ok(Some(Arc::new(renewed)))
            }
            // Somebody else renewed or changed it: the copy here is old, the session stands.
            super::Updated::Conflict => {
                self.cache.forget(Change::Record(key));
                self.load(vec![place.id.clone()], now).await
            }
            super::Updated::Gone => {
                self.cache.forget(Change::Record(key));
                Ok(None)
            }
        }
    }

    /// Renews a stored session. Where that fails it can wait for the next request: whoever is signed in stays so.
    pub(crate) async fn renew_or_keep(&self, session: Arc<Session>, now: Timestamp) -> Option<Arc<Session>> {
        match self.renew(&session, now).await {
            Ok(renewed) => renewed,
            Err(error) => {
                tracing::warn!(code = error.code().name(), %error, "the session could not be renewed");
                Some(session)
            }
        }
    }

    /// The cookie that lets a sealed session live on.
    pub(crate) fn reseal(
        &self,
        base: usize,
        names: &CookieNames,
        session: &Session,
        now: Timestamp,
    ) -> Result<String, Error> {
        let renewed = Session {
            identity: session.identity.clone(),
            created_at: session.created_at,
            expires_at: session.expires_at,
            idle_expires_at: now.plus(self.lifetimes.idle).min(session.expires_at),
            tokens: None,
            stored: None,
        };
        self.seal(base, names, &renewed, now)
    }

    /// Ends a session here and in the store. A sealed one ends when the browser forgets its cookie.
    pub(crate) async fn end(&self, session: &Session) -> Result<(), Error> {
        if let (Some(store), Some(place)) = (&self.store, &session.stored) {
            let key = place.id.record_key();
            self.cache.forget(Change::Record(key));
            self.bounded(store.remove(key)).await?;
            self.changes.fetch_add(1, Ordering::SeqCst);
            self.cache.forget(Change::Record(key));
        }
        Ok(())
    }

    /// Ends every session of a subject in the store; how many.
    pub(crate) async fn end_subject(&self, subject: &str) -> Result<u64, Error> {
        let Some(store) = &self.store else { return Ok(0) };
        let mut ended = 0;
        for index in self.index("subject", subject)? {
            let removed = self.bounded(store.remove_by_subject(index, Selection::all())).await?;
            ended += removed.len() as u64;
        }
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.cache.forget(Change::Everything);
        Ok(ended)
    }

    /// Gives the store so long to answer, and no longer. Must run where tokio keeps time.
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

    pub(crate) fn is_past_half_life(&self, session: &Session, now: Timestamp) -> bool {
        // At its absolute end there is nothing left to renew.
        session.idle_expires_at < session.expires_at
            && session.idle_expires_at.since(now) < self.lifetimes.idle / 2
    }

    fn seal(
        &self,
        base: usize,
        names: &CookieNames,
        session: &Session,
        now: Timestamp,
    ) -> Result<String, Error> {
        let sealer = self
            .sealers
            .get(base)
            .ok_or_else(|| Error::new(ErrorCode::Misconfigured).detail("no such base URL"))?;
        let plain = record::write(session)?;
        let text = sealer.seal(&*self.entropy, names.session.as_bytes(), &plain)?;
        if names.session.len() + text.len() > MAX_COOKIE {
            return Err(Error::new(ErrorCode::SessionTooLarge).detail(format!(
                "{} bytes where a cookie holds {MAX_COOKIE}",
                names.session.len() + text.len()
            )));
        }
        Ok(names.set(&names.session, &text, session.expires_at.since(now)))
    }

    fn stored_form(&self, id: &SessionId, session: &Session) -> Result<StoredRecord, Error> {
        let key = id.record_key();
        let plain = record::write(session)?;
        let sealed = self.record_sealer(id)?.seal_bytes(&*self.entropy, &key.0, &plain)?;
        let first = |mut keys: Vec<IndexKey>| {
            if keys.is_empty() { IndexKey([0; 32]) } else { keys.swap_remove(0) }
        };
        let subject = first(self.index("subject", session.identity.subject())?);
        let sid = match session.identity.sid() {
            Some(sid) => Some(first(self.index("sid", sid)?)),
            None => None,
        };
        let mut record = StoredRecord::new(
            session.created_at,
            session.expires_at,
            session.idle_expires_at,
            subject,
            sid,
            Bytes::from(sealed),
            Bytes::new(),
        );
        record.version = session.stored.as_ref().map_or(1, |place| place.version);
        Ok(record)
    }

    fn record_sealer(&self, id: &SessionId) -> Result<Sealer, Error> {
        let context = [self.issuer.as_bytes(), self.client_id.as_bytes(), id.secret_half()];
        Sealer::derive(&self.ring, "record", &context)
    }

    fn index(&self, kind: &str, value: &str) -> Result<Vec<IndexKey>, Error> {
        let parts = [kind.as_bytes(), self.issuer.as_bytes(), value.as_bytes()];
        Ok(keyed_digests(&self.ring, "index", &parts)?.into_iter().map(IndexKey).collect())
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

/// A session that stands, and a word on its key.
type Alive = (Arc<Session>, bool);
