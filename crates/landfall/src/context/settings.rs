//! What the builder checked: how this relying party signs people in.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::address::return_to::ReturnTo;
use crate::address::trusted_proxies::TrustedProxies;
use crate::crypto::secret::Secret;
use crate::error::ConfigError;
use crate::protocol::algorithm::SigningAlgorithm;
use crate::protocol::client_auth::{ClientAuth, Credentials};

/// When the userinfo endpoint is asked (OpenID Connect Core §5.3).
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

#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub(crate) struct Settings {
    pub(crate) issuer: Arc<str>,
    pub(crate) client_id: String,
    pub(crate) secret: SecretSource,
    pub(crate) client_auth: ClientAuth,
    pub(crate) scope: String,
    pub(crate) audience: Option<String>,
    pub(crate) extra_parameters: Vec<(String, String)>,
    pub(crate) form_post: bool,
    pub(crate) userinfo: Userinfo,
    pub(crate) algorithms: Vec<SigningAlgorithm>,
    pub(crate) trusted_audiences: Vec<String>,
    pub(crate) max_age: Option<Duration>,
    pub(crate) acr_values: Vec<String>,
    pub(crate) acr_essential: bool,
    pub(crate) leeway: Duration,
    pub(crate) login_lifetime: Duration,
    pub(crate) paths: Paths,
    /// How long the body of one of our own endpoints may take to come.
    pub(crate) body_timeout: Duration,
    /// What webhooks are signed with; any of them will do.
    pub(crate) webhook_secrets: Vec<Secret<String>>,
    pub(crate) default_return_to: String,
    pub(crate) after_logout: String,
    pub(crate) cross_site: Vec<String>,
    /// Whether the part of an address behind `#` is kept across a sign-in.
    pub(crate) keep_fragments: bool,
    /// The addresses whose posted forms are kept across a sign-in, with all below them.
    pub(crate) keep_forms: Vec<String>,
    /// The largest form to keep, in bytes.
    pub(crate) kept_form_limit: usize,
    /// Where single-page applications take the provider's answer themselves.
    pub(crate) spa_callbacks: Vec<SpaCallback>,
    /// What a request that changes something must carry beside the cookie (lower case).
    pub(crate) required_header: Option<String>,
    /// Whose word is taken about the address that a browser asked for.
    pub(crate) proxies: TrustedProxies,
    /// Whether the access token may say what the ID token does not.
    pub(crate) read_access_token: bool,
    /// The claim that holds the roles.
    pub(crate) role_claim: String,
    /// How often a returning browser is signed in silently at most; `None` for never.
    pub(crate) silent_sign_in: Option<Duration>,
    /// The claims that go into a sealed cookie beside the standard few.
    pub(crate) keep_claims: Vec<String>,
    /// Tokens and every claim are kept: in a store, or by a native application.
    pub(crate) keeps_tokens: bool,
}

/// Our own paths, below the base path.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    pub(crate) login: String,
    pub(crate) callback: String,
    pub(crate) logout: String,
    pub(crate) session: String,
    pub(crate) exchange: String,
    /// Where a kept form is sent from.
    pub(crate) resume: String,
    /// `None` where no store could end a session.
    pub(crate) backchannel_logout: Option<String>,
    pub(crate) frontchannel_logout: String,
    /// `None` without a secret that proves who posts there.
    pub(crate) webhook: Option<String>,
}

/// A redirect URI that is a route of a single-page application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpaCallback {
    /// As configured, byte for byte.
    pub(crate) literal: String,
    /// As browsers write it in an Origin header.
    pub(crate) origin: String,
    pub(crate) path: String,
}

impl SpaCallback {
    /// Where its pages begin: the route's folder.
    pub(crate) fn home(&self) -> ReturnTo {
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        ReturnTo::parse(&format!("{folder}/")).unwrap_or_default()
    }
}

/// Which claims a session keeps beside the standard few.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kept<'a> {
    All,
    Named(&'a [String]),
}

impl Settings {
    pub(crate) fn kept_claims(&self) -> Kept<'_> {
        if self.keeps_tokens { Kept::All } else { Kept::Named(&self.keep_claims) }
    }

    pub(crate) fn credentials(&self) -> Credentials {
        Credentials {
            client_id: self.client_id.clone(),
            secret: self.secret.current(),
            method: self.client_auth,
        }
    }

    /// Reads the secret's file again; whether there is another one now than the one that was refused.
    pub(crate) fn reload_secret(&self, refused: &Credentials) -> bool {
        let SecretSource::File { path, current } = &self.secret else { return false };
        let Ok(fresh) = read_secret(path) else { return false };
        let changed = refused.secret.as_ref().is_none_or(|old| !old.matches(fresh.expose().as_bytes()));
        *current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        changed
    }
}

/// Where the client secret comes from.
#[derive(Debug)]
pub(crate) enum SecretSource {
    None,
    Value(Secret<String>),
    /// Read again when the provider refuses the client: secrets are rotated with an overlap.
    File {
        path: PathBuf,
        current: RwLock<Secret<String>>,
    },
}

impl SecretSource {
    pub(crate) fn file(path: PathBuf) -> Result<Self, ConfigError> {
        let current = RwLock::new(read_secret(&path)?);
        Ok(Self::File { path, current })
    }

    pub(crate) fn current(&self) -> Option<Secret<String>> {
        match self {
            Self::None => None,
            Self::Value(secret) => Some(secret.clone()),
            Self::File { current, .. } => {
                Some(current.read().unwrap_or_else(PoisonError::into_inner).clone())
            }
        }
    }
}

fn read_secret(path: &std::path::Path) -> Result<Secret<String>, ConfigError> {
    let wrong =
        |problem: &str| ConfigError::new("client_secret_file", problem, "name a file that holds the secret");
    let text = std::fs::read_to_string(path)
        .map_err(|error| wrong(&format!("cannot be read ({})", error.kind())))?;
    let text = Secret::new(text);
    let secret = text.expose().trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(wrong("the file is empty"));
    }
    Ok(Secret::from(secret))
}
