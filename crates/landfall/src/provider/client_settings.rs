//! What the provider is asked for, and what is demanded of its answer.
//!
//! These are settings of one client, not of the application: a second provider has its own. What one sign-in asks for
//! beyond them is in [`crate::protocol::authn_request`].

use std::time::Duration;

use crate::protocol::algorithm::SigningAlgorithm;
use crate::protocol::roles::RoleRules;

/// When the userinfo endpoint is asked (OpenID Connect Core §5.3).
///
/// ```
/// use landfall::{RelyingParty, Userinfo};
///
/// let builder = RelyingParty::builder("https://id.example").userinfo(Userinfo::Never);
/// # let _ = builder;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Userinfo {
    /// When the granted scopes promise a name or an e-mail address that the ID token does not hold. If it
    /// cannot be had, the sign-in goes on without it; an answer about somebody else ends the sign-in.
    #[default]
    Auto,
    /// At every sign-in; without an answer there is none.
    Always,
    /// Never.
    Never,
}

/// How one client signs people in at its provider. The builder fills it, and it is moved whole.
#[derive(Debug)]
pub(crate) struct ClientSettings {
    /// What a sign-in page calls the provider; `None` for its host.
    pub(crate) provider_name: Option<String>,
    /// The API that the access token is for.
    pub(crate) audience: Option<String>,
    /// Further parameters of the authorization request.
    pub(crate) extra_parameters: Vec<(String, String)>,
    /// Whether the provider posts its answer (OAuth 2.0 Form Post Response Mode).
    pub(crate) form_post: bool,
    pub(crate) userinfo: Userinfo,
    /// How an ID token may be signed.
    pub(crate) algorithms: Vec<SigningAlgorithm>,
    /// Audiences that a token may have beside this client.
    pub(crate) trusted_audiences: Vec<String>,
    /// How old every authentication may be.
    pub(crate) max_age: Option<Duration>,
    /// The authentication context classes to ask for.
    pub(crate) acr_values: Vec<String>,
    /// Whether one of them must have been met.
    pub(crate) acr_essential: bool,
    /// Whether the access token may say what the ID token does not.
    pub(crate) read_access_token: bool,
    /// Which claim holds the roles, and what is made of it.
    pub(crate) roles: RoleRules,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            provider_name: None,
            audience: None,
            extra_parameters: Vec::new(),
            form_post: false,
            userinfo: Userinfo::default(),
            algorithms: vec![SigningAlgorithm::Rs256],
            trusted_audiences: Vec::new(),
            max_age: None,
            acr_values: Vec::new(),
            acr_essential: false,
            read_access_token: false,
            roles: RoleRules::default(),
        }
    }
}
