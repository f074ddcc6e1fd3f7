//! Requests that bring credentials of their own, and what the application does with what was remembered of them.
//!
//! One rule where credentials and a cookie come together: whom the application's hook names is there, and the cookie is
//! neither read nor renewed; bad credentials are a 401 and never the cookie's session; where the hook says nothing, the
//! header is not there. So cookies are looked at last, when the hook has answered, and are kept as they came until then.
//!
//! What only comes along when a page's script sets it (`Bearer`) is not another site's to send, and is not checked as a
//! cookie is; what a browser or a proxy adds by itself is.
//!
//! Our own addresses go by cookies: they begin and end sessions. Only the session endpoint says whose credentials these
//! are, and the page of kept forms refuses them.

use std::sync::Arc;

use super::decision::{Decision, Step};
use super::{FrontDoor, RelyingParty};
use crate::browser::cookie::SentCookies;
use crate::clock::{Clock, Timestamp};
use crate::context::Context;
use crate::context::credentials::brought::Brought;
use crate::context::credentials::{Credentials as Taken, NotTaken};
use crate::context::incoming::{Incoming, RequestFacts};
use crate::context::request_origin::RequestOrigin;
use crate::error::Error;
use crate::flow::credentials::whose;
use crate::session::{CookieSession, Somebody, SubjectId};
use crate::visit::Visit;
use crate::web::pages::runtime_gone;

/// What is remembered of credentials; see [`RelyingParty::credentials`](crate::RelyingParty::credentials).
pub struct Credentials<'a> {
    /// `None` where none are taken.
    taken: Option<(&'a Taken, &'a dyn Clock)>,
}

impl std::fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("taken", &self.taken.is_some()).finish()
    }
}

impl RelyingParty {
    /// What this instance remembers of credentials that it was sent; see
    /// [`on_credentials`](crate::RelyingPartyBuilder::on_credentials).
    pub fn credentials(&self) -> Credentials<'_> {
        let context = self.front.as_ref().map(|front| &*front.context);
        Credentials {
            taken: context.and_then(|context| Some((context.credentials.as_ref()?, &*context.clock))),
        }
    }
}

impl Credentials<'_> {
    /// Forgets what this instance remembers of somebody's credentials, so that the next request with them is asked about,
    /// and ends what waits for [`SignedIn::ended`](crate::SignedIn::ended) by them. Call it where a token is taken away or a
    /// role changes; other instances believe what they remember for as long as the hook said.
    ///
    /// ```
    /// use landfall::SubjectId;
    ///
    /// fn token_was_deleted(auth: &landfall::RelyingParty, account: &str) {
    ///     auth.credentials().forget(&SubjectId::local(account));
    /// }
    /// ```
    pub fn forget(&self, subject: &SubjectId) {
        if let Some((taken, clock)) = self.taken {
            taken.forget(subject, clock.now());
        }
    }
}

/// Credentials that the application is to be asked about, and what is done with the request if it says nothing of them.
pub(super) struct Asking {
    brought: Vec<Brought>,
    /// Whether the request comes from this site.
    may_act: Result<(), Error>,
    /// The session cookies as they came. Nothing in them was opened.
    sessions: Vec<Vec<u8>>,
    /// Where the request came from; `None` where nobody listens to events.
    origin: Option<Box<RequestOrigin>>,
}

/// Whose credentials came, as far as it can be told without I/O.
pub(super) enum Found {
    /// It was said a moment ago.
    Known(Somebody),
    /// The application has to be asked.
    Ask(Asking),
}

impl FrontDoor {
    /// Whose credentials the request brought; `None` where it brought none that count.
    ///
    /// # Errors
    /// What is refused by a look: one header twice, what is no text, what comes by itself from another site.
    pub(super) fn by_credentials(&self, incoming: &Incoming<'_>) -> Result<Option<Found>, NotTaken> {
        let context = &self.context;
        let Some(taken) = &context.credentials else { return Ok(None) };
        let open = &context.settings.csrf.cross_site;
        let seen = taken.seen(incoming, &context.settings.proxies, open)?;
        let Some(first) = seen.first() else { return Ok(None) };
        if let Some(known) = taken.answers.known(&first.digest, context.clock.now()) {
            if first.comes_by_itself() {
                context.check_unsafe(incoming)?;
            }
            return Ok(Some(Found::Known(known)));
        }
        let brought = seen.iter().map(|seen| seen.owned(incoming)).collect::<Result<_, NotTaken>>()?;
        let sessions = incoming.cookies.sessions.iter().flatten().map(|text| text.to_vec()).collect();
        let may_act = context.check_unsafe(incoming);
        Ok(Some(Found::Ask(Asking { brought, may_act, sessions, origin: self.heard_origin(incoming) })))
    }

    /// Where a request came from, if anybody listens to events.
    pub(super) fn heard_origin(&self, incoming: &Incoming<'_>) -> Option<Box<RequestOrigin>> {
        let is_heard = self.context.events.are_heard();
        is_heard.then(|| Box::new(self.context.request_origin(incoming.view)))
    }

    /// A request to the application that brought credentials, or what is refused because of them.
    pub(super) fn pass_by_credentials(&self, found: Result<Found, NotTaken>, incoming: Incoming<'_>) -> Step {
        let context = &self.context;
        let asking = match found {
            Ok(Found::Ask(asking)) => asking,
            Ok(Found::Known(who)) => {
                let facts = RequestFacts::of(context, incoming, true);
                return Step::pass(Visit::by_credentials(Arc::clone(context), who, facts));
            }
            Err(not_taken) => {
                let origin = self.heard_origin(&incoming);
                let facts = RequestFacts::of(context, incoming, true);
                return Step::reply(context.refuse_credentials(not_taken, &facts, origin.as_deref()));
            }
        };
        // The application may take its time: what is owed to a cookie is dated from when the request came.
        let came_at = context.clock.now();
        let silently = context.may_go_silently(&incoming, came_at);
        let keep = context.keeps_form(&incoming);
        let facts = RequestFacts::of(context, incoming, false);
        let this = self.clone();
        let work = async move { this.decide(asking, facts, keep, (silently, came_at)).await };
        Step::Wait(context.runtime.run_in_place(work, || Decision::Reply(runtime_gone())))
    }

    /// Asks the application; where it says nothing, goes on as if there were no header.
    async fn decide(
        self,
        mut asking: Asking,
        facts: RequestFacts,
        keep: Option<String>,
        (silently, came_at): (bool, Timestamp),
    ) -> Decision {
        let (context, origin) = (&self.context, asking.origin.take());
        let (may_act, sessions) = match asking.whose(context).await {
            Ok(Whose::Somebody(who)) => {
                return Decision::Pass(Visit::by_credentials(Arc::clone(context), who, facts));
            }
            Ok(Whose::Nobodys { may_act, sessions }) => (may_act, sessions),
            Err(not_taken) => {
                return Decision::Reply(context.refuse_credentials(not_taken, &facts, origin.as_deref()));
            }
        };
        let seal = &facts.site.session_seal;
        let now = context.clock.now();
        let found = context.sessions.find(seal, &SentCookies::of_sessions(&sessions), now);
        if !matches!(found, CookieSession::Nobody)
            && let Err(error) = may_act
        {
            return Decision::Reply(context.refuse(error, facts.kind, &facts.site, None));
        }
        match self.pass_by_cookie(found, facts, keep, (silently, came_at)) {
            Step::Done(decision) => decision,
            Step::Wait(waiting) => waiting.await,
        }
    }
}

/// What the application said.
pub(super) enum Whose {
    Somebody(Somebody),
    /// Nothing: the cookies count, if the request may act for them.
    Nobodys {
        may_act: Result<(), Error>,
        sessions: Vec<Vec<u8>>,
    },
}

impl Found {
    /// Who it is, where only that is asked.
    ///
    /// # Errors
    /// Those of [`whose`].
    pub(super) async fn who(self, context: &Context) -> Result<Option<Somebody>, NotTaken> {
        match self {
            Self::Known(who) => Ok(Some(who)),
            Self::Ask(asking) => match asking.whose(context).await? {
                Whose::Somebody(who) => Ok(Some(who)),
                Whose::Nobodys { .. } => Ok(None),
            },
        }
    }
}

impl Asking {
    /// Asks whose they are.
    ///
    /// # Errors
    /// Those of [`whose`].
    pub(super) async fn whose(self, context: &Context) -> Result<Whose, NotTaken> {
        let Self { brought, mut may_act, sessions, .. } = self;
        let who = match &context.credentials {
            Some(taken) => whose(context, taken, brought, &mut may_act).await?,
            None => None,
        };
        Ok(who.map_or(Whose::Nobodys { may_act, sessions }, Whose::Somebody))
    }
}
