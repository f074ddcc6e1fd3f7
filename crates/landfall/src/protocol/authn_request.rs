//! The authentication request: what a sign-in asks the provider for (OpenID Connect Core §3.1.2.1).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::protocol::auth_level::AuthLevel;

/// What the provider is asked to do with the person (OpenID Connect Core §3.1.2.1, `prompt`).
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
/// It is sealed into links and pending logins: fields are only ever added behind the last one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuthnRequest {
    pub(crate) prompt: Option<Prompt>,
    pub(crate) login_hint: Option<String>,
    pub(crate) ui_locales: Option<String>,
    pub(crate) max_age: Option<Duration>,
    pub(crate) acr_values: Vec<String>,
    pub(crate) auth_level: Option<AuthLevel>,
    pub(crate) scopes: Vec<String>,
    /// Scopes that were granted before, not to be lost where something else is asked for.
    pub(crate) kept_scopes: Vec<String>,
    /// What whoever is signed in lacks; `None` where nobody is.
    pub(crate) insufficient: Option<Insufficient>,
    /// The class of the authentication there is, not to be lost where something else is asked for.
    pub(crate) kept_acr: Option<String>,
}

/// What somebody who is signed in lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Insufficient {
    /// A stronger or fresher authentication.
    Authentication,
    /// A scope.
    Scope,
}
