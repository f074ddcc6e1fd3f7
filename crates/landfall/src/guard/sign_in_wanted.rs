//! What an extractor, a guard or a handler asks the layer for, and the plain 401 that stands if no layer hears
//! it.
//!
//! Starting a sign-in takes the provider's metadata, randomness and cookies, and none of those is at hand where a
//! page says that it needs somebody. So the page answers with a [`SignInWanted`], and the layer acts on it:
//! `visit/challenge.rs` on the way out, `flow/login.rs` for the trip itself.

use std::time::Duration;

use crate::address::return_to::ReturnTo;
use crate::browser::carried::{AppState, Carried};
use crate::error::Error;
use crate::protocol::auth_level::AuthLevel;
use crate::protocol::authn_request::{AuthnRequest, Prompt};
use crate::web::reply::Reply;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use serde::Serialize;

/// Put into a 401's extensions: "this needs somebody signed in".
///
/// Extractors, guards and handlers cannot start a sign-in themselves; the layer, which owns the cookies,
/// turns the response that carries this into a redirect to the provider, or leaves a 401 for a request that
/// cannot follow one. If something in between rebuilds the response, it stays the safe 401.
///
/// ```
/// use landfall::{Prompt, SignInWanted};
///
/// // A handler that lets a person sign in as somebody else:
/// let wanted = SignInWanted::new().prompt(Prompt::SelectAccount).login_hint("ada@example.com");
/// assert_eq!(wanted.reply().status(), 401);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct SignInWanted {
    /// What to ask the provider for. Boxed because an error is large on the good path too.
    pub(crate) request: Box<AuthnRequest>,
    /// Where to land; `None` for the page that was asked for.
    pub(crate) return_to: Option<ReturnTo>,
    /// What it carries for the application; `None` for nothing.
    pub(crate) carried: Option<Box<Carried>>,
}

impl SignInWanted {
    /// Asks for a sign-in as the relying party is configured.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the provider is to do with the person. [`Prompt::None`] asks for an answer without showing them
    /// anything.
    pub fn prompt(mut self, prompt: Prompt) -> Self {
        self.request.prompt = Some(prompt);
        self
    }

    /// Who will probably sign in: an e-mail address or a user name, as the provider knows it.
    pub fn login_hint(mut self, hint: impl Into<String>) -> Self {
        self.request.login_hint = Some(hint.into());
        self
    }

    /// The languages to show, best first, space-separated (BCP 47).
    pub fn ui_locales(mut self, locales: impl Into<String>) -> Self {
        self.request.ui_locales = Some(locales.into());
        self
    }

    /// The authentication may be no older than this; whole seconds, a fraction is cut off. Of this and the
    /// configured limit the stricter one holds. The answer is checked: an older authentication gets one more trip
    /// with [`Prompt::Login`], and is then refused.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.request.max_age = Some(age);
        self
    }

    /// The authentication must be of one of these classes (OpenID Connect Core §3.1.2.1). The answer is checked:
    /// one of another class is refused. Replaces what an earlier call named.
    pub fn acr_values<S: Into<String>>(mut self, values: impl IntoIterator<Item = S>) -> Self {
        self.request.acr_values = values.into_iter().map(Into::into).collect();
        self
    }

    /// The authentication must be at least this strong. The answer is checked.
    pub fn auth_level(mut self, level: AuthLevel) -> Self {
        self.request.auth_level = Some(level);
        self
    }

    /// Scopes to ask for beside the configured ones; each item may hold several with spaces between. What is
    /// granted is in [`Identity::scopes`](crate::Identity::scopes), and may be less.
    ///
    /// ```
    /// use landfall::SignInWanted;
    ///
    /// let wanted = SignInWanted::new().scopes(["calendar.read contacts.read"]);
    /// assert_eq!(wanted, SignInWanted::new().scopes(["calendar.read", "contacts.read"]));
    /// ```
    pub fn scopes<S: AsRef<str>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        for scope in scopes {
            self.request.scopes.extend(scope.as_ref().split_ascii_whitespace().map(str::to_owned));
        }
        self
    }

    /// Where to land, if not on the page that was asked for.
    pub fn return_to(mut self, destination: ReturnTo) -> Self {
        self.return_to = Some(destination);
        self
    }

    /// Carries this through the sign-in, to be had in the hook by [`NewSignIn::app_state`](crate::NewSignIn::app_state):
    /// what an account is to be connected with, a cart, the step of a form. It is sealed, and opens within an hour for
    /// whoever asked: for this very session, or where nobody is signed in for this browser. Opened by anybody else it is
    /// not there, and the sign-in goes on without. Replaces what an earlier call gave.
    ///
    /// It goes where this value goes: returned by a handler or given to
    /// [`Visit::login_url_for`](crate::Visit::login_url_for). What a link in a mail brings is something else: see
    /// [`login_parameters`](crate::RelyingPartyBuilder::login_parameters).
    ///
    /// ```
    /// use landfall::{Error, SignInWanted};
    ///
    /// fn connect(account: u64) -> Result<SignInWanted, Error> {
    ///     SignInWanted::new().app_state(&account)
    /// }
    /// # assert!(connect(17).is_ok());
    /// ```
    ///
    /// # Errors
    /// [`ErrorCode::Misconfigured`](crate::ErrorCode::Misconfigured) when it is no JSON, or longer than 512 bytes as that;
    /// the detail says how long it is.
    pub fn app_state<T: Serialize>(mut self, state: &T) -> Result<Self, Error> {
        self.carried.get_or_insert_default().state = Some(AppState::of(state)?);
        Ok(self)
    }

    /// Where to land, where that was said.
    pub fn lands_at(&self) -> Option<&ReturnTo> {
        self.return_to.as_ref()
    }

    /// Whether somebody who is signed in lacks something, and it is more that is asked for.
    pub fn is_step_up(&self) -> bool {
        self.request.insufficient.is_some()
    }

    /// Whether it asks for more than that somebody is there, of the person who is: not where they sign in anew.
    pub(crate) fn asks_for_more(&self) -> bool {
        let request = &self.request;
        let anew = matches!(request.prompt, Some(Prompt::Login | Prompt::SelectAccount));
        let more = request.auth_level.is_some()
            || request.max_age.is_some()
            || !request.acr_values.is_empty()
            || !request.scopes.is_empty();
        request.insufficient.is_some() || (more && !anew)
    }

    /// How old the authentication may be at most, if that is asked for: whoever signs in now is new enough.
    pub fn wants_max_age(&self) -> Option<Duration> {
        self.request.max_age
    }

    /// How strong the authentication has to be, if that is asked for.
    pub fn wants_auth_level(&self) -> Option<AuthLevel> {
        self.request.auth_level
    }

    /// The plain 401 that carries this in its extensions. The layer replaces it; without a layer it is what the
    /// client gets, and it is safe to get: no redirect, no cookie, not to be stored.
    pub fn reply(self) -> Reply {
        let mut reply = Reply::new(Bytes::from_static(b"{\"status\":401,\"title\":\"Sign-in required\"}"));
        *reply.status_mut() = http::StatusCode::UNAUTHORIZED;
        let headers = reply.headers_mut();
        headers.insert(CONTENT_TYPE, http::HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
        headers.insert(WWW_AUTHENTICATE, http::HeaderValue::from_static("Cookie realm=\"sign-in\""));
        reply.extensions_mut().insert(self);
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_keeps_all_that_was_asked_for() {
        let destination = ReturnTo::parse("/reports").unwrap();
        let wanted = SignInWanted::new()
            .prompt(Prompt::Login)
            .login_hint("ada")
            .ui_locales("de en")
            .max_age(Duration::from_secs(60))
            .acr_values(["gone"])
            .acr_values(["a", "b"])
            .auth_level(AuthLevel::Aal2)
            .scopes(["x y"])
            .scopes(["z"])
            .return_to(destination.clone());
        let request = AuthnRequest {
            prompt: Some(Prompt::Login),
            login_hint: Some("ada".to_owned()),
            ui_locales: Some("de en".to_owned()),
            max_age: Some(Duration::from_secs(60)),
            acr_values: vec!["a".to_owned(), "b".to_owned()],
            auth_level: Some(AuthLevel::Aal2),
            scopes: ["x", "y", "z"].map(str::to_owned).to_vec(),
            ..AuthnRequest::default()
        };
        assert_eq!(
            wanted,
            SignInWanted { request: Box::new(request), return_to: Some(destination), carried: None }
        );
    }

    #[test]
    fn without_a_layer_it_is_a_401_that_nobody_stores_and_that_carries_the_wish() {
        let wanted = SignInWanted::new().login_hint("ada");
        let reply = wanted.clone().reply();
        assert_eq!(reply.status(), 401);
        assert_eq!(reply.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(reply.headers()[WWW_AUTHENTICATE], "Cookie realm=\"sign-in\"");
        assert_eq!(reply.headers()[CONTENT_TYPE], "application/problem+json");
        assert_eq!(reply.extensions().get::<SignInWanted>(), Some(&wanted));
    }
}
