//! A sign-in that a handler makes: it has checked a password, a passkey, a link.

use std::sync::Arc;

use super::Visit;
use super::change::Change;
use super::signed_in::SignedIn;
use crate::context::credentials::needs_session;
use crate::context::incoming::Sender;
use crate::context::no_runtime;
use crate::error::{Error, ErrorCode};
use crate::flow::local_sign_in::{self, LocalSignIn};
use crate::flow::replacement;
use crate::runtime::under_way::Work;
use crate::session::{Identity, Session, SignInOptions, Somebody};
use crate::web::reply::Waiting;

impl Visit {
    /// Signs one of the application's own people in: the handler has found out who it is.
    ///
    /// The session that the browser had ends, whoever it was of, and nothing of it is passed over. The new one has what
    /// `options` give, counts as any other (limits, lists, ends, events), and is there for whatever asks later in this
    /// request. Its cookie leaves with the answer, unless that is a server error or asks for a sign-in: then it ends again.
    /// Of two that are made at once the later one counts, and the other ends. The work goes on when the future is dropped.
    ///
    /// On the [`sign_in_page`](crate::RelyingPartyBuilder::sign_in_page), or wherever a form posts with the page's query,
    /// [`sign_in_wanted`](Self::sign_in_wanted) says what was asked for and where to land. A step-up is one for the person who
    /// was there, by issuer and subject; anybody else just signs in.
    ///
    /// It begins no session for another site: the request has to be a POST, PUT or PATCH that passes the check of a
    /// signed-in person's post, whoever is or is not signed in and whatever paths are open to other sites. A mailed link
    /// opens a page with a button, and the button posts.
    ///
    /// ```
    /// use landfall::{Error, Identity, SignInOptions, Visit};
    ///
    /// # fn check(_: &str) -> Option<String> { None }
    /// async fn sign_in(visit: Visit, password: &str) -> Result<&'static str, Error> {
    ///     let Some(account) = check(password) else { return Ok("wrong name or password") };
    ///     visit.sign_in(Identity::local(account), SignInOptions::new().method("pwd")).await?;
    ///     Ok("welcome")
    /// }
    /// ```
    ///
    /// # Errors
    /// - [`ErrorCode::CrossSite`]: the request does not begin a session; nothing was done.
    /// - [`ErrorCode::SessionRequired`]: somebody is here by credentials, which begin no session.
    /// - [`ErrorCode::Misconfigured`]: the identity is a provider's.
    /// - [`ErrorCode::StoreUnavailable`], [`ErrorCode::SessionTooLarge`], [`ErrorCode::TooManySessions`].
    /// - [`ErrorCode::NotSetUp`], and [`ErrorCode::WrongHost`] under a host that is none of the base URLs'.
    pub fn sign_in(&self, identity: Identity, options: SignInOptions) -> Waiting<Result<SignedIn, Error>> {
        let ready =
            |error: Error| -> Waiting<Result<SignedIn, Error>> { Box::pin(std::future::ready(Err(error))) };
        let Some((context, facts)) = self.set_up() else { return ready(ErrorCode::NotSetUp.into()) };
        if let Some(foreign) = facts.foreign_host() {
            return ready(context.needs_base_url(foreign));
        }
        if self.is_by_credentials() {
            return ready(needs_session("credentials begin no session"));
        }
        let refused = match facts.sender {
            Sender::OwnPage => None,
            Sender::NoPost => {
                Some("a session begins with a POST, PUT or PATCH; a link may lead to a page with a button")
            }
            Sender::Foreign => {
                Some("a sign-in that another site sent, or a page without the header that is required")
            }
        };
        if let Some(detail) = refused {
            return ready(Error::new(ErrorCode::CrossSite).detail(detail));
        }
        let (visit, this) = (self.clone(), Arc::clone(context));
        let (site, before) = (Arc::clone(&facts.site), self.session());
        let had = before.clone();
        let (asked, sent) = (self.asked(), facts.attempts.clone());
        let work = async move {
            let sign_in = LocalSignIn { site, identity, options, before, asked, sent };
            let (session, cookies) = local_sign_in::begin(&this, sign_in).await?;
            let unheard = visit.change(Change {
                session: Some(Some(Arc::clone(&session))),
                begun: Some(Arc::clone(&session)),
                cookies,
                clear_site_data: None,
            });
            // Of two at once the later one counts; one after the other, this has ended the first already.
            let is_ended = |unheard: &Arc<Session>| had.as_ref().is_some_and(|had| Arc::ptr_eq(had, unheard));
            if let Some(unheard) = unheard.filter(|unheard| !is_ended(unheard)) {
                replacement::replaced(&this, &unheard, &session.identity.subject_id()).await;
            }
            Ok(SignedIn { who: Somebody::by_session(session), context: this })
        };
        context.runtime.run(context.runtime.enter(Work::SignIn), work, || Err(no_runtime()))
    }
}
