//! One client at one provider: who we are there, what we hold of it, and how it is called.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::cached::Cached;
use super::client_secret::SecretSource;
use super::http_client::{HttpClient, HttpError, HttpErrorKind};
use super::settings::ClientSettings;
use crate::address::base_url::BaseUrl;
use crate::clock::{Clock, Timestamp};
use crate::error::{Error, ErrorCode};
use crate::protocol::client_auth::{ClientAuth, Credentials};
use crate::protocol::discovery::ProviderMetadata;
use crate::protocol::jwks::KeySet;
use crate::protocol::token_rules::TokenRules;

/// The application's registration at one provider, and what is known of that provider.
///
/// It is handed to every leg of the trip; a pending login and a session say which one they belong to.
pub(crate) struct Client {
    /// Its number among the application's clients: what `state` and a pending login name it by.
    pub(crate) number: u8,
    pub(crate) issuer: Arc<str>,
    /// The client id.
    pub(crate) id: Arc<str>,
    secret: SecretSource,
    auth: ClientAuth,
    /// The scopes of every sign-in, `openid` among them, with spaces between.
    pub(crate) scope: String,
    pub(crate) settings: ClientSettings,
    /// The path, below every base URL, that the provider's answer comes to.
    callback_path: String,
    http: Arc<dyn HttpClient>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metadata: Cached<ProviderMetadata>,
    pub(super) keys: Cached<KeySet>,
}

/// What a client is registered as.
#[derive(Debug)]
pub(crate) struct Registration {
    /// Its number among the application's clients.
    pub(crate) number: u8,
    pub(crate) issuer: Arc<str>,
    pub(crate) client_id: Arc<str>,
    pub(crate) secret: SecretSource,
    pub(crate) auth: ClientAuth,
    pub(crate) scope: String,
    pub(crate) settings: ClientSettings,
    pub(crate) callback_path: String,
}

impl Client {
    pub(crate) fn new(registration: Registration, http: Arc<dyn HttpClient>, clock: Arc<dyn Clock>) -> Self {
        let Registration { number, issuer, client_id: id, secret, auth, scope, settings, callback_path } =
            registration;
        let (metadata, keys) = (Cached::new(), Cached::new());
        Self { number, issuer, id, secret, auth, scope, settings, callback_path, http, clock, metadata, keys }
    }

    /// The redirect URI under a base URL, as it is registered, byte for byte.
    pub(crate) fn redirect_uri(&self, base: &BaseUrl) -> String {
        format!("{}{}", base.literal, self.callback_path)
    }

    /// Whether this is that redirect URI.
    pub(crate) fn is_redirect_uri(&self, base: &BaseUrl, uri: &str) -> bool {
        uri.strip_prefix(base.literal.as_str()) == Some(self.callback_path.as_str())
    }

    /// How the client proves itself (RFC 6749 §2.3), with the secret as it is now.
    pub(crate) fn credentials(&self) -> Credentials {
        Credentials { client_id: self.id.to_string(), secret: self.secret.current(), method: self.auth }
    }

    /// Reads the secret's file again; whether there is another secret now than the one that was refused.
    pub(crate) fn reload_secret(&self, refused: &Credentials) -> bool {
        self.secret.reload(refused.secret.as_ref())
    }

    /// The rules for every token that this provider signs for this client.
    pub(crate) fn token_rules(&self, leeway: Duration, now: Timestamp) -> TokenRules<'_> {
        TokenRules {
            issuer: &self.issuer,
            client_id: &self.id,
            trusted_audiences: &self.settings.trusted_audiences,
            algorithms: &self.settings.algorithms,
            leeway,
            now,
        }
    }

    /// Calls the provider. `broken` is what it means when an answer began and did not come to its end.
    ///
    /// # Errors
    /// [`ErrorCode::ProviderUnreachable`], [`ErrorCode::ProviderTimeout`], `broken`.
    pub(crate) async fn send(
        &self,
        request: http::Request<Bytes>,
        broken: ErrorCode,
    ) -> Result<http::Response<Bytes>, Error> {
        self.http.send(request).await.map_err(|error| unreachable(error, broken))
    }
}

/// A request that brought no answer, by what that means for the sign-in.
fn unreachable(error: HttpError, broken: ErrorCode) -> Error {
    let code = match error.kind() {
        HttpErrorKind::Unreachable => ErrorCode::ProviderUnreachable,
        HttpErrorKind::TimedOut => ErrorCode::ProviderTimeout,
        HttpErrorKind::TooLarge | HttpErrorKind::Broken => broken,
    };
    Error::new(code).source(error)
}

/// An answer that says nothing but that the provider is in trouble.
pub(crate) fn retry_later(response: &http::Response<Bytes>) -> Result<(), Error> {
    let status = response.status().as_u16();
    if status >= 500 || status == 429 {
        return Err(Error::new(ErrorCode::ProviderUnreachable).detail(format!("status {status}")));
    }
    Ok(())
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("issuer", &self.issuer)
            .field("id", &self.id)
            .field("settings", &self.settings)
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}
