//! The registered clients: the applications that may ask.

use landfall::{ClientAuth, Secret};
use url::Url;

use super::keys::Algorithm;

/// Whether people are asked what an application may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Consent {
    /// The application is trusted: nobody is asked.
    #[default]
    Given,
    /// A page lists the scopes this person has not granted to this application yet, and the answer is remembered.
    Remembered,
}

/// An application as the provider knows it.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) id: String,
    pub(crate) secret: Option<Secret<String>>,
    pub(crate) auth: Option<ClientAuth>,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) post_logout_redirect_uris: Vec<String>,
    pub(crate) backchannel_logout_uri: Option<String>,
    pub(crate) frontchannel_logout_uri: Option<String>,
    allowed_scopes: Option<Vec<String>>,
    grants_what_it_may: bool,
    pub(crate) consent: Consent,
    pub(crate) algorithm: Algorithm,
}

impl Client {
    /// A client; public until it is given a secret.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: None,
            auth: None,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            frontchannel_logout_uri: None,
            allowed_scopes: None,
            grants_what_it_may: false,
            consent: Consent::default(),
            algorithm: Algorithm::default(),
        }
    }

    /// Makes it a confidential client with this secret.
    #[must_use]
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.secret = Some(Secret::new(secret.into()));
        self
    }

    /// Insists on one way of authenticating. Otherwise Basic and Post are both good.
    #[must_use]
    pub fn auth(mut self, auth: ClientAuth) -> Self {
        self.auth = Some(auth);
        self
    }

    /// Registers a redirect URI; call it again for more. Compared character for character, except that one
    /// on a loopback address without a port is good for any port (RFC 8252 §7.3).
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uris.push(uri.into());
        self
    }

    /// Registers where a logout may return to; call it again for more.
    #[must_use]
    pub fn post_logout_redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.post_logout_redirect_uris.push(uri.into());
        self
    }

    /// Registers where logout tokens are posted to when a session at the provider ends. The provider calls loopback
    /// addresses over plain http; any other origin needs [`LocalProvider::route`](crate::LocalProvider::route).
    #[must_use]
    pub fn backchannel_logout_uri(mut self, uri: impl Into<String>) -> Self {
        self.backchannel_logout_uri = Some(uri.into());
        self
    }

    /// Registers what the provider's page shows in a frame when a session at the provider ends, with `iss` and
    /// `sid` behind whatever query it has.
    #[must_use]
    pub fn frontchannel_logout_uri(mut self, uri: impl Into<String>) -> Self {
        self.frontchannel_logout_uri = Some(uri.into());
        self
    }

    /// The scopes this client may ask for, `openid` besides; any other is answered with `invalid_scope`. Without
    /// such a list everything is granted.
    #[must_use]
    pub fn allowed_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.allowed_scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// A scope that is not allowed is left out of the grant, and no error.
    #[must_use]
    pub fn grants_what_it_may(mut self) -> Self {
        self.grants_what_it_may = true;
        self
    }

    /// Whether people are asked what this client may have. They are not, if nothing is said.
    #[must_use]
    pub fn consent(mut self, consent: Consent) -> Self {
        self.consent = consent;
        self
    }

    /// How this client's ID tokens and logout tokens are signed; RS256 if nothing is said.
    #[must_use]
    pub fn id_token_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// What is granted of these scopes.
    ///
    /// # Errors
    /// The scope that is not allowed.
    pub(crate) fn grantable(&self, mut scopes: Vec<String>) -> Result<Vec<String>, String> {
        let Some(allowed) = &self.allowed_scopes else { return Ok(scopes) };
        let may = |scope: &String| scope == "openid" || allowed.contains(scope);
        match scopes.iter().find(|scope| !may(scope)) {
            Some(refused) if !self.grants_what_it_may => Err(refused.clone()),
            _ => {
                scopes.retain(may);
                Ok(scopes)
            }
        }
    }

    pub(crate) fn knows_redirect_uri(&self, submitted: &str) -> bool {
        self.redirect_uris.iter().any(|known| known == submitted || same_but_for_the_port(known, submitted))
    }
}

/// RFC 8252 §7.3: only between loopback addresses, never for the name `localhost`.
fn same_but_for_the_port(registered: &str, submitted: &str) -> bool {
    let (Ok(registered), Ok(mut submitted)) = (Url::parse(registered), Url::parse(submitted)) else {
        return false;
    };
    let loopback = matches!(registered.host_str(), Some("127.0.0.1" | "[::1]"));
    loopback
        && registered.scheme() == "http"
        && registered.port().is_none()
        && submitted.set_port(None).is_ok()
        && submitted == registered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_uris_are_compared_character_for_character() {
        let client = Client::new("a")
            .redirect_uri("https://app.example.com/cb")
            .redirect_uri("http://127.0.0.1/cb")
            .redirect_uri("http://localhost/cb");
        assert!(client.knows_redirect_uri("https://app.example.com/cb"));
        assert!(!client.knows_redirect_uri("https://app.example.com/cb/"));
        assert!(!client.knows_redirect_uri("https://app.example.com:443/cb"));
        assert!(client.knows_redirect_uri("http://127.0.0.1:9999/cb"));
        assert!(!client.knows_redirect_uri("http://localhost:9999/cb"));
    }
}
