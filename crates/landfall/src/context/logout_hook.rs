//! What the application does when the provider ends a session: for one that keeps sessions of its own.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::clock::Timestamp;
use crate::error::{Error, ErrorCode};
use crate::session::SubjectId;

/// A session that the provider ended, by a logout token that was verified; see
/// [`on_provider_logout`](crate::RelyingPartyBuilder::on_provider_logout).
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
