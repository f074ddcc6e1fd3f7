//! How sessions begin, live on and end: every change is made on top of what is there, and none brings a session back.

use std::sync::Arc;

use bytes::Bytes;

use super::id::SessionId;
use super::identity::Identity;
use super::keeper::{SessionKeeper, SessionSeal};
use super::opened::{Session, Stored, Tokens};
use super::record;
use super::seals::Admin;
use super::store::{Change, RecordKey, Updated};
use crate::browser::cookie::MAX_COOKIE;
use crate::clock::Timestamp;
use crate::crypto::secret::Secret;
use crate::error::{Error, ErrorCode};

/// How often a change is tried again on top of somebody else's.
const TRIES: usize = 8;

/// What a new session is made of.
#[derive(Debug)]
pub(crate) struct NewSession {
    pub(crate) identity: Identity,
    /// Which client at the identity's issuer began it.
    pub(crate) client_id: Option<Arc<str>>,
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
pub(crate) struct StartedSession {
    /// The Set-Cookie header's value.
    pub(crate) cookie: String,
    /// Where it is stored, if it is.
    pub(crate) key: Option<RecordKey>,
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

impl SessionKeeper {
    /// Begins a session: always a new one, with a new id. Gives its cookie's value and lifetime.
    pub(crate) async fn begin(
        &self,
        seal: &SessionSeal,
        new: NewSession,
        now: Timestamp,
    ) -> Result<StartedSession, Error> {
        let NewSession { identity, client_id, tokens, created_at, ceiling, label } = new;
        // Read back, it would be nobody's.
        if identity.issuer != self.client.issuer {
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
            client_id,
            stored: None,
        };
        let Some(store) = &self.store else {
            session.tokens = None;
            return Ok(StartedSession { cookie: self.seal(seal, &session, now)?, key: None });
        };
        let id = SessionId::generate(&*self.entropy)?;
        let (key, value) = (id.record_key(), id.to_text());
        let stored = Stored { id, version: 1, admin: Bytes::new() };
        let record = self.seals.seal(&session, &stored, &Admin::new(now, label))?;
        self.bounded(store.create(key, record)).await?;
        Ok(StartedSession {
            cookie: seal.names.set(&seal.names.session, &value, expires_at.since(now)),
            key: Some(key),
        })
    }

    /// Lets a stored session live on: another idle span, never past its end.
    pub(crate) async fn renew(
        &self,
        session: &Arc<Session>,
        now: Timestamp,
    ) -> Result<Option<Arc<Session>>, Error> {
        let Some(stored) = &session.stored else { return Ok(None) };
        match self.change(stored, (**session).clone(), now).await? {
            (Updated::Done, renewed) => Ok(Some(Arc::new(renewed))),
            // Somebody else renewed or changed it: the copy here is old, the session stands.
            (Updated::Conflict, _) => self.load(vec![stored.id.clone()], now).await,
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
            let Some(stored) = &current.stored else { return Ok(Saved::Gone) };
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
            match self.change(stored, next, now).await? {
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
        stored: &Stored,
        mut next: Session,
        now: Timestamp,
    ) -> Result<(Updated, Session), Error> {
        let Some(store) = &self.store else { return Ok((Updated::Gone, next)) };
        let key = stored.id.record_key();
        next.idle_expires_at = now.plus(self.lifetimes.idle).min(next.expires_at);
        let admin = Admin::new(now, self.seals.open_admin(key, &stored.admin).label);
        let mut after = Stored { version: stored.version + 1, ..stored.clone() };
        let record = self.seals.seal(&next, &after, &admin)?;
        after.admin = record.admin.clone();
        next.stored = Some(after);
        let updated = self.bounded(store.update(key, stored.version, record)).await;
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
        seal: &SessionSeal,
        session: &Session,
        now: Timestamp,
    ) -> Result<String, Error> {
        let mut renewed = session.clone();
        renewed.idle_expires_at = now.plus(self.lifetimes.idle).min(session.expires_at);
        self.seal(seal, &renewed, now)
    }

    /// Ends a session here and in the store; whether it stood. A sealed one ends when the browser forgets it.
    pub(crate) async fn end(&self, session: &Session) -> Result<bool, Error> {
        match &session.stored {
            Some(stored) => self.remove(stored.id.record_key()).await,
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
        let Some(stored) = &session.stored else { return Ok(Some(Arc::clone(session))) };
        let mut last = Arc::clone(session);
        for _ in 0..TRIES {
            // One that cannot be read here any more is ended all the same.
            let Some(newest) = self.load(vec![stored.id.clone()], now).await? else { break };
            last = newest;
            let Some(stored) = last.stored.as_ref().filter(|_| last.tokens.is_some()) else { break };
            let bare = Session { tokens: None, ..(*last).clone() };
            match self.change(stored, bare, now).await? {
                (Updated::Done, _) => break,
                (Updated::Conflict, _) => {}
                (Updated::Gone, _) => return Ok(None),
            }
        }
        Ok(self.remove(stored.id.record_key()).await?.then_some(last))
    }

    fn seal(&self, seal: &SessionSeal, session: &Session, now: Timestamp) -> Result<String, Error> {
        let names = &seal.names;
        let plain = record::write(session)?;
        let text = seal.sealer.seal(&*self.entropy, names.session.as_bytes(), &plain)?;
        if names.session.len() + text.len() > MAX_COOKIE {
            return Err(Error::new(ErrorCode::SessionTooLarge).detail(format!(
                "{} bytes where a cookie holds {MAX_COOKIE}",
                names.session.len() + text.len()
            )));
        }
        Ok(names.set(&names.session, &text, session.expires_at.since(now)))
    }
}
