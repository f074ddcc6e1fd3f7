//! Sessions as objects: begun, listed and ended by the application.
//!
//! Each call is work of its own that runs to its end, whatever becomes of the caller: an ending that was begun is
//! done. What it does to the records is the [`SessionKeeper`](crate::session::SessionKeeper)'s; here
//! the application is told of it as well.

use std::future::Future;
use std::sync::Arc;

use crate::context::events::{EndReason, EventKind};
use crate::context::{Context, no_runtime};
use crate::error::{Error, ErrorCode};
use crate::runtime::under_way::Work;
use crate::session::{
    Identity, NewSession, RecordKey, Selection, SessionHandle, SessionInfo, SignInOptions, SubjectId,
};
use crate::visit::signed_in::SignedIn;

/// Sessions that the application itself begins, lists or ends; see
/// [`RelyingParty::sessions`](crate::RelyingParty::sessions).
///
/// A session that was ended is refused by every instance as soon as the store's engine tells them, and at the
/// latest when their near copies are too old. Where sign-in is not set up every call fails with
/// [`ErrorCode::NotSetUp`].
///
/// ```no_run
/// # async fn page(auth: landfall::RelyingParty, user: landfall::SignedIn) -> Result<(), landfall::Error> {
/// for session in auth.sessions().list(&user.subject_id()).await? {
///     let here = if user.session() == Some(session.handle) { "this browser" } else { "" };
///     println!("{} {here}", session.label.as_deref().unwrap_or("unknown"));
/// }
/// auth.sessions().end_others(&user).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Sessions<'a> {
    /// `None` where sign-in is not set up: then there are none, and every call fails
    /// ([`ErrorCode::NotSetUp`]).
    context: Option<&'a Arc<Context>>,
}

impl<'a> Sessions<'a> {
    pub(crate) fn of(context: Option<&'a Arc<Context>>) -> Self {
        Self { context }
    }

    /// Begins a session for somebody whom the application knows by other means, its own tests above all. Gives
    /// the Set-Cookie header's value, for the first base URL. It is for one of the application's own people
    /// ([`Identity::local`]), or for a person of the configured provider's.
    ///
    /// ```
    /// # async fn test(auth: landfall::RelyingParty) -> Result<(), landfall::Error> {
    /// let ada = landfall::Identity::new(auth.issuer(), "ada");
    /// let set_cookie = auth.sessions().create(ada).await?;
    /// # let _ = set_cookie;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the store fails, the identity does not fit a cookie, its issuer is not this relying party's, or the subject has
    /// as many sessions as it may ([`ErrorCode::TooManySessions`]).
    pub async fn create(&self, identity: Identity) -> Result<String, Error> {
        self.create_with(identity, SignInOptions::new(), None).await
    }

    /// As [`Self::create`], with what a session may be given, under this base URL; `None` is the first.
    ///
    /// ```
    /// use landfall::{Identity, SignInOptions};
    ///
    /// # async fn test(auth: landfall::RelyingParty) -> Result<(), landfall::Error> {
    /// let options = SignInOptions::new().method("pwd").label("a script");
    /// let base_url = Some("https://eu.shop.example");
    /// let set_cookie = auth.sessions().create_with(Identity::local("user-17"), options, base_url).await?;
    /// # let _ = set_cookie;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As there, and [`ErrorCode::Misconfigured`] for a base URL that is none of this application's.
    pub async fn create_with(
        &self,
        identity: Identity,
        options: SignInOptions,
        base_url: Option<&str>,
    ) -> Result<String, Error> {
        let base_url = base_url.map(str::to_owned);
        self.run(|context| async move {
            let site = match &base_url {
                None => Some(context.sites.first()),
                Some(url) => context.sites.iter().find(|site| site.base.literal == *url),
            };
            let site = site.ok_or_else(|| {
                let detail = format!("{:?} is no base URL of this application", base_url.unwrap_or_default());
                Error::new(ErrorCode::Misconfigured).detail(detail)
            })?;
            let identity = options.applied_to(identity);
            let (subject, now) = (identity.subject_id(), context.clock.now());
            let began = || Some(Arc::clone(&context.client_for_created_sessions()?.id));
            let new = NewSession {
                client_id: (!identity.is_local()).then(began).flatten(),
                identity,
                tokens: None,
                created_at: now,
                ceiling: None,
                label: options.label,
                method: options.method,
            };
            let started = context.sessions.begin(&site.session_seal, new, now).await?;
            context.hold_to_limit(&subject, started.key, None).await?;
            context.events.tell(EventKind::Created, Some(&subject), started.key);
            Ok(started.cookie)
        })
        .await
    }

    /// A subject's sessions, the newest first, a thousand at most.
    ///
    /// # Errors
    /// When there is no store, or it fails.
    pub async fn list(&self, subject: &SubjectId) -> Result<Vec<SessionInfo>, Error> {
        let subject = subject.clone();
        self.run(|context| async move { context.sessions.list(&subject).await }).await
    }

    /// Ends one session, if it is this subject's; whether it was there. Pass the subject of whoever asks for it:
    /// then nobody ends the session of somebody else.
    ///
    /// # Errors
    /// When there is no store, or it fails.
    pub async fn end(&self, subject: &SubjectId, session: SessionHandle) -> Result<bool, Error> {
        let subject = subject.clone();
        self.run(move |context| async move {
            let ended = context.sessions.end_one(&subject, session.0, EndReason::Application).await?;
            if ended {
                announce(&context, &subject, &[session.0]);
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
        self.end_selected(&user.subject_id(), selection).await
    }

    /// Ends every session of a subject, or of several that are one account's; how many. What this instance remembers of
    /// their credentials is forgotten. A session that was sealed into its cookie before there was a
    /// store is not reached: it ends by itself, after 8 hours by default.
    ///
    /// ```
    /// use landfall::SubjectId;
    ///
    /// # async fn lock_out(auth: landfall::RelyingParty) -> Result<(), landfall::Error> {
    /// let account = [SubjectId::local("user-17"), SubjectId::new(auth.issuer(), "248289761001")];
    /// auth.sessions().end_all_of(&account).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When there is no store, or it fails.
    pub async fn end_all_of(&self, subjects: &(impl AsRef<[SubjectId]> + ?Sized)) -> Result<u64, Error> {
        let (subjects, mut ended) = (subjects.as_ref(), 0);
        if let Some((credentials, context)) = self.context.and_then(|c| Some((c.credentials.as_ref()?, c))) {
            for subject in subjects {
                credentials.forget(subject, context.clock.now());
            }
        }
        for subject in subjects {
            ended += self.end_selected(subject, Selection::all()).await?;
        }
        Ok(ended)
    }

    /// Ends the selected sessions of a subject; how many there were.
    async fn end_selected(&self, subject: &SubjectId, selection: Selection) -> Result<u64, Error> {
        let subject = subject.clone();
        self.run(move |context| async move {
            let ended = context.sessions.end_subject(&subject, selection, EndReason::Application).await?;
            announce(&context, &subject, &ended);
            Ok(ended.len() as u64)
        })
        .await
    }

    /// To the end, whatever becomes of the caller.
    async fn run<T, F>(&self, work: impl FnOnce(Arc<Context>) -> F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let Some(context) = self.context else { return Err(ErrorCode::NotSetUp.into()) };
        let place = context.runtime.enter(Work::Other);
        context.runtime.run(place, work(Arc::clone(context)), || Err(no_runtime())).await
    }
}

/// Tells the application of the sessions it ended, one event each.
fn announce(context: &Context, subject: &SubjectId, ended: &[RecordKey]) {
    for key in ended {
        context.events.tell(EventKind::Ended(EndReason::Application), Some(subject), Some(*key));
    }
}
