//! Sessions ended because the provider says so: found by its name for the session, or by the subject.
//!
//! A logout token (OpenID Connect Back-Channel Logout 1.0 §2.4) names a subject, the provider's session (`sid`), or
//! both; a front-channel request and a webhook name one of the two. `flow::provider_logout` verifies who says so and
//! when; here the sessions are found and ended. All of it takes a store.
//!
//! An ending has a time and ends what began before it. So one that comes late, or twice, ends nothing new.

use std::time::Duration;

use super::endings::EndReason;
use super::keeper::SessionKeeper;
use super::listing::{MOST_LISTED, up_and_down};
use super::store::{RecordKey, Selection, StoredRecord};
use super::subject::SubjectId;
use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::error::Error;

impl SessionKeeper {
    /// Ends the selected sessions of a provider session, whoever they are of, and gives the keys of those that ended.
    ///
    /// # Errors
    /// [`ErrorCode::StoreUnavailable`](crate::error::ErrorCode::StoreUnavailable): some may have ended, and the
    /// provider should say it again. [`ErrorCode::Misconfigured`](crate::error::ErrorCode::Misconfigured) without a
    /// store.
    pub(crate) async fn end_sid(
        &self,
        issuer: &str,
        sid: &str,
        selection: Selection,
        why: EndReason,
    ) -> Result<Vec<RecordKey>, Error> {
        let store = self.shared()?;
        self.expect_ends(why, selection, |session| {
            session.identity.issuer() == issuer && session.identity.sid() == Some(sid)
        });
        let mut ended = Vec::new();
        for index in up_and_down(self.seals.sids(issuer, sid)?) {
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

    /// Ends the sessions that began before `before` and are both of this provider session and of this subject, and
    /// gives the keys of those that ended.
    ///
    /// A store has no index of both, so the subject's sessions are looked through. Where a subject has more than can be
    /// listed, the provider's session alone decides.
    ///
    /// # Errors
    /// As [`Self::end_sid`].
    pub(crate) async fn end_sid_of(
        &self,
        subject: &SubjectId,
        sid: &str,
        before: Timestamp,
        why: EndReason,
    ) -> Result<Vec<RecordKey>, Error> {
        let sids = self.seals.sids(subject.issuer(), sid)?;
        let records = self.records(subject).await?;
        if records.len() >= MOST_LISTED {
            // More than are ever looked through: the provider has signed that the session is theirs.
            return self.end_sid(subject.issuer(), sid, Selection::all().created_before(before), why).await;
        }
        let is_meant = |record: &StoredRecord| {
            record.created_at < before && record.sid.is_some_and(|sid| sids.contains(&sid))
        };
        let mut ended = Vec::new();
        for (key, _) in records.into_iter().filter(|(_, record)| is_meant(record)) {
            self.expect_end(key, why);
            if self.remove(key).await? {
                ended.push(key);
            }
        }
        Ok(ended)
    }

    /// Whether a session of this subject stands. Asked when an ending found nothing to end: then it tells whether all
    /// of them are newer, or there was none.
    ///
    /// # Errors
    /// As [`Self::end_sid`].
    pub(crate) async fn has_any(&self, subject: &SubjectId) -> Result<bool, Error> {
        Ok(!self.records(subject).await?.is_empty())
    }

    /// Remembers for `span` that something with this name came; whether it is the first time, on any instance.
    ///
    /// The name is digested with the length of each part in front, so that no two names read the same.
    ///
    /// # Errors
    /// As [`Self::end_sid`].
    pub(crate) async fn first_time(&self, name: [&str; 4], span: Duration) -> Result<bool, Error> {
        let mut parts = Vec::new();
        for part in name {
            parts.extend_from_slice(&(part.len() as u64).to_be_bytes());
            parts.extend_from_slice(part.as_bytes());
        }
        let name = sha256(&[&parts]);
        self.bounded(self.shared()?.remember_once(name, span)).await
    }
}
