//! What the provider may end sessions by: back channel, front channel, webhook.
//!
//! Two of them need a store, since a session in a cookie is nowhere but in its browser; the front channel works in
//! the person's own browser and does not. The legs are in `flow::provider_logout`.

use std::future::Future;

use super::RelyingPartyBuilder;
use crate::context::endpoints::Endpoint;
use crate::context::logout_hook::{LogoutHook, ProviderLogout};
use crate::crypto::secret::Secret;
use crate::error::ConfigError;

/// # What the provider may end sessions by
impl RelyingPartyBuilder {
    /// The path of the back-channel logout. Default: `/auth/backchannel-logout`, where there is a store. Register
    /// the base URL and this at the provider as `backchannel_logout_uri`.
    ///
    /// Without a store no session of ours can be ended from the server's side: unless the application ends its own
    /// ([`on_provider_logout`](Self::on_provider_logout)), the path is then the application's, and naming one is an error.
    ///
    /// ```
    /// use landfall::{MemoryStore, RelyingParty};
    ///
    /// let builder = RelyingParty::builder("https://acme.example")
    ///     .store(MemoryStore::new())
    ///     .backchannel_logout_path("/hooks/signed-out");
    /// # let _ = builder;
    /// ```
    pub fn backchannel_logout_path(mut self, path: impl Into<String>) -> Self {
        self.paths.set(Endpoint::BackchannelLogout, path.into());
        self
    }

    /// The path of the front-channel logout. Default: `/auth/frontchannel-logout`. Register the base URL and this at
    /// the provider as `frontchannel_logout_uri`, and that it has to name the session
    /// (`frontchannel_logout_session_required`): a request without `iss` and `sid` gets a 400, since it would let
    /// every page on the web sign people out.
    pub fn frontchannel_logout_path(mut self, path: impl Into<String>) -> Self {
        self.paths.set(Endpoint::FrontchannelLogout, path.into());
        self
    }

    /// Takes `IntelliAuth` webhooks that are signed with this secret: `user.signed_out`, `user.disabled` and
    /// `user.deleted` end sessions, every other event is acknowledged. It needs a store.
    ///
    /// Called several times, any of the secrets will do: to rotate, give the new one beside the old until the tenant
    /// uses it.
    ///
    /// ```
    /// use landfall::{MemoryStore, RelyingParty};
    ///
    /// let builder = RelyingParty::builder("https://acme.example")
    ///     .store(MemoryStore::new())
    ///     .webhook_secret("the secret that the tenant shows");
    /// # let _ = builder;
    /// ```
    pub fn webhook_secret(mut self, secret: impl Into<Secret<String>>) -> Self {
        self.names.by_method("webhook_secret");
        self.webhook_secrets.push(secret.into());
        self
    }

    /// The path of the webhook. Default: `/auth/webhook`, where there is a secret.
    pub fn webhook_path(mut self, path: impl Into<String>) -> Self {
        self.paths.set(Endpoint::Webhook, path.into());
        self
    }

    /// Tells the application that the provider ended a session, by a logout token that was verified: for sessions of its
    /// own, which it begins by [`NewSignIn::answer`](crate::NewSignIn::answer). With it the back channel is there without a
    /// store of ours; with a store, our sessions end as well.
    ///
    /// It has ten seconds. After an error, or where it takes longer, the provider is told to come again. It may be told of
    /// one logout twice, so it ends what began before [`ProviderLogout::issued_at`] and nothing newer.
    ///
    /// ```
    /// use landfall::{ProviderLogout, RelyingParty};
    ///
    /// # async fn end_sessions(_: Option<&str>, _: Option<&str>) -> Result<(), std::io::Error> { Ok(()) }
    /// async fn ended(logout: ProviderLogout) -> Result<(), std::io::Error> {
    ///     let subject = logout.subject().map(landfall::SubjectId::subject);
    ///     end_sessions(subject, logout.sid()).await
    /// }
    ///
    /// let builder = RelyingParty::builder("https://acme.example").on_provider_logout(ended);
    /// # let _ = builder;
    /// ```
    pub fn on_provider_logout<F, E>(
        mut self,
        hook: impl Fn(ProviderLogout) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        self.logout_hook = Some(LogoutHook::new(hook));
        self
    }

    /// Mounts what the store allows, or the application's own hook, and refuses what they do not.
    ///
    /// # Errors
    /// Names the setting that needs a store or a secret.
    pub(super) fn check_provider_logout(&mut self) -> Result<(), ConfigError> {
        if self.sessions.store.is_some() || self.logout_hook.is_some() {
            self.paths.mount(Endpoint::BackchannelLogout);
        } else if self.paths.get(Endpoint::BackchannelLogout).is_some() {
            return Err(without_store("backchannel_logout_path"));
        }
        if self.webhook_secrets.iter().any(|secret| secret.expose().trim().is_empty()) {
            return Err(ConfigError::new("webhook_secret", "an empty secret", "copy it from the tenant"));
        }
        match (self.webhook_secrets.is_empty(), self.paths.get(Endpoint::Webhook)) {
            (true, None) => {}
            (true, Some(_)) => {
                let remedy =
                    "give the secret that the tenant shows (`webhook_secret`), or leave the path out";
                return Err(ConfigError::new("webhook_path", "a webhook without a secret", remedy));
            }
            (false, _) if self.sessions.store.is_none() => return Err(without_store("webhook_secret")),
            (false, _) => {
                self.paths.mount(Endpoint::Webhook);
            }
        }
        Ok(())
    }
}

/// The error of a setting that needs a store.
fn without_store(setting: &str) -> ConfigError {
    ConfigError::new(
        setting,
        "without a store no session can be ended from outside: each lives in its own cookie",
        "give a `store`, or leave the setting out",
    )
}
