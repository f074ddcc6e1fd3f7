//! Sessions ended because the provider says so: found by its name for the session, or by the subject.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};

use super::SessionKeeper;
use super::store::{RecordKey, Selection};
use crate::error::{Error, ErrorCode};

impl SessionKeeper {
    /// Ends the selected sessions of a provider session; which ones.
    pub(crate) async fn end_sid(&self, sid: &str, selection: Selection) -> Result<Vec<RecordKey>, Error> {
        let store = self.shared()?;
        let mut ended = Vec::new();
        // Those of older cookie keys first, as in `places`.
        for index in self.seals.sids(sid)?.into_iter().rev() {
            match self.bounded(store.remove_by_sid(index, selection)).await {
                Ok(removed) => {
                    self.forget(&removed);
                    ended.extend(removed);
                }
                Err(error) => {
                    // It may have been done, and of what is not known.
                    self.forget_everything();
                    return Err(error);
                }
            }
        }
        Ok(ended)
    }

    /// Whether a session of this subject belongs to this provider session.
    pub(crate) async fn is_subjects_sid(&self, subject: &str, sid: &str) -> Result<bool, Error> {
        let sids = self.seals.sids(sid)?;
        Ok(self
            .records(subject)
            .await?
            .iter()
            .any(|(_, record)| record.sid.is_some_and(|sid| sids.contains(&sid))))
    }

    /// Whether a session of this subject stands.
    pub(crate) async fn has_any(&self, subject: &str) -> Result<bool, Error> {
        Ok(!self.records(subject).await?.is_empty())
    }

    /// Remembers for `span` that something with this name came; whether it is the first time.
    pub(crate) async fn first_time(&self, name: [&str; 4], span: Duration) -> Result<bool, Error> {
        let mut parts = Vec::new();
        for part in name {
            parts.extend_from_slice(&(part.len() as u64).to_be_bytes());
            parts.extend_from_slice(part.as_bytes());
        }
        let name: Option<[u8; 32]> = digest(&SHA256, &parts).as_ref().first_chunk().copied();
        let name =
            name.ok_or_else(|| Error::new(ErrorCode::Misconfigured).detail("a digest of another length"))?;
        self.bounded(self.shared()?.remember_once(name, span)).await
    }
}
