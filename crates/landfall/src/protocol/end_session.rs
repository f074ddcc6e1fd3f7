//! Signing out at the provider (OpenID Connect RP-Initiated Logout 1.0 §2): the URL that ends the provider's
//! session.
//!
//! Our own session has ended by then: `flow::logout` sees to that first, whatever the provider does. Revoking
//! tokens is a request of its own, see [`revocation`](super::revocation).

use url::Url;

use crate::crypto::secret::Secret;

/// The longest ID token that goes into the URL, in bytes: servers and proxies limit request lines, often to 8 KiB.
/// Without the hint a provider may ask the person whether to sign out.
const MAX_HINT: usize = 4096;

/// What the end-session request says.
#[derive(Debug)]
pub(crate) struct EndSessionRequest<'a> {
    /// Who asks. Sent always: without a hint a provider knows the client by nothing else.
    pub(crate) client_id: &'a str,
    /// The ID token, where it is kept; sent even when it has expired (RP-Initiated Logout §2).
    pub(crate) id_token_hint: Option<&'a Secret<String>>,
    /// Who it is, where no ID token is kept, or one that is too long.
    pub(crate) logout_hint: Option<&'a str>,
    /// Where to come back to, and by which `state`; none for an application that waits for nobody.
    pub(crate) back: Option<(&'a str, &'a str)>,
}

/// The URL to send the browser to. A query that the endpoint has already is kept.
pub(crate) fn url(endpoint: &Url, request: &EndSessionRequest<'_>) -> String {
    let hint =
        request.id_token_hint.map(|token| token.expose().as_str()).filter(|token| token.len() <= MAX_HINT);
    let mut url = endpoint.clone();
    {
        let mut query = url.query_pairs_mut();
        if let Some(hint) = hint {
            query.append_pair("id_token_hint", hint);
        } else if let Some(hint) = request.logout_hint {
            query.append_pair("logout_hint", hint);
        }
        query.append_pair("client_id", request.client_id);
        if let Some((uri, state)) = request.back {
            query.append_pair("post_logout_redirect_uri", uri).append_pair("state", state);
        }
    }
    url.into()
}
