//! The people who may sign in.

use serde_json::{Map, Value};

/// A person who can sign in at the local provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    pub(crate) subject: String,
    pub(crate) claims: Map<String, Value>,
}

impl Person {
    /// A person known by `subject`, the `sub` claim.
    pub fn new(subject: impl Into<String>) -> Self {
        let subject = subject.into();
        let mut claims = Map::new();
        claims.insert("preferred_username".into(), Value::String(subject.clone()));
        Self { subject, claims }
    }

    /// The full name; the first word becomes the given name, the last one the family name.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        let name = name.into();
        let mut words = name.split_whitespace();
        let given = words.next().unwrap_or_default().to_owned();
        let person = self.claim("given_name", given);
        let person = match words.next_back() {
            Some(family) => person.claim("family_name", family),
            None => person,
        };
        person.claim("name", name)
    }

    /// The e-mail address, verified.
    #[must_use]
    pub fn email(self, email: impl Into<String>) -> Self {
        self.claim("email", email.into()).claim("email_verified", true)
    }

    /// Any other claim, such as `groups` or `locale`. A claim of no standard scope is always sent.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// The `sub` claim.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    pub(crate) fn display_name(&self) -> &str {
        self.text("name").unwrap_or(&self.subject)
    }

    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    /// What these scopes let a client see (OpenID Connect Core §5.4), without `sub`.
    pub(crate) fn claims_for(&self, scopes: &[String]) -> Map<String, Value> {
        let granted = |scope: &str| scopes.iter().any(|s| s == scope);
        self.claims
            .iter()
            .filter(|(name, _)| match name.as_str() {
                "email" | "email_verified" => granted("email"),
                "name" | "given_name" | "family_name" | "preferred_username" | "picture" | "locale"
                | "updated_at" => granted("profile"),
                "phone_number" | "phone_number_verified" => granted("phone"),
                "address" => granted("address"),
                _ => true,
            })
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

/// Those who are there when nobody is named.
pub(crate) fn default_people() -> Vec<Person> {
    [
        ("ada", "Ada Lovelace", "en-GB"),
        ("grace", "Grace Hopper", "en-US"),
        ("alan", "Alan Turing", "en-GB"),
        ("katherine", "Katherine Johnson", "en-US"),
    ]
    .into_iter()
    .map(|(subject, name, locale)| {
        Person::new(subject).name(name).email(format!("{subject}@example.test")).claim("locale", locale)
    })
    .collect()
}
