//! Logout tokens, and who gets them (OpenID Connect Back-Channel Logout 1.0).

use std::time::Duration;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use super::LocalProvider;
use super::clients::Client;
use super::core::Core;
use super::delivery::Parcel;
use super::jwt::Jwt;
use super::keys::KeyError;
use super::state::{ProviderSession, random};

/// §2.4 wants it short.
const LIFETIME: Duration = Duration::from_secs(120);

impl LocalProvider {
    /// A good logout token for this client, to be sent by a test itself: give it a `sub`, a `sid` or both, and
    /// change what the test is about.
    ///
    /// ```
    /// # use landfall_testkit::{Algorithm, Client, KeyError, LocalProvider, SigningKey};
    /// # let provider = LocalProvider::builder().client(Client::new("app")).in_process()?;
    /// let token = provider.logout_token("app")?.claim("sub", "ada").claim("sid", "ses_1");
    /// let good = token.signed();
    /// let forged = token.signed_with(&SigningKey::generate(Algorithm::Es256, "mine")?, Algorithm::Es256);
    /// let unsecured = token.unsecured();
    /// let without_jti = token.clone().without_claim("jti").signed();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When a key cannot be made.
    pub fn logout_token(&self, client_id: &str) -> Result<Jwt, KeyError> {
        let client = self.core.client(client_id).unwrap_or_else(|| Client::new(client_id));
        self.core.logout_token(&client)
    }
}

impl Core {
    fn logout_token(&self, client: &Client) -> Result<Jwt, KeyError> {
        let now = self.clock.now();
        let claims = Map::from_iter([
            ("iss".to_owned(), Value::from(self.issuer.clone())),
            ("aud".to_owned(), client.id.clone().into()),
            ("iat".to_owned(), now.secs().into()),
            ("exp".to_owned(), now.plus(LIFETIME).secs().into()),
            ("jti".to_owned(), random()?.into()),
            ("events".to_owned(), json!({"http://schemas.openid.net/event/backchannel-logout": {}})),
        ]);
        self.token_for(client, "logout+jwt", claims)
    }

    /// A logout token for every client that was signed in to by this session and wants one.
    pub(crate) fn backchannel_parcels(&self, session: &ProviderSession) -> Vec<Parcel> {
        let mut parcels = Vec::new();
        for client in session.clients.iter().filter_map(|id| self.client(id)) {
            let Some(uri) = client.backchannel_logout_uri.clone() else { continue };
            let Ok(token) = self.logout_token(&client) else {
                tracing::error!(client_id = client.id, "no logout token can be signed for this client");
                continue;
            };
            let token =
                token.claim("sub", session.person.subject.as_str()).claim("sid", session.sid.as_str());
            let mut form = form_urlencoded::Serializer::new(String::new());
            let body = form.append_pair("logout_token", &token.signed()).finish().into();
            let media = http::HeaderValue::from_static("application/x-www-form-urlencoded");
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, media)]);
            parcels.push(Parcel { uri, client_id: Some(client.id), headers, body, counts_attempts: None });
        }
        parcels
    }
}
