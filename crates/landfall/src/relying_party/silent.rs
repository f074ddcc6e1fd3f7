//! Silent sign-in: a browser that was signed in here before is sent to the provider once in a while, to come
//! back signed in or as it went.

use super::{Inner, RelyingParty};
use crate::address::return_to::ReturnTo;
use crate::clock::Timestamp;
use crate::flow::login::{self, LoginStart};
use crate::guard::kind::{RequestFacts, RequestKind};
use crate::guard::sign_in_wanted::SignInWanted;
use crate::protocol::authn_request::Prompt;
use crate::visit::Visit;
use crate::web::pages;
use crate::web::reply::Decision;

impl Inner {
    /// Whether this request is one to try it on: a page, opened by a browser that was signed in before and was
    /// not sent within the period.
    pub(super) fn may_try_silently(
        &self,
        kind: RequestKind,
        returning: Option<Timestamp>,
        now: Timestamp,
    ) -> bool {
        let Some(period) = self.settings.silent_sign_in.filter(|_| kind == RequestKind::Navigation) else {
            return false;
        };
        // A time further ahead than any that is set here is none of ours.
        returning.is_some_and(|next| next <= now || next > now.plus(period))
    }
}

impl RelyingParty {
    /// Sends the browser to the provider, or shows the page as it is where that cannot be done.
    pub(super) async fn try_silently(&self, facts: RequestFacts, now: Timestamp) -> Decision {
        let inner = &self.inner;
        // A page that could not be come back to is shown as it is.
        if ReturnTo::parse(&facts.target).is_err() {
            return Decision::Pass(Visit::new(self.clone(), None, facts, Vec::new()));
        }
        let period = inner.settings.silent_sign_in.unwrap_or_default();
        let start = LoginStart {
            base: facts.base,
            return_to: inner.safe_return_to(facts.base, Some(&facts.target)),
            wanted: SignInWanted::new().prompt(Prompt::None),
            restarts: 0,
            sent: facts.attempts.clone(),
            unasked: true,
            redirect_uri: None,
            asked: None,
        };
        // Set on the way out: whatever becomes of the trip, the next one has to wait.
        let marks =
            inner.place(facts.base).map(|place| place.names.returning_at(now.plus(period))).into_iter();
        match login::start(inner, &start).await {
            Ok(mut reply) => {
                for mark in marks {
                    pages::add_cookie(&mut reply, &mark);
                }
                Decision::Reply(reply)
            }
            Err(error) => {
                tracing::warn!(code = error.code().name(), %error, "no silent sign-in: the provider cannot be asked");
                Decision::Pass(Visit::new(self.clone(), None, facts, marks.collect()))
            }
        }
    }
}
