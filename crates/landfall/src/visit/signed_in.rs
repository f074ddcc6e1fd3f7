//! Somebody who is signed in, as a handler asks about them.
//!
//! It is a view of the session that the request came with, and shares it: no question here reads a cookie or asks a
//! store. Tokens are not to be had from it, so that none is handed out that is about to expire: see
//! [`Visit::access_token`](crate::Visit::access_token).

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::{Error, ErrorCode};
use crate::session::{ClaimsOf, Identity, SessionHandle, Somebody, SubjectId, claims_error, misfit_of_data};

/// Somebody who is signed in.
///
/// A guard or [`Visit::require`](crate::Visit::require) gives one. Holding it is the proof that somebody was signed in
/// when the request came.
///
/// ```
/// fn title(user: &landfall::SignedIn) -> String {
///     let name = user.name().unwrap_or("somebody");
///     if user.has_role("editor") { format!("{name}, editor") } else { name.to_owned() }
/// }
/// ```
#[derive(Clone)]
pub struct SignedIn {
    pub(super) who: Somebody,
    /// Who looks after it, for [`SignedIn::ended`].
    pub(super) context: Arc<Context>,
}

impl SignedIn {
    /// Who it is: all that is kept of what the provider said.
    pub fn identity(&self) -> &Identity {
        self.who.identity()
    }

    /// Issuer and subject as one value: the one thing to know people by.
    pub fn subject_id(&self) -> SubjectId {
        self.identity().subject_id()
    }

    /// The subject identifier, which names nobody without [`Self::issuer`].
    pub fn subject(&self) -> &str {
        self.identity().subject()
    }

    /// Who says so: the issuer identifier.
    pub fn issuer(&self) -> &str {
        self.identity().issuer()
    }

    /// How the application says that it authenticated the person, in a word of RFC 8176 §2: `pwd`, `otp`, `hwk`. `None`
    /// where a provider did, whose word is [`Identity::acr`]. By credentials it is their scheme in lower case (`bearer`,
    /// `basic`), or the header's name.
    ///
    /// ```
    /// fn nudge(user: &landfall::SignedIn) -> &'static str {
    ///     if user.method() == Some("pwd") { "add a passkey" } else { "" }
    /// }
    /// ```
    pub fn method(&self) -> Option<&str> {
        self.who.method()
    }

    /// Whether they are here by credentials that came with the request
    /// ([`on_credentials`](crate::RelyingPartyBuilder::on_credentials)), and not by a session.
    ///
    /// ```
    /// fn may_make_tokens(user: &landfall::SignedIn) -> bool {
    ///     !user.is_by_credentials() // a token makes no further ones
    /// }
    /// ```
    pub fn is_by_credentials(&self) -> bool {
        self.who.is_by_credentials()
    }

    /// The display name, if the provider gave one.
    pub fn name(&self) -> Option<&str> {
        self.identity().name()
    }

    /// The e-mail address. People can change it: do not know them by it.
    pub fn email(&self) -> Option<&str> {
        self.identity().email()
    }

    /// Whether this scope is granted, compared exactly. The last refresh may have taken one away.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.identity().scopes().any(|granted| granted == scope)
    }

    /// Whether the person has this role.
    pub fn has_role(&self, role: &str) -> bool {
        self.identity().roles().any(|has| has == role)
    }

    /// What the application's hook kept with the session, as the type it was; `None` where it kept nothing.
    ///
    /// # Errors
    /// [`ErrorCode::Misconfigured`] when it does not fit the type, as after a deployment that changed the type.
    ///
    /// ```
    /// # fn page(user: &landfall::SignedIn) -> Result<(), landfall::Error> {
    /// #[derive(serde::Deserialize)]
    /// struct Account {
    ///     number: u64,
    /// }
    ///
    /// if let Some(account) = user.data::<Account>()? {
    ///     println!("account {}", account.number);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn data<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        let data = &self.identity().data;
        if data.is_empty() {
            return Ok(None);
        }
        serde_json::from_str(data).map(Some).map_err(|_| {
            // The error's own words may quote the data.
            let misfit = serde_json::from_str(data).ok().and_then(misfit_of_data::<T>);
            let why = misfit.map(|misfit| format!(": {misfit}")).unwrap_or_default();
            let kind = std::any::type_name::<T>();
            Error::new(ErrorCode::Misconfigured)
                .detail(format!("the data kept at sign-in does not fit {kind}{why}"))
        })
    }

    /// The claims that are kept, as a type of the application's.
    ///
    /// Without a store, only the claims named with `keep_claims` are there beside the standard few.
    ///
    /// # Errors
    /// [`ErrorCode::Misconfigured`] when the claims do not fit the type. Its detail, in the log, names the field, what is
    /// expected of it and, where it is missing, how it comes there; never a value.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, Error> {
        // The error's own words may quote a claim.
        T::deserialize(Value::Object(self.identity().claims())).map_err(|_| {
            let stored = self.who.session().is_some_and(|session| session.stored.is_some());
            let of = if stored { ClaimsOf::StoredSession } else { ClaimsOf::SealedSession };
            claims_error::<T>(self.identity().claims(), of)
        })
    }

    /// Which of the subject's sessions this is, as [`Sessions::list`](crate::Sessions::list) names it; `None`
    /// for one that is sealed into its cookie, and for credentials.
    pub fn session(&self) -> Option<SessionHandle> {
        self.who.session()?.record_key().map(SessionHandle)
    }

    /// When the session ends at the latest, whatever happens. Credentials have none: for those it is when the application
    /// took them.
    pub fn expires_at(&self) -> Timestamp {
        self.who.expires_at()
    }
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedIn").field("who", &self.who).finish_non_exhaustive()
    }
}
