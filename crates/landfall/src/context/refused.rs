//! A refusal: what went wrong, and what the answer may offer to do about it.
//!
//! [`Refused`] is what travels from a check to an answer; [`refusal`](super::error_reply) writes the answer. It
//! stands above [`Error`], which is on the ground floor and may not know what a sign-in is. A [`Failure`] is one that
//! a handler returned without the request at hand: it travels in the extensions of a plain answer.

use std::sync::Arc;

use crate::error::Error;
use crate::guard::sign_in_wanted::SignInWanted;

/// An error on its way to a person, with the way on where there is one.
///
/// An [`Error`] says what went wrong and knows nothing of sign-ins; what a page may offer stands beside it.
#[derive(Debug)]
pub struct Refused {
    /// What went wrong. It alone decides the status.
    pub(crate) error: Error,
    /// The way on; `None` for the one that the error code implies, if it implies one.
    pub(crate) offer: Option<Offer>,
}

/// What an answer offers the person, beyond what its error code offers by itself.
#[derive(Debug)]
pub(crate) enum Offer {
    /// A sign-in that asks the provider for this.
    SignIn(Box<SignInWanted>),
    /// The page that was meant, as a URL under another base URL. Offered on loopback alone, where the developer
    /// looks.
    OpenAt(String),
}

impl Refused {
    /// What went wrong.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// Offers a sign-in.
    pub(crate) fn sign_in(error: Error, wanted: SignInWanted) -> Self {
        Self { error, offer: Some(Offer::SignIn(Box::new(wanted))) }
    }

    /// Offers the page that was meant.
    pub(crate) fn open_at(error: Error, url: String) -> Self {
        Self { error, offer: Some(Offer::OpenAt(url)) }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self { error, offer: None }
    }
}

/// In the extensions of a plain answer: what failed, for whoever knows the request and can say it as the visitor asked.
///
/// A handler's `?` has no visit at hand, so the answer that it makes is a problem document for everybody. The layer
/// writes it anew by [`Visit::tell`](crate::Visit::tell); if something in between rebuilds the response, the plain one
/// stands. The log has been told already, under the reference that both answers show.
#[derive(Clone, Debug)]
pub struct Failure(Arc<Told>);

/// What the clones of a failure share: extensions have to be cloned.
#[derive(Debug)]
struct Told {
    refused: Refused,
    reference: String,
}

impl Failure {
    /// Of what is in the log under this reference.
    pub(crate) fn new(refused: Refused, reference: String) -> Self {
        Self(Arc::new(Told { refused, reference }))
    }

    /// What went wrong, and the way on. It has been logged: whoever answers with it only answers.
    pub(crate) fn refused(&self) -> &Refused {
        &self.0.refused
    }

    /// What the log knows it by, and what a person can quote.
    pub(crate) fn reference(&self) -> &str {
        &self.0.reference
    }
}
