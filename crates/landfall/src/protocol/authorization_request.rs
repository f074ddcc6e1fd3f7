//! The authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1): the URL that a sign-in sends the
//! browser to.
//!
//! This file writes it and decides nothing about it. What a sign-in asks for is
//! [`authn_request`](super::authn_request)'s, what it is joined with `flow::login`'s. Two things are not left to a
//! caller: the response type is `code`, and PKCE is S256 (RFC 9700 §2.1.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use crate::crypto::digest::sha256;

/// What an authorization request says. What is `None` is left out of the URL.
#[derive(Debug)]
pub(crate) struct AuthorizationRequest<'a> {
    pub(crate) client_id: &'a str,
    /// The configured literal, repeated byte for byte at the token endpoint (RFC 6749 §4.1.3).
    pub(crate) redirect_uri: &'a str,
    /// Separated by spaces; `openid` is among them.
    pub(crate) scope: &'a str,
    /// The sealed attempt, which comes back as it is.
    pub(crate) state: &'a str,
    /// Comes back in the ID token, and ties that to this attempt.
    pub(crate) nonce: &'a str,
    /// The verifier's [`code_challenge`].
    pub(crate) code_challenge: &'a str,
    /// Whether the answer shall come by POST (OAuth 2.0 Form Post Response Mode).
    pub(crate) form_post: bool,
    /// The API that the access token is for, by the name that several providers gave the parameter.
    pub(crate) audience: Option<&'a str>,
    /// What the provider shall do with the person; several values are separated by spaces.
    pub(crate) prompt: Option<&'a str>,
    /// Whom the provider may suggest.
    pub(crate) login_hint: Option<&'a str>,
    /// Languages for the provider's pages.
    pub(crate) ui_locales: Option<&'a str>,
    /// In seconds.
    pub(crate) max_age: Option<u64>,
    /// Separated by spaces, the best first.
    pub(crate) acr_values: Option<&'a str>,
    /// Configured parameters of the provider's own.
    pub(crate) extra: &'a [(String, String)],
}

/// Parameters that only the relying party itself may set, in the order of the alphabet.
///
/// An extra parameter by such a name would appear twice in the URL, or replace what protects the sign-in. `request`
/// and `request_uri` are among them because a request object overrides everything beside it (RFC 9101 §6.3).
pub(crate) const OWN_PARAMETERS: [&str; 18] = [
    "acr_values",
    "audience",
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "ui_locales",
];

/// The PKCE challenge of a verifier: S256, always (RFC 7636 §4.2). With `plain` the challenge is the verifier, and
/// whoever sees the URL has it.
pub(crate) fn code_challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(&[verifier.as_bytes()]))
}

/// The URL to send the browser to. A query that the endpoint has already is kept (RFC 6749 §3.1).
pub(crate) fn url(endpoint: &Url, request: &AuthorizationRequest<'_>) -> String {
    let max_age = request.max_age.map(|seconds| seconds.to_string());
    let fixed = [
        ("response_type", Some("code")),
        ("client_id", Some(request.client_id)),
        ("redirect_uri", Some(request.redirect_uri)),
        ("scope", Some(request.scope)),
        ("state", Some(request.state)),
        ("nonce", Some(request.nonce)),
        ("code_challenge", Some(request.code_challenge)),
        ("code_challenge_method", Some("S256")),
        ("response_mode", request.form_post.then_some("form_post")),
        ("audience", request.audience),
        ("prompt", request.prompt),
        ("login_hint", request.login_hint),
        ("ui_locales", request.ui_locales),
        ("max_age", max_age.as_deref()),
        ("acr_values", request.acr_values),
    ];
    let mut url = endpoint.clone();
    {
        let mut query = url.query_pairs_mut();
        for (name, value) in fixed {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        // The builder refuses these names; a second look costs nothing.
        for (name, value) in request.extra.iter().filter(|(name, _)| !OWN_PARAMETERS.contains(&name.as_str()))
        {
            query.append_pair(name, value);
        }
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_the_one_of_rfc_7636_appendix_b() {
        assert_eq!(
            code_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn extra_parameters_cannot_override_ours_and_an_endpoints_query_is_kept() {
        let extra = [("state".to_owned(), "evil".to_owned()), ("ui".to_owned(), "a&b".to_owned())];
        let request = AuthorizationRequest {
            client_id: "c",
            redirect_uri: "https://app.example.com:443/auth/callback",
            scope: "openid",
            state: "s",
            nonce: "n",
            code_challenge: "x",
            form_post: false,
            audience: None,
            prompt: None,
            login_hint: None,
            ui_locales: None,
            max_age: Some(300),
            acr_values: None,
            extra: &extra,
        };
        let url = url(&Url::parse("https://op.example/authorize?tenant=t").unwrap(), &request);
        let url = Url::parse(&url).unwrap();
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        let all =
            |name: &str| pairs.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect::<Vec<_>>();
        assert_eq!(all("tenant"), ["t"]);
        assert_eq!(all("state"), ["s"]);
        assert_eq!(all("ui"), ["a&b"]);
        assert_eq!(all("redirect_uri"), ["https://app.example.com:443/auth/callback"]);
        assert_eq!(all("code_challenge_method"), ["S256"]);
        assert_eq!(all("max_age"), ["300"]);
    }
}
