//! The application's say in a sign-in: it maps claims, adds what it knows, or turns somebody away.
//!
//! Here are the types that the application sees and the hook itself. When it is asked, how long it may take and
//! what of its answer is believed is in `flow/approval.rs`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::sign_in_trip::SignInTrip;
use crate::crypto::secret::Secret;
use crate::error::{Error, ErrorCode};
use crate::session::{ClaimsOf, Identity, claims_error};

/// Somebody who has just come back from the provider, verified, before they have a session; see
/// [`RelyingPartyBuilder::on_sign_in`](crate::RelyingPartyBuilder::on_sign_in).
///
/// ```
/// use landfall::{Declined, NewSignIn, RelyingParty};
///
/// async fn admit(mut sign_in: NewSignIn) -> Result<NewSignIn, Declined> {
///     let claims: serde_json::Value = sign_in.claims()?;
///     if claims["department"] != "finance" {
///         return Err(Declined::because("This application is for the finance department."));
///     }
///     sign_in.set_data(&claims["cost_center"])?;
///     Ok(sign_in)
/// }
///
/// let builder = RelyingParty::builder("https://acme.example").on_sign_in(admit);
/// # let _ = builder;
/// ```
#[derive(Debug)]
pub struct NewSignIn {
    pub(crate) identity: Identity,
    /// Every claim of the ID token and of userinfo, merged. The session keeps some of them.
    claims: Map<String, Value>,
    access_token: Secret<String>,
    /// What surrounds it.
    pub(crate) trip: SignInTrip,
}

impl NewSignIn {
    pub(crate) fn new(
        identity: Identity,
        claims: Map<String, Value>,
        access_token: Secret<String>,
        trip: SignInTrip,
    ) -> Self {
        Self { identity, claims, access_token, trip }
    }

    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Every claim of the ID token and of userinfo, as a type of the application's: also those that the
    /// session does not keep.
    ///
    /// # Errors
    /// [`ErrorCode::Misconfigured`] when the claims do not fit the type.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, Error> {
        // The error's own words may quote a claim.
        T::deserialize(Value::Object(self.claims.clone()))
            .map_err(|_| claims_error::<T>(self.claims.clone(), ClaimsOf::SignIn))
    }

    /// The access token, to ask the provider or an API for more. Keep it out of logs and pages.
    pub fn access_token(&self) -> &str {
        self.access_token.expose()
    }

    /// Gives the person these roles in place of those that the claims name. The claims themselves stay as the
    /// provider said them.
    pub fn set_roles<S: Into<String>>(&mut self, roles: impl IntoIterator<Item = S>) {
        self.identity.roles = roles.into_iter().map(Into::into).collect();
    }

    /// Keeps this with the session, to be had by [`SignedIn::data`](crate::SignedIn::data). Without a store it
    /// has to fit the cookie.
    ///
    /// # Errors
    /// [`ErrorCode::Misconfigured`] when it cannot be written as JSON.
    pub fn set_data<T: Serialize>(&mut self, data: &T) -> Result<(), Error> {
        self.identity.data = serde_json::to_string(data).map_err(|error| {
            Error::new(ErrorCode::Misconfigured).detail("the data of a sign-in is no JSON").source(error)
        })?;
        Ok(())
    }
}

/// Why the application lets somebody not sign in: by its own decision, with a sentence for the person, or
/// because something of its own failed, which `?` turns into this.
///
/// ```
/// use landfall::Declined;
///
/// let declined = Declined::because("Your account is closed. Write to help@example.com.");
/// # let _ = declined;
/// fn look_up() -> Result<(), Declined> {
///     let port: u16 = "no number".parse()?;
///     # let _ = port;
///     Ok(())
/// }
/// assert!(look_up().is_err());
/// ```
#[derive(Debug)]
#[must_use]
pub struct Declined(pub(crate) Error);

impl Declined {
    /// The person reads this sentence, as text, and nothing else.
    pub fn because(sentence: impl Into<String>) -> Self {
        let sentence = sentence.into();
        let detail = format!("the application declined: {}", crate::error::printable(&sentence));
        Self(Error::new(ErrorCode::SignInRejected).detail(detail).says(sentence))
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Declined {
    fn from(error: E) -> Self {
        Self(Error::new(ErrorCode::ApplicationFailed).source(error))
    }
}

/// What the hook's future brings.
type Answer = Pin<Box<dyn Future<Output = Result<NewSignIn, Declined>> + Send>>;

/// What the application does with a sign-in, whatever type its function has.
pub(crate) struct Hook(Box<dyn Fn(NewSignIn) -> Answer + Send + Sync>);

impl Hook {
    pub(crate) fn new<F>(hook: impl Fn(NewSignIn) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<NewSignIn, Declined>> + Send + 'static,
    {
        Self(Box::new(move |sign_in| Box::pin(hook(sign_in))))
    }

    /// Asks the application. Whoever calls it bounds the time, and looks at whose sign-in comes back.
    pub(crate) async fn ask(&self, sign_in: NewSignIn) -> Result<NewSignIn, Declined> {
        (self.0)(sign_in).await
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}
