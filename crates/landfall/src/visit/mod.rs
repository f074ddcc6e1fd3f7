//! What one request knows about who is there: the application's view of this crate while it answers.
//!
//! `relying_party` makes a [`Visit`] once it is known which session a request has. It goes to the application in the
//! request, and guards, extractors and handlers ask it; asking costs no I/O, but for an access token. When the
//! application has answered, the adapter asks it for the headers to set.
//!
//! The room is above `flow`, whose legs it starts, and below `relying_party`, which it does not know. Everything here
//! is for all adapters: they wrap these types, since only they may implement their framework's traits.
//!
//! | file | what it holds |
//! |---|---|
//! | `signed_in` | somebody who is signed in |
//! | `sign_in`, `sign_out` | what a handler does to who is there |
//! | `attempt` | what the application keeps in the browser from one request to another |
//! | `change` | what comes of that, on its way to the browser |
//! | `ended` | the end of a session, for connections that stay open |
//! | `guard` | what is demanded of which requests: by path, by method |
//! | `requirement` | what a guard demands beyond that, and why somebody does not meet it |
//! | `rejection` | what guards and extractors answer in a handler's place |
//! | `mounting` | what tells a layer that is mounted where its callback does not reach it |
//! | `sign_in_page` | what the application's own sign-in page asks |
//! | `challenge` | what becomes of a wish for a sign-in, by the kind of request |
//! | `marks` | what looking who is there does to the answer |
//! | `caching` | the headers that follow from that |
//! | `personal` | a value that leaves its mark when it is looked at |
//! | `until_ended` | what ends the body of an answer with the session |
//! | `log_identity` | what belongs into a log line |
//! | `delegate` | the macros that write the adapters' types around these |

mod app_state;
mod attempt;
mod caching;
mod challenge;
mod change;
mod delegate;
mod ended;
pub(crate) mod guard;
pub(crate) mod log_identity;
mod marks;
pub(crate) mod mounting;
pub(crate) mod personal;
pub(crate) mod rejection;
pub(crate) mod requirement;
mod sign_in;
mod sign_in_page;
pub(crate) mod sign_out;
pub(crate) mod signed_in;
pub(crate) mod until_ended;

use std::fmt;
use std::sync::{Arc, Mutex};

use self::change::Change;
use self::marks::{Mark, Marks};
use self::signed_in::SignedIn;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::context::credentials::needs_session;
use crate::context::endpoints::Endpoint;
use crate::context::incoming::RequestFacts;
use crate::context::no_runtime;
use crate::flow::access_token::{AccessToken, AccessTokenError};
use crate::flow::refresh::{self, Due};
use crate::guard::request_kind::RequestKind;
use crate::guard::sign_in_wanted::SignInWanted;
use crate::protocol::authn_request::Prompt;
use crate::runtime::under_way::Work;
use crate::session::{Session, Somebody};
use crate::web::reply::Waiting;

/// What one request knows about who is there: somebody signed in, or nobody.
///
/// The layer makes one for each request; guards, extractors and handlers only ask it. A clone is the same visit. It
/// says who was there when the request came: a session that ends meanwhile is noticed by the next request, and by
/// whoever waits for [`Self::ended`].
///
/// ```
/// fn greeting(visit: &landfall::Visit) -> String {
///     match visit.signed_in() {
///         Some(user) => format!("Hello, {}", user.name().unwrap_or(user.subject())),
///         None if !visit.can_sign_in() => "Hello".to_owned(),
///         None => format!("<a href=\"{}\">Sign in</a>", visit.login_url()),
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Visit {
    inner: Arc<Inner>,
}

/// What the clones of a visit share.
struct Inner {
    answers: Answers,
    /// `None` where nobody is signed in.
    who: Option<Somebody>,
    owed: Owed,
    /// What was asked of it, and so what shared caches may do with the answer.
    marks: Marks,
    /// What a handler changed of it. Empty in nearly every request.
    change: Mutex<Option<Box<Change>>>,
}

/// What the answer owes the browser.
pub(crate) enum Owed {
    /// Nothing, as nearly always.
    Nothing,
    /// This Set-Cookie value.
    Cookie(String),
    /// A session's cookie, renewed or written with the first key, for a request that came at this time. Whether it is sent is decided when the answer
    /// leaves: the session may have ended by then.
    Renewal {
        /// When it came.
        came_at: Timestamp,
    },
}

/// Who answers for a visit, with what that takes of the request, which is gone by then.
#[allow(clippy::large_enum_variant, reason = "nearly every visit is the larger one")]
enum Answers {
    /// A relying party.
    SetUp { context: Arc<Context>, facts: RequestFacts },
    /// Nobody: sign-in is not set up. The kind of request decides how that is told, and guards that are not for every
    /// request ask whether it is a read, and for its path.
    NotSetUp { kind: RequestKind, is_read: bool, path: Box<str> },
}

impl Visit {
    /// For a request whose session has been found, or is known not to be there.
    pub(crate) fn new(
        context: Arc<Context>,
        session: Option<Arc<Session>>,
        facts: RequestFacts,
        owed: Owed,
    ) -> Self {
        Self::of(Answers::SetUp { context, facts }, session.map(Somebody::by_session), owed)
    }

    /// For a request whose credentials were taken. Its answer is for whoever sent them, whatever it says itself: a shared
    /// cache need not know the header that they came in (RFC 9111 §3.5 knows one).
    pub(crate) fn by_credentials(context: Arc<Context>, who: Somebody, facts: RequestFacts) -> Self {
        let visit = Self::of(Answers::SetUp { context, facts }, Some(who), Owed::Nothing);
        visit.inner.marks.leave(Mark::ForOneAlone);
        visit
    }

    /// For a request to an application whose sign-in is not set up: nobody is there, and nobody can sign in.
    pub(crate) fn not_set_up(kind: RequestKind, is_read: bool, path: &str) -> Self {
        Self::of(Answers::NotSetUp { kind, is_read, path: path.into() }, None, Owed::Nothing)
    }

    fn of(answers: Answers, who: Option<Somebody>, owed: Owed) -> Self {
        let marks = Marks::default();
        Self { inner: Arc::new(Inner { answers, who, owed, marks, change: Mutex::default() }) }
    }

    /// Who is signed in, if anybody is.
    ///
    /// Asking marks the answer: it depends on who is there, so it goes out with `Cache-Control: private, no-cache`, or
    /// with `private` behind what it says of how long it may be kept. Only where it says `public` itself it is left as
    /// it is. A middleware that stands before every answer asks [`Self::with`] or [`Self::for_log`], which leave no mark.
    pub fn signed_in(&self) -> Option<SignedIn> {
        self.inner.marks.leave(Mark::Looked);
        self.user()
    }

    /// Who is signed in; else what to put into the response's extensions so that the layer asks for it.
    ///
    /// What is answered to somebody who was needed is for them alone: `public` and `s-maxage` are taken out of it, unless a
    /// guard around it says [`Requirement::shared_cache`](crate::Requirement::shared_cache).
    ///
    /// # Errors
    /// [`SignInWanted`] when nobody is signed in.
    ///
    /// ```
    /// # fn page(visit: &landfall::Visit) -> Result<String, landfall::SignInWanted> {
    /// let user = visit.require()?;
    /// Ok(format!("This is {}", user.subject()))
    /// # }
    /// ```
    pub fn require(&self) -> Result<SignedIn, SignInWanted> {
        let user = self.signed_in().ok_or_else(SignInWanted::new)?;
        self.inner.marks.leave(Mark::Required);
        Ok(user)
    }

    /// Whether a sign-in can start here at all, so that a page leaves its link to one out where none can: under a Host
    /// that is none of several base URLs, and where sign-in is not set up.
    pub fn can_sign_in(&self) -> bool {
        self.set_up().is_some_and(|(_, facts)| facts.foreign_host().is_none())
    }

    /// The base URL that the request came by, as it was configured; `None` where it came under another Host, which names
    /// none of several, and where sign-in is not set up.
    ///
    /// An address that must be whole (in a feed, a mail, a calendar) is built from this, and elsewhere from the base URL
    /// that people know the application by. It is never built from the Host header, which is whatever was sent:
    ///
    /// ```
    /// fn address_of_feed(visit: &landfall::Visit) -> Option<String> {
    ///     let auth = visit.relying_party();
    ///     let base = visit.base_url().or_else(|| auth.base_urls().next())?;
    ///     Some(format!("{base}/feed.xml"))
    /// }
    /// ```
    pub fn base_url(&self) -> Option<&str> {
        let (_, facts) = self.set_up()?;
        facts.foreign_host().is_none().then_some(facts.site.base.literal.as_str())
    }

    /// Where a link "Sign in" should lead to come back to this very page: the application's own sign-in page, if it has
    /// one. On that page itself it keeps the destination that the page was opened with. Nothing of ours is there where
    /// nobody [`can_sign_in`](Self::can_sign_in).
    pub fn login_url(&self) -> String {
        self.login_link(&SignInWanted::new())
    }

    /// Where a link leads that asks the provider for this. The request is sealed into the link, so that nobody else
    /// can word one.
    ///
    /// ```
    /// # fn page(visit: &landfall::Visit) -> String {
    /// use landfall::{Prompt, SignInWanted};
    ///
    /// let someone_else = SignInWanted::new().prompt(Prompt::SelectAccount);
    /// format!("<a href=\"{}\">Sign in as someone else</a>", visit.login_url_for(&someone_else))
    /// # }
    /// ```
    pub fn login_url_for(&self, wanted: &SignInWanted) -> String {
        self.login_link(&self.bind_in_link(self.with_current_grant(wanted.clone())))
    }

    /// An access token that is still good for a while, to call an API with. One that is about to expire is
    /// refreshed first, where the provider gave a refresh token: once, however many requests ask at the same
    /// time, on however many instances.
    ///
    /// # Errors
    /// See [`AccessTokenError`].
    pub fn access_token(&self) -> Waiting<Result<AccessToken, AccessTokenError>> {
        match self.require() {
            Err(wanted) => Box::pin(std::future::ready(Err(AccessTokenError::Wanted(wanted)))),
            Ok(user) => {
                if let Some(session) = user.who.session() {
                    return self.fresh_access_token(session);
                }
                let error = needs_session("there is no access token of the provider's");
                Box::pin(std::future::ready(Err(AccessTokenError::Failed(error))))
            }
        }
    }

    /// Whoever is signed in, without a mark.
    fn user(&self) -> Option<SignedIn> {
        let (context, _) = self.set_up()?;
        let who = self.who()?;
        Some(SignedIn { who, context: Arc::clone(context) })
    }

    /// A link to the sign-in that comes back to this page, or to where `wanted` says.
    fn login_link(&self, wanted: &SignInWanted) -> String {
        let Some((context, facts)) = self.set_up() else { return Endpoint::Login.default_path().to_owned() };
        let here = || match self.sign_in_query() {
            Some(query) => query.return_to,
            None => context.safe_return_to(&facts.site, Some(facts.page())),
        };
        let return_to = wanted.return_to.clone().unwrap_or_else(here);
        let way_in = self.way_in(context, wanted).unwrap_or_else(|_| context.way_in(wanted));
        context.link_for(&facts.site, way_in, &return_to, wanted)
    }

    /// The token as it is, where that will do; else what a refresh brings, which goes on whoever waits.
    fn fresh_access_token(&self, session: &Session) -> Waiting<Result<AccessToken, AccessTokenError>> {
        let ready = |answer| Box::pin(std::future::ready(answer));
        let wanted = || Err(AccessTokenError::Wanted(SignInWanted::new()));
        let Some((context, facts)) = self.set_up() else { return ready(wanted()) };
        let (id, old) = match refresh::due(session, context.sessions.store().is_some(), context.clock.now()) {
            Due::Not(answer) => return ready(answer),
            Due::Now { id, old } => (id, old),
        };
        let Some(client) = context.client_of(session).cloned() else { return ready(wanted()) };
        let (this, is_activity) = (Arc::clone(context), facts.is_activity);
        let gone = || Err(AccessTokenError::Failed(no_runtime()));
        let waiting = async move { refresh::fresh(&this, &client, id, &old, is_activity).await };
        context.runtime.run(context.runtime.enter(Work::Other), waiting, gone)
    }

    /// What every leg shares, and what is kept of the request; `None` where sign-in is not set up.
    pub(crate) fn set_up(&self) -> Option<(&Arc<Context>, &RequestFacts)> {
        match &self.inner.answers {
            Answers::SetUp { context, facts } => Some((context, facts)),
            Answers::NotSetUp { .. } => None,
        }
    }

    /// Whether the request came under a Host that is none of several base URLs.
    fn is_elsewhere(&self) -> bool {
        self.set_up().is_some_and(|(_, facts)| facts.foreign_host().is_some())
    }

    /// A request for more than there is, worded so that what is there is not lost: the scopes that were granted
    /// before, the class of the authentication, the person.
    ///
    /// Not for whoever signs in anew, who may be somebody else.
    pub(crate) fn with_current_grant(&self, mut wanted: SignInWanted) -> SignInWanted {
        let anew = matches!(wanted.request.prompt, Some(Prompt::Login | Prompt::SelectAccount));
        // What one of the application's own people has is no grant of a provider's.
        let known = self.session().filter(|session| !anew && !session.identity.is_local());
        let Some(session) = known else { return wanted };
        let identity = &session.identity;
        // A provider may grant what it lets nobody ask for.
        let asked = |scope: &&str| {
            identity.requested.is_none() || identity.requested_scopes().any(|asked| asked == *scope)
        };
        wanted.request.kept_scopes = identity.scopes().filter(asked).map(str::to_owned).collect();
        if wanted.request.acr_values.is_empty() && wanted.request.auth_level.is_none() {
            let level = identity.auth_level.map(|level| level.name().to_owned());
            wanted.request.kept_acr = level.or_else(|| identity.acr.clone());
        }
        if wanted.request.login_hint.is_none() {
            wanted.request.login_hint.clone_from(&identity.email);
        }
        wanted
    }
}

impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What the browser sent and is owed stays out of it.
        f.debug_struct("Visit").field("who", &self.who()).finish_non_exhaustive()
    }
}
