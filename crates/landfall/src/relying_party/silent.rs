//! Silent sign-in: a browser that was signed in here before is sent to the provider once in a while, to come back
//! signed in or as it went.
//!
//! The provider is asked with `prompt=none` (OpenID Connect Core §3.1.2.1), so the person sees nothing of it.
//! Three things keep it from being a nuisance:
//!
//! 1. Only a page that is being opened is interrupted, and only in a browser with the mark of an earlier sign-in.
//! 2. The mark is set anew on the way out: whatever becomes of the trip, the next one waits for the whole period.
//! 3. A sign-out takes the mark away, see [`flow::logout`](crate::flow::logout).
//!
//! The mark is a time in a cookie. It proves nothing: the worst that a forged one brings is a trip to the
//! provider.

use std::time::Duration;

use super::FrontDoor;
use super::decision::{Decision, Step};
use crate::address::return_to::ReturnTo;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::context::incoming::{Incoming, RequestFacts};
use crate::flow::login::{self, LoginStart};
use crate::guard::request_kind::RequestKind;
use crate::guard::sign_in_wanted::SignInWanted;
use crate::protocol::authn_request::Prompt;
use crate::runtime::under_way::Work;
use crate::visit::Owed;
use crate::web::pages::{self, runtime_gone};

impl Context {
    /// Whether this request is one to try it on: a page, opened by a browser that was signed in before and was
    /// not sent within the period. `returning` is the time in the mark, `None` for a browser without one. Always
    /// `false` where it is not configured.
    fn may_try_silently(&self, kind: RequestKind, returning: Option<Timestamp>, now: Timestamp) -> bool {
        let Some(period) = self.silent_period().filter(|_| kind == RequestKind::Navigation) else {
            return false;
        };
        // A time further ahead than any that is set here is none of ours.
        returning.is_some_and(|next| next <= now || next > now.plus(period))
    }
}

impl Context {
    /// Whether the visitor may be sent to the provider for a look, where nobody is signed in: not from a page that takes
    /// the provider's answer, nor from the application's own sign-in page.
    pub(super) fn may_go_silently(&self, incoming: &Incoming<'_>, now: Timestamp) -> bool {
        self.may_try_silently(incoming.kind, incoming.cookies.returning, now)
            && !self.is_spa_callback(incoming.site, incoming.path)
            && !self.is_sign_in_page(incoming.path)
    }

    /// How often it is tried at most; `None` for never, and where there is no provider to ask.
    fn silent_period(&self) -> Option<Duration> {
        self.settings.sign_in.silent.filter(|_| self.clients.first().is_some())
    }
}

impl FrontDoor {
    /// Tries it for a request whose cookies lead to no session.
    pub(super) fn try_silently(&self, facts: RequestFacts, now: Timestamp) -> Step {
        let this = self.clone();
        let work = move |_| async move { this.silent_login(facts, now).await };
        let runtime = &self.context.runtime;
        let place = runtime.enter(Work::Other);
        Step::Wait(runtime.run_until_left(place, work, || Decision::Reply(runtime_gone())))
    }

    /// Sends the browser to the provider, or shows the page as it is where that cannot be done: a provider that
    /// is down must not take pages away that need nobody.
    pub(super) async fn silent_login(&self, facts: RequestFacts, now: Timestamp) -> Decision {
        let context = &self.context;
        // A page that could not be come back to is shown as it is.
        let client = context.client_for_login().ok().filter(|_| ReturnTo::parse(facts.page()).is_ok());
        let Some(client) = client else { return Decision::Pass(self.visit(None, facts, Owed::Nothing)) };
        let period = context.settings.sign_in.silent.unwrap_or_default();
        let return_to = context.safe_return_to(&facts.site, Some(facts.page()));
        let start = LoginStart {
            wanted: SignInWanted::new().prompt(Prompt::None),
            silent: true,
            ..LoginStart::new(client, &facts.site, return_to, &facts.attempts)
        };
        // Set on the way out: whatever becomes of the trip, the next one has to wait.
        let mark = facts.site.names.returning_at(now.plus(period));
        match login::start(context, &start).await {
            Ok(mut reply) => {
                pages::add_cookie(&mut reply, &mark);
                Decision::Reply(reply)
            }
            Err(error) => {
                tracing::warn!(code = error.code().name(), %error, "no silent sign-in: the provider cannot be asked");
                Decision::Pass(self.visit(None, facts, Owed::Cookie(mark)))
            }
        }
    }
}
