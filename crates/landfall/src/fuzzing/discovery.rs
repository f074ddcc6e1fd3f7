//! A provider's metadata document.
//!
//! What is accepted decides where the client secret goes, so the promises are about endpoints and the issuer. The
//! document is read a second time as plain JSON, without the parser's own types: where both can read it, they must
//! agree on the issuer and on PKCE.

use bytes::Bytes;
use serde_json::Value;
use url::Url;

use crate::address::base_url::is_loopback;
use crate::protocol::discovery;

/// With and without a slash at the end, which are two issuers; one on loopback, where plain http is allowed; and one
/// beyond, which `danger` names.
const ISSUERS: [&str; 4] =
    ["https://op.example", "https://op.example/", "http://127.0.0.1:9000", "http://op.lan:9000"];

/// Reads `data` as the metadata of four issuers, the last two by plain http. What is accepted names that very issuer,
/// and endpoints that are https, or on the loopback where the issuer is, or at the issuer's own origin.
///
/// # Panics
/// When other metadata is accepted.
pub fn discovery(data: &[u8]) {
    for issuer in ISSUERS {
        let mut answer = http::Response::new(Bytes::copy_from_slice(data));
        let json = http::HeaderValue::from_static("application/json");
        answer.headers_mut().insert(http::header::CONTENT_TYPE, json);
        let Ok(metadata) = discovery::response(issuer, &answer) else { continue };

        // What is ignored there may be odder than what can be read here: bytes that are no text, huge numbers.
        let Ok(document) = serde_json::from_str::<Value>(&String::from_utf8_lossy(data)) else { continue };
        assert_eq!(document.get("issuer").and_then(Value::as_str), Some(issuer));
        let mandatory =
            [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri].map(Some);
        let optional = [
            metadata.userinfo_endpoint.as_ref(),
            metadata.revocation_endpoint.as_ref(),
            metadata.end_session_endpoint.as_ref(),
        ];
        for url in mandatory.into_iter().chain(optional).flatten() {
            let Ok(issuer) = Url::parse(issuer) else { continue };
            let own = url.origin() == issuer.origin() || (is_loopback(&issuer) && is_loopback(url));
            let as_plain = issuer.scheme() == "http" && url.scheme() == "http" && own;
            assert!(url.scheme() == "https" || as_plain, "{url}");
            assert!(url.host_str().is_some_and(|host| !host.is_empty()), "{url}");
            assert!(url.fragment().is_none() && url.username().is_empty() && url.password().is_none());
        }
        let methods = document.get("code_challenge_methods_supported").and_then(Value::as_array);
        assert!(methods.is_none_or(|methods| methods.iter().any(|method| method == "S256")));
    }
}
