//! The application's say in a sign-in: it maps claims, adds what it knows, or turns somebody away.
//!
//! Here are the types that the application sees and the hook itself. When it is asked, how long it may take and
//! what of its answer is believed is in `flow/approval.rs`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::provider_tokens::ProviderTokens;
use super::sign_in_trip::SignInTrip;
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
    /// What the provider gave.
    tokens: ProviderTokens,
    /// What surrounds it.
    pub(crate) trip: SignInTrip,
    /// What the application answers.
    pub(crate) outcome: Outcome,
}

/// What comes of a sign-in that the application approved.
#[derive(Debug, Default)]
pub(crate) enum Outcome {
    /// A session of ours.
    #[default]
    Session,
    /// An answer of the application's own in its place.
    Answer(Response<Bytes>),
}

impl NewSignIn {
    pub(crate) fn new(
        identity: Identity,
        claims: Map<String, Value>,
        tokens: ProviderTokens,
        trip: SignInTrip,
    ) -> Self {
        Self { identity, claims, tokens, trip, outcome: Outcome::Session }
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
        self.tokens.access_token().unwrap_or_default()
    }

    /// What the provider gave, for an application that keeps it itself. A session of ours keeps it where there is a store.
    pub fn tokens(&self) -> &ProviderTokens {
        &self.tokens
    }

    /// Answers the browser with this in place of a session of ours: with the application's own session or token, with JSON
    /// for a page that exchanged its code. No session of ours begins, and the one that the browser had ends.
    ///
    /// The answer leaves with our cookies cleared and `no-store`, and it is sent once. A callback that comes again (reload,
    /// double click, back button) asks nobody and repeats nothing of it: it leads to [`destination`](Self::destination), so
    /// a page there should do for whoever has the application's own cookie. What is in it by then, the browser has; the work
    /// up to here goes on when it hangs up, so what the hook wrote is whole or not there.
    ///
    /// A cookie of ours in it fails the sign-in, as does a status below 200, and the tokens are given back.
    ///
    /// ```
    /// use landfall::{Declined, NewSignIn};
    ///
    /// # async fn begin_session(_: &str) -> Result<String, std::io::Error> { Ok(String::new()) }
    /// async fn own_session(sign_in: NewSignIn) -> Result<NewSignIn, Declined> {
    ///     let session = begin_session(sign_in.identity().subject()).await?;
    ///     let lands_at = sign_in.destination().map_or("/", |destination| destination.as_str()).to_owned();
    ///     let answer = http::Response::builder()
    ///         .status(303)
    ///         .header("location", lands_at)
    ///         .header("set-cookie", format!("__Host-sid={session}; Path=/; Secure; HttpOnly; SameSite=Lax"))
    ///         .body("")?;
    ///     Ok(sign_in.answer(answer))
    /// }
    /// # let _ = own_session;
    /// ```
    #[must_use = "the answer is what comes back: return it"]
    pub fn answer(mut self, response: Response<impl Into<Bytes>>) -> Self {
        self.outcome = Outcome::Answer(response.map(Into::into));
        self
    }

    /// Gives the person these roles in place of those that the claims name. The claims themselves stay as the
    /// provider said them.
    ///
    /// ```
    /// use landfall::{Declined, NewSignIn};
    ///
    /// # async fn roles_of(_: &str) -> Result<Vec<String>, std::io::Error> { Ok(Vec::new()) }
    /// async fn own_roles(mut sign_in: NewSignIn) -> Result<NewSignIn, Declined> {
    ///     let roles = roles_of(sign_in.identity().subject()).await?;
    ///     sign_in.set_roles(roles);
    ///     Ok(sign_in)
    /// }
    /// # let _ = own_roles;
    /// ```
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
