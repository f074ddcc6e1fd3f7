//! Who somebody is, as the provider said it.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::protocol::id_token::IdTokenClaims;
use crate::settings::Kept;

/// Claims with a field of their own, and those that were for the ID token's validation alone.
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

/// Who somebody is, as the provider said it at sign-in.
///
/// Issuer and subject together name a person for good; name and e-mail address do not: both can change and
/// be given to somebody else (OpenID Connect Core §5.7).
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
    pub(crate) issuer: Arc<str>,
    pub(crate) subject: String,
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) email_verified: bool,
    pub(crate) scope: Option<String>,
    pub(crate) acr: Option<String>,
    pub(crate) auth_time: Option<Timestamp>,
    pub(crate) sid: Option<String>,
    /// Every other claim that is kept, as one JSON object; empty when there is none.
    pub(crate) claims: String,
}

impl Identity {
    /// From a verified ID token and what userinfo added, keeping the claims that are to be kept.
    pub(crate) fn from_claims(
        issuer: Arc<str>,
        verified: &IdTokenClaims,
        mut all: Map<String, Value>,
        scope: &str,
        kept: Kept<'_>,
    ) -> Self {
        let text = |name: &str| all.get(name).and_then(Value::as_str).map(str::to_owned);
        let (name, email) = (text("name"), text("email"));
        let email_verified = all.get("email_verified") == Some(&Value::Bool(true));
        all.retain(|name, _| {
            !OWN_CLAIMS.contains(&name.as_str())
                && match kept {
                    Kept::All => true,
                    Kept::Named(names) => names.contains(name),
                }
        });
        let claims = if all.is_empty() { String::new() } else { Value::Object(all).to_string() };
        Self {
            issuer,
            subject: verified.subject.clone(),
            name,
            email,
            email_verified,
            scope: Some(scope.to_owned()),
            acr: verified.acr.clone(),
            auth_time: verified.auth_time,
            sid: verified.sid.clone(),
            claims,
        }
    }

    /// Somebody with nothing known but who said it and their subject identifier.
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
            claims: String::new(),
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

    /// Adds the granted scopes, space-separated.
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Adds any other claim.
    #[must_use]
    pub fn with_claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let mut claims = self.other_claims();
        claims.insert(name.into(), value.into());
        self.claims = Value::Object(claims).to_string();
        self
    }

    /// Who says so: the issuer identifier.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The subject identifier: unique and never reused at this issuer, compared with case.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The display name.
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

    /// How the person was authenticated: the authentication context class reference.
    pub fn acr(&self) -> Option<&str> {
        self.acr.as_deref()
    }

    /// When the person was authenticated, if the provider said so.
    pub fn auth_time(&self) -> Option<Timestamp> {
        self.auth_time
    }

    /// The provider's own session identifier.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// All that is kept, as the claims it came from.
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

    fn other_claims(&self) -> Map<String, Value> {
        serde_json::from_str(&self.claims).unwrap_or_default()
    }
}
