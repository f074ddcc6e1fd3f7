//! What a request is, and what it gets when nobody is signed in: rules about one request, read from its head alone.
//!
//! Nothing here does I/O, knows a setting or looks at a session. A rule takes the request as a [`RequestView`]
//! and answers at once, so the rooms above can ask it before they decide whether anything has to be loaded.
//!
//! - [`request_kind`]: whether a person opens a page, htmx asks, or something else does.
//! - [`fetch_metadata`]: whether the request comes from this site.
//! - [`guarded_paths`]: which paths a guard is for, by whatever reading of them. `careless` tries it.
//! - [`sign_in_wanted`]: how an extractor, a guard or a handler asks for a sign-in.
//! - [`www_authenticate`]: how what is wanted is told to a client that follows no redirect.
//!
//! `context` asks these rules with the application's own origins and settings (`context/csrf.rs`,
//! `context/error_reply.rs`). A new sign in a request's headers is read in [`request_kind`]; a new way to tell a client what
//! it lacks goes to [`www_authenticate`]. `guard` imports `protocol`, `address` and `web`, and nothing that keeps state.
//!
//! [`RequestView`]: crate::web::request::RequestView

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod careless;
pub(crate) mod fetch_metadata;
pub(crate) mod guarded_paths;
pub(crate) mod request_kind;
pub(crate) mod sign_in_wanted;
pub(crate) mod www_authenticate;
