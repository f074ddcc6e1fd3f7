//! Sessions as objects: begun, listed and ended by the application.

use std::future::Future;
use std::sync::Arc;

use crate::context::events::{EndReason, EventKind};
use crate::error::{Error, ErrorCode};
use crate::relying_party::{Inner, RelyingParty};
use crate::session::{Beginning, Identity, RecordKey, Selection, SessionHandle, SessionInfo};
use crate::visit::SignedIn;

/// Sessions that the application itself begins, lists or ends; see [`RelyingParty::sessions`].
///
/// A session that was ended is refused by every instance as soon as the store's engine tells them, and at the
/// latest when their near copies are too old.
///
/// ```no_run
/// # async fn page(auth: landfall::RelyingParty, user: landfall::SignedIn) -> Result<(), landfall::Error> {
/// for session in auth.sessions().list(user.subject()).await? {
///     let here = if user.session() == Some(session.handle) { "this browser" } else { "" };
///     println!("{} {here}", session.label.as_deref().unwrap_or("unknown"));
/// }
/// auth.sessions().end_others(&user).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Sessions<'a> {
    relying_party: &'a RelyingParty,
}

impl<'a> Sessions<'a> {
    pub(crate) fn of(relying_party: &'a RelyingParty) -> Self {
        Self { relying_party }
    }

    /// Begins a session for somebody whom the application knows by other means, its own tests above all.
    /// Gives the Set-Cookie header's value, for the first base URL.
    ///
    /// # Errors
    /// When the store fails, or the identity does not fit a cookie.
    pub async fn create(&self, identity: Identity) -> Result<String, Error> {
        self.run(|inner| async move {
            let place = inner.place(0)?;
            let subject = identity.subject().to_owned();
            let now = inner.clock.now();
            let beginning = Beginning { identity, tokens: None, created_at: now, ceiling: None, label: None };
            let begun = inner.sessions.begin(0, &place.names, beginning, now).await?;
            inner.events.tell(EventKind::Created, Some(&subject), begun.key);
            Ok(begun.cookie)
        })
        .await
    }

    /// A subject's sessions, the newest first, a thousand at most.
    ///
    /// # Errors
    /// When there is no store, or it fails.
    pub async fn list(&self, subject: &str) -> Result<Vec<SessionInfo>, Error> {
        let subject = subject.to_owned();
        self.run(|inner| async move { inner.sessions.list(&subject).await }).await
    }

    /// Ends one session, if it is this subject's; whether it was there. Ask for the subject of whoever wants
    /// it ended, so that nobody ends another's.
    ///
    /// # Errors
    /// When there is no store, or it fails.
    pub async fn end(&self, subject: &str, session: SessionHandle) -> Result<bool, Error> {
        let subject = subject.to_owned();
        self.run(move |inner| async move {
            let ended = inner.sessions.end_one(&subject, session.0).await?;
            if ended {
                told(&inner, &subject, &[session.0]);
            }
            Ok(ended)
        })
        .await
    }

    /// Ends every session of somebody but the one they are using; how many.
    ///
    /// # Errors
    /// When there is no store, or it fails.
    pub async fn end_others(&self, user: &SignedIn) -> Result<u64, Error> {
        let selection = match user.session() {
            Some(current) => Selection::all().except(current.0),
            None => Selection::all(),
        };
        self.end_selected(user.subject(), selection).await
    }

    /// Ends every session of a subject; how many. A session that was sealed into its cookie before there was a
    /// store is not reached: it ends by itself, after 8 hours by default.
    ///
    /// # Errors
    /// When there is no store, or it fails.
    pub async fn end_all_of(&self, subject: &str) -> Result<u64, Error> {
        self.end_selected(subject, Selection::all()).await
    }

    async fn end_selected(&self, subject: &str, selection: Selection) -> Result<u64, Error> {
        let subject = subject.to_owned();
        self.run(move |inner| async move {
            let ended = inner.sessions.end_subject(&subject, selection).await?;
            told(&inner, &subject, &ended);
            Ok(ended.len() as u64)
        })
        .await
    }

    /// On the relying party's own runtime, to the end, whatever becomes of the caller.
    async fn run<T, F>(&self, work: impl FnOnce(Arc<Inner>) -> F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let inner = &self.relying_party.inner;
        let gone = || Err(Error::new(ErrorCode::Misconfigured).detail("the runtime is gone"));
        inner.runtime.run(work(Arc::clone(inner)), gone).await
    }
}

fn told(inner: &Inner, subject: &str, ended: &[RecordKey]) {
    for key in ended {
        inner.events.tell(EventKind::Ended(EndReason::Application), Some(subject), Some(*key));
    }
}
