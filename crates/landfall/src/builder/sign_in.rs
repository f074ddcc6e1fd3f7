//! What the application has to say in a sign-in.
//!
//! The hook runs in `flow::approval`, on everything that was verified and before there is a session. Silent
//! sign-ins begin in `relying_party::silent`.

use std::future::Future;
use std::time::Duration;

use super::RelyingPartyBuilder;
use crate::browser::carried::MOST_PARAMETERS;
use crate::context::landing::SEALED_REQUEST;
use crate::context::sign_in_hook::{Declined, Hook, NewSignIn};
use crate::context::sign_in_page::FAILURE;
use crate::error::{ConfigError, printable};

/// The parameters of the login address and of the sign-in page that are ours to read.
const RESERVED: [&str; 7] =
    ["return_to", "redirect_uri", "iss", "login_hint", "target_link_uri", SEALED_REQUEST, FAILURE];

/// # What becomes of a sign-in
impl RelyingPartyBuilder {
    /// Asks the application about everybody who signs in, once all is verified and before there is a session:
    /// to turn somebody away with a sentence of its own, to make or find their account, to map claims to
    /// roles, or to keep something with the session. It runs at every sign-in, step-up included, and has 15
    /// seconds.
    ///
    /// It runs where all outbound work does, and must not block: under actix-web that is one thread for all of it,
    /// under axum the application's own runtime; see [`Self::runtime`].
    ///
    /// ```
    /// use landfall::{Declined, RelyingParty};
    ///
    /// let builder = RelyingParty::builder("https://acme.example").on_sign_in(|mut sign_in| async move {
    ///     let address = sign_in.identity().email().unwrap_or_default();
    ///     if !address.ends_with("@acme.example") || !sign_in.identity().email_verified() {
    ///         return Err(Declined::because("Please sign in with your work address."));
    ///     }
    ///     sign_in.set_roles(["staff"]);
    ///     Ok(sign_in)
    /// });
    /// # let _ = builder;
    /// ```
    pub fn on_sign_in<F>(mut self, hook: impl Fn(NewSignIn) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<NewSignIn, Declined>> + Send + 'static,
    {
        self.sign_in_hook = Some(Hook::new(hook));
        self
    }

    /// Lets these parameters of the login address through to the hook
    /// ([`NewSignIn::parameter`](crate::NewSignIn::parameter)): an invitation, a plan that somebody chose on a page of
    /// prices. Four at most, of 256 bytes each; a longer value is left out, and so is one that is there twice.
    ///
    /// Anybody may have worded them. A link to `/auth/login?invitation=…` can be sent to somebody else, who then signs in
    /// with it: ask on a page of the application's before it changes anything, and never connect accounts by it. What the
    /// application itself wants carried is [`SignInWanted::app_state`](crate::SignInWanted::app_state). A sign-in that a
    /// third party starts (`iss`) brings none of them.
    ///
    /// ```
    /// let builder = landfall::RelyingParty::builder("https://acme.example").login_parameters(["invitation"]);
    /// # let _ = builder;
    /// ```
    pub fn login_parameters<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.sign_in.parameters = names.into_iter().map(Into::into).collect();
        self
    }

    /// Holds the names of [`login_parameters`](Self::login_parameters) against those of ours.
    ///
    /// # Errors
    /// Names the setting, and the name that cannot be.
    pub(super) fn check_login_parameters(&self) -> Result<(), ConfigError> {
        let names = &self.sign_in.parameters;
        if names.len() > MOST_PARAMETERS {
            let remedy = "name four at most: they travel in a cookie";
            return Err(ConfigError::new("login_parameters", format!("{} names", names.len()), remedy));
        }
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        let is_name = |name: &str| (1..=32).contains(&name.len()) && name.bytes().all(is_plain);
        match names.iter().find(|name| !is_name(name) || RESERVED.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(ConfigError::new(
                "login_parameters",
                format!("{:?} cannot be one", printable(name)),
                "give names of 32 lower-case letters, digits, - and _ at most, and none of the login address's own",
            )),
        }
    }

    /// Takes the authentication level and the name of the provider's session (`auth_level`, `sid`) from the access
    /// token where the ID token does not have them, as an `IntelliAuth` tenant writes them. The token
    /// must be a JWT of the issuer's about the same subject, and its signature is verified. Off by default, since
    /// an access token is no business of a client's (RFC 9068 §6); on where the environment names an `IntelliAuth`
    /// tenant (`INTELLIAUTH_TENANT_URL`).
    pub fn read_access_token(mut self) -> Self {
        self.client.settings.read_access_token = true;
        self
    }

    /// Signs people in silently who have been here before: a browser that was signed in and is not any more is
    /// sent to the provider once, when it opens a page, to come back signed in or as it went, without having
    /// been asked anything (`prompt=none`). Whatever comes of it, that browser is not sent again before `period`
    /// is over; at least a minute. A person who signed out here is not.
    ///
    /// A session that the application ends elsewhere (`Sessions::end_others`) is over, and its browser may come
    /// back this way while the provider's own session stands: end that one, too, where it matters.
    pub fn silent_sign_in(mut self, period: Duration) -> Self {
        self.sign_in.silent = Some(period);
        self
    }
}
