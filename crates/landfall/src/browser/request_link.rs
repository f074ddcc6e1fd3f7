//! What a link asks the provider for, sealed, so that the login address takes such requests from nobody else.
//!
//! A guard that a script, htmx or a frame meets can only give a link; a person follows it later.
//!
//! Without the seal, any page on the web could link to the login address and word what the provider shows a person:
//! whom to expect, how strongly to ask, which scopes to consent to. So the login address takes a request only from a
//! link of ours. It is not bound to a session or a time: whoever copies such a link asks for what the application asked
//! for.
//!
//! App state of the application's may stand behind the request, where it is bound to a session or a browser: a copy of
//! such a link asks for the same, and carries nothing ([`AppState::may_travel`]).

use crate::browser::carried::AppState;
use crate::clock::Entropy;
use crate::crypto::seal::Sealer;
use crate::protocol::authn_request::AuthnRequest;

/// Additional data of the seal. Changed, every link that is open in a browser would lose its request.
const AAD: &[u8] = b"wish";
/// In bytes before sealing. A link that grows longer loses its request: the page asks again, and the log says so.
const MAX_SEALED: usize = 2048;

/// The request as the value of a parameter. `None` where there is nothing to ask for, and where it cannot be sealed or
/// does not fit: such a link leads to an ordinary sign-in, and the guard behind it asks for the rest.
pub(crate) fn seal(
    request: &AuthnRequest,
    state: Option<&AppState>,
    sealer: &Sealer,
    entropy: &dyn Entropy,
) -> Option<String> {
    let state = state.filter(|state| state.may_travel());
    if state.is_none() && *request == AuthnRequest::default() {
        return None;
    }
    let mut bytes = postcard::to_allocvec(request).ok()?;
    if let Some(state) = state {
        bytes.extend(postcard::to_allocvec(state).ok()?);
    }
    if bytes.len() > MAX_SEALED {
        tracing::warn!(bytes = bytes.len(), "what a page demands does not fit a link: it is left out");
        return None;
    }
    sealer.seal(entropy, AAD, &bytes).ok()
}

/// What [`seal`] sealed under this base URL; `None` for anything else. What another release wrote may be no such
/// request, and is then none.
pub(crate) fn open(text: &str, sealer: &Sealer) -> Option<(AuthnRequest, Option<AppState>)> {
    let plain = sealer.open(AAD, text.as_bytes()).plain()?;
    let (request, rest) = postcard::take_from_bytes(&plain).ok()?;
    let state = postcard::from_bytes(rest).ok().filter(AppState::may_travel);
    Some((request, state))
}
