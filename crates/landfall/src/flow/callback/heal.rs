//! Callbacks that come twice, late, or to the wrong browser, and answers that ask for another trip: what can be
//! healed is healed without a page.
//!
//! People press "back", reload, restore tabs and open links in another browser. Most of that can be answered by
//! going on: to the destination if a session stands, or to the provider again. None of it ever sends a code, and
//! each new trip counts, so that it ends in a page after [`MAX_RESTARTS`]. Where the application has a sign-in page, that
//! takes the place of a new trip, unless the one under way goes on: the person chose its provider already.

use super::failure::Failure;
use super::pending::CallbackRun;
use crate::address::mismatch;
use crate::address::return_to::ReturnTo;
use crate::browser::cookie::CookieKind;
use crate::browser::pending_login::{PendingLogin, Spent, code_digest};
use crate::error::{Error, ErrorCode};
use crate::flow::login::{self, LoginStart, MAX_RESTARTS};
use crate::guard::sign_in_wanted::SignInWanted;
use crate::protocol::authorization_response::{self, AuthorizationResponse};
use crate::web::pages;
use crate::web::reply::Reply;

impl CallbackRun<'_> {
    /// Answers a callback without its pending login; `cause` is what is told if nothing helps.
    ///
    /// 1. A mark of this attempt with another code: somebody tries codes. Refused, and the attempt's mark stays.
    /// 2. A mark with this very code that the application answered itself: the browser goes to the destination, and it is
    ///    for the application to know who is there.
    /// 3. A session stands: the browser goes to the destination.
    /// 4. A mark with this very code, and no session: the session's cookie was lost, so another trip begins.
    /// 5. The sign-in was started under another address: the page and the log name both.
    /// 6. Otherwise the cause.
    ///
    /// # Errors
    /// [`ErrorCode::AttemptReplayed`], the store's, or `cause`.
    pub(super) async fn heal(
        &self,
        response: &AuthorizationResponse<'_>,
        cause: ErrorCode,
    ) -> Result<Reply, Failure> {
        let name = self.site.names.attempt(CookieKind::Spent, &self.state.attempt);
        let mut marks = self.request.sent.iter().filter(|cookie| cookie.name == name);
        let spent = marks.find_map(|cookie| self.site.seals.open_spent(cookie));
        let code = response.code().map(code_digest);
        if spent.as_ref().is_some_and(|spent| Some(spent.code) != code) {
            return Err(Failure::open(Error::new(ErrorCode::AttemptReplayed)));
        }
        if spent.as_ref().is_some_and(|spent| spent.v2.is_answered) {
            tracing::debug!("a callback came again; the application has answered it");
            return Ok(pages::see_other(self.landed_at(spent.as_ref()).as_str()));
        }
        let (sessions, now) = (&self.context.sessions, self.context.clock.now());
        if sessions.resolve(&self.request.found, now).await.map_err(Failure::open)?.is_some() {
            tracing::debug!("a callback came again; the session stands");
            return Ok(pages::see_other(self.landed_at(spent.as_ref()).as_str()));
        }
        if spent.is_some() && self.state.restarts < MAX_RESTARTS {
            return self.ask_again(SignInWanted::new()).await;
        }
        let started_under = self
            .state
            .requested_address
            .as_ref()
            .filter(|address| Some(*address) != self.request.requested_address.as_ref());
        Err(Failure::over(match started_under {
            Some(address) if cause == ErrorCode::AttemptCookieMissing => {
                mismatch::lost_cookie(address, &self.site.base)
            }
            _ => Error::new(cause),
        }))
    }

    /// Where the attempt landed, by its mark; without one, where it was going.
    fn landed_at(&self, spent: Option<&Spent>) -> ReturnTo {
        let landed_at = spent.and_then(|spent| spent.v2.landed_at.as_deref());
        let again =
            landed_at.map(|text| self.context.landing(self.site, self.page_uri.as_deref(), Some(text)));
        again.unwrap_or_else(|| self.return_to.clone())
    }

    /// The provider answered with an error (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6).
    ///
    /// An error that says that the person has to be asked starts another trip that lets the provider ask: after
    /// `prompt=none` always, otherwise once. Whatever else it says is told by our own words; the provider's go to
    /// the log.
    ///
    /// # Errors
    /// By what the error means: declined, a scope refused, the provider in trouble, or anything else.
    pub(super) async fn refused(
        &self,
        pending: &PendingLogin,
        error: &str,
        description: Option<&str>,
    ) -> Result<Reply, Failure> {
        // Asked once more, in the way that the provider says it needs.
        if !pending.v2.silent {
            if pending.prompt_none && authorization_response::wants_interaction(error) {
                return self.ask_again(same_request(pending)).await;
            }
            if let Some(prompt) =
                authorization_response::needed_prompt(error).filter(|_| pending.restarts == 0)
            {
                return self.restart(same_request(pending).prompt(prompt)).await;
            }
        }
        let code = authorization_response::refusal(error);
        let mut detail = match description {
            Some(description) => format!("the provider answered {error}: {description}"),
            None => format!("the provider answered {error}"),
        };
        if code == ErrorCode::ScopeRefused {
            detail.extend(["; asked for ", pending.scope.as_str()]);
        }
        Err(Failure::over(Error::new(code).detail(detail)))
    }

    /// Lets the person sign in anew: at the application's own page, or else by another trip. A single-page application
    /// goes on the trip, since it shows that page itself.
    async fn ask_again(&self, wanted: SignInWanted) -> Result<Reply, Failure> {
        if self.page_uri.is_some() || !self.context.leads_to_page(&wanted) {
            return self.restart(wanted).await;
        }
        let link = self.context.sign_in_link_for(self.site, &self.return_to, &wanted);
        let mut reply = pages::see_other(&link);
        for cookie in self.consumed() {
            pages::add_cookie(&mut reply, &cookie);
        }
        Ok(reply)
    }

    /// Another trip to the provider, in place of this one: the same client, destination and redirect URI, a new
    /// attempt, and one restart more. The cookies of this attempt are taken away.
    ///
    /// # Errors
    /// When the trip cannot be started; this attempt is then over as well.
    pub(super) async fn restart(&self, wanted: SignInWanted) -> Result<Reply, Failure> {
        let start = LoginStart {
            wanted,
            restarts: self.state.restarts.saturating_add(1),
            redirect_uri: self.page_uri.clone(),
            requested_address: self.request.requested_address.clone(),
            ..LoginStart::new(self.client, self.site, self.return_to.clone(), &self.request.sent)
        };
        let mut reply = login::start(self.context, &start).await.map_err(Failure::over)?;
        for cookie in self.consumed() {
            pages::add_cookie(&mut reply, &cookie);
        }
        Ok(reply)
    }
}

/// What was asked for, without the `prompt`: the next trip says itself how the person is to be asked.
pub(super) fn same_request(pending: &PendingLogin) -> SignInWanted {
    let mut wanted = SignInWanted::new();
    (*wanted.request).clone_from(&pending.v2.request);
    wanted.request.prompt = None;
    wanted.carried.clone_from(&pending.carried);
    wanted
}
