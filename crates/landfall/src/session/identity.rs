//! Who somebody is, as the provider said it.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::protocol::auth_level::AuthLevel;
use crate::protocol::id_token::IdTokenClaims;
use crate::session::subject::SubjectId;

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
    pub(crate) auth_level: Option<AuthLevel>,
    /// The scopes that were asked for.
    pub(crate) requested: Option<String>,
    pub(crate) roles: Vec<String>,
    /// What the application added at sign-in, as JSON; empty when it added nothing.
    pub(crate) data: String,
    /// Every other claim that is kept, as one JSON object; empty when there is none.
    pub(crate) claims: String,
}

/// Which claims a session keeps beside the standard few.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeptClaims<'a> {
    /// All of them.
    All,
    /// Those of these names.
    Named(&'a [String]),
}

/// The scopes of one sign-in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scopes<'a> {
    pub(crate) requested: &'a str,
    pub(crate) granted: &'a str,
}

impl Identity {
    /// From a verified ID token and what userinfo added, keeping the claims that are to be kept.
    pub(crate) fn from_claims(
        issuer: Arc<str>,
        verified: &IdTokenClaims,
        mut all: Map<String, Value>,
        scopes: Scopes<'_>,
        role_claim: &str,
        kept: KeptClaims<'_>,
    ) -> Self {
        let text = |name: &str| all.get(name).and_then(Value::as_str).map(str::to_owned);
        let (name, email) = (text("name"), text("email"));
        let email_verified = all.get("email_verified") == Some(&Value::Bool(true));
        // The ID token speaks of this authentication, userinfo of the person.
        let auth_level = AuthLevel::of(&verified.all);
        let roles = roles(&all, role_claim);
        all.retain(|name, _| {
            !OWN_CLAIMS.contains(&name.as_str())
                && match kept {
                    KeptClaims::All => true,
                    KeptClaims::Named(names) => names.contains(name),
                }
        });
        let claims = if all.is_empty() { String::new() } else { Value::Object(all).to_string() };
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
            auth_level,
            requested: Some(scopes.requested.to_owned()),
            roles,
            data: String::new(),
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
            auth_level: None,
            requested: None,
            roles: Vec::new(),
            data: String::new(),
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

    /// Adds a role.
    #[must_use]
    pub fn with_role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// Adds how and when the person was authenticated.
    #[must_use]
    pub fn with_authentication(mut self, level: AuthLevel, at: Timestamp) -> Self {
        self.acr = Some(level.name().to_owned());
        self.auth_level = Some(level);
        self.auth_time = Some(at);
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

    /// Issuer and subject as one value, to know people by.
    pub fn subject_id(&self) -> SubjectId {
        SubjectId::new(Arc::clone(&self.issuer), self.subject.as_str())
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

/// The roles in a claim: an array of strings, or one string. The claim is found by its name, else by its path
/// with dots between (`realm_access.roles`).
fn roles(claims: &Map<String, Value>, name: &str) -> Vec<String> {
    let by_path = || {
        let mut parts = name.split('.');
        let first = claims.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    };
    match claims.get(name).or_else(by_path) {
        Some(Value::Array(roles)) => roles.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(role)) => vec![role.clone()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn roles_are_found_by_name_or_by_path_and_nothing_else_is_one() {
        let Value::Object(claims) = json!({
            "roles": ["a", 7, "b"], "role": "c d", "realm_access": { "roles": ["e"] },
            "https://app.example/roles": ["f"], "odd": { "roles": [] }
        }) else {
            panic!()
        };
        for (name, expected) in [
            ("roles", &["a", "b"][..]),
            ("role", &["c d"]),
            ("realm_access.roles", &["e"]),
            ("https://app.example/roles", &["f"]),
            ("odd", &[]),
            ("missing.roles", &[]),
            ("", &[]),
        ] {
            assert_eq!(roles(&claims, name), expected, "{name}");
        }
    }
}
