//! What is taken in a session's place: credentials that a request brings.
//!
//! The hook runs in `flow::credentials`; what becomes of the request is in `relying_party::credentials`.

use std::future::Future;

use super::RelyingPartyBuilder;
use crate::clock::Entropy;
use crate::context::credentials::hook::{
    CredentialsAnswer, CredentialsFailed, CredentialsHook, CredentialsRequest,
};
use crate::context::credentials::scheme::{CredentialScheme, check_challenge};
use crate::context::credentials::{Credentials, CredentialsSettings};
use crate::error::{ConfigError, Error};

/// # Credentials at the same door
impl RelyingPartyBuilder {
    /// Takes credentials that come with a request, beside sessions: API tokens, the passwords of DAV, git and package clients,
    /// a name that a proxy writes. Guards, extractors, roles and requirements count whoever they are of as they count
    /// somebody with a session; [`SignedIn::is_by_credentials`](crate::SignedIn::is_by_credentials) and
    /// [`method`](crate::SignedIn::method) tell, and a guard may demand
    /// [`sessions_only`](crate::Requirement::sessions_only).
    ///
    /// `hook` says whose they are. It is asked for requests of these `schemes` alone ([`CredentialScheme`] says where they
    /// count from, and what is checked), has 15 seconds, and is asked by 32 requests at once; beyond that, and where it fails
    /// or is late, the answer is 503. It is dropped when the client hangs up (but on the page of kept forms), runs where all outbound work does (see
    /// [`Self::runtime`]), and must not block: a password's digest is computed in `spawn_blocking`.
    ///
    /// - Whom it names is there, and the session's cookie is neither read nor renewed.
    /// - What it refuses is a 401, never the cookie's session.
    /// - Where it says nothing, the header is not there.
    ///
    /// `challenge` is what a 401 says in `WWW-Authenticate` to whoever brought nothing and is no browser, since such clients
    /// send credentials only when they are asked: `Basic realm="shop"`. What calls itself a browser (`Mozilla/`) never sees
    /// it. Empty for none.
    ///
    /// Credentials are good for a request. They bring no tokens, level, time of authentication or scopes of a provider, and
    /// begin and end no session: what takes one answers 403
    /// ([`ErrorCode::SessionRequired`](crate::ErrorCode::SessionRequired)), without a trip. Answers are `private`.
    ///
    /// ```
    /// use std::io;
    /// use std::time::Duration;
    ///
    /// use landfall::{CredentialsAnswer, CredentialsRequest, Identity, RelyingParty};
    ///
    /// # async fn owner_of(_digest: &str) -> Result<Option<String>, io::Error> { Ok(None) }
    /// # fn sha256(token: &str) -> String { token.to_owned() }
    /// let builder = RelyingParty::builder("https://acme.example").on_credentials(
    ///     ["Bearer"],
    ///     "Bearer realm=\"shop\"",
    ///     |request: CredentialsRequest| async move {
    ///         if !request.value().starts_with("shop_") {
    ///             return Ok(CredentialsAnswer::nothing()); // none of ours
    ///         }
    ///         // What fails here is a 503.
    ///         let Some(account) = owner_of(&sha256(request.value())).await? else {
    ///             return Ok(CredentialsAnswer::refused());
    ///         };
    ///         let who = Identity::local(account).with_role("api");
    ///         Ok(CredentialsAnswer::identity(who).cached_for(Duration::from_secs(30)))
    ///     },
    /// );
    /// # let _ = builder;
    /// ```
    pub fn on_credentials<S, F>(
        mut self,
        schemes: impl IntoIterator<Item = S>,
        challenge: impl Into<String>,
        hook: impl Fn(CredentialsRequest) -> F + Send + Sync + 'static,
    ) -> Self
    where
        S: Into<CredentialScheme>,
        F: Future<Output = Result<CredentialsAnswer, CredentialsFailed>> + Send + 'static,
    {
        let schemes = schemes.into_iter().map(Into::into).collect();
        self.credentials =
            Some(CredentialsSettings::new(schemes, challenge.into(), CredentialsHook::new(hook)));
        self
    }

    /// Whether what was given can be looked at.
    pub(super) fn check_credentials(&self) -> Result<(), ConfigError> {
        let Some(settings) = &self.credentials else { return Ok(()) };
        // Whoever may say under which address they came need not be whoever may say who they are.
        let trusts_proxies = !self.network.proxies.is_empty();
        CredentialScheme::check(&settings.schemes, trusts_proxies)?;
        check_challenge(&settings.challenge)
    }

    /// What looks at credentials, if any are taken.
    pub(super) fn credentials(&mut self, entropy: &dyn Entropy) -> Result<Option<Credentials>, Error> {
        self.credentials.take().map(|settings| Credentials::new(settings, entropy)).transpose()
    }
}
