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

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(request: &EndSessionRequest<'_>) -> Vec<(String, String)> {
        let endpoint = Url::parse("https://op.example/end?tenant=1").unwrap();
        let url = Url::parse(&url(&endpoint, request)).unwrap();
        url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    }

    #[test]
    fn the_token_is_the_hint_up_to_its_length_and_who_it_is_where_it_is_longer() {
        for (length, name) in [(MAX_HINT, "id_token_hint"), (MAX_HINT + 1, "logout_hint")] {
            let token = Secret::new("t".repeat(length));
            let request = EndSessionRequest {
                client_id: "app",
                id_token_hint: Some(&token),
                logout_hint: Some("ada"),
                back: Some(("https://app.example/out", "s")),
            };
            let names: Vec<_> = sent(&request).into_iter().map(|(name, _)| name).collect();
            assert_eq!(names, ["tenant", name, "client_id", "post_logout_redirect_uri", "state"]);
        }
    }

    #[test]
    fn who_waits_for_nobody_sends_the_client_alone() {
        let request =
            EndSessionRequest { client_id: "app", id_token_hint: None, logout_hint: None, back: None };
        let expected =
            [("tenant", "1"), ("client_id", "app")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(sent(&request), expected);
    }
}
