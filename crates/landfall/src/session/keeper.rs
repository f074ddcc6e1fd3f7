//! Where sessions are found, begun, renewed and ended: in a sealed cookie, or in a store behind the near cache.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::cache::{Changes, NearCache};
use super::id::{SessionId, TEXT_LENGTH};
use super::seals::{Admin, RecordSeals};
use super::store::{Change, RecordKey, SessionStore, StoreError, Updated};
use super::{Identity, Session, Stored, Tokens, record};
use crate::browser::cookie::{CookieNames, MAX_COOKIE, SentCookies};
use crate::clock::{Entropy, Timestamp};
use crate::crypto::seal::{Opened, Sealer};
use crate::crypto::secret::Secret;
use crate::error::{Error, ErrorCode};

/// How often a change is tried again on top of somebody else's.
const TRIES: usize = 8;

/// How long a session lasts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    /// From sign-in, whatever happens.
    pub(crate) absolute: Duration,
    /// Without a request.
    pub(crate) idle: Duration,
}

/// How it went to keep refreshed tokens.
#[derive(Debug)]
pub(crate) enum Saved {
    /// They are kept.
    Done(Arc<Session>),
    /// Somebody else's are newer: these stand.
    Superseded(Arc<Session>),
    /// The session ended meanwhile, and stays so.
    Gone,
}

/// What a refresh brought.
#[derive(Debug)]
pub(crate) struct Refreshed {
    pub(crate) tokens: Tokens,
    /// As granted now; `None` for as it was.
    pub(crate) scope: Option<String>,
    /// When the provider wants the session to end.
    pub(crate) ceiling: Option<Timestamp>,
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
    entropy: Arc<dyn Entropy>,
    pub(super) store: Option<Arc<dyn SessionStore>>,
    pub(super) seals: RecordSeals,
    cache: Arc<NearCache>,
    /// Counts what the store told, so that a copy loaded before a change is not kept after it.
    changes: Arc<Changes>,
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
        entropy: Arc<dyn Entropy>,
        store: Option<Arc<dyn SessionStore>>,
        seals: RecordSeals,
        cache: NearCache,
        lifetimes: Lifetimes,
        deadline: Duration,
        sealers: Vec<Sealer>,
    ) -> Self {
        let cache = Arc::new(cache);
        let changes = Arc::new(Changes::default());
        if let Some(store) = &store {
            // Weak: a store may outlive the relying party that watches it.
            let (cache, changes) = (Arc::downgrade(&cache), Arc::clone(&changes));
            store.watch(Arc::new(move |change| {
                changes.count(change);
                if let Some(cache) = cache.upgrade() {
                    cache.forget(change);
                }
            }));
        }
        Self { issuer, entropy, store, seals, cache, changes, lifetimes, deadline, sealers }
    }

    pub(super) fn seals(&self) -> &RecordSeals {
        &self.seals
    }

    /// The store, if there is one.
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
                (None, true) => None,
                // Also where there is a store by now: whoever was signed in before it came stays so.
                (_, false) => self.find_sealed(base, names, text, now),
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
            Some(session)
                if session.stored.as_ref().is_some_and(|stored| stored.id.is(&id))
                    && !session.is_over(now) =>
            {
                Some((session, false))
            }
            // Not here, or over as far as is known here: another instance may have renewed it.
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
            let changes = self.changes.of(key);
            let Some(stored) = self.bounded(store.load(key)).await? else { continue };
            let Some(session) = self.seals.open(&id, &stored)? else {
                // Somebody's guess at the other half, a key that is not here (yet), or a later release's.
                tracing::debug!("a session's record could not be opened");
                continue;
            };
            if session.is_over(now) || stored.is_expired(now) {
                continue;
            }
            let session = Arc::new(session);
            self.cache.put_stored(key.0, Arc::clone(&session), now);
            if self.changes.of(key) != changes {
                self.cache.forget(Change::Record(key));
            }
            return Ok(Some(session));
        }
        Ok(None)
    }

    /// The session as the store has it now, for whoever opened it before. One that is there and can not be
    /// opened any more has not ended: another instance wrote it, with a key that this one does not have yet.
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

    /// Begins a session: always a new one, with a new id. Gives its cookie's value and lifetime.
    pub(crate) async fn begin(
        &self,
        base: usize,
        names: &CookieNames,
        beginning: Beginning,
        now: Timestamp,
    ) -> Result<Begun, Error> {
        let Beginning { identity, tokens, created_at, ceiling, label } = beginning;
        // A record does not hold the issuer: read back, it would be somebody of ours.
        if identity.issuer != self.issuer {
            return Err(Error::new(ErrorCode::Misconfigured)
                .detail("a session for an identity of another issuer than the relying party's"));
        }
        let limit = now.plus(self.lifetimes.absolute);
        let expires_at = ceiling.map_or(limit, |ceiling| ceiling.min(limit));
        let mut session = Session {
            identity,
            created_at,
            expires_at,
            idle_expires_at: now.plus(self.lifetimes.idle).min(expires_at),
            tokens,
            stored: None,
        };
        let Some(store) = &self.store else {
            session.tokens = None;
            return Ok(Begun { cookie: self.seal(base, names, &session, now)?, key: None });
        };
        let id = SessionId::generate(&*self.entropy)?;
        let (key, value) = (id.record_key(), id.to_text());
        let place = Stored { id, version: 1, admin: Bytes::new() };
        let record = self.seals.seal(&session, &place, &Admin::new(now, label))?;
        self.bounded(store.create(key, record)).await?;
        Ok(Begun { cookie: names.set(&names.session, &value, expires_at.since(now)), key: Some(key) })
    }

    /// Lets a stored session live on: another idle span, never past its end.
    pub(crate) async fn renew(
        &self,
        session: &Arc<Session>,
        now: Timestamp,
    ) -> Result<Option<Arc<Session>>, Error> {
        let Some(place) = &session.stored else { return Ok(None) };
        match self.change(place, (**session).clone(), now).await? {
            (Updated::Done, renewed) => Ok(Some(Arc::new(renewed))),
            // Somebody else renewed or changed it: the copy here is old, the session stands.
            (Updated::Conflict, _) => self.load(vec![place.id.clone()], now).await,
            (Updated::Gone, _) => Ok(None),
        }
    }

    /// Keeps refreshed tokens, unless the session ended or has newer ones than `spent` by now.
    pub(crate) async fn keep_tokens(
        &self,
        id: &SessionId,
        spent: &Secret<String>,
        refreshed: &Refreshed,
        now: Timestamp,
    ) -> Result<Saved, Error> {
        for _ in 0..TRIES {
            let Some(current) = self.reload(id, now).await? else { return Ok(Saved::Gone) };
            let Some(place) = &current.stored else { return Ok(Saved::Gone) };
            let has = current.tokens.as_ref().and_then(|tokens| tokens.refresh.as_ref());
            match has {
                // A sign-out took them: it is about to end the session.
                None => return Ok(Saved::Gone),
                Some(has) if has.matches(spent.expose().as_bytes()) => {}
                Some(_) => return Ok(Saved::Superseded(current)),
            }
            let mut next = (*current).clone();
            next.tokens = Some(refreshed.tokens.clone());
            if let Some(scope) = &refreshed.scope {
                next.identity.scope = Some(scope.clone());
            }
            if let Some(ceiling) = refreshed.ceiling {
                next.expires_at = next.expires_at.min(ceiling);
            }
            match self.change(place, next, now).await? {
                (Updated::Done, next) => return Ok(Saved::Done(Arc::new(next))),
                (Updated::Conflict, _) => {}
                (Updated::Gone, _) => return Ok(Saved::Gone),
            }
        }
        Err(Error::new(ErrorCode::StoreUnavailable).detail("the record was changed again and again"))
    }

    /// Puts `next` in the place of what stands there, if that is still of its version, with another idle span.
    async fn change(
        &self,
        place: &Stored,
        mut next: Session,
        now: Timestamp,
    ) -> Result<(Updated, Session), Error> {
        let Some(store) = &self.store else { return Ok((Updated::Gone, next)) };
        let key = place.id.record_key();
        next.idle_expires_at = now.plus(self.lifetimes.idle).min(next.expires_at);
        let admin = Admin::new(now, self.seals.open_admin(key, &place.admin).label);
        let mut stored = Stored { version: place.version + 1, ..place.clone() };
        let record = self.seals.seal(&next, &stored, &admin)?;
        stored.admin = record.admin.clone();
        next.stored = Some(stored);
        let updated = self.bounded(store.update(key, place.version, record)).await;
        // Not kept near, whatever came of it: a sign-out may have come right behind.
        self.cache.forget(Change::Record(key));
        Ok((updated?, next))
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
        let mut renewed = session.clone();
        renewed.idle_expires_at = now.plus(self.lifetimes.idle).min(session.expires_at);
        self.seal(base, names, &renewed, now)
    }

    /// Ends a session here and in the store; whether it stood. A sealed one ends when the browser forgets it.
    pub(crate) async fn end(&self, session: &Session) -> Result<bool, Error> {
        match &session.stored {
            Some(place) => self.remove(place.id.record_key()).await,
            None => Ok(true),
        }
    }

    /// Ends a session and gives it as it was last, with the newest tokens there were: a refresh that is under way
    /// finds nothing to add to, and gives its own back. `None` where somebody else ended it first.
    pub(crate) async fn take(
        &self,
        session: &Arc<Session>,
        now: Timestamp,
    ) -> Result<Option<Arc<Session>>, Error> {
        let Some(place) = &session.stored else { return Ok(Some(Arc::clone(session))) };
        let mut last = Arc::clone(session);
        for _ in 0..TRIES {
            // One that cannot be read here any more is ended all the same.
            let Some(newest) = self.load(vec![place.id.clone()], now).await? else { break };
            last = newest;
            let Some(place) = last.stored.as_ref().filter(|_| last.tokens.is_some()) else { break };
            let bare = Session { tokens: None, ..(*last).clone() };
            match self.change(place, bare, now).await? {
                (Updated::Done, _) => break,
                (Updated::Conflict, _) => {}
                (Updated::Gone, _) => return Ok(None),
            }
        }
        Ok(self.remove(place.id.record_key()).await?.then_some(last))
    }

    pub(crate) async fn remove(&self, key: RecordKey) -> Result<bool, Error> {
        let Some(store) = &self.store else { return Ok(false) };
        let removed = self.bounded(store.remove(key)).await;
        // Also where no answer came: it may have been done.
        self.forget(&[key]);
        removed
    }

    /// What was removed is not served from here any more, not even by a request that is loading it now.
    pub(super) fn forget(&self, keys: &[RecordKey]) {
        for key in keys {
            self.changes.count(Change::Record(*key));
            self.cache.forget(Change::Record(*key));
        }
    }

    pub(super) fn forget_everything(&self) {
        self.changes.count(Change::Everything);
        self.cache.forget(Change::Everything);
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

/// What a session is made of.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(crate) identity: Identity,
    pub(crate) tokens: Option<Tokens>,
    /// When the person signed in, by the provider's clock where it said so.
    pub(crate) created_at: Timestamp,
    /// When the provider wants it to end.
    pub(crate) ceiling: Option<Timestamp>,
    /// What the browser is called.
    pub(crate) label: Option<String>,
}

/// A session that was begun.
#[derive(Debug)]
pub(crate) struct Begun {
    /// The Set-Cookie header's value.
    pub(crate) cookie: String,
    /// Where it is stored, if it is.
    pub(crate) key: Option<RecordKey>,
}

/// A session that stands, and a word on its key.
type Alive = (Arc<Session>, bool);
