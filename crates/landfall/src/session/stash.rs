//! What is kept in the store for a while beside the sessions, for one browser, to be taken once.

use crate::clock::Timestamp;
use crate::error::Error;

use super::id::SessionId;
use super::keeper::SessionKeeper;

impl SessionKeeper {
    /// Keeps it under this id until then. The store sees a digest of one half of the id, and what is sealed with the
    /// other.
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

    /// Takes it, if it is there: whoever comes second finds nothing.
    pub(crate) async fn unstash(&self, id: &SessionId, now: Timestamp) -> Result<Option<Vec<u8>>, Error> {
        let Some(store) = self.store() else { return Ok(None) };
        let Some(record) = self.bounded(store.load(id.record_key())).await? else { return Ok(None) };
        if record.is_expired(now) || !self.bounded(store.remove(id.record_key())).await? {
            return Ok(None);
        }
        self.seals().open_stashed(id, &record)
    }
}
