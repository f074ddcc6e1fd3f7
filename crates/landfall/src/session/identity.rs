//! Who somebody is, as the provider said it.
//!
//! An [`Identity`] is made in three ways. At sign-in it is read from a verified ID token and from userinfo, and the
//! application's hook may add to it; in tests and in scripted sessions it is put together with the `with_…` methods; and
//! of its own people, whom no provider knows, an application says it itself: [`Identity::local`]. It
//! is kept with the session and not read from the provider again: what changes there is seen at the next sign-in.
//!
//! Nothing is verified here. Signature, issuer, audience and times were checked in [`crate::protocol::id_token`], and
//! that userinfo speaks of the same subject in the flow, before any of this runs.

use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::protocol::auth_level::AuthLevel;
use crate::protocol::id_token::IdTokenClaims;
use crate::session::subject::SubjectId;

/// Claims that are not kept among the others: those with a field of their own, and those that were for the ID token's
/// validation alone (OpenID Connect Core §2).
const OWN_CLAIMS: [&str; 16] = [
    "acr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "c_hash",
    "email",
    "email_verified",
    "exp",
    "iat",
    "iss",
    "name",
    "nbf",
    "nonce",
    "sid",
    "sub",
];

/// Whether a session keeps this claim whatever it is told to keep.
pub(super) fn is_always_kept(name: &str) -> bool {
    matches!(
        name,
        "iss" | "sub" | "name" | "email" | "email_verified" | "acr" | "auth_time" | "sid" | "scope"
    )
}

/// The issuer of people whom the application itself signed in. It is no URL, as every provider's issuer is (OpenID
/// Connect Core §2), so no setting, metadata or token can name it.
pub(crate) const LOCAL_ISSUER: &str = "local";

/// The same, shared by every local identity.
static LOCAL: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from(LOCAL_ISSUER));

/// Who somebody is, as the provider said it at sign-in, or the application itself.
///
/// Issuer and subject together name a person for good; name and e-mail address do not: both can change and
/// be given to somebody else (OpenID Connect Core §5.7). Look people up by [`Self::subject_id`].
///
/// A handler gets one from [`SignedIn::identity`](crate::SignedIn::identity). Tests make their own:
///
/// ```
/// use landfall::Identity;
///
/// let ada = Identity::new("https://id.example", "user-1").with_name("Ada").with_claim("groups", ["ops"]);
/// assert_eq!(ada.subject(), "user-1");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Identity {
    /// Shared with the client that it came by, since every session holds one.
    pub(crate) issuer: Arc<str>,
    pub(crate) subject: String,
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    /// Meaningless without an e-mail address, and false there.
    pub(crate) email_verified: bool,
    /// The scopes that are granted, with spaces between. A refresh may change them.
    pub(crate) scope: Option<String>,
    /// As the ID token says it: userinfo knows nothing of this authentication.
    pub(crate) acr: Option<String>,
    pub(crate) auth_time: Option<Timestamp>,
    /// The provider's name for its session, by which a logout token names it.
    pub(crate) sid: Option<String>,
    pub(crate) auth_level: Option<AuthLevel>,
    /// The scopes that were asked for. `None` in what an older release wrote: then nothing counts as refused.
    pub(crate) requested: Option<String>,
    /// Copied out of their claim, so that a guard need not parse JSON for each request.
    pub(crate) roles: Vec<String>,
    /// What the application added at sign-in, as JSON; empty when it added nothing.
    pub(crate) data: String,
    /// Every other claim that is kept, as one JSON object; empty when there is none.
    pub(crate) claims: String,
    /// Whether the application said it, and not a provider. The issuer's text alone says so of nobody: anybody may write
    /// it.
    pub(crate) local: bool,
}

/// Which claims a session keeps beside those with a field of their own. A cookie has little room, so without a store
/// the application names the claims that it wants.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeptClaims<'a> {
    /// All of them, as for a stored session.
    All,
    /// Those of these names.
    Named(&'a [String]),
}

/// The scopes of one sign-in, each list with spaces between (RFC 6749 §3.3).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scopes<'a> {
    /// What the authorization request asked for.
    pub(crate) requested: &'a str,
    /// What the token endpoint said, or what was asked for where it said nothing.
    pub(crate) granted: &'a str,
}

impl Identity {
    /// From a verified ID token and what userinfo added.
    ///
    /// `all` holds the claims of both. What describes this very authentication (`acr`, `auth_time`, `sid`, the level)
    /// is taken from the ID token alone, since userinfo speaks of the person; what describes the person, from `all`. `roles` were
    /// read before claims are dropped, so they are there even where their claim is not kept.
    pub(crate) fn from_claims(
        issuer: Arc<str>,
        verified: &IdTokenClaims,
        all: Map<String, Value>,
        scopes: Scopes<'_>,
        roles: Vec<String>,
        kept: KeptClaims<'_>,
    ) -> Self {
        let text = |name: &str| all.get(name).and_then(Value::as_str).map(str::to_owned);
        let (name, email) = (text("name"), text("email"));
        let email_verified = all.get("email_verified") == Some(&Value::Bool(true));
        let is_kept = |name: &String| {
            !OWN_CLAIMS.contains(&name.as_str())
                && match kept {
                    KeptClaims::All => true,
                    KeptClaims::Named(names) => names.contains(name),
                }
        };
        let kept: Map<String, Value> = all.into_iter().filter(|(name, _)| is_kept(name)).collect();
        let claims = if kept.is_empty() { String::new() } else { Value::Object(kept).to_string() };
        Self {
            issuer,
            subject: verified.subject.clone(),
            name,
            email,
            email_verified,
            scope: Some(scopes.granted.to_owned()),
            acr: verified.acr.clone(),
            auth_time: verified.auth_time,
            sid: verified.sid.clone(),
            auth_level: verified.auth_level,
            requested: Some(scopes.requested.to_owned()),
            roles,
            data: String::new(),
            claims,
            local: false,
        }
    }

    /// One of the application's own people, whom it has authenticated itself: by a password, a passkey, a mailed link.
    ///
    /// It is the same person under every base URL of the application, and nobody of any provider's: the issuer is a
    /// reserved one that no provider can have. A session of theirs begins with
    /// [`Visit::sign_in`](crate::Visit::sign_in).
    ///
    /// ```
    /// use landfall::Identity;
    ///
    /// let ada = Identity::local("user-17").with_name("Ada");
    /// assert!(ada.is_local());
    /// assert_ne!(ada, Identity::new(ada.issuer(), "user-17").with_name("Ada"));
    /// ```
    pub fn local(subject: impl Into<String>) -> Self {
        Self { local: true, ..Self::new(Arc::clone(&LOCAL), subject) }
    }

    /// Somebody with nothing known but who said it and their subject identifier.
    ///
    /// ```
    /// use landfall::Identity;
    ///
    /// let ada = Identity::new("https://id.example", "user-1").with_email("ada@example.com", true).with_role("ops");
    /// assert!(ada.email_verified());
    /// assert_eq!(ada.roles().collect::<Vec<_>>(), ["ops"]);
    /// assert_eq!(ada.name(), None);
    /// ```
    pub fn new(issuer: impl Into<Arc<str>>, subject: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            subject: subject.into(),
            name: None,
            email: None,
            email_verified: false,
            scope: None,
            acr: None,
            auth_time: None,
            sid: None,
            auth_level: None,
            requested: None,
            roles: Vec::new(),
            data: String::new(),
            claims: String::new(),
            local: false,
        }
    }

    /// Adds a display name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds an e-mail address, and whether the provider says that it was verified.
    #[must_use]
    pub fn with_email(mut self, email: impl Into<String>, verified: bool) -> Self {
        self.email = Some(email.into());
        self.email_verified = verified;
        self
    }

    /// Sets the granted scopes, space-separated, in place of any before.
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Adds a role to those that are there.
    #[must_use]
    pub fn with_role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// Sets how and when the person was authenticated: the level, `acr` with the level's name, and `auth_time`.
    #[must_use]
    pub fn with_authentication(mut self, level: AuthLevel, at: Timestamp) -> Self {
        self.acr = Some(level.name().to_owned());
        self.auth_level = Some(level);
        self.auth_time = Some(at);
        self
    }

    /// Adds any other claim, in place of one of this name. A claim with a method of its own, such as `name`, is set by
    /// that method.
    #[must_use]
    pub fn with_claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let mut claims = self.other_claims();
        claims.insert(name.into(), value.into());
        self.claims = Value::Object(claims).to_string();
        self
    }

    /// Whether the application itself said who this is, and not a provider: see [`Self::local`].
    pub fn is_local(&self) -> bool {
        self.local
    }

    /// Who says so: the issuer identifier; a reserved word, which is no URL, of those who are [local](Self::is_local).
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Issuer and subject as one value, to know people by: the key of an application's own accounts.
    ///
    /// ```
    /// use landfall::{Identity, SubjectId};
    ///
    /// let ada = Identity::new("https://id.example", "user-1");
    /// assert_eq!(ada.subject_id(), SubjectId::new("https://id.example", "user-1"));
    /// ```
    pub fn subject_id(&self) -> SubjectId {
        SubjectId::new(Arc::clone(&self.issuer), self.subject.as_str())
    }

    /// The subject identifier: unique and never reused at this issuer, compared with case.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The display name, if the provider gave one. Anybody may be called so.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The e-mail address. Do not know people by it: see [`Self::email_verified`] and the type's own words.
    pub fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// Whether the provider says that it verified the e-mail address: true only for the JSON value `true`.
    pub fn email_verified(&self) -> bool {
        self.email_verified
    }

    /// The scopes the provider granted; those asked for where it did not say (RFC 6749 §5.1).
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scope.as_deref().unwrap_or_default().split_ascii_whitespace()
    }

    /// The scopes that were asked for at sign-in: what is here and not in [`Self::scopes`] was refused.
    pub fn requested_scopes(&self) -> impl Iterator<Item = &str> {
        self.requested.as_deref().unwrap_or_default().split_ascii_whitespace()
    }

    /// The person's roles: from the claim that [`role_claim`](crate::RelyingPartyBuilder::role_claim) names,
    /// or as the application's hook set them.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.roles.iter().map(String::as_str)
    }

    /// How strongly the person was authenticated, where the provider speaks of levels.
    pub fn auth_level(&self) -> Option<AuthLevel> {
        self.auth_level
    }

    /// How the person was authenticated: the authentication context class reference (OpenID Connect Core §2), as the
    /// provider worded it.
    pub fn acr(&self) -> Option<&str> {
        self.acr.as_deref()
    }

    /// When the person was authenticated, if the provider said so.
    pub fn auth_time(&self) -> Option<Timestamp> {
        self.auth_time
    }

    /// The provider's own session identifier, if it said one. A provider that signs people out of applications names
    /// sessions by it (OpenID Connect Back-Channel Logout 1.0 §2.1).
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// All that is kept, as the claims it came from: the standard ones that are known, and the others that are kept.
    ///
    /// ```
    /// use landfall::Identity;
    ///
    /// let ada = Identity::new("https://id.example", "user-1").with_claim("groups", ["ops"]);
    /// assert_eq!(ada.claims()["sub"], "user-1");
    /// assert_eq!(ada.claims()["groups"][0], "ops");
    /// ```
    pub fn claims(&self) -> Map<String, Value> {
        let mut claims = self.other_claims();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                claims.insert(name.to_owned(), value);
            }
        };
        put("iss", Some(Value::from(&*self.issuer)));
        put("sub", Some(Value::from(self.subject.as_str())));
        put("name", self.name.as_deref().map(Value::from));
        put("email", self.email.as_deref().map(Value::from));
        put("email_verified", self.email.is_some().then(|| Value::from(self.email_verified)));
        put("acr", self.acr.as_deref().map(Value::from));
        put("auth_time", self.auth_time.map(|at| Value::from(at.secs())));
        put("sid", self.sid.as_deref().map(Value::from));
        put("scope", self.scope.as_deref().map(Value::from));
        claims
    }

    /// The claims without a field of their own, but for these names, as they are kept.
    pub(crate) fn claims_without(&self, names: &[&str]) -> String {
        if self.claims.is_empty() {
            return String::new();
        }
        let mut claims = self.other_claims();
        claims.retain(|name, _| !names.contains(&name.as_str()));
        Value::Object(claims).to_string()
    }

    /// The claims without a field of their own, parsed.
    fn other_claims(&self) -> Map<String, Value> {
        serde_json::from_str(&self.claims).unwrap_or_default()
    }
}
