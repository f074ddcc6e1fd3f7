//! What a part of an application demands of whoever opens it, beyond being signed in.
//!
//! A [`Requirement`] is built once, with the routes, and asked for each request. The questions come in this order, and
//! the first that is answered "no" decides:
//!
//! 1. Is somebody signed in? Else a sign-in is wanted, which asks for everything that follows.
//! 2. Are they here by a session, where one is demanded? Else 403.
//! 3. Have they one of the roles, and are they of the issuer? Else 403: no trip to the provider brings a role.
//! 4. Were they authenticated recently, strongly and in the right class? Else a step-up is wanted.
//! 5. Are the scopes granted? Those that were never asked for are asked for; what was asked for and refused is a 403
//!    with a link for a person who thinks better of it.
//! 6. Does the application's own condition hold? Else 403.
//!
//! Roles come before the authentication, so that nobody is sent to the provider for a page that stays closed to them.
//! The application's condition comes last, so that it can rely on the rest.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::context::Context;
use crate::context::credentials::needs_session;
use crate::context::refused::Refused;
use crate::error::{Error, ErrorCode};
use crate::guard::sign_in_wanted::SignInWanted;
use crate::protocol::auth_level::AuthLevel;
use crate::protocol::authn_request::{Insufficient, Prompt};
use crate::session::Identity;
use crate::visit::Visit;
use crate::visit::marks::Mark;
use crate::visit::signed_in::SignedIn;
use crate::web::reply::Reply;

/// What a part of an application demands of whoever opens it, beyond being signed in.
///
/// What a new trip to the provider can bring (a stronger or fresher authentication, more scopes) is asked for
/// there, once; the person lands on the same page. What it cannot bring (a role, the application's own say) is
/// a 403 at once, and so is a scope that was asked for and not granted.
///
/// The guards of the adapters are built the same way; a handler that decides half-way hands one to
/// [`Visit::require_more`].
///
/// ```
/// use std::time::Duration;
///
/// use landfall::{AuthLevel, Requirement};
///
/// let payments = Requirement::new()
///     .auth_level(AuthLevel::Aal2)
///     .max_age(Duration::from_secs(300))
///     .scope("payments:write")
///     .role("treasurer")
///     .allow_if(|visit| visit.signed_in().is_some_and(|user| user.identity().email_verified()));
/// # let _ = payments;
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Requirement(Arc<Demands>);

/// What is demanded, shared by all clones of a requirement: frameworks clone a guard for requests.
#[derive(Clone, Default)]
struct Demands {
    max_age: Option<Duration>,
    /// One of these; any class where it is empty.
    acr: Vec<String>,
    auth_level: Option<AuthLevel>,
    /// All of these.
    scopes: Vec<String>,
    /// One of these; none is needed where it is empty.
    roles: Vec<String>,
    issuer: Option<String>,
    /// Asked last.
    allow_if: Option<Arc<Condition>>,
    /// Whether shared caches may keep an answer that says so.
    shared_cache: bool,
    /// Whether credentials will not do.
    sessions_only: bool,
}

/// The application's own condition.
type Condition = dyn Fn(&Visit) -> bool + Send + Sync;

impl Requirement {
    /// Demands a sign-in, whatever kind.
    pub fn new() -> Self {
        Self::default()
    }

    /// The authentication may be no older than this, give or take the clock leeway; whole seconds.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.demands().max_age = Some(age);
        self
    }

    /// The authentication must be of this class (`acr`), compared exactly. Called again: of this one or those
    /// before. For levels such as `aal2`, use [`Self::auth_level`].
    pub fn acr(mut self, class: impl Into<String>) -> Self {
        self.demands().acr.push(class.into());
        self
    }

    /// The authentication must be at least this strong.
    pub fn auth_level(mut self, level: AuthLevel) -> Self {
        self.demands().auth_level = Some(level);
        self
    }

    /// This scope must be granted. Called again: this one as well.
    pub fn scope(mut self, scope: impl AsRef<str>) -> Self {
        self.demands().scopes.extend(scope.as_ref().split_ascii_whitespace().map(str::to_owned));
        self
    }

    /// The person must have this role; see [`RelyingPartyBuilder::role_claim`]. Called again: this one or one
    /// of those before.
    ///
    /// [`RelyingPartyBuilder::role_claim`]: crate::RelyingPartyBuilder::role_claim
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.demands().roles.push(role.into());
        self
    }

    /// Demands somebody whom this issuer signed in; anybody else gets a 403. The application's own people have a reserved
    /// issuer: [`SubjectId::local`](crate::SubjectId::local) says it.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.demands().issuer = Some(issuer.into());
        self
    }

    /// Everything else: asked last, of somebody who meets the rest. It must not block.
    pub fn allow_if(mut self, allow: impl Fn(&Visit) -> bool + Send + Sync + 'static) -> Self {
        self.demands().allow_if = Some(Arc::new(allow));
        self
    }

    /// What is answered behind it may be kept by shared caches, where the answer itself says `public`. Without this,
    /// `public`, `s-maxage` and the headers for shared caches alone (RFC 9213) are taken out, `private` is put in, and
    /// the log says so once for a route.
    ///
    /// A shared cache asks nobody who they are: what it keeps, it gives to strangers too. So this is for what is no
    /// secret, or for a cache in front that lets nobody in by itself. Where two guards stand one inside the other, both
    /// have to say it.
    pub fn shared_cache(mut self) -> Self {
        self.demands().shared_cache = true;
        self
    }

    /// Demands a session: whoever is here by credentials that came with the request
    /// ([`on_credentials`](crate::RelyingPartyBuilder::on_credentials)) gets a 403. For what a program has no business with:
    /// to make a further token, to change a password.
    ///
    /// ```
    /// let tokens = landfall::Requirement::new().sessions_only();
    /// # let _ = tokens;
    /// ```
    pub fn sessions_only(mut self) -> Self {
        self.demands().sessions_only = true;
        self
    }

    /// To be changed: of its own, if it was shared.
    fn demands(&mut self) -> &mut Demands {
        Arc::make_mut(&mut self.0)
    }

    /// Who is signed in, if they meet it now; the order of questions is the module's.
    fn met_by(&self, visit: &Visit) -> Result<SignedIn, Unmet> {
        let (Some(user), Some((context, _))) = (visit.signed_in(), visit.set_up()) else {
            return Err(Unmet::Wanted(self.wanted(None)));
        };
        if self.0.sessions_only && user.is_by_credentials() {
            return Err(Unmet::Refused(needs_session("a session is demanded").into()));
        }
        let identity = user.identity();
        if !self.0.roles.is_empty() && !self.0.roles.iter().any(|role| user.has_role(role)) {
            let roles = self.0.roles.join(" or ");
            return Err(Unmet::refused(ErrorCode::Forbidden, format!("the role {roles} is missing")));
        }
        if let Some(issuer) = self.0.issuer.as_deref().filter(|issuer| *issuer != identity.issuer()) {
            let detail =
                format!("whoever is here was signed in by {:?}, and not by {issuer:?}", identity.issuer());
            return Err(Unmet::refused(ErrorCode::Forbidden, detail));
        }
        if identity.is_local() && !self.is_for_local(identity) {
            let detail = "a class or scope that only a provider gives is demanded of somebody whom no provider signed in";
            return Err(Unmet::refused(ErrorCode::Forbidden, detail));
        }
        if !self.is_authenticated_enough(identity, context) {
            return Err(Unmet::Wanted(self.wanted(Some(Insufficient::Authentication))));
        }
        let mut missing =
            self.0.scopes.iter().map(String::as_str).filter(|scope| !user.has_scope(scope)).peekable();
        if missing.peek().is_some() {
            let missing: Vec<_> = missing.collect();
            if missing.iter().all(|scope| identity.requested_scopes().any(|asked| asked == *scope)) {
                let wanted =
                    visit.with_current_grant(self.wanted(Some(Insufficient::Scope)).prompt(Prompt::Consent));
                let detail = format!("asked for and not granted: {}", missing.join(" "));
                let error = Error::new(ErrorCode::InsufficientScope).detail(detail);
                return Err(Unmet::Refused(Refused::sign_in(error, wanted)));
            }
            return Err(Unmet::Wanted(self.wanted(Some(Insufficient::Scope))));
        }
        if self.0.allow_if.as_ref().is_some_and(|allow| !allow(visit)) {
            return Err(Unmet::refused(ErrorCode::Forbidden, "the application's own condition is not met"));
        }
        visit.inner.marks.leave(if self.0.shared_cache { Mark::Shared } else { Mark::ForOneAlone });
        Ok(user)
    }

    /// Whether one of the application's own people can meet it, now or after another sign-in: what is left has to be level
    /// and age.
    fn is_for_local(&self, identity: &Identity) -> bool {
        let is_of = |acr: &str| self.0.acr.iter().any(|class| class == acr);
        let of_class = self.0.acr.is_empty() || identity.acr().is_some_and(is_of);
        of_class && self.0.scopes.iter().all(|scope| identity.scopes().any(|has| has == scope))
    }

    /// Whether the authentication is recent, strong and of the right class. What the provider did not say counts as not
    /// met.
    fn is_authenticated_enough(&self, identity: &Identity, context: &Context) -> bool {
        // As it is checked when an ID token comes: what was fresh enough then is not too old a moment later. The
        // provider's clock may be off by the leeway.
        let is_recent =
            |at: Timestamp, age| context.clock.now() <= at.plus(age).plus(context.settings.timeouts.leeway);
        let fresh =
            self.0.max_age.is_none_or(|age| identity.auth_time().is_some_and(|at| is_recent(at, age)));
        let strong =
            self.0.auth_level.is_none_or(|level| identity.auth_level().is_some_and(|has| has >= level));
        let of_class = self.0.acr.is_empty()
            || identity.acr().is_some_and(|acr| self.0.acr.iter().any(|class| class == acr));
        fresh && strong && of_class
    }

    /// The wish for a sign-in that would meet it. `insufficient` is what is lacking of a sign-in that is there.
    fn wanted(&self, insufficient: Option<Insufficient>) -> SignInWanted {
        let mut wanted = SignInWanted::new().acr_values(self.0.acr.clone()).scopes(self.0.scopes.clone());
        wanted.request.max_age = self.0.max_age;
        wanted.request.auth_level = self.0.auth_level;
        wanted.request.insufficient = insufficient;
        wanted
    }
}

impl Visit {
    /// Who is signed in, if they meet this; see [`Requirement`].
    ///
    /// ```
    /// use landfall::{Requirement, Unmet, Visit};
    ///
    /// fn close_account(visit: &Visit) -> Result<(), Unmet> {
    ///     let user = visit.require_more(&Requirement::new().role("owner"))?;
    ///     println!("{} closes the account", user.subject());
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Unmet`]: a sign-in is wanted for the layer to ask for, or a refusal.
    pub fn require_more(&self, requirement: &Requirement) -> Result<SignedIn, Unmet> {
        requirement.met_by(self)
    }
}

impl fmt::Debug for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requirement")
            .field("max_age", &self.0.max_age)
            .field("acr", &self.0.acr)
            .field("auth_level", &self.0.auth_level)
            .field("scopes", &self.0.scopes)
            .field("roles", &self.0.roles)
            .field("issuer", &self.0.issuer)
            .field("allow_if", &self.0.allow_if.is_some())
            .field("shared_cache", &self.0.shared_cache)
            .field("sessions_only", &self.0.sessions_only)
            .finish()
    }
}

/// Why a visit does not meet a [`Requirement`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Unmet {
    /// Nobody is signed in, or not signed in enough: a trip to the provider may mend it.
    Wanted(SignInWanted),
    /// No trip to the provider mends it: a 403.
    Refused(Refused),
}

impl Unmet {
    /// For adapters: the answer, for the layer to complete where a sign-in is wanted.
    pub fn reply(self, visit: &Visit) -> Reply {
        match self {
            Self::Wanted(wanted) => wanted.reply(),
            Self::Refused(refused) => visit.error_reply(refused),
        }
    }

    pub(super) fn refused(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self::Refused(Error::new(code).detail(detail).into())
    }
}
