//! What one request knows about who is there.

mod answer;
mod delegate;
pub(crate) mod rejection;
pub(crate) mod requirement;
pub(crate) mod signed_in;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use self::signed_in::SignedIn;
use crate::context::Context;
use crate::context::incoming::RequestFacts;
use crate::context::no_runtime;
use crate::flow::refresh::access_token::{AccessToken, AccessTokenError};
use crate::flow::refresh::{self, Due};
use crate::guard::sign_in_wanted::SignInWanted;
use crate::protocol::authn_request::Prompt;
use crate::session::Session;
use crate::web::reply::{Edits, Waiting};

/// What one request knows about who is there: somebody signed in, or nobody.
///
/// The layer makes one for each request; guards, extractors and handlers only ask it.
#[derive(Clone)]
pub struct Visit {
    inner: Arc<Inner>,
}

struct Inner {
    context: Arc<Context>,
    session: Option<Arc<Session>>,
    facts: RequestFacts,
    /// Set-Cookie values that this request owes the browser: a renewal, or the end of a dead cookie.
    set_cookies: Vec<String>,
    /// Somebody asked who is there, so the answer is for this person alone.
    personal: AtomicBool,
}

impl Visit {
    pub(crate) fn new(
        context: Arc<Context>,
        session: Option<Arc<Session>>,
        facts: RequestFacts,
        set_cookies: Vec<String>,
    ) -> Self {
        let personal = AtomicBool::new(false);
        Self { inner: Arc::new(Inner { context, session, facts, set_cookies, personal }) }
    }

    /// Who is signed in, if anybody is.
    pub fn signed_in(&self) -> Option<SignedIn> {
        self.inner.personal.store(true, Ordering::Relaxed);
        self.inner.session.clone().map(|session| SignedIn { session })
    }

    /// Who is signed in; else what to put into the response's extensions so that the layer asks for it.
    ///
    /// # Errors
    /// [`SignInWanted`] when nobody is signed in.
    pub fn require(&self) -> Result<SignedIn, SignInWanted> {
        self.signed_in().ok_or_else(SignInWanted::new)
    }

    /// Where a link "Sign in" should lead to come back to this very page.
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
        self.login_link(&self.with_current_grant(wanted.clone()))
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
            Ok(user) => self.fresh_access_token(&user.session),
        }
    }

    /// For adapters: what to change on the application's response, given the lines of its Cache-Control header.
    ///
    /// A response that depended on who is there is kept out of shared caches; one with a Set-Cookie is not
    /// stored at all; one the application marks `public` gets no Set-Cookie.
    pub fn edits<'a>(&self, cache_control: impl IntoIterator<Item = &'a [u8]>) -> Edits {
        let mut lines = cache_control.into_iter();
        match (lines.next(), lines.next()) {
            (line, None) => self.edits_of(line),
            // Several header lines are one list (RFC 9110 §5.3).
            (first, second) => {
                let all: Vec<_> = first.into_iter().chain(second).chain(lines).collect();
                self.edits_of(Some(&all.join(&b',')))
            }
        }
    }

    fn edits_of(&self, cache_control: Option<&[u8]>) -> Edits {
        let says = |wanted: &[u8]| {
            cache_control.is_some_and(|value| {
                value.split(|byte| *byte == b',').any(|part| part.trim_ascii().eq_ignore_ascii_case(wanted))
            })
        };
        let mut edits = Edits::default();
        if !self.inner.set_cookies.is_empty() && !says(b"public") {
            edits.set_cookies.clone_from(&self.inner.set_cookies);
            edits.cache_control = Some(Cow::Borrowed("no-store"));
        } else if self.inner.personal.load(Ordering::Relaxed) {
            edits.cache_control = match cache_control.and_then(|value| std::str::from_utf8(value).ok()) {
                None => Some(Cow::Borrowed("private, no-cache")),
                Some(_) if says(b"public") || says(b"private") || says(b"no-store") => None,
                // The application said how long, not for whom.
                Some(value) => Some(Cow::Owned(format!("{}, private", value.trim_end_matches([',', ' '])))),
            };
        }
        edits
    }

    fn login_link(&self, wanted: &SignInWanted) -> String {
        let (context, facts) = (&self.inner.context, &self.inner.facts);
        let here = || context.safe_return_to(&facts.site, Some(&facts.target));
        let return_to = wanted.return_to.clone().unwrap_or_else(here);
        context.login_link_for(&facts.site, &return_to, wanted)
    }

    fn fresh_access_token(&self, session: &Session) -> Waiting<Result<AccessToken, AccessTokenError>> {
        let context = &self.inner.context;
        let (id, old) = match refresh::due(session, context.sessions.store().is_some(), context.clock.now()) {
            Due::Not(answer) => return Box::pin(std::future::ready(answer)),
            Due::Now { id, old } => (id, old),
        };
        let Some(client) = context.client_of(session).cloned() else {
            return Box::pin(std::future::ready(Err(AccessTokenError::Wanted(SignInWanted::new()))));
        };
        let this = Arc::clone(context);
        let gone = || Err(AccessTokenError::Failed(no_runtime()));
        context.runtime.run(async move { refresh::fresh(&this, &client, id, &old).await }, gone)
    }

    pub(crate) fn context(&self) -> &Arc<Context> {
        &self.inner.context
    }

    pub(crate) fn facts(&self) -> &RequestFacts {
        &self.inner.facts
    }

    /// A request for more than there is, worded so that what is there is not lost: the scopes that were granted
    /// before, the class of the authentication, the person.
    ///
    /// Not for whoever signs in anew, who may be somebody else.
    pub(crate) fn with_current_grant(&self, mut wanted: SignInWanted) -> SignInWanted {
        let anew = matches!(wanted.request.prompt, Some(Prompt::Login | Prompt::SelectAccount));
        let Some(session) = self.inner.session.as_ref().filter(|_| !anew) else { return wanted };
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
        f.debug_struct("Visit").field("session", &self.inner.session).finish_non_exhaustive()
    }
}
