//! What an application gives a session that it begins itself.
//!
//! The values stand beside the identity: who somebody is is one thing, what this session of theirs may do another.

use serde::Serialize;

use super::identity::Identity;
use super::label::label;
use crate::error::{Error, ErrorCode};
use crate::protocol::auth_level::AuthLevel;

/// What a session is given that the application begins itself: how the person was authenticated, roles, data, a label.
///
/// Taken by [`Visit::sign_in`](crate::Visit::sign_in) and [`Sessions::create_with`](crate::Sessions::create_with).
///
/// ```
/// use landfall::{AuthLevel, SignInOptions};
///
/// # fn options(user_agent: &str) -> Result<SignInOptions, landfall::Error> {
/// let options = SignInOptions::new()
///     .method("hwk")
///     .auth_level(AuthLevel::Aal2)
///     .role("staff")
///     .browser(user_agent)
///     .data(&["dark mode"])?;
/// # Ok(options)
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct SignInOptions {
    pub(crate) method: Option<Box<str>>,
    pub(crate) label: Option<String>,
    roles: Vec<String>,
    data: Option<String>,
    auth_level: Option<AuthLevel>,
}

impl SignInOptions {
    /// Nothing beyond who it is.
    pub fn new() -> Self {
        Self::default()
    }

    /// How the person was authenticated, in a word of RFC 8176 §2: `pwd`, `otp`, `hwk`, `mfa`. Asked for by
    /// [`SignedIn::method`](crate::SignedIn::method).
    pub fn method(mut self, method: impl Into<Box<str>>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// How strong that was, in place of what the identity says of it. Where neither says a level, no guard that demands one
    /// is met.
    pub fn auth_level(mut self, level: AuthLevel) -> Self {
        self.auth_level = Some(level);
        self
    }

    /// Adds a role to those of the identity.
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// What the session is called in [`Sessions::list`](crate::Sessions::list).
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Calls the session after the browser, as a sign-in at a provider does: `Firefox on Windows` out of a User-Agent
    /// header. One that says nothing that can be shown leaves the label as it is.
    pub fn browser(mut self, user_agent: &str) -> Self {
        self.label = label(user_agent.as_bytes()).or(self.label);
        self
    }

    /// Keeps something of the application's own with the session, for
    /// [`SignedIn::data`](crate::SignedIn::data) to give back.
    ///
    /// # Errors
    /// When it is no JSON.
    pub fn data<T: Serialize>(mut self, data: &T) -> Result<Self, Error> {
        self.data = Some(serde_json::to_string(data).map_err(|error| {
            Error::new(ErrorCode::Misconfigured).detail("the data of a sign-in is no JSON").source(error)
        })?);
        Ok(self)
    }

    /// The identity with what belongs to it.
    pub(crate) fn applied_to(&self, mut identity: Identity) -> Identity {
        if let Some(level) = self.auth_level {
            identity.acr = Some(level.name().to_owned());
            identity.auth_level = Some(level);
        }
        identity.roles.extend(self.roles.iter().cloned());
        if let Some(data) = &self.data {
            identity.data.clone_from(data);
        }
        identity
    }
}
