//! What a sign-in is wanted for. It may travel through a link, for a script, htmx or a person to follow later;
//! there it is sealed, so the login address takes wishes from nobody else.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Entropy;
use crate::crypto::seal::Sealer;
use crate::protocol::auth_level::AuthLevel;

const AAD: &[u8] = b"wish";
/// A link that grows longer loses its wish: the page asks again, and the log says so.
const MAX_WISH: usize = 2048;

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

/// What a sign-in is wanted for. As it is sealed: what another release wrote may be no wish, and is then none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wish {
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
    pub(crate) lacking: Option<Lacking>,
    /// The class of the authentication there is, not to be lost where something else is asked for.
    pub(crate) kept_acr: Option<String>,
}

/// What somebody who is signed in lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Lacking {
    /// A stronger or fresher authentication.
    Authentication,
    /// A scope.
    Scope,
}

impl Wish {
    /// The wish as the value of a parameter; `None` where there is nothing to wish for.
    pub(crate) fn seal(&self, sealer: &Sealer, entropy: &dyn Entropy) -> Option<String> {
        if *self == Self::default() {
            return None;
        }
        let bytes = postcard::to_allocvec(self).ok()?;
        if bytes.len() > MAX_WISH {
            tracing::warn!(bytes = bytes.len(), "what a page demands does not fit a link: it is left out");
            return None;
        }
        sealer.seal(entropy, AAD, &bytes).ok()
    }

    /// What `seal` sealed.
    pub(crate) fn open(text: &str, sealer: &Sealer) -> Option<Self> {
        let plain = sealer.open(AAD, text.as_bytes()).plain()?;
        postcard::from_bytes(&plain).ok()
    }
}
