//! How many sessions one subject may have at a time, and what becomes of the one that is too many.
//!
//! A store knows records and an index, and nothing of limits. So the new session is begun first, and then the records of
//! its subject are counted: of two sign-ins at the same moment, on whatever instances, the one that counts later sees
//! both. What that leaves:
//!
//! - [`BeyondLimit::Refuse`] holds: the later one is refused, or both are.
//! - [`BeyondLimit::EndOldest`] holds: both end the oldest. With a limit of one, each may end the other's, and whoever is
//!   left without a session signs in again.
//!
//! The session that a browser had before does not count: a sign-in takes its place. A thousand records are counted for
//! each cookie key, so the limit is a hundred at most.

use super::Context;
use super::events::EventKind;
use super::settings::{BeyondLimit, SessionLimit};
use crate::error::{Error, ErrorCode};
use crate::session::{EndReason, RecordKey, SubjectId};

impl Context {
    /// Holds a subject to its limit, once a session of theirs has begun. `before` is the one whose place it takes.
    ///
    /// # Errors
    /// [`ErrorCode::TooManySessions`], and [`ErrorCode::StoreUnavailable`]. The new session is gone then, unless the store
    /// fails in that as well; nobody has its cookie.
    pub(crate) async fn hold_to_limit(
        &self,
        subject: &SubjectId,
        begun: Option<RecordKey>,
        before: Option<RecordKey>,
    ) -> Result<(), Error> {
        let (Some(limit), Some(begun)) = (self.settings.session_limit, begun) else { return Ok(()) };
        let held = self.held_to(limit, subject, begun, before).await;
        if held.is_err() {
            self.sessions.remove(begun).await?;
        }
        held
    }

    /// Counts, and ends or refuses.
    async fn held_to(
        &self,
        limit: SessionLimit,
        subject: &SubjectId,
        begun: RecordKey,
        before: Option<RecordKey>,
    ) -> Result<(), Error> {
        let mut others = self.sessions.begun_when(subject).await?;
        others.retain(|(_, key)| *key != begun && Some(*key) != before);
        let Some(too_many) = (others.len() + 1).checked_sub(limit.most).filter(|over| *over > 0) else {
            return Ok(());
        };
        if limit.beyond == BeyondLimit::Refuse {
            return Err(Error::new(ErrorCode::TooManySessions).detail(format!(
                "{} sessions beside this one, {} are allowed",
                others.len(),
                limit.most
            )));
        }
        for (_, oldest) in others.into_iter().take(too_many) {
            self.sessions.expect_end(oldest, EndReason::TooMany);
            if self.sessions.remove(oldest).await? {
                self.events.tell(EventKind::Ended(EndReason::TooMany), Some(subject), Some(oldest));
            }
        }
        Ok(())
    }
}
