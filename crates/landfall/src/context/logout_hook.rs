//! What the application does when the provider ends a session: for one that keeps sessions of its own.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::clock::Timestamp;
use crate::error::{Error, ErrorCode};
use crate::session::SubjectId;

/// A session that the provider ended, by a logout token that was verified; see
/// [`on_provider_logout`](crate::RelyingPartyBuilder::on_provider_logout).
///
/// A token names a subject, a session of the provider's, or both (OpenID Connect Back-Channel Logout 1.0 §2.4), so an
/// application that keeps sessions of its own keeps both beside each of them. What ends is what is named:
///
/// | subject | session | ends |
/// |---|---|---|
/// | there | there | the sessions that came of this one at the provider |
/// | there | none | all of the subject's |
/// | none | there | the sessions that came of this one at the provider, whoever's they are |
///
/// ```
/// use landfall::ProviderLogout;
///
/// struct Row { subject: String, sid: Option<String>, issued_at: u64 }
///
/// fn ends(row: &Row, logout: &ProviderLogout) -> bool {
///     let is_theirs = logout.subject().is_none_or(|subject| subject.subject() == row.subject);
///     let is_this_one = logout.sid().is_none_or(|sid| row.sid.as_deref() == Some(sid));
///     is_theirs && is_this_one && row.issued_at <= logout.issued_at().secs()
/// }
/// # let _ = ends;
/// ```
#[derive(Clone, Debug)]
pub struct ProviderLogout {
    pub(crate) subject: Option<SubjectId>,
    pub(crate) sid: Option<String>,
    pub(crate) issued_at: Timestamp,
}

impl ProviderLogout {
    /// Whose sessions end. `None` where the provider named the session alone.
    pub fn subject(&self) -> Option<&SubjectId> {
        self.subject.as_ref()
    }

    /// Which of the provider's sessions ended, as the claim `sid` of the sign-in named it
    /// ([`Identity::sid`](crate::Identity::sid)). `None` ends all of the subject's.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// When the provider ended it, by its own clock: what began later, by the ID token's `iat`, is another session and
    /// stays.
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }
}

/// What the hook's future brings.
type Done = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// The application's hook, whatever type its function has.
pub(crate) struct LogoutHook(Box<dyn Fn(ProviderLogout) -> Done + Send + Sync>);

impl LogoutHook {
    pub(crate) fn new<F, E>(hook: impl Fn(ProviderLogout) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        let failed = |error: E| {
            let detail = "the hook given to `on_provider_logout` failed";
            Error::new(ErrorCode::ApplicationFailed).detail(detail).source(error)
        };
        Self(Box::new(move |logout| {
            let done = hook(logout);
            Box::pin(async move { done.await.map_err(failed) })
        }))
    }

    /// Tells the application. Whoever calls it bounds the time.
    ///
    /// # Errors
    /// [`ErrorCode::ApplicationFailed`], by which the provider is told to come again.
    pub(crate) async fn tell(&self, logout: ProviderLogout) -> Result<(), Error> {
        (self.0)(logout).await
    }
}

impl fmt::Debug for LogoutHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogoutHook")
    }
}
