//! How a session becomes a record and a record a session: two seals and two indexes.
//!
//! The session itself is sealed with a key that needs the browser's half; the administrative part with the
//! server's key alone, so that sessions can be listed without their cookies, though never read.
//!
//! | part of a record | sealed with keys of | opened by |
//! |---|---|---|
//! | `sealed`: identity, tokens | ring, application's name, the id's second half | whoever brings the cookie |
//! | `admin`: last seen, label | ring, application's name | the application at any time |
//! | `subject`, `sid` | keyed digests, nothing to open | compared only |
//!
//! Each seal is bound to the record's key (as additional data), so that nobody who can write to the store can give one
//! person's record to another. What a store sees beside these are versions and times.
//!
//! Rotation of cookie keys: everything is sealed and indexed with the first key of the ring, and opened and found with
//! every key of it. A record moves to the first key when it is next written.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::id::SessionId;
use super::opened::{ClientRef, Session, Stored};
use super::record;
use super::store::{IndexKey, RecordKey, StoredRecord};
use crate::clock::{Entropy, Timestamp};
use crate::crypto::application_name::ApplicationName;
use crate::crypto::seal::{CookieKey, DigestKey, Ring, Sealer};
use crate::error::Error;

/// Makes records of sessions, for one application.
#[derive(Debug)]
pub(crate) struct RecordSeals {
    /// Keeps the seals and indexes apart from those of other applications in the same store.
    application: ApplicationName,
    /// What a record that names no client was begun by; `None` where there is no provider.
    client: Option<ClientRef>,
    /// The cookie keys, the newest first. The keys of sessions are derived from them one by one.
    ring: Ring,
    entropy: Arc<dyn Entropy>,
    /// Derived once: it is the same for every record.
    admin: Sealer,
    /// Derived once: for what people are called in logs.
    log: DigestKey,
}

/// What can be known of a session without its cookie. As in `record.rs`: what is added comes as a struct behind
/// this one, and an older release leaves it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Admin {
    /// In milliseconds since the epoch; 0 where it is not known.
    last_seen: u64,
    /// What the browser is called (see `label.rs`); `None` where it did not say.
    pub(crate) label: Option<String>,
}

impl Admin {
    /// Of a session that is written now.
    pub(crate) fn new(last_seen: Timestamp, label: Option<String>) -> Self {
        Self { last_seen: last_seen.millis(), label }
    }

    /// When the session was last written, which is when it was begun, renewed or given new tokens.
    pub(crate) fn last_seen(&self) -> Timestamp {
        Timestamp::from_millis(self.last_seen)
    }
}

impl RecordSeals {
    /// For one application. `ring` holds the cookie keys, the one to seal with first.
    ///
    /// # Errors
    /// When no key can be derived.
    pub(crate) fn new(
        application: ApplicationName,
        client: Option<ClientRef>,
        ring: &[CookieKey],
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, Error> {
        let ring = Ring::new(ring)?;
        let admin = ring.sealer("admin", &application.context(&[]))?;
        let log = ring.digest_key("log")?;
        Ok(Self { application, client, ring, entropy, admin, log })
    }

    /// The record of a session, to be stored under `stored.id` with the version `stored.version`.
    ///
    /// # Errors
    /// When the session cannot be written or sealed, the random source included.
    pub(crate) fn seal(
        &self,
        session: &Session,
        stored: &Stored,
        admin: &Admin,
    ) -> Result<StoredRecord, Error> {
        let key = stored.id.record_key();
        let plain = record::write(session)?;
        let form = record::form_of(session);
        let sealed = self.sealer(&stored.id)?.seal_bytes_as(form, &*self.entropy, &key.0, &plain)?;
        let admin = postcard::to_allocvec(admin).unwrap_or_default();
        let admin = self.admin.seal_bytes(&*self.entropy, &key.0, &admin)?;
        let first = |keys: Vec<IndexKey>| keys.into_iter().next().unwrap_or(IndexKey([0; 32]));
        let sid = match session.identity.sid() {
            Some(sid) => Some(first(self.sids(&session.identity.issuer, sid)?)),
            None => None,
        };
        let mut record = StoredRecord::new(
            session.created_at,
            session.expires_at,
            session.idle_expires_at,
            first(self.subjects(&session.identity.issuer, session.identity.subject())?),
            sid,
            Bytes::from(sealed),
            Bytes::from(admin),
        );
        record.version = stored.version;
        Ok(record)
    }

    /// The session in a record; `None` where the id does not open it, or a later release wrote it.
    ///
    /// `None` therefore never says that a session ended. Whether it is over is for the caller to ask.
    ///
    /// # Errors
    /// When no key can be derived.
    pub(crate) fn open(&self, id: &SessionId, record: &StoredRecord) -> Result<Option<Session>, Error> {
        let key = id.record_key();
        let Some(plain) = self.sealer(id)?.open_bytes(&key.0, &record.sealed).plain() else {
            return Ok(None);
        };
        let stored = Stored { id: id.clone(), version: record.version, admin: record.admin.clone() };
        Ok(record::read(&plain, self.client.as_ref()).map(|mut session| {
            session.stored = Some(stored);
            session
        }))
    }

    /// A record of something that is kept beside the sessions until `until`. It belongs to nobody: its subject index is
    /// its own key, so no list shows it.
    ///
    /// # Errors
    /// When nothing can be sealed.
    pub(crate) fn seal_stashed(
        &self,
        id: &SessionId,
        plain: &[u8],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<StoredRecord, Error> {
        let key = id.record_key();
        let sealed = self.stash_sealer(id)?.seal_bytes(&*self.entropy, &key.0, plain)?;
        Ok(StoredRecord::new(now, until, until, IndexKey(key.0), None, Bytes::from(sealed), Bytes::new()))
    }

    /// What [`Self::seal_stashed`] sealed under this id; `None` for anything else, sessions included.
    ///
    /// # Errors
    /// When no key can be derived.
    pub(crate) fn open_stashed(
        &self,
        id: &SessionId,
        record: &StoredRecord,
    ) -> Result<Option<Vec<u8>>, Error> {
        let opened = self.stash_sealer(id)?.open_bytes(&id.record_key().0, &record.sealed);
        Ok(opened.plain().map(|plain| plain.to_vec()))
    }

    /// The administrative part of the record with this key; nothing known where it cannot be opened, since a list that
    /// lacks a label is better than none.
    pub(crate) fn open_admin(&self, key: RecordKey, sealed: &Bytes) -> Admin {
        let plain = self.admin.open_bytes(&key.0, sealed).plain();
        plain.and_then(|plain| Some(postcard::take_from_bytes(&plain).ok()?.0)).unwrap_or_default()
    }

    /// Where a subject's sessions are found: one index for each key of the ring, the first key's first. A session that
    /// was written before a rotation is under an older key's.
    ///
    /// # Errors
    /// When no key can be derived.
    pub(crate) fn subjects(&self, issuer: &str, subject: &str) -> Result<Vec<IndexKey>, Error> {
        self.index("subject", issuer, subject)
    }

    /// Where the sessions of a provider session are found, as in [`Self::subjects`].
    ///
    /// # Errors
    /// When no key can be derived.
    pub(crate) fn sids(&self, issuer: &str, sid: &str) -> Result<Vec<IndexKey>, Error> {
        self.index("sid", issuer, sid)
    }

    /// What somebody is called in logs: of another purpose than the indexes, so that a log and a store together say no
    /// more than each alone.
    pub(crate) fn log_digest(&self, issuer: &str, subject: &str) -> [u8; 16] {
        self.log.digest(&self.application.context(&[issuer.as_bytes(), subject.as_bytes()]))
    }

    /// Keyed, since subjects are easily guessed: without the key, a store's indexes tell nobody who is signed in.
    fn index(&self, kind: &str, issuer: &str, value: &str) -> Result<Vec<IndexKey>, Error> {
        let parts = self.application.context(&[kind.as_bytes(), issuer.as_bytes(), value.as_bytes()]);
        Ok(self.ring.digests("index", &parts)?.into_iter().map(IndexKey).collect())
    }

    /// Seals a session's own part.
    fn sealer(&self, id: &SessionId) -> Result<Sealer, Error> {
        self.derive("record", id)
    }

    /// Seals what is kept beside the sessions. Another purpose: a form of the right bytes must not open as a session.
    fn stash_sealer(&self, id: &SessionId) -> Result<Sealer, Error> {
        self.derive("aside", id)
    }

    fn derive(&self, purpose: &str, id: &SessionId) -> Result<Sealer, Error> {
        self.ring.sealer(purpose, &self.application.context(&[id.secret_half()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEntropy;

    #[test]
    fn what_is_stashed_is_no_session_and_opens_with_its_own_id_alone() {
        let ring = vec![CookieKey::generate().unwrap()];
        let client = ClientRef { issuer: Arc::from("https://op.example"), client_id: Arc::from("app") };
        let application = ApplicationName::of_client(&client.issuer, &client.client_id);
        let seals = RecordSeals::new(application, Some(client), &ring, Arc::new(SystemEntropy)).unwrap();
        let ids = [(), ()].map(|()| SessionId::generate(&SystemEntropy).unwrap());
        let (now, until) = (Timestamp::from_secs(1), Timestamp::from_secs(2));
        let record = seals.seal_stashed(&ids[0], b"a form", now, until).unwrap();
        assert_eq!(seals.open_stashed(&ids[0], &record).unwrap().as_deref(), Some(&b"a form"[..]));
        assert_eq!(seals.open_stashed(&ids[1], &record).unwrap(), None);
        // Else a form of the right bytes could be a session.
        let as_session = seals.sealer(&ids[0]).unwrap();
        assert!(as_session.open_bytes(&ids[0].record_key().0, &record.sealed).plain().is_none());
    }
}
