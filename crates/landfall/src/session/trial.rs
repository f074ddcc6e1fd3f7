//! The store is tried once at the start: what it lacks (a folder, a right, its tables) is then told to whoever starts the
//! application, and not by the first person who wants to sign in.
//!
//! It is tried by doing what sessions do, with a record of nobody's, so every store is tried in the same way and says in
//! its own words what it lacks. The record is taken away again; where the process ends in between, it expires in a
//! minute.
//!
//! What each step shows:
//!
//! 1. create: the way there, the password, the tables, the right to write.
//! 2. load: the right to read, and that both sides go by one clock.
//! 3. update: that a version is compared, without which two refreshes would spend one token.
//! 4. list and remove by subject: the indexes, which a sign-out everywhere goes by.
//! 5. lease and release: what keeps a refresh to one instance.

use std::time::Duration;

use super::id::SessionId;
use super::keeper::SessionKeeper;
use super::store::{IndexKey, RecordKey, Selection, SessionStore, StoredRecord, Updated};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorCode};

/// How long the record lives that is not taken away, and how long the lease.
const SPAN: Duration = Duration::from_secs(60);

impl SessionKeeper {
    /// Creates, loads, changes, finds and removes a record, and takes and releases a lease: all that a session ever asks
    /// of a store. Without a store there is nothing to try.
    ///
    /// # Errors
    /// [`ErrorCode::StoreUnavailable`], with the store's own words, or with what it did not do.
    pub(crate) async fn try_store(&self, now: Timestamp) -> Result<(), Error> {
        let Some(store) = self.store() else { return Ok(()) };
        let id = SessionId::generate(&*self.entropy)?;
        let key = id.record_key();
        let record = self.seals().seal_stashed(&id, b"", now, now.plus(SPAN))?;
        self.bounded(store.create(key, record.clone())).await?;
        let tried = self.try_record(&**store, key, record).await;
        // Nothing is left behind, whatever came of it.
        let removed = self.bounded(store.remove(key)).await;
        tried?;
        removed?;
        let holder = 1;
        if self.bounded(store.lease(key.0, holder, SPAN)).await? {
            self.bounded(store.release(key.0, holder)).await?;
        }
        Ok(())
    }

    /// What is asked of a record that is there.
    async fn try_record(
        &self,
        store: &dyn SessionStore,
        key: RecordKey,
        mut record: StoredRecord,
    ) -> Result<(), Error> {
        if self.bounded(store.load(key)).await?.is_none() {
            return Err(Error::new(ErrorCode::StoreUnavailable).detail(
                "the store does not have the record that it took a moment ago: it goes by another clock, or has no room",
            ));
        }
        record.version = 2;
        if self.bounded(store.update(key, 1, record)).await? != Updated::Done {
            return Err(Error::new(ErrorCode::StoreUnavailable)
                .detail("the store does not change a record that it has"));
        }
        let own = IndexKey(key.0);
        self.bounded(store.list_by_subject(own, 1)).await?;
        self.bounded(store.remove_by_subject(own, Selection::all())).await?;
        Ok(())
    }
}
