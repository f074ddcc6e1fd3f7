//! One client at one provider: who we are there, what we hold of it, and how it is called.
//!
//! "Client" is the word of OAuth 2.0 (RFC 6749 §2) for the application as the provider knows it: a client id, a way to
//! prove itself, and redirect URIs. A [`Client`] is that registration together with the provider's metadata and keys,
//! since the two are of no use apart. Its HTTP client is another thing: [`super::http_client`].
//!
//! Legs of the trip are handed one and ask it; nothing here decides which leg comes next. Metadata and keys are in
//! [`super::metadata`] and [`super::jwks`].

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::cached::Cached;
use super::client_secret::SecretSource;
use super::client_settings::ClientSettings;
use super::http_client::{HttpClient, HttpError, HttpErrorKind};
use super::key_lookups::KeyLookups;
use super::roles::RolesTold;
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
    /// The issuer identifier, compared byte for byte with what metadata and tokens say (OpenID Connect Discovery §4.3).
    pub(crate) issuer: Arc<str>,
    /// The client id.
    pub(crate) id: Arc<str>,
    secret: SecretSource,
    /// How the client proves itself: one way, as it is registered, and not whatever the provider would take.
    auth: ClientAuth,
    /// The scopes of every sign-in, `openid` among them, with spaces between.
    pub(crate) scope: String,
    pub(crate) settings: ClientSettings,
    /// The path, below every base URL, that the provider's answer comes to.
    callback_path: String,
    http: Arc<dyn HttpClient>,
    /// Tells whether metadata and keys are fresh.
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metadata: Cached<ProviderMetadata>,
    pub(super) keys: Cached<KeySet>,
    /// How often unknown keys may still make us ask for them.
    pub(super) key_lookups: KeyLookups,
    pub(super) roles_told: RolesTold,
}

/// What a client is registered as: all of a [`Client`] that the builder has checked, without the means to call anybody.
/// The fields are those of [`Client`].
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
    /// A client of which nothing has been fetched yet.
    pub(crate) fn new(registration: Registration, http: Arc<dyn HttpClient>, clock: Arc<dyn Clock>) -> Self {
        let Registration { number, issuer, client_id: id, secret, auth, scope, settings, callback_path } =
            registration;
        let (metadata, keys, key_lookups) = (Cached::new(), Cached::new(), KeyLookups::default());
        Self {
            number,
            issuer,
            id,
            secret,
            auth,
            scope,
            settings,
            callback_path,
            http,
            clock,
            metadata,
            keys,
            key_lookups,
            roles_told: RolesTold::default(),
        }
    }

    /// The redirect URI under a base URL, as it is registered, byte for byte: providers compare it so (RFC 9700 §2.1).
    pub(crate) fn redirect_uri(&self, base: &BaseUrl) -> String {
        format!("{}{}", base.literal, self.callback_path)
    }

    /// Whether `uri` is the redirect URI under this base URL, byte for byte.
    pub(crate) fn is_redirect_uri(&self, base: &BaseUrl, uri: &str) -> bool {
        uri.strip_prefix(base.literal.as_str()) == Some(self.callback_path.as_str())
    }

    /// How the client proves itself (RFC 6749 §2.3), with the secret as it is now.
    pub(crate) fn credentials(&self) -> Credentials {
        Credentials { client_id: self.id.to_string(), secret: self.secret.current(), method: self.auth }
    }

    /// Reads the secret's file again, after the provider refused these credentials; whether there is another secret
    /// now. Only then is it worth asking once more.
    pub(crate) fn reload_secret(&self, refused: &Credentials) -> bool {
        self.secret.reload(refused.secret.as_ref())
    }

    /// The rules for every token that this provider signs for this client: ID tokens, logout tokens and access tokens
    /// are read by the same. `leeway` is how far its clock may be off.
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

    /// Calls the provider once. Any status is an answer; only the caller knows which are good.
    ///
    /// # Errors
    /// [`ErrorCode::ProviderUnreachable`] where the request was not sent, so that it may be made again.
    /// [`ErrorCode::ProviderTimeout`] where it may have been acted on. `broken` where an answer came and was too large,
    /// broke off or was no HTTP: what that means depends on what was asked for.
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

/// Tells apart an answer that says nothing but that the provider is in trouble: 5xx and 429. To be asked before an
/// answer is read, so that trouble is not taken for a malformed answer.
///
/// # Errors
/// [`ErrorCode::ProviderUnreachable`] for such an answer.
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
