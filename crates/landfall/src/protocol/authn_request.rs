//! The authentication request: what a sign-in asks the provider for (OpenID Connect Core §3.1.2.1).
//!
//! Apart from [`authorize`](super::authorization_request), which writes the URL, because it is known long before there is a
//! URL: a guard words it, a sealed link or a pending login carries it, and the callback reads again what was asked
//! for. What is configured (scopes, classes, maximum age) is not in here; `flow::login` joins the two.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::protocol::auth_level::AuthLevel;

/// What the provider is asked to do with the person (OpenID Connect Core §3.1.2.1, `prompt`).
///
/// ```
/// use landfall::Prompt;
///
/// assert_eq!(Prompt::SelectAccount.name(), "select_account");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Prompt {
    /// Ask for consent again. Some providers give a refresh token only then.
    Consent,
    /// Sign in again, whoever is signed in at the provider.
    Login,
    /// Show nothing: answer from the provider's own session, or fail. A failure starts over without this.
    None,
    /// Let the person choose an account.
    SelectAccount,
}

impl Prompt {
    /// The value on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Login => "login",
            Self::None => "none",
            Self::SelectAccount => "select_account",
        }
    }
}

/// What a sign-in asks the provider for beyond what is configured.
///
/// It is sealed into links and pending logins in postcard, which knows fields by their order: they are only ever
/// added behind the last one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuthnRequest {
    /// `None` leaves it to the provider.
    pub(crate) prompt: Option<Prompt>,
    /// Who will probably sign in, as the provider knows them. It proves nothing.
    pub(crate) login_hint: Option<String>,
    /// Languages for the provider's pages, best first, separated by spaces.
    pub(crate) ui_locales: Option<String>,
    /// How long ago the person may have authenticated. Checked against `auth_time` afterwards.
    pub(crate) max_age: Option<Duration>,
    /// The classes of which a guard demands one. Unlike `acr_values` in OpenID Connect, they are held against the
    /// answer.
    pub(crate) acr_values: Vec<String>,
    /// The level that a guard demands at least. Held against the answer as well.
    pub(crate) auth_level: Option<AuthLevel>,
    /// Scopes beyond the configured ones.
    pub(crate) scopes: Vec<String>,
    /// Scopes that were granted before, not to be lost where something else is asked for.
    pub(crate) kept_scopes: Vec<String>,
    /// What whoever is signed in lacks; `None` where nobody is.
    pub(crate) insufficient: Option<Insufficient>,
    /// The class of the authentication there is, not to be lost where something else is asked for. Asked for, not
    /// demanded.
    pub(crate) kept_acr: Option<String>,
}

/// What somebody who is signed in lacks: it chooses the challenge of RFC 9470 §3 or RFC 6750 §3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Insufficient {
    /// A stronger or fresher authentication.
    Authentication,
    /// A scope.
    Scope,
}
