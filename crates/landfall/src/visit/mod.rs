//! What one request knows about who is there.

pub(crate) mod delegate;
pub(crate) mod rejection;
pub(crate) mod requirement;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::crypto::secret::Secret;
use crate::error::{Error, ErrorCode};
use crate::guard::kind::RequestFacts;
use crate::guard::sign_in_wanted::SignInWanted;
use crate::protocol::authn_request::Prompt;
use crate::relying_party::RelyingParty;
use crate::session::{Identity, Session, SessionHandle};
use crate::visit::requirement::{Requirement, Unmet};
use crate::web::reply::{Edits, Waiting};

/// What one request knows about who is there: somebody signed in, or nobody.
///
/// The layer makes one for each request; guards, extractors and handlers only ask it.
#[derive(Clone)]
pub struct Visit {
    inner: Arc<Inner>,
}

struct Inner {
    relying_party: RelyingParty,
    session: Option<Arc<Session>>,
    facts: RequestFacts,
    /// Set-Cookie values that this request owes the browser: a renewal, or the end of a dead cookie.
    set_cookies: Vec<String>,
    /// Somebody asked who is there, so the answer is for this person alone.
    personal: AtomicBool,
}

impl Visit {
    pub(crate) fn new(
        relying_party: RelyingParty,
        session: Option<Arc<Session>>,
        facts: RequestFacts,
        set_cookies: Vec<String>,
    ) -> Self {
        let personal = AtomicBool::new(false);
        Self { inner: Arc::new(Inner { relying_party, session, facts, set_cookies, personal }) }
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

    /// Who is signed in, if they meet this; see [`Requirement`].
    ///
    /// # Errors
    /// [`Unmet`]: a sign-in is wanted for the layer to ask for, or a refusal.
    pub fn require_more(&self, requirement: &Requirement) -> Result<SignedIn, Unmet> {
        let inner = &self.inner.relying_party.inner;
        requirement.met_by(self, inner.clock.now(), inner.settings.leeway)
    }

    /// Where a link "Sign in" should lead to come back to this very page.
    pub fn login_url(&self) -> String {
        self.inner.relying_party.login_url(&self.inner.facts, &SignInWanted::new())
    }

    /// The same with what the provider is to be asked for. The wish is sealed into the link, so that nobody else
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
        self.inner.relying_party.login_url(&self.inner.facts, &self.beside_what_is_there(wanted.clone()))
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
            Ok(user) => self.inner.relying_party.access_token(&user.session),
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

    /// For adapters: who made this visit, and so answers for it.
    pub fn relying_party(&self) -> &RelyingParty {
        &self.inner.relying_party
    }

    pub(crate) fn facts(&self) -> &RequestFacts {
        &self.inner.facts
    }

    /// A wish for more than there is, worded so that what is there is not lost: the scopes that were granted
    /// before, the class of the authentication, the person.
    ///
    /// Not for whoever signs in anew, who may be somebody else.
    pub(crate) fn beside_what_is_there(&self, mut wanted: SignInWanted) -> SignInWanted {
        let anew = matches!(wanted.wish.prompt, Some(Prompt::Login | Prompt::SelectAccount));
        let Some(session) = self.inner.session.as_ref().filter(|_| !anew) else { return wanted };
        let identity = &session.identity;
        // A provider may grant what it lets nobody ask for.
        let asked = |scope: &&str| {
            identity.requested.is_none() || identity.requested_scopes().any(|asked| asked == *scope)
        };
        wanted.wish.kept_scopes = identity.scopes().filter(asked).map(str::to_owned).collect();
        if wanted.wish.acr_values.is_empty() && wanted.wish.auth_level.is_none() {
            let level = identity.auth_level.map(|level| level.name().to_owned());
            wanted.wish.kept_acr = level.or_else(|| identity.acr.clone());
        }
        if wanted.wish.login_hint.is_none() {
            wanted.wish.login_hint.clone_from(&identity.email);
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

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    session: Arc<Session>,
}

impl SignedIn {
    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.session.identity
    }

    /// The subject identifier: with [`Self::issuer`], the one thing to know people by.
    pub fn subject(&self) -> &str {
        self.identity().subject()
    }

    /// Who says so: the issuer identifier.
    pub fn issuer(&self) -> &str {
        self.identity().issuer()
    }

    /// The display name.
    pub fn name(&self) -> Option<&str> {
        self.identity().name()
    }

    /// The e-mail address. People can change it: do not know them by it.
    pub fn email(&self) -> Option<&str> {
        self.identity().email()
    }

    /// Whether this scope was granted.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.identity().scopes().any(|granted| granted == scope)
    }

    /// Whether the person has this role.
    pub fn has_role(&self, role: &str) -> bool {
        self.identity().roles().any(|has| has == role)
    }

    /// What the application's hook kept with the session, as the type it was; `None` where it kept nothing.
    ///
    /// # Errors
    /// [`ErrorCode::Misconfigured`] when it does not fit the type.
    pub fn data<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        let data = &self.identity().data;
        if data.is_empty() {
            return Ok(None);
        }
        serde_json::from_str(data).map(Some).map_err(|error| {
            Error::new(ErrorCode::Misconfigured).detail(format!(
                "the data kept at sign-in does not fit {} ({:?})",
                std::any::type_name::<T>(),
                error.classify()
            ))
        })
    }

    /// The claims that are kept, as a type of the application's.
    ///
    /// Without a store, only the claims named with `keep_claims` are there beside the standard few.
    ///
    /// # Errors
    /// [`ErrorCode::Misconfigured`] when the claims do not fit the type.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, Error> {
        T::deserialize(Value::Object(self.identity().claims())).map_err(|error| {
            // The error's own words may quote a claim.
            Error::new(ErrorCode::Misconfigured).detail(format!(
                "the claims kept at sign-in do not fit {} ({:?})",
                std::any::type_name::<T>(),
                error.classify()
            ))
        })
    }

    /// Which of the subject's sessions this is, as [`Sessions::list`](crate::Sessions::list) names it; `None`
    /// for one that is sealed into its cookie.
    pub fn session(&self) -> Option<SessionHandle> {
        self.session.stored.as_ref().map(|place| SessionHandle(place.id.record_key()))
    }

    /// When the session ends at the latest, whatever happens.
    pub fn expires_at(&self) -> Timestamp {
        self.session.expires_at
    }
}

/// An access token to call an API with: good for at least another minute when it is handed out, or for half of
/// its lifetime if that is less. While the provider cannot be reached it is handed out until it expires.
#[derive(Clone, Debug)]
pub struct AccessToken {
    pub(crate) token: Secret<String>,
    pub(crate) expires_at: Timestamp,
    pub(crate) expires_in: std::time::Duration,
}

impl AccessToken {
    /// The token itself, to put behind `Authorization: Bearer `. Keep it out of logs and pages.
    pub fn secret(&self) -> &str {
        self.token.expose()
    }

    /// When it expires. Where the provider did not say, an hour is assumed.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// How long it was good for when it was handed out.
    pub fn expires_in(&self) -> std::time::Duration {
        self.expires_in
    }
}

/// Why there is no access token.
#[derive(Debug)]
#[non_exhaustive]
pub enum AccessTokenError {
    /// Nobody is signed in, or the token has expired and cannot be refreshed: sign in (again).
    Wanted(SignInWanted),
    /// It cannot be had now: no store keeps tokens, the store failed, or the provider cannot be reached.
    Failed(Error),
}
