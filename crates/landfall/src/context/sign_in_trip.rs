//! What the application's hook is told of the trip, and what it may change about where that ends.
//!
//! Who it is stays the provider's word; here is what surrounds it: where the person was going, what the application gave
//! along, which browser it is and who was signed in there. A native application's trip has none of it.

use std::sync::Arc;

use http::HeaderMap;
use serde::de::DeserializeOwned;

use super::application_headers;
use super::request_origin::RequestOrigin;
use super::sign_in_hook::NewSignIn;
use crate::address::return_to::ReturnTo;
use crate::error::Error;
use crate::session::{Identity, Session};

/// One trip, as the hook sees it.
#[derive(Debug, Default)]
pub(crate) struct SignInTrip {
    /// Where the person lands; `None` where the hook named no sound place, and where nobody lands.
    pub(crate) destination: Option<ReturnTo>,
    /// Whether the hook named another destination.
    pub(crate) is_rerouted: bool,
    /// Where the callback came from.
    pub(crate) origin: RequestOrigin,
    /// The session that this browser has.
    pub(crate) previous: Option<Arc<Session>>,
    /// Whether the trip asked for more than being signed in.
    pub(crate) asked_for_more: bool,
    /// App state that is this browser's, as JSON.
    pub(crate) state: Option<String>,
    /// Parameters of the login address.
    pub(crate) parameters: Vec<(String, String)>,
    /// What the landing says beside ours.
    pub(crate) headers: HeaderMap,
}

/// # What surrounds the sign-in
impl NewSignIn {
    /// Where the person lands; `None` in a native application.
    pub fn destination(&self) -> Option<&ReturnTo> {
        self.trip.destination.as_ref()
    }

    /// Lets the person land elsewhere: at a welcome page, at the tenant that is theirs. It goes through the check that every
    /// destination goes through, so it is a path below the base URL and none of ours; what is not sound becomes the default
    /// ([`default_return_to`](crate::RelyingPartyBuilder::default_return_to)), and the log says so.
    ///
    /// ```
    /// use landfall::{Declined, NewSignIn};
    ///
    /// async fn welcome(mut sign_in: NewSignIn) -> Result<NewSignIn, Declined> {
    ///     if sign_in.previous().is_none() {
    ///         sign_in.set_destination("/welcome");
    ///     }
    ///     Ok(sign_in)
    /// }
    /// # let _ = welcome;
    /// ```
    pub fn set_destination(&mut self, destination: &str) {
        self.trip.destination = ReturnTo::parse(destination)
            .inspect_err(|error| {
                tracing::warn!(%error, "the application's hook named a destination that is none: the default takes its place");
            })
            .ok();
        self.trip.is_rerouted = true;
    }

    /// Where the callback came from: address and browser, as far as they say. Empty in a native application.
    pub fn request(&self) -> &RequestOrigin {
        &self.trip.origin
    }

    /// Whether this is the person who is signed in here already, and more was asked of them: a level, an age, a scope.
    pub fn is_step_up(&self) -> bool {
        let subject = self.identity.subject_id();
        self.trip.asked_for_more && self.previous().is_some_and(|before| before.subject_id() == subject)
    }

    /// Who is signed in in this browser, by a session of ours that stands until this sign-in replaces it: the same person,
    /// another one, or one of the application's own. `None` where nobody is.
    ///
    /// An account may be connected with what comes back for whoever is signed in and asked for it
    /// ([`SignInWanted::app_state`](crate::SignInWanted::app_state) is such a word); not because somebody happens to be.
    pub fn previous(&self) -> Option<&Identity> {
        self.trip.previous.as_deref().map(|session| &session.identity)
    }

    /// What [`SignInWanted::app_state`](crate::SignInWanted::app_state) carried. `None` where nothing was, where it was for
    /// another session or another browser, after an hour, and for what is no such type: the sign-in goes on without.
    ///
    /// ```
    /// use landfall::{Declined, NewSignIn};
    ///
    /// async fn connect(sign_in: NewSignIn) -> Result<NewSignIn, Declined> {
    ///     if let (Some(account), Some(_)) = (sign_in.app_state::<u64>(), sign_in.previous()) {
    ///         println!("{} is account {account}, who asked for it", sign_in.identity().subject());
    ///     }
    ///     Ok(sign_in)
    /// }
    /// # let _ = connect;
    /// ```
    pub fn app_state<T: DeserializeOwned>(&self) -> Option<T> {
        let state = serde_json::from_str(self.trip.state.as_deref()?);
        // The error's own words may quote the state.
        state
            .inspect_err(|_| tracing::warn!("the app state of a sign-in is of another type; it is left out"))
            .ok()
    }

    /// What a parameter of the login address said that
    /// [`login_parameters`](crate::RelyingPartyBuilder::login_parameters) lets through.
    ///
    /// Anybody may have worded it: whoever follows a link brings what the link's author wrote. So ask on a page before it
    /// changes anything ("Join Example Ltd?"), and never connect accounts by it.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let named = self.trip.parameters.iter().find(|(own, _)| own == name);
        named.map(|(_, value)| value.as_str())
    }

    /// Adds a header to the answer that lands the person: a cookie of the application's own, for what is not in the session.
    /// A name that is there twice goes out twice.
    ///
    /// ```
    /// use landfall::{Declined, NewSignIn};
    ///
    /// async fn theme(mut sign_in: NewSignIn) -> Result<NewSignIn, Declined> {
    ///     sign_in.add_header("set-cookie", "theme=dark; Path=/; Secure; SameSite=Lax")?;
    ///     Ok(sign_in)
    /// }
    /// # let _ = theme;
    /// ```
    ///
    /// # Errors
    /// [`ErrorCode::Misconfigured`](crate::ErrorCode::Misconfigured) for what is no header, for one that is ours to send
    /// (`Location`, `Cache-Control`, whatever describes the body or the connection), and for a cookie of ours: every name
    /// that begins with `landfall-`. One of the session's name fails the sign-in.
    pub fn add_header(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let (name, value) = application_headers::parsed(name, value)?;
        self.trip.headers.append(name, value);
        Ok(())
    }
}
