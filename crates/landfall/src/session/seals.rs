//! How a session becomes a record and a record a session: two seals and two indexes.
//!
//! The session itself is sealed with a key that needs the browser's half; the administrative part with the
//! server's key alone, so that sessions can be listed without their cookies, though never read.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::id::SessionId;
use super::opened::{ClientRef, Session, Stored};
use super::record;
use super::store::{IndexKey, RecordKey, StoredRecord};
use crate::clock::{Entropy, Timestamp};
use crate::crypto::application_name::ApplicationName;
use crate::crypto::seal::{CookieKey, Sealer, keyed_digests};
use crate::error::Error;

/// Makes records of sessions, for one application.
#[derive(Debug)]
pub(crate) struct RecordSeals {
    application: ApplicationName,
    /// What a record that names no client was begun by.
    client: ClientRef,
    ring: Vec<CookieKey>,
    entropy: Arc<dyn Entropy>,
    admin: Sealer,
}

/// What can be known of a session without its cookie. As in `record.rs`: what is added comes as a struct behind
/// this one, and an older release leaves it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Admin {
    last_seen: u64,
    pub(crate) label: Option<String>,
}

impl Admin {
    pub(crate) fn new(last_seen: Timestamp, label: Option<String>) -> Self {
        Self { last_seen: last_seen.millis(), label }
    }

    pub(crate) fn last_seen(&self) -> Timestamp {
        Timestamp::from_millis(self.last_seen)
    }
}

impl RecordSeals {
    pub(crate) fn new(
        application: ApplicationName,
        client: ClientRef,
        ring: Vec<CookieKey>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, Error> {
        let admin = Sealer::derive(&ring, "admin", &application.context(&[]))?;
        Ok(Self { application, client, ring, entropy, admin })
    }

    /// The record of a session that is stored there.
    pub(crate) fn seal(
        &self,
        session: &Session,
        stored: &Stored,
        admin: &Admin,
    ) -> Result<StoredRecord, Error> {
        let key = stored.id.record_key();
        let plain = record::write(session)?;
        let sealed = self.sealer(&stored.id)?.seal_bytes(&*self.entropy, &key.0, &plain)?;
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
    pub(crate) fn open(&self, id: &SessionId, record: &StoredRecord) -> Result<Option<Session>, Error> {
        let key = id.record_key();
        let Some(plain) = self.sealer(id)?.open_bytes(&key.0, record.sealed.to_vec()).plain() else {
            return Ok(None);
        };
        let stored = Stored { id: id.clone(), version: record.version, admin: record.admin.clone() };
        Ok(record::read(&plain, &self.client).map(|mut session| {
            session.stored = Some(stored);
            session
        }))
    }

    /// A record of something that is kept for a while beside the sessions; nobody's, so no list shows it.
    pub(crate) fn seal_stashed(
        &self,
        id: &SessionId,
        plain: &[u8],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<StoredRecord, Error> {
        let key = id.record_key();
        let sealed = self.aside(id)?.seal_bytes(&*self.entropy, &key.0, plain)?;
        Ok(StoredRecord::new(now, until, until, IndexKey(key.0), None, Bytes::from(sealed), Bytes::new()))
    }

    /// What was kept so.
    pub(crate) fn open_stashed(
        &self,
        id: &SessionId,
        record: &StoredRecord,
    ) -> Result<Option<Vec<u8>>, Error> {
        let opened = self.aside(id)?.open_bytes(&id.record_key().0, record.sealed.to_vec());
        Ok(opened.plain().map(|plain| plain.to_vec()))
    }

    /// The administrative part; nothing known where it cannot be opened.
    pub(crate) fn open_admin(&self, key: RecordKey, sealed: &Bytes) -> Admin {
        let plain = self.admin.open_bytes(&key.0, sealed.to_vec()).plain();
        plain.and_then(|plain| Some(postcard::take_from_bytes(&plain).ok()?.0)).unwrap_or_default()
    }

    /// Where a subject's sessions are found: under the first key of the ring, and under those before it.
    pub(crate) fn subjects(&self, issuer: &str, subject: &str) -> Result<Vec<IndexKey>, Error> {
        self.index("subject", issuer, subject)
    }

    /// Where the sessions of a provider session are found.
    pub(crate) fn sids(&self, issuer: &str, sid: &str) -> Result<Vec<IndexKey>, Error> {
        self.index("sid", issuer, sid)
    }

    fn index(&self, kind: &str, issuer: &str, value: &str) -> Result<Vec<IndexKey>, Error> {
        let parts = self.application.context(&[kind.as_bytes(), issuer.as_bytes(), value.as_bytes()]);
        Ok(keyed_digests(&self.ring, "index", &parts)?.into_iter().map(IndexKey).collect())
    }

    fn sealer(&self, id: &SessionId) -> Result<Sealer, Error> {
        self.derive("record", id)
    }

    fn aside(&self, id: &SessionId) -> Result<Sealer, Error> {
        self.derive("aside", id)
    }

    fn derive(&self, purpose: &str, id: &SessionId) -> Result<Sealer, Error> {
        Sealer::derive(&self.ring, purpose, &self.application.context(&[id.secret_half()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEntropy;

    #[test]
    fn what_is_kept_aside_is_no_session_and_opens_with_its_own_id_alone() {
        let ring = vec![CookieKey::generate().unwrap()];
        let client = ClientRef { issuer: Arc::from("https://op.example"), client_id: Arc::from("app") };
        let application = ApplicationName::of_client(&client.issuer, &client.client_id);
        let seals = RecordSeals::new(application, client, ring, Arc::new(SystemEntropy)).unwrap();
        let ids = [(), ()].map(|()| SessionId::generate(&SystemEntropy).unwrap());
        let (now, until) = (Timestamp::from_secs(1), Timestamp::from_secs(2));
        let record = seals.seal_stashed(&ids[0], b"a form", now, until).unwrap();
        assert_eq!(seals.open_stashed(&ids[0], &record).unwrap().as_deref(), Some(&b"a form"[..]));
        assert_eq!(seals.open_stashed(&ids[1], &record).unwrap(), None);
        // Else a form of the right bytes could be a session.
        let as_session = seals.sealer(&ids[0]).unwrap();
        assert!(as_session.open_bytes(&ids[0].record_key().0, record.sealed.to_vec()).plain().is_none());
    }
}
