//! What is answered where sign-in is not set up: no settings, no clock, no randomness, and so no reference.
//!
//! An application without a provider still has its guards, and a guard is never open because of it: whatever needs
//! somebody answers 503. Whoever wants a page to be open leaves the guard out.
//!
//! Looking who is there is no failure: nobody is, and nothing is logged. What is told, is told once a minute for the
//! whole process, since each request of a guarded page would be a line else.

use super::error_reply::{log, told_alone};
use super::refused::Refused;
use crate::clock::{Clock, OnceAMinute, SystemClock};
use crate::error::{Error, ErrorCode, Names};
use crate::guard::request_kind::RequestKind;
use crate::web::reply::Reply;

/// When the log told of it, for the whole process: a server may make a layer for each of its workers.
static TOLD: OnceAMinute = OnceAMinute::new();

/// The answer to whoever needs somebody. The operator is told once a minute at most.
pub(crate) fn reply(kind: RequestKind) -> Reply {
    let error = Error::new(ErrorCode::NotSetUp)
        .detail("something needs somebody, but sign-in is not set up: the layer was given no relying party");
    log_now_and_then(&error, "none");
    told_alone(&error.into(), kind, None)
}

/// Writes the failure that sign-in is not set up into the log, unless that was told within a minute.
pub(super) fn log_now_and_then(error: &Error, reference: &str) {
    if TOLD.is_due(SystemClock.now()) {
        log(error, reference, &Names::default());
    }
}

/// The answer to an error that the log was told of already, under this reference.
pub(crate) fn tell(refused: &Refused, reference: &str, kind: RequestKind) -> Reply {
    let reference = Some(reference).filter(|_| refused.error.code() != ErrorCode::NotSetUp);
    told_alone(refused, kind, reference)
}

/// The answer to an error of the application's own making.
pub(crate) fn refuse(refused: &Refused, kind: RequestKind) -> Reply {
    if refused.error.code() == ErrorCode::NotSetUp {
        return reply(kind);
    }
    log(&refused.error, "none", &Names::default());
    told_alone(refused, kind, None)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;
    use crate::guard::sign_in_wanted::SignInWanted;
    use crate::visit::Visit;
    use crate::{Identity, RelyingParty, Requirement};

    /// Counts events of this thread.
    #[derive(Clone, Default)]
    struct Counting(Arc<AtomicUsize>);

    impl Subscriber for Counting {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, _: &Event<'_>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    #[tokio::test]
    async fn looking_who_is_there_logs_nothing_and_needing_somebody_one_line() {
        let events = Counting::default();
        let _listening = tracing::subscriber::set_default(events.clone());
        let visit = Visit::not_set_up(RequestKind::Navigation, true, "/");
        assert!(visit.signed_in().is_none() && !visit.can_sign_in() && visit.base_url().is_none());
        assert!(visit.require().is_err() && visit.require_more(&Requirement::new()).is_err());
        assert!(visit.access_token().await.is_err());
        assert_eq!(visit.login_url(), "/auth/login");
        assert!(!visit.relying_party().is_set_up());
        assert_eq!(events.0.load(Ordering::Relaxed), 0);
        for _ in 0..3 {
            let wanted = visit.challenge(SignInWanted::new()).await;
            assert_eq!(wanted.status(), 503);
            assert_eq!(visit.error_reply(Error::new(ErrorCode::NotSetUp)).status(), 503);
        }
        assert_eq!(events.0.load(Ordering::Relaxed), 1);
        assert_eq!(visit.error_reply(Error::new(ErrorCode::Misconfigured)).status(), 500);
        assert_eq!(events.0.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn without_a_provider_no_session_begins() {
        let auth = RelyingParty::not_set_up();
        let created = auth.sessions().create(Identity::new("https://op.example", "ada")).await;
        assert_eq!(created.unwrap_err().code(), ErrorCode::NotSetUp);
        assert_eq!(auth.connect().await.unwrap_err().code(), ErrorCode::NotSetUp);
        assert_eq!((auth.base_urls().count(), auth.redirect_uris().count()), (0, 0));
    }
}
