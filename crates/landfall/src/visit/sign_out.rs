//! A sign-out that a handler makes, and the link that makes one.

use std::fmt;
use std::sync::Arc;

use super::Visit;
use super::change::Change;
use crate::context::credentials::needs_session;
use crate::context::no_runtime;
use crate::error::{Error, ErrorCode};
use crate::flow::logout::{self, LogoutRequest};
use crate::flow::sign_out_link;
use crate::runtime::under_way::Work;
use crate::session::CookieSession;
use crate::web::reply::Waiting;

/// How far a sign-out goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignOut {
    /// Here, and at the provider if it began the session and has an end-session endpoint (OpenID Connect RP-Initiated
    /// Logout 1.0 §2). A session of the application's own people has no provider.
    AtProvider,
    /// Here alone: who stays signed in at the provider is signed in again without being asked.
    Local,
}

/// What is left to do after a sign-out in a handler: to send the browser on.
#[derive(Clone, PartialEq, Eq)]
#[must_use = "the provider's session ends only when the browser goes where this leads"]
pub struct SignedOut {
    location: String,
}

impl SignedOut {
    /// Where to redirect the browser, with 303: to the provider, which sends it back, or to where people land after a
    /// sign-out.
    pub fn location(&self) -> &str {
        &self.location
    }
}

/// Without the query, which may hold an ID token.
impl fmt::Debug for SignedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let without_query = self.location.split('?').next().unwrap_or_default();
        f.debug_struct("SignedOut").field("location", &without_query).finish()
    }
}

impl Visit {
    /// Signs the person out, as the sign-out's own address does: the session ends, its tokens are revoked, and sign-ins that
    /// are under way in this browser, kept forms and marks go with it. The cookies leave with the answer, unless that is a
    /// server error or asks for a sign-in. It is no error if nobody is signed in. The work goes on when the future is dropped.
    ///
    /// Whether the request may do that is the handler's to know: a post of somebody who is signed in is checked before
    /// it comes here, a GET is anybody's link.
    ///
    /// ```
    /// use landfall::{Error, SignOut, Visit};
    ///
    /// async fn leave(visit: Visit) -> Result<String, Error> {
    ///     let out = visit.sign_out(SignOut::AtProvider).await?;
    ///     Ok(out.location().to_owned()) // to redirect to
    /// }
    /// ```
    ///
    /// # Errors
    /// [`ErrorCode::StoreUnavailable`]: the session may stand, and its cookie is left for another try.
    /// [`ErrorCode::SessionRequired`]: somebody is here by credentials, which end no session.
    /// [`ErrorCode::NotSetUp`], and [`ErrorCode::WrongHost`] under a host that is none of the base URLs'.
    pub fn sign_out(&self, how: SignOut) -> Waiting<Result<SignedOut, Error>> {
        let ready =
            |error: Error| -> Waiting<Result<SignedOut, Error>> { Box::pin(std::future::ready(Err(error))) };
        let Some((context, facts)) = self.set_up() else { return ready(ErrorCode::NotSetUp.into()) };
        if let Some(foreign) = facts.foreign_host() {
            return ready(context.needs_base_url(foreign));
        }
        if self.is_by_credentials() {
            return ready(needs_session("credentials end no session"));
        }
        let found = self
            .session()
            .map_or(CookieSession::Nobody, |session| CookieSession::Session { session, renew: false });
        let request = LogoutRequest {
            site: Arc::clone(&facts.site),
            destination: None,
            sent: facts.attempts.clone(),
            found,
            at_provider: how == SignOut::AtProvider,
        };
        let (visit, this) = (self.clone(), Arc::clone(context));
        let work = async move {
            let farewell = logout::finish(&this, &request).await?;
            visit.change(Change {
                session: Some(None),
                begun: None,
                cookies: farewell.cookies,
                clear_site_data: farewell.clear_site_data,
            });
            Ok(SignedOut { location: farewell.location })
        };
        context.runtime.run(context.runtime.enter(Work::SignOut), work, || Err(no_runtime()))
    }

    /// A link that signs this very session out, for a menu that has no place for a form. `None` where nobody is signed in.
    ///
    /// It is good while the session lasts, and followed only where the browser says that its person opened it from a page
    /// of this origin. Opened in any other way, or as another session, it leads to the page that asks.
    ///
    /// ```
    /// fn menu(visit: &landfall::Visit) -> String {
    ///     let link = visit.sign_out_link().map(|href| format!("<a href=\"{href}\">Sign out</a>"));
    ///     link.unwrap_or_default()
    /// }
    /// ```
    pub fn sign_out_link(&self) -> Option<String> {
        let user = self.signed_in()?;
        let (context, facts) = self.set_up()?;
        sign_out_link::to(context, &facts.site, user.who.session()?)
    }
}
