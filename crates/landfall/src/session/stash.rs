//! What is kept in the store for a while beside the sessions, for one browser, to be taken once.
//!
//! Today that is a posted form too large for its cookie, while the person signs in ([`crate::browser::kept_form`]).
//! It is a record like a session's, so that no store needs another table. It is no session: it is sealed for another
//! purpose, and its subject index is its own key, so that no person's list shows it.

use crate::clock::Timestamp;
use crate::error::Error;

use super::id::SessionId;
use super::keeper::SessionKeeper;

impl SessionKeeper {
    /// Keeps `plain` under this id, until `until`. The store sees a digest of one half of the id, and what is sealed
    /// with the other. Without a store nothing is kept, and [`Self::unstash`] finds nothing.
    ///
    /// # Errors
    /// [`ErrorCode::StoreUnavailable`](crate::error::ErrorCode::StoreUnavailable), and when nothing can be sealed.
    pub(crate) async fn stash(
        &self,
        id: &SessionId,
        plain: &[u8],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), Error> {
        let Some(store) = self.store() else { return Ok(()) };
        let record = self.seals().seal_stashed(id, plain, now, until)?;
        self.bounded(store.create(id.record_key(), record)).await
    }

    /// Takes what is kept under this id. Whoever comes second finds nothing: of two removals, one finds the record.
    /// `None` where there is nothing, it has expired, or it does not open.
    ///
    /// # Errors
    /// [`ErrorCode::StoreUnavailable`](crate::error::ErrorCode::StoreUnavailable): it may have been taken, and only the
    /// answer lost.
    pub(crate) async fn unstash(&self, id: &SessionId, now: Timestamp) -> Result<Option<Vec<u8>>, Error> {
        let Some(store) = self.store() else { return Ok(None) };
        let Some(record) = self.bounded(store.load(id.record_key())).await? else { return Ok(None) };
        if record.is_expired(now) || !self.bounded(store.remove(id.record_key())).await? {
            return Ok(None);
        }
        self.seals().open_stashed(id, &record)
    }
}
