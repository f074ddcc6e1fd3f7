//! The client at its provider: who it is there, and how it proves itself.
//!
//! With the checks of what is registered: id, secret and method, algorithms, scopes and extra parameters. What they
//! become is a `Registration` in `provider::client`; the protocol behind them is
//! [`client_auth`](crate::protocol::client_auth).

use std::path::PathBuf;
use std::sync::Arc;

use super::RelyingPartyBuilder;
use crate::context::endpoints::Endpoint;
use crate::crypto::secret::Secret;
use crate::error::{ConfigError, printable};
use crate::protocol::algorithm::SigningAlgorithm;
use crate::protocol::authorization_request::OWN_PARAMETERS;
use crate::protocol::client_auth::ClientAuth;
use crate::provider::client_secret::SecretSource;

/// What was checked of a registration, before the settings are taken out.
pub(super) struct Registered {
    pub(super) issuer: Arc<str>,
    pub(super) secret: SecretSource,
    pub(super) auth: ClientAuth,
    /// With spaces between.
    pub(super) scope: String,
}

/// # The client at its provider
impl RelyingPartyBuilder {
    /// A confidential client: its id and secret, as registered at the provider.
    ///
    /// ```
    /// let builder = landfall::RelyingParty::builder("https://acme.example").client("client-id", "client-secret");
    /// # let _ = builder;
    /// ```
    pub fn client(mut self, id: impl Into<String>, secret: impl Into<Secret<String>>) -> Self {
        self.names.by_method("client_id");
        self.names.by_method("client_secret");
        self.client.id = Some(id.into());
        self.client.secret = Some(secret.into());
        self
    }

    /// A confidential client whose secret stands in a file, which is read again when the provider refuses the
    /// secret: it can be rotated without a restart.
    ///
    /// ```
    /// let builder = landfall::RelyingParty::builder("https://acme.example")
    ///     .client_with_secret_file("client-id", "/run/secrets/client-secret");
    /// # let _ = builder;
    /// ```
    pub fn client_with_secret_file(mut self, id: impl Into<String>, file: impl Into<PathBuf>) -> Self {
        for setting in ["client_id", "client_secret", "client_secret_file"] {
            self.names.call(setting, "client_with_secret_file");
        }
        self.client.id = Some(id.into());
        self.client.secret_file = Some(file.into());
        self
    }

    /// A public client: no secret, PKCE alone. For programs on other people's machines, which can keep no secret; a
    /// web application has a server and should have a secret.
    pub fn public_client(mut self, id: impl Into<String>) -> Self {
        self.names.call("client_id", "public_client");
        self.names.call("client_auth", "public_client");
        self.client.id = Some(id.into());
        self.client.auth = Some(ClientAuth::None);
        self
    }

    /// How the client proves itself, as registered at the provider. Default: `client_secret_basic`. Not needed for
    /// [`public_client`](Self::public_client).
    pub fn client_auth(mut self, method: ClientAuth) -> Self {
        self.names.by_method("client_auth");
        self.client.auth = Some(method);
        self
    }

    /// What people call the provider, for the application's own sign-in page: "Sign in with …". Default: its host.
    pub fn provider_name(mut self, name: impl Into<String>) -> Self {
        self.names.by_method("provider_name");
        self.client.settings.provider_name = Some(name.into());
        self
    }

    /// What the client is registered as; `None` where the application goes without a provider.
    ///
    /// # Errors
    /// The setting that is wrong; `sign_in_page` where nobody could sign in at all, `client_id` for a client of no provider.
    pub(super) fn check_registration(
        &self,
        issuer: Option<Arc<str>>,
    ) -> Result<Option<Registered>, ConfigError> {
        let Some(issuer) = issuer else { return self.check_alone().map(|()| None) };
        let (secret, auth) = self.check_client()?;
        self.check_algorithms(&secret)?;
        let scope = self.check_scopes()?;
        Ok(Some(Registered { issuer, secret, auth, scope }))
    }

    /// What an application without a provider needs, and what would contradict that.
    fn check_alone(&self) -> Result<(), ConfigError> {
        if self.client.id.is_some() {
            return Err(ConfigError::new(
                "client_id",
                "a client, and no provider that it is registered at",
                "name the provider by `issuer`, or leave the client out",
            ));
        }
        if self.paths.get(Endpoint::SignInPage).is_none() {
            return Err(ConfigError::new(
                "sign_in_page",
                "missing, and without a provider nobody can sign in elsewhere",
                "give the path of the application's own sign-in page, such as /login",
            ));
        }
        Ok(())
    }

    /// The secret's source and the method, which have to fit each other.
    ///
    /// # Errors
    /// The client's id or secret, `client_auth` or `client_secret_file`. A secret with white space around it was copied badly: the
    /// provider would refuse it and say no more than that.
    pub(super) fn check_client(&self) -> Result<(SecretSource, ClientAuth), ConfigError> {
        let id = self.client.id.as_deref().unwrap_or_default();
        let wrong_id =
            |problem| Err(ConfigError::new("client_id", problem, "copy the client id from the provider"));
        if id.is_empty() {
            return wrong_id("no client id");
        }
        if id.trim() != id || id.chars().any(char::is_control) {
            return wrong_id("a client id with white space around it");
        }
        if is_in_quotes(id) {
            return wrong_id("a client id in quotes");
        }
        let source = match (&self.client.secret, &self.client.secret_file) {
            (_, Some(file)) => SecretSource::file(file.clone())?,
            (Some(secret), None) => SecretSource::Value(secret.clone()),
            (None, None) => SecretSource::None,
        };
        let method = self.client.auth.unwrap_or_default();
        let secret = source.current();
        match (&secret, method) {
            (None, ClientAuth::None) => Ok((source, method)),
            (None, _) => Err(ConfigError::new(
                "client_secret",
                format!("{method} without a client secret"),
                "give the secret, or call `public_client` for a client without one",
            )),
            (Some(_), ClientAuth::None) => Err(ConfigError::new(
                "client_auth",
                "a client secret that would not be used",
                "leave the secret (`client_secret`) out, or choose client_secret_basic",
            )),
            (Some(secret), _) if secret.expose().trim().is_empty() => {
                Err(ConfigError::new("client_secret", "an empty client secret", "copy it again"))
            }
            (Some(secret), _) if secret.expose().trim() != secret.expose() => Err(ConfigError::new(
                "client_secret",
                "a client secret with white space around it",
                "copy it again",
            )),
            (Some(secret), _) => {
                // A secret may be anything, so this is no error.
                if is_in_quotes(secret.expose()) {
                    let setting = self.names.of("client_secret");
                    tracing::warn!(
                        setting,
                        "the client secret stands in quotes, which are taken for a part of it"
                    );
                }
                Ok((source, method))
            }
        }
    }

    /// The algorithms: at least one. HS256 stands alone, and needs a secret as long as its digest (RFC 7518 §3.2).
    ///
    /// HS256 beside public-key algorithms would let whoever has the client secret sign what only the provider
    /// should sign.
    ///
    /// # Errors
    /// `id_token_algorithms`, with what is wrong.
    pub(super) fn check_algorithms(&self, secret: &SecretSource) -> Result<(), ConfigError> {
        if self.client.settings.algorithms.is_empty() {
            return Err(ConfigError::new(
                "id_token_algorithms",
                "none is allowed",
                "name at least one, such as RS256",
            ));
        }
        let hmac = self.client.settings.algorithms.contains(&SigningAlgorithm::Hs256);
        if hmac && self.client.settings.algorithms.len() > 1 {
            return Err(ConfigError::new(
                "id_token_algorithms",
                "HS256 beside algorithms with public keys",
                "name the one that the provider signs with",
            ));
        }
        if hmac && secret.current().is_none_or(|secret| secret.expose().len() < 32) {
            return Err(ConfigError::new(
                "id_token_algorithms",
                "HS256 without a client secret of at least 32 bytes (RFC 7518 §3.2)",
                "use RS256, or a longer secret",
            ));
        }
        Ok(())
    }

    /// The scopes with `openid` first and each once, as the authorization request has them.
    ///
    /// # Errors
    /// `scopes` for what is no scope (RFC 6749 §3.3), and for `offline_access` without a place for a refresh token.
    /// `extra_parameter` for one that the relying party sets itself.
    pub(super) fn check_scopes(&self) -> Result<String, ConfigError> {
        let mut scopes: Vec<&str> = Vec::new();
        for scope in std::iter::once("openid").chain(self.client.scopes.iter().map(String::as_str)) {
            let sound =
                !scope.is_empty() && scope.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
            if !sound {
                return Err(ConfigError::new(
                    "scopes",
                    format!("{:?} is no scope", printable(scope)),
                    "see RFC 6749 §3.3",
                ));
            }
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        if self.sessions.store.is_none() && !self.is_native && scopes.contains(&"offline_access") {
            return Err(ConfigError::new(
                "scopes",
                "offline_access without a store: a refresh token is never kept in a cookie",
                "give a `store`, or leave the scope out",
            ));
        }
        for (name, _) in &self.client.settings.extra_parameters {
            if OWN_PARAMETERS.contains(&name.as_str()) {
                return Err(ConfigError::new(
                    "extra_parameter",
                    format!("{name} is set by the relying party itself"),
                    "use the builder's own method for it, if there is one",
                ));
            }
        }
        Ok(scopes.join(" "))
    }
}

/// Whether a value came with the quotes that a shell would have taken away.
fn is_in_quotes(text: &str) -> bool {
    ['"', '\''].iter().any(|quote| text.len() > 1 && text.starts_with(*quote) && text.ends_with(*quote))
}
