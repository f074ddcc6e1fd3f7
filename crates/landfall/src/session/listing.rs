//! Sessions seen from the server's side: listed and ended without their cookies.
//!
//! This is what "where am I signed in" and "sign out everywhere" are made of; the application asks for it through
//! [`Sessions`](crate::Sessions). It takes a store: a session that is sealed into its cookie is known to its browser
//! alone. What can be seen of a session here is its times and its label; who it is of and its tokens take the cookie.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::endings::EndReason;
use super::keeper::SessionKeeper;
use super::store::{IndexKey, RecordKey, Selection, SessionStore, StoredRecord};
use super::subject::SubjectId;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorCode};

/// The most sessions of one subject that are listed, under each cookie key. Ending all of them has no such bound.
pub(super) const MOST_LISTED: usize = 1000;

/// A name for a session: it can be shown and sent in forms, and opens nothing.
///
/// It is the digest that the session's record is stored under, as 43 characters of base64url. No cookie can be made
/// from it. It ends a session only together with whose session that is: see [`Sessions::end`](crate::Sessions::end).
///
/// ```
/// use landfall::SessionHandle;
///
/// let handle: SessionHandle = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8".parse()?;
/// assert_eq!(handle.to_string(), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
/// # Ok::<(), landfall::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionHandle(pub(crate) RecordKey);

impl fmt::Display for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.0))
    }
}

impl FromStr for SessionHandle {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(|bytes| Self(RecordKey(bytes))).ok_or_else(|| {
            Error::new(ErrorCode::RequestMalformed)
                .detail("the name of a session is 43 characters of base64url")
        })
    }
}

/// What is known of a session without its cookie; [`Sessions::list`](crate::Sessions::list) gives them.
///
/// ```
/// fn line(info: &landfall::SessionInfo) -> String {
///     let browser = info.label.as_deref().unwrap_or("Unknown browser");
///     format!("{browser}, signed in at {}: end it by {}", info.created_at.secs(), info.handle)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// What to end it by.
    pub handle: SessionHandle,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When it was last seen, to within half of the idle lifetime: it is written when a session is renewed or
    /// its tokens are refreshed.
    pub last_seen: Timestamp,
    /// When it ends, unless it is used before then.
    pub idle_expires_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// What the browser is called, such as "Firefox on Windows", if it said so.
    pub label: Option<String>,
}

impl SessionKeeper {
    /// A subject's sessions, the newest first.
    ///
    /// # Errors
    /// [`ErrorCode::StoreUnavailable`]; [`ErrorCode::Misconfigured`] without a store.
    pub(crate) async fn list(&self, subject: &SubjectId) -> Result<Vec<SessionInfo>, Error> {
        let mut infos: Vec<_> = self
            .records(subject)
            .await?
            .into_iter()
            .map(|(key, record)| {
                let admin = self.seals.open_admin(key, &record.admin);
                SessionInfo {
                    handle: SessionHandle(key),
                    created_at: record.created_at,
                    last_seen: admin.last_seen().max(record.created_at),
                    idle_expires_at: record.idle_expires_at,
                    expires_at: record.expires_at,
                    label: admin.label,
                }
            })
            .collect();
        infos.sort_by_key(|info| std::cmp::Reverse(info.created_at));
        Ok(infos)
    }

    /// A subject's records, a thousand at most for each cookie key, each of them once: one that is renewed with a newer
    /// key meanwhile is found under both.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub(super) async fn records(
        &self,
        subject: &SubjectId,
    ) -> Result<BTreeMap<RecordKey, StoredRecord>, Error> {
        let store = self.shared()?;
        let mut found = BTreeMap::new();
        for index in self.subject_indexes(subject)? {
            found.extend(self.bounded(store.list_by_subject(index, MOST_LISTED)).await?);
        }
        Ok(found)
    }

    /// When each of a subject's sessions began, the oldest first.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub(crate) async fn begun_when(&self, subject: &SubjectId) -> Result<Vec<(Timestamp, RecordKey)>, Error> {
        let records = self.records(subject).await?;
        let mut begun: Vec<_> = records.iter().map(|(key, record)| (record.created_at, *key)).collect();
        begun.sort_unstable();
        Ok(begun)
    }

    /// Ends one session, if it is this subject's; whether it was there. The subject is compared so that nobody ends a
    /// stranger's session by a handle that they came by.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub(crate) async fn end_one(
        &self,
        subject: &SubjectId,
        key: RecordKey,
        why: EndReason,
    ) -> Result<bool, Error> {
        let store = self.shared()?;
        let Some(record) = self.bounded(store.load(key)).await? else { return Ok(false) };
        if self.subject_indexes(subject)?.contains(&record.subject) {
            self.expect_end(key, why);
            self.remove(key).await
        } else {
            Ok(false)
        }
    }

    /// Ends the selected sessions of a subject, and gives the keys of those that ended.
    ///
    /// # Errors
    /// As [`Self::list`]. Some may have ended: the near cache forgets every session, so none of those is served.
    pub(crate) async fn end_subject(
        &self,
        subject: &SubjectId,
        selection: Selection,
        why: EndReason,
    ) -> Result<Vec<RecordKey>, Error> {
        let store = self.shared()?;
        self.expect_ends(why, selection, |session| {
            session.identity.issuer() == subject.issuer() && session.identity.subject() == subject.subject()
        });
        let mut ended = Vec::new();
        for index in self.subject_indexes(subject)? {
            match self.bounded(store.remove_by_subject(index, selection)).await {
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

    /// Where a subject's records are found, in the order of [`up_and_down`].
    fn subject_indexes(&self, subject: &SubjectId) -> Result<Vec<IndexKey>, Error> {
        Ok(up_and_down(self.seals.subjects(subject.issuer(), subject.subject())?))
    }

    /// The store, for what takes one.
    ///
    /// # Errors
    /// [`ErrorCode::Misconfigured`] without a store.
    pub(super) fn shared(&self) -> Result<&std::sync::Arc<dyn SessionStore>, Error> {
        self.store().ok_or_else(|| {
            Error::new(ErrorCode::Misconfigured)
                .detail("sessions sealed into cookies cannot be listed or ended from the server: give the builder a store")
        })
    }
}

/// The indexes of all cookie keys, in the order in which a record is looked for: from the oldest key's to the newest's, and
/// back again.
///
/// Whoever writes a record puts it under the first key that they know. While keys are rotated, instances differ in which
/// that is, so a record may move either way between two looks; by this order it is met wherever it moves to.
pub(super) fn up_and_down(mut indexes: Vec<IndexKey>) -> Vec<IndexKey> {
    let back: Vec<_> = indexes.iter().skip(1).copied().collect();
    indexes.reverse();
    indexes.extend(back);
    indexes
}
