//! The legs of the trip, one a file: the order of things, and no rules.
//!
//! A leg calls the store, the provider, the clock and the random source, in an order that matters, and asks
//! [`protocol`](crate::protocol) what an answer means. Rules stand there, since they can be tested without a
//! network; the order stands here, since that is what attacks are about: what is checked before what is sent.
//!
//! In the order of a trip:
//!
//! 1. [`login`]: a pending login for this browser, and the way to the provider.
//! 2. [`callback`]: what comes back is checked, and the session begins. It uses [`code_exchange`] for the tokens
//!    and [`approval`] for the application's say.
//! 3. [`refresh`]: a new access token while the session lasts.
//! 4. [`logout`]: the person signs out, by a form or by a [`sign_out_link`]. [`provider_logout`]: the provider ends sessions.
//!
//! [`local_sign_in`] is the end of a trip that nobody made: the application found out by itself who it is. What becomes of
//! the session before is [`replacement`]'s, for both.
//!
//! [`credentials`] is none either: who it is came with the request, and goes with it.
//!
//! [`kept_tokens`] is for an application that answers with a session of its own: a refresh and the way to the provider's
//! sign-out, for tokens that no record of ours holds.
//!
//! Beside it: [`kept_form`] takes a posted form across a sign-in, and [`token_endpoint`] is the one call that the
//! exchange and the refresh share.
//!
//! A leg is called by an endpoint (`relying_party`), by a page that wants a sign-in or a token (`visit`), or by
//! the native way in. It is handed a [`Context`](crate::context::Context) and what was read of a request, never
//! the request itself. The room imports `context` and what is below it.
//!
//! A further call to the provider (a pushed authorization request, say) is a file here and its rules in
//! `protocol`.

pub(crate) mod access_token;
pub(crate) mod approval;
pub(crate) mod callback;
pub(crate) mod code_exchange;
pub(crate) mod credentials;
pub(crate) mod kept_form;
pub(crate) mod kept_tokens;
pub(crate) mod local_sign_in;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod provider_logout;
pub(crate) mod refresh;
pub(crate) mod replacement;
pub(crate) mod sign_out_link;
pub(crate) mod token_endpoint;
