//! What the adapters' own types pass on to the core's types inside them, one macro for each kind of type.
//!
//! The orphan rule asks for such types: neither an adapter nor a framework may implement the framework's traits for a
//! type of the core's. The macros write the methods that are the same in every adapter, with their docs. Each type
//! has the core's type as its only field.

/// Dereferences to the core's type.
#[doc(hidden)]
#[macro_export]
macro_rules! __deref {
    ($($outer:ident $(<$parameter:ident>)? => $inner:ty),+ $(,)?) => {$(
        impl$(<$parameter>)? ::std::ops::Deref for $outer$(<$parameter>)? {
            type Target = $inner;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
    )+};
}

/// The extractor for whoever is there, around [`Visit`](crate::Visit): the methods that answer with the adapter's own
/// types.
#[doc(hidden)]
#[macro_export]
macro_rules! __visit {
    ($Visit:ident, $SignedIn:ident, $AccessToken:ident, $Rejection:ident) => {
        impl $Visit {
            /// Who is signed in, if anybody is. The answer is this person's from then on, and goes out as `private`; see
            /// [`landfall::Visit::signed_in`].
            pub fn signed_in(&self) -> Option<$SignedIn> {
                self.0.signed_in().map($SignedIn)
            }

            /// Makes a value of who is there, or that nobody is, without a mark on the answer: the mark is left when
            /// somebody looks at the value. For a middleware that prepares what some pages show, and stands before style
            /// sheets as well; see [`landfall::Visit::with`].
            pub fn with<T>(&self, f: impl FnOnce(Option<&$SignedIn>) -> T) -> $crate::Personal<T> {
                self.0.with(|user| f(user.cloned().map($SignedIn).as_ref()))
            }

            /// Who is signed in; else what to return from the handler so that the layer asks for a sign-in.
            ///
            /// # Errors
            /// A [`Rejection`] to return from the handler, when nobody is signed in.
            pub fn require(&self) -> Result<$SignedIn, $Rejection> {
                Ok(self.0.require().map($SignedIn)?)
            }

            /// Who is signed in, if they meet this [`Requirement`](landfall::Requirement): for a handler that finds
            /// out half-way that it needs more than a sign-in.
            ///
            /// # Errors
            /// A [`Rejection`] to return from the handler. What a new trip to the provider can bring is asked for
            /// there; what it cannot is a 403 ([`ErrorCode::Forbidden`](landfall::ErrorCode::Forbidden)).
            pub fn require_more(&self, requirement: &$crate::Requirement) -> Result<$SignedIn, $Rejection> {
                let met = self.0.require_more(requirement);
                let unmet = |unmet| $crate::adapter::Rejection::unmet(&self.0, unmet);
                Ok(met.map($SignedIn).map_err(unmet)?)
            }

            /// Signs one of the application's own people in: the handler has found out who it is, by a password, a passkey
            /// or a link. The session that the browser had ends, and the new one's cookie leaves with the answer.
            ///
            /// The request has to be a POST, PUT or PATCH from a page of this origin: see
            /// [`landfall::Visit::sign_in`].
            ///
            /// # Errors
            /// A [`Rejection`] to return from the handler: the request comes from elsewhere
            /// ([`ErrorCode::CrossSite`](landfall::ErrorCode::CrossSite)), the identity is a provider's, or the store failed.
            pub async fn sign_in(
                &self,
                identity: $crate::Identity,
                options: $crate::SignInOptions,
            ) -> Result<$SignedIn, $Rejection> {
                let signed_in = self.0.sign_in(identity, options).await;
                let failed = |error| $crate::adapter::Rejection::failed(&self.0, error);
                Ok(signed_in.map($SignedIn).map_err(failed)?)
            }

            /// Signs the person out; gives where to send the browser. The cookies leave with the answer: see
            /// [`landfall::Visit::sign_out`].
            ///
            /// # Errors
            /// A [`Rejection`] to return from the handler: the store failed, and the session may stand.
            pub async fn sign_out(&self, how: $crate::SignOut) -> Result<$crate::SignedOut, $Rejection> {
                let signed_out = self.0.sign_out(how).await;
                let failed = |error| $crate::adapter::Rejection::failed(&self.0, error);
                Ok(signed_out.map_err(failed)?)
            }

            /// Keeps a value in this browser for ten minutes, sealed, for another request to
            /// [take](Self::take_attempt) once: a passkey's challenge, a mailed link's secret. One of each type.
            ///
            /// # Errors
            /// A [`Rejection`] to return from the handler: the value does not fit a cookie.
            pub fn begin_attempt<T: $crate::adapter::Serialize>(&self, value: &T) -> Result<(), $Rejection> {
                let failed = |error| $crate::adapter::Rejection::failed(&self.0, error);
                Ok(self.0.begin_attempt(value).map_err(failed)?)
            }

            /// What this browser's attempt of this type keeps; once. `None` where there is none, it is over, or it was taken
            /// before.
            ///
            /// # Errors
            /// A [`Rejection`] to return from the handler: the store failed, and the attempt stands.
            pub async fn take_attempt<T: $crate::adapter::DeserializeOwned + Send + 'static>(
                &self,
            ) -> Result<Option<T>, $Rejection> {
                let taken = self.0.take_attempt::<T>().await;
                let failed = |error| $crate::adapter::Rejection::failed(&self.0, error);
                Ok(taken.map_err(failed)?)
            }

            /// An access token to call an API with: good for at least another minute, or for half of its lifetime if
            /// that is less. One that is about to expire is refreshed first.
            ///
            /// # Errors
            /// A [`Rejection`] to return from the handler: a sign-in is wanted, no store keeps tokens
            /// ([`ErrorCode::Misconfigured`](landfall::ErrorCode::Misconfigured)), or the store or the provider
            /// cannot be reached.
            pub async fn access_token(&self) -> Result<$AccessToken, $Rejection> {
                let token = self.0.access_token().await;
                let none = |error| $crate::adapter::Rejection::no_token(&self.0, error);
                Ok(token.map($AccessToken).map_err(none)?)
            }
        }
    };
}

/// What extractors refuse with, around [`adapter::Rejection`](crate::adapter::Rejection).
#[doc(hidden)]
#[macro_export]
macro_rules! __rejection {
    ($Rejection:ident) => {
        impl $Rejection {
            /// What failed; `None` where nothing did and a sign-in is wanted.
            pub fn code(&self) -> Option<$crate::ErrorCode> {
                self.0.code()
            }

            /// The answer where something of Landfall's failed in a handler: a page or JSON (RFC 9457), as the visitor
            /// asked. The cause is in the log, under the reference that the answer shows.
            pub fn failed(visit: &$crate::Visit, error: $crate::Error) -> Self {
                Self($crate::adapter::Rejection::failed(visit, error))
            }
        }

        impl From<$crate::adapter::Rejection> for $Rejection {
            fn from(rejection: $crate::adapter::Rejection) -> Self {
                Self(rejection)
            }
        }

        impl From<$crate::SignInWanted> for $Rejection {
            fn from(wanted: $crate::SignInWanted) -> Self {
                Self(wanted.into())
            }
        }

        /// What failed in a handler, by `?`: a page or JSON (RFC 9457), as the visitor asked. The cause is in the log,
        /// under the reference that the answer shows.
        impl From<$crate::Error> for $Rejection {
            fn from(error: $crate::Error) -> Self {
                Self(error.into())
            }
        }

        /// Why there is no access token, by `?`: a sign-in is asked for where it brings one, else it is a failure.
        impl From<$crate::AccessTokenError> for $Rejection {
            fn from(error: $crate::AccessTokenError) -> Self {
                Self(error.into())
            }
        }

        /// What of a requirement is not met, by `?`: a sign-in is asked for where it brings that, else it is a 403.
        impl From<$crate::Unmet> for $Rejection {
            fn from(unmet: $crate::Unmet) -> Self {
                Self(unmet.into())
            }
        }

        impl ::std::fmt::Debug for $Rejection {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl ::std::fmt::Display for $Rejection {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl ::std::error::Error for $Rejection {}
    };
}

/// The guard for a subtree, around [`adapter::Guard`](crate::adapter::Guard).
#[doc(hidden)]
#[macro_export]
macro_rules! __require_login {
    ($RequireLogin:ident) => {
        impl $RequireLogin {
            /// Demands a sign-in, whatever kind, of every request that gets here.
            pub fn new() -> Self {
                Self::default()
            }

            /// Guards what is at or below one of these paths, and leaves the rest open. For prefixes from an
            /// application's settings; [`except`](Self::except) is the safer way round, since it guards what nobody
            /// thought of.
            ///
            /// A path is guarded if *any* reading of it lies under a prefix: as it was sent, percent-decoded once and
            /// again, with slashes folded, dot segments resolved, a backslash as a slash, parameters cut off, without
            /// regard to case, with and without the base path and a slash at the end, or several of these together.
            /// Short names of Windows file systems (`ADMINI~1`) are not among the readings.
            ///
            /// What cannot be read is guarded, too: bad percent-encoding, what is not UTF-8, control characters, two
            /// slashes at the beginning.
            ///
            /// The path is the whole one, as the layer around the application saw it, whatever the framework's routers
            /// have taken away since. What a middleware of your own between the two *rewrites to another place* is not
            /// seen here; put one outside the layer, or guard the place itself.
            ///
            /// A prefix is plain segments below the base path, and stands for whole segments: `/admin` is for
            /// `/admin` and `/admin/users`, and not for `/administration`. A slash at its end says nothing.
            ///
            /// # Errors
            /// When a prefix does not begin with a slash, names no segment, or holds anything but letters, digits and
            /// `-._~` (no encoding, wildcard or query, no dot segment); when there is none, since nothing would be
            /// guarded.
            pub fn under<P: AsRef<str>>(
                prefixes: impl IntoIterator<Item = P>,
            ) -> Result<Self, $crate::ConfigError> {
                $crate::adapter::Guard::under(prefixes).map(Self)
            }

            /// Guards everything but what is at or below one of these paths.
            ///
            /// A path is open if *every* reading of it lies under one of them; the readings are those of
            /// [`under`](Self::under), and so are the whole path and the rules for prefixes. The prefix itself has to
            /// be there as it is written, in that case: `/PUBLIC/logo.svg` and `/%70ublic/logo.svg` are guarded where
            /// `/public` is open. With no prefix everything is guarded.
            ///
            /// # Errors
            /// When a prefix is none; see [`under`](Self::under).
            pub fn except<P: AsRef<str>>(
                prefixes: impl IntoIterator<Item = P>,
            ) -> Result<Self, $crate::ConfigError> {
                $crate::adapter::Guard::except(prefixes).map(Self)
            }

            /// Lets reads through and guards writes alone. Reads are GET and HEAD; every other method is a write, OPTIONS
            /// included, and so is a WebSocket handshake.
            ///
            /// Only the request's own method counts: `X-HTTP-Method-Override` has no say, and a request that a middleware
            /// turned into a read is still the write that it was when it came, and the other way round.
            pub fn writes_only(self) -> Self {
                Self(self.0.writes_only())
            }

            /// The bodies of answers end with the session, as soon as it does; see
            /// [`SignedIn::ended`](landfall::SignedIn::ended). For event streams and downloads: an event stream
            /// (`text/event-stream`) just ends, everything else is broken off, so that no part of it is taken for the whole, and
            /// what is there at once passes as it is. A WebSocket is no body: its
            /// handler waits for [`ended`](landfall::SignedIn::ended) itself.
            pub fn ends_streams(self) -> Self {
                Self(self.0.ends_streams())
            }

            /// The authentication may be no older than this, in whole seconds, give or take the clock leeway:
            /// `max_age` (OpenID Connect Core §3.1.2.1).
            pub fn max_age(self, age: ::std::time::Duration) -> Self {
                Self(self.0.demanding(|more| more.max_age(age)))
            }

            /// The authentication must be of this class (`acr`, OpenID Connect Core §2), compared exactly. Called
            /// again: of this one or one of those before.
            pub fn acr(self, class: impl Into<String>) -> Self {
                Self(self.0.demanding(|more| more.acr(class)))
            }

            /// The authentication must be at least this strong: step-up.
            pub fn auth_level(self, level: $crate::AuthLevel) -> Self {
                Self(self.0.demanding(|more| more.auth_level(level)))
            }

            /// This scope must be granted (RFC 6749 §3.3); it is asked for where it was not yet. Called again: this
            /// one as well.
            pub fn scope(self, scope: impl AsRef<str>) -> Self {
                Self(self.0.demanding(|more| more.scope(scope)))
            }

            /// The person must have this role, or gets a 403; where roles come from says
            /// [`role_claim`](landfall::RelyingPartyBuilder::role_claim). Called again: this one or one of those
            /// before.
            pub fn role(self, role: impl Into<String>) -> Self {
                Self(self.0.demanding(|more| more.role(role)))
            }

            /// Demands somebody whom this issuer signed in; anybody else gets a 403.
            pub fn issuer(self, issuer: impl Into<String>) -> Self {
                Self(self.0.demanding(|more| more.issuer(issuer)))
            }

            /// What is answered behind this guard may be kept by shared caches, where the answer itself says `public`;
            /// a shared cache gives it to strangers too. Without this, `public` and `s-maxage` are taken out and
            /// `private` is put in; see [`Requirement::shared_cache`](landfall::Requirement::shared_cache).
            pub fn shared_cache(self) -> Self {
                Self(self.0.demanding(|more| more.shared_cache()))
            }

            /// Demands a session: whoever is here by credentials that came with the request gets a 403; see
            /// [`Requirement::sessions_only`](landfall::Requirement::sessions_only).
            pub fn sessions_only(self) -> Self {
                Self(self.0.demanding(|more| more.sessions_only()))
            }

            /// A condition of the application's own, asked last: whoever meets the rest and is not allowed gets a
            /// 403. It must not block.
            pub fn allow_if(self, allow: impl Fn(&$crate::Visit) -> bool + Send + Sync + 'static) -> Self {
                Self(self.0.demanding(|more| more.allow_if(allow)))
            }
        }

        impl From<$crate::Requirement> for $RequireLogin {
            fn from(requirement: $crate::Requirement) -> Self {
                Self(requirement.into())
            }
        }
    };
}

/// The futures of an adapter's services: `Debug` with the name alone, since what is in them holds requests, replies
/// and cookies.
#[doc(hidden)]
#[macro_export]
macro_rules! __opaque {
    ($([$($generics:tt)*] $opaque:ident<$($parameter:ident),+>),+ $(,)?) => {$(
        impl<$($generics)*> ::std::fmt::Debug for $opaque<$($parameter),+> {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(stringify!($opaque)).finish_non_exhaustive()
            }
        }
    )+};
}
