//! What the provider is asked for, and what is demanded of its answer.
//!
//! These hold for every sign-in; what a single page or person asks for beyond them is a `SignInWanted` or a
//! `Requirement`. They are moved into `provider::client_settings` as they are, and checked in `client` and `sessions`.

use std::time::Duration;

use super::RelyingPartyBuilder;
use crate::protocol::algorithm::SigningAlgorithm;
use crate::provider::client_settings::Userinfo;

/// # What the provider is asked for
impl RelyingPartyBuilder {
    /// What to ask for. `openid` is added if it is missing. Default: `openid profile email`.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.names.by_method("scopes");
        self.client.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The API that the access token is for, as several providers take it in a parameter `audience`.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.names.by_method("audience");
        self.client.settings.audience = Some(audience.into());
        self
    }

    /// A further parameter of the authorization request. One that the relying party sets itself is an error.
    pub fn extra_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.client.settings.extra_parameters.push((name.into(), value.into()));
        self
    }

    /// Has the provider post its answer instead of putting it into the URL (OAuth 2.0 Form Post Response
    /// Mode). Cookies stay `SameSite=Lax`.
    pub fn form_post(mut self) -> Self {
        self.names.by_method("form_post");
        self.client.settings.form_post = true;
        self
    }

    /// When to ask the userinfo endpoint. Default: [`Userinfo::Auto`].
    pub fn userinfo(mut self, when: Userinfo) -> Self {
        self.names.by_method("userinfo");
        self.client.settings.userinfo = when;
        self
    }

    /// The algorithms an ID token may be signed with. Default: RS256. HS256 uses the client secret and is never
    /// accepted unless it is named here.
    ///
    /// ```
    /// use landfall::{RelyingParty, SigningAlgorithm};
    ///
    /// let builder = RelyingParty::builder("https://acme.example")
    ///     .id_token_algorithms([SigningAlgorithm::Es256, SigningAlgorithm::Rs256]);
    /// # let _ = builder;
    /// ```
    pub fn id_token_algorithms(mut self, algorithms: impl IntoIterator<Item = SigningAlgorithm>) -> Self {
        self.names.by_method("id_token_algorithms");
        self.client.settings.algorithms = algorithms.into_iter().collect();
        self
    }

    /// Audiences that an ID token may name beside this client (OpenID Connect Core §3.1.3.7). Default: none. Each
    /// of them could present such a token here, so name only what is as trusted as this application.
    pub fn trusted_audiences<S: Into<String>>(mut self, audiences: impl IntoIterator<Item = S>) -> Self {
        self.names.by_method("trusted_audiences");
        self.client.settings.trusted_audiences = audiences.into_iter().map(Into::into).collect();
        self
    }

    /// How old an authentication may be at sign-in; whole seconds. The answer is checked.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.names.by_method("max_age");
        self.client.settings.max_age = Some(age);
        self
    }

    /// Authentication context classes to ask for, best first. A wish: the answer may differ.
    pub fn acr_values<S: Into<String>>(mut self, values: impl IntoIterator<Item = S>) -> Self {
        self.names.by_method("acr_values");
        self.client.settings.acr_values = values.into_iter().map(Into::into).collect();
        self
    }

    /// Authentication context classes that are demanded, best first: an ID token of another class is refused.
    ///
    /// ```
    /// let builder = landfall::RelyingParty::builder("https://acme.example").require_acr(["phr", "mfa"]);
    /// # let _ = builder;
    /// ```
    pub fn require_acr<S: Into<String>>(mut self, values: impl IntoIterator<Item = S>) -> Self {
        self.client.settings.acr_essential = true;
        self.acr_values(values)
    }

    /// How far the provider's clock may be off. Default: 60 s.
    pub fn clock_leeway(mut self, leeway: Duration) -> Self {
        self.timeouts.leeway = leeway;
        self
    }

    /// How long a person may take at the provider. Default: 15 minutes.
    pub fn login_lifetime(mut self, lifetime: Duration) -> Self {
        self.timeouts.login = lifetime;
        self
    }
}
