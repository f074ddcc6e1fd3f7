//! What a link asks the provider for, sealed, so that the login address takes such requests from nobody else.
//!
//! A guard that a script, htmx or a frame meets can only give a link; a person follows it later.

use crate::clock::Entropy;
use crate::crypto::seal::Sealer;
use crate::protocol::authn_request::AuthnRequest;

const AAD: &[u8] = b"wish";
/// A link that grows longer loses its request: the page asks again, and the log says so.
const MAX_SEALED: usize = 2048;

/// The request as the value of a parameter; `None` where there is nothing to ask for.
pub(crate) fn seal(request: &AuthnRequest, sealer: &Sealer, entropy: &dyn Entropy) -> Option<String> {
    if *request == AuthnRequest::default() {
        return None;
    }
    let bytes = postcard::to_allocvec(request).ok()?;
    if bytes.len() > MAX_SEALED {
        tracing::warn!(bytes = bytes.len(), "what a page demands does not fit a link: it is left out");
        return None;
    }
    sealer.seal(entropy, AAD, &bytes).ok()
}

/// What [`seal`] sealed; what another release wrote may be no such request, and is then none.
pub(crate) fn open(text: &str, sealer: &Sealer) -> Option<AuthnRequest> {
    let plain = sealer.open(AAD, text.as_bytes()).plain()?;
    postcard::from_bytes(&plain).ok()
}
