//! How sessions begin, live on and end: every change is made on top of what is there, and none brings a session back.
//!
//! What is told here is a stored session's life. In this order:
//!
//! 1. [`begin`](SessionKeeper::begin) creates a record under a new id.
//! 2. [`renew`](SessionKeeper::renew) gives it another idle span, once half of the last one is over.
//! 3. [`keep_tokens`](SessionKeeper::keep_tokens) puts refreshed tokens in.
//! 4. [`take`](SessionKeeper::take) ends it and brings its last tokens out, to be revoked;
//!    [`end`](SessionKeeper::end) ends it without.
//!
//! Steps 2 and 3 race with each other and with step 4, on this instance and on others. So each is a compare-and-swap on
//! the record's version: whoever comes second looks again, and finds either the newer record or none. An update never
//! creates a record, so a renewal that is late cannot undo a sign-out.
//!
//! A session that is sealed into its cookie has only its beginning and [`reseal`](SessionKeeper::reseal): nothing here
//! can end it before its time, and it keeps no tokens. That a browser lost a session, of either kind, is remembered for the
//! answers that are still under way ([`late_renewal`](super::late_renewal)).

use std::sync::Arc;

use bytes::Bytes;

use super::endings::EndReason;
use super::id::SessionId;
use super::identity::Identity;
use super::keeper::{SessionKeeper, SessionSeal};
use super::opened::{ClientRef, SealedId, Session, Stored, Tokens};
use super::record;
use super::seals::Admin;
use super::store::{Change, RecordKey, Updated};
use crate::browser::cookie::MAX_COOKIE;
use crate::clock::Timestamp;
use crate::crypto::secret::Secret;
use crate::error::{Error, ErrorCode};

/// How often a change is tried on top of somebody else's, before the store is said to fail.
const TRIES: usize = 8;

/// What a new session is made of.
#[derive(Debug)]
pub(crate) struct NewSession {
    /// Who it is of: one of the application's own people, or one whose issuer is that of the keeper's client.
    pub(crate) identity: Identity,
    /// Which client at the identity's issuer began it; `None` where the application did.
    pub(crate) client_id: Option<Arc<str>>,
    /// Dropped where there is no store: a token is never put into a cookie.
    pub(crate) tokens: Option<Tokens>,
    /// When the person signed in, by the provider's clock where it said so.
    pub(crate) created_at: Timestamp,
    /// When the provider wants it to end at the latest (IPSIE `session_expiry`), if it said so.
    pub(crate) ceiling: Option<Timestamp>,
    /// What the browser is called, if its User-Agent says something that can be shown.
    pub(crate) label: Option<String>,
    /// How the application authenticated the person (RFC 8176 §2); `None` where a provider did.
    pub(crate) method: Option<Box<str>>,
}

/// A session that was begun.
#[derive(Debug)]
pub(crate) struct StartedSession {
    /// The Set-Cookie header's value. It holds the session, or its id.
    pub(crate) cookie: String,
    /// Where it is stored, if it is.
    pub(crate) key: Option<RecordKey>,
    /// The session as the next request will find it.
    pub(crate) session: Session,
}

/// A session that was taken out of the store, by [`SessionKeeper::take`].
#[derive(Debug)]
pub(crate) struct Taken {
    /// The session as it was last, with its newest tokens. Nobody else has them now: whoever is done with the person gives
    /// them back, whatever `is_ended` says.
    pub(crate) last: Arc<Session>,
    /// Whether this ended it, and not somebody else a moment before. The error is the store's: the session may stand,
    /// without its tokens.
    pub(crate) is_ended: Result<bool, Error>,
}

/// How it went to keep refreshed tokens; [`SessionKeeper::keep_tokens`] says what each leaves behind.
#[derive(Debug)]
pub(crate) enum Saved {
    /// They are kept.
    Done(Arc<Session>),
    /// The session has another refresh token by now than the one that was spent: what it has stands.
    Superseded(Arc<Session>),
    /// The session ended meanwhile, and stays so.
    Gone,
}

/// What a refresh brought.
#[derive(Debug)]
pub(crate) struct Refreshed {
    /// The new tokens, the refresh token among them: the new one, or the old one where it was not rotated.
    pub(crate) tokens: Tokens,
    /// The scopes as granted now; `None` for as they were.
    pub(crate) scope: Option<String>,
    /// When the provider wants the session to end. It can only bring the end forward.
    pub(crate) ceiling: Option<Timestamp>,
}

impl SessionKeeper {
    /// Begins a session: always a new one, with a new id. What the browser had before is for the caller to end.
    ///
    /// # Errors
    /// [`ErrorCode::Misconfigured`] for an identity of another issuer, [`ErrorCode::SessionTooLarge`] where it does not
    /// fit a cookie, [`ErrorCode::StoreUnavailable`], and when the random source fails.
    pub(crate) async fn begin(
        &self,
        seal: &SessionSeal,
        new: NewSession,
        now: Timestamp,
    ) -> Result<StartedSession, Error> {
        let NewSession { identity, client_id, tokens, created_at, ceiling, label, method } = new;
        // Read back, it would be nobody's.
        let is_ours = |client: &ClientRef| client.issuer == identity.issuer;
        if !identity.is_local() && !self.client.as_ref().is_some_and(is_ours) {
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
            method,
            stored: None,
            sealed_id: None,
            is_by_credentials: false,
        };
        let Some(store) = &self.store else {
            session.tokens = None;
            let mut id = [0; 16];
            self.entropy.fill(&mut id)?;
            session.sealed_id = Some(SealedId(id));
            return Ok(StartedSession { cookie: self.seal(seal, &session, now)?, key: None, session });
        };
        let id = SessionId::generate(&*self.entropy)?;
        let (key, value) = (id.record_key(), seal.ids.write(&id));
        let mut stored = Stored { id, version: 1, admin: Bytes::new() };
        let record = self.seals.seal(&session, &stored, &Admin::new(now, label))?;
        stored.admin = record.admin.clone();
        self.bounded(store.create(key, record)).await?;
        self.newborn.begun(key, now, session.idle_expires_at);
        session.stored = Some(stored);
        let cookie = seal.names.set_session(&value, expires_at.since(now));
        Ok(StartedSession { cookie, key: Some(key), session })
    }

    /// Lets a stored session live on: another idle span, never past its end.
    ///
    /// `None` where it is gone meanwhile, and for a session that is not stored. Where somebody else changed it first,
    /// theirs is loaded and given back; it has been renewed by that.
    ///
    /// # Errors
    /// [`ErrorCode::StoreUnavailable`], and when the session cannot be sealed.
    pub(crate) async fn renew(
        &self,
        session: &Arc<Session>,
        now: Timestamp,
    ) -> Result<Option<Arc<Session>>, Error> {
        let Some(stored) = &session.stored else { return Ok(None) };
        match self.change(stored, (**session).clone(), true, now).await? {
            (Updated::Done, renewed) => Ok(Some(Arc::new(renewed))),
            // Somebody else renewed or changed it: the copy here is old, the session stands.
            (Updated::Conflict, _) => self.load(vec![stored.id.clone()], now).await,
            (Updated::Gone, _) => Ok(None),
        }
    }

    /// Keeps refreshed tokens, unless the session ended or has newer ones than `spent` by now.
    ///
    /// `spent` is the refresh token that they were obtained with. Comparing it, and not only the version, lets other
    /// changes come in between: a renewal does not make the tokens stale. Where it `is_activity`, the session lives on.
    ///
    /// # Errors
    /// [`ErrorCode::StoreUnavailable`], also after so many changes in between that something is wrong. The old refresh
    /// token is spent by then, so the caller should try again rather than lose the new one.
    pub(crate) async fn keep_tokens(
        &self,
        id: &SessionId,
        spent: &Secret<String>,
        refreshed: &Refreshed,
        is_activity: bool,
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
            match self.change(stored, next, is_activity, now).await? {
                (Updated::Done, next) => return Ok(Saved::Done(Arc::new(next))),
                (Updated::Conflict, _) => {}
                (Updated::Gone, _) => return Ok(Saved::Gone),
            }
        }
        Err(Error::new(ErrorCode::StoreUnavailable).detail("the record was changed again and again"))
    }

    /// Puts `next` in the place of what stands there, if that is still of the version in `stored`: where it `is_activity`,
    /// with another idle span, and as seen now.
    ///
    /// Gives back what was written, with its new version; it counts only if the answer is [`Updated::Done`].
    async fn change(
        &self,
        stored: &Stored,
        mut next: Session,
        is_activity: bool,
        now: Timestamp,
    ) -> Result<(Updated, Session), Error> {
        let Some(store) = &self.store else { return Ok((Updated::Gone, next)) };
        let key = stored.id.record_key();
        let idle_until = if is_activity { now.plus(self.lifetimes.idle) } else { next.idle_expires_at };
        next.idle_expires_at = idle_until.min(next.expires_at);
        let before = self.seals.open_admin(key, &stored.admin);
        let seen = if is_activity { now } else { before.last_seen() };
        let admin = Admin::new(seen, before.label);
        let mut after = Stored { version: stored.version + 1, ..stored.clone() };
        let record = self.seals.seal(&next, &after, &admin)?;
        after.admin = record.admin.clone();
        next.stored = Some(after);
        let updated = self.bounded(store.update(key, stored.version, record)).await;
        // Not kept near, whatever came of it: a sign-out may have come right behind.
        self.cache.forget(Change::Record(key));
        Ok((updated?, next))
    }

    /// Renews a stored session. Where the store fails, that can wait for the next request: whoever is signed in stays
    /// so. `None` where it turns out that the session is gone.
    pub(crate) async fn renew_or_keep(&self, session: Arc<Session>, now: Timestamp) -> Option<Arc<Session>> {
        match self.renew(&session, now).await {
            Ok(renewed) => renewed,
            Err(error) => {
                tracing::warn!(code = error.code().name(), %error, "the session could not be renewed");
                Some(session)
            }
        }
    }

    /// The Set-Cookie value that lets a sealed session live on, sealed with the first key of the ring. To be asked when
    /// the answer leaves, for a request that came at `came_at`.
    ///
    /// `None` where the session has ended meanwhile, or may have: see [`late_renewal`](super::late_renewal). Also where it cannot be
    /// sealed or does not fit a cookie. The old cookie is then still good until its own end.
    pub(crate) fn reseal(
        &self,
        seal: &SessionSeal,
        session: &Session,
        came_at: Timestamp,
        now: Timestamp,
    ) -> Option<String> {
        if !self.ended.lets_live(session.short_name(), came_at, now) {
            return None;
        }
        let mut renewed = session.clone();
        renewed.idle_expires_at = now.plus(self.lifetimes.idle).min(session.expires_at);
        self.endings.renewed(&renewed);
        self.seal(seal, &renewed, now).ok()
    }

    /// The Set-Cookie value with the first key's tag, for a stored session that was found by a cookie with an older key's:
    /// so a key can be taken out of the ring once the sessions that are in use were renewed. To be asked when the answer
    /// leaves, for a request that came at `came_at`.
    ///
    /// `None` where that is some time ago, or the session was [taken](Self::take) here meanwhile: the browser may have
    /// another session by now, and a later request is as good.
    pub(crate) fn move_to_first_key(
        &self,
        seal: &SessionSeal,
        session: &Session,
        came_at: Timestamp,
        now: Timestamp,
    ) -> Option<String> {
        let id = &session.stored.as_ref()?.id;
        let span = session.expires_at.since(now);
        let may_leave = self.ended.lets_live(session.short_name(), came_at, now);
        may_leave.then(|| seal.names.set_session(&seal.ids.write(id), span))
    }

    /// Ends a stored session here and in the store; whether it stood. One that is sealed into its cookie is ended by
    /// [`take`](Self::take). Whoever waits for its end is told why.
    ///
    /// # Errors
    /// [`ErrorCode::StoreUnavailable`].
    pub(crate) async fn end(&self, session: &Session, why: EndReason) -> Result<bool, Error> {
        let Some(key) = session.record_key() else {
            self.endings.over(session, why);
            return Ok(true);
        };
        self.expect_end(key, why);
        self.remove(key).await
    }

    /// Ends a session and gives it as it was last, with the newest tokens there were: a refresh that is under way
    /// finds nothing to add to, and gives its own back.
    ///
    /// In this order: load what is there now, take the tokens out by compare-and-swap, then remove the record. Removing
    /// it at once would lose tokens that a refresh had put in a moment before, and they could not be revoked. Whoever
    /// waits for its end is told why.
    ///
    /// A sealed one ends when the browser forgets it, so the caller has to clear its cookie or to set another. No answer
    /// that leaves from here on sets it again, whichever it is.
    ///
    /// # Errors
    /// [`ErrorCode::StoreUnavailable`]: the session stands. Where the store fails later the error is in what is given.
    pub(crate) async fn take(
        &self,
        session: &Arc<Session>,
        why: EndReason,
        now: Timestamp,
    ) -> Result<Taken, Error> {
        self.ended.note(session.short_name(), why, now);
        let Some(stored) = &session.stored else {
            self.endings.over(session, why);
            return Ok(Taken { last: Arc::clone(session), is_ended: Ok(true) });
        };
        self.expect_end(stored.id.record_key(), why);
        let mut last = Arc::clone(session);
        for _ in 0..TRIES {
            // One that cannot be read here any more is ended all the same.
            let Some(newest) = self.load(vec![stored.id.clone()], now).await? else { break };
            last = newest;
            let Some(stored) = last.stored.as_ref().filter(|_| last.tokens.is_some()) else { break };
            let bare = Session { tokens: None, ..(*last).clone() };
            match self.change(stored, bare, false, now).await? {
                (Updated::Done, _) => break,
                (Updated::Conflict, _) => {}
                (Updated::Gone, _) => return Ok(Taken { last, is_ended: Ok(false) }),
            }
        }
        let is_ended = self.remove(stored.id.record_key()).await;
        Ok(Taken { last, is_ended })
    }

    /// The Set-Cookie value of a sealed session. Browsers drop a cookie that is too large without a word, so that is an
    /// error here.
    fn seal(&self, seal: &SessionSeal, session: &Session, now: Timestamp) -> Result<String, Error> {
        let names = &seal.names;
        let plain = record::write(session)?;
        let form = record::form_of(session);
        let text = seal.sealer.seal_as(form, &*self.entropy, names.session.as_bytes(), &plain)?;
        if names.session.len() + text.len() > MAX_COOKIE {
            return Err(Error::new(ErrorCode::SessionTooLarge).detail(format!(
                "{} bytes where a cookie holds {MAX_COOKIE}",
                names.session.len() + text.len()
            )));
        }
        Ok(names.set_session(&text, session.expires_at.since(now)))
    }
}
