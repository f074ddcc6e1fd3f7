//! Provider metadata (OpenID Connect Discovery 1.0, RFC 8414): where a provider's endpoints are, and what it
//! promises.
//!
//! Everything that is sent to a provider afterwards goes where this document says, the client secret included. So
//! it is held to more than its grammar: it must be about the issuer that is configured, and no endpoint may lead
//! out of TLS. What is not used here (supported scopes, algorithms, response types) is not read: what the
//! configuration says counts.
//!
//! Pure, as the whole room: `provider::metadata` fetches and keeps it. Without `token_endpoint`,
//! `authorization_endpoint` or `jwks_uri` nobody can be signed in, so a document without one is an error; the rest
//! may be missing.

use bytes::Bytes;
use serde::Deserialize;
use url::Url;

use crate::address::unencrypted::is_as_plain_as;
use crate::error::{Error, ErrorCode, printable};

/// Paths that are often copied with the issuer in front of them. An issuer may end like that (some do), so they are
/// looked at only where its metadata cannot be had.
const ENDPOINTS: [&str; 14] = [
    "/protocol/openid-connect/auth",
    "/protocol/openid-connect/token",
    "/oauth2/v2.0/authorize",
    "/oauth2/v2.0/token",
    "/oauth2/v1/authorize",
    "/oauth2/v1/token",
    "/oauth2/authorize",
    "/oauth2/token",
    "/connect/authorize",
    "/connect/token",
    "/authorize",
    "/token",
    "/userinfo",
    "/jwks.json",
];

/// Where a provider's endpoints are, checked. An endpoint that is `None` is one that the provider does not have;
/// what needs it is then left out.
#[derive(Clone, Debug)]
pub(crate) struct ProviderMetadata {
    /// Where the browser is sent to sign in.
    pub(crate) authorization_endpoint: Url,
    /// Where codes and refresh tokens become tokens.
    pub(crate) token_endpoint: Url,
    /// Where the keys are.
    pub(crate) jwks_uri: Url,
    /// OpenID Connect Core §5.3.
    pub(crate) userinfo_endpoint: Option<Url>,
    /// RFC 7009. Without it tokens live on at the provider after a sign-out.
    pub(crate) revocation_endpoint: Option<Url>,
    /// OpenID Connect RP-Initiated Logout 1.0 §2.1. Without it a sign-out ends here.
    pub(crate) end_session_endpoint: Option<Url>,
    /// RFC 8628 §4. Without it a device cannot ask for a code.
    #[cfg_attr(not(feature = "native"), allow(dead_code, reason = "for devices alone"))]
    pub(crate) device_authorization_endpoint: Option<Url>,
    /// RFC 9207 §3: the provider promises `iss` in every response; one without it is then refused.
    pub(crate) sends_iss: bool,
}

/// The document as it stands on the wire. Unknown members are ignored.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    code_challenge_methods_supported: Option<Vec<String>>,
}

/// Asks for the metadata. A slash at the issuer's end is taken away first (OpenID Connect Discovery §4.1).
///
/// # Errors
/// `Misconfigured` where the issuer is no URL.
pub(crate) fn request(issuer: &str) -> Result<http::Request<Bytes>, Error> {
    super::get(&address(issuer))
}

/// Where the metadata are.
fn address(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}

/// Reads the answer.
///
/// The issuer in it must be the configured one, byte for byte (Discovery §4.3): otherwise a document of one
/// provider could speak for another. Every endpoint is https, or as plain as an issuer without TLS: a loopback address
/// where that is one, and else of its very origin. PKCE by S256 must not be ruled out (RFC 9700 §2.1.1); a document that does not mention PKCE passes, since many
/// providers support it silently.
///
/// # Errors
/// `MetadataInvalid`, with the member that is wrong.
pub(crate) fn response(issuer: &str, response: &http::Response<Bytes>) -> Result<ProviderMetadata, Error> {
    let invalid = |detail: String| Error::new(ErrorCode::MetadataInvalid).detail(detail);
    super::expect_json(response).map_err(|what| invalid(no_document(issuer, &what)))?;
    let document: Document = serde_json::from_slice(response.body()).map_err(|error| {
        invalid(format!("not the metadata of a provider: {}", printable(&error.to_string())))
    })?;
    if document.issuer != issuer {
        return Err(invalid(other_issuer(issuer, &document.issuer)));
    }
    if document
        .code_challenge_methods_supported
        .is_some_and(|methods| !methods.iter().any(|name| name == "S256"))
    {
        return Err(invalid("code_challenge_methods_supported is without S256".to_owned()));
    }
    let endpoint = |name: &str, value: &str| endpoint(name, value, issuer).map_err(invalid);
    let optional = |name: &str, value: &Option<String>| {
        value.as_deref().filter(|value| !value.is_empty()).map(|value| endpoint(name, value)).transpose()
    };
    Ok(ProviderMetadata {
        authorization_endpoint: endpoint("authorization_endpoint", &document.authorization_endpoint)?,
        token_endpoint: endpoint("token_endpoint", &document.token_endpoint)?,
        jwks_uri: endpoint("jwks_uri", &document.jwks_uri)?,
        userinfo_endpoint: optional("userinfo_endpoint", &document.userinfo_endpoint)?,
        revocation_endpoint: optional("revocation_endpoint", &document.revocation_endpoint)?,
        end_session_endpoint: optional("end_session_endpoint", &document.end_session_endpoint)?,
        device_authorization_endpoint: optional(
            "device_authorization_endpoint",
            &document.device_authorization_endpoint,
        )?,
        sends_iss: document.authorization_response_iss_parameter_supported,
    })
}

/// What to look at where the issuer's address for metadata answers something else: most often it is not the issuer.
fn no_document(issuer: &str, what: &str) -> String {
    let hint = match ENDPOINTS.iter().find_map(|path| issuer.trim_end_matches('/').strip_suffix(path)) {
        Some(before) => format!("`issuer` looks like the address of an endpoint, and may be {before}"),
        None => {
            "`issuer` may lack its path, such as that of a tenant or a realm, or have one too many".to_owned()
        }
    };
    format!("{} answered: {what}; {hint}", address(issuer))
}

/// What to do where the metadata are about another issuer. Only whoever configures it knows whether that is the provider
/// they mean, so nothing is taken over.
fn other_issuer(issuer: &str, theirs: &str) -> String {
    let shown = printable(theirs);
    let hint = if theirs.trim_end_matches('/') == issuer.trim_end_matches('/') {
        "they differ in the slash at the end: write `issuer` as the provider does"
    } else if theirs.strip_prefix("http://").is_some_and(|rest| Some(rest) == issuer.strip_prefix("https://"))
    {
        "the provider takes itself for plain http: set its public URL, or let it believe its proxy's X-Forwarded-Proto"
    } else if theirs.contains(['{', '}']) {
        "the provider has an issuer for each tenant: put the tenant's own id into `issuer`"
    } else {
        "if that is the provider you mean, write it as `issuer`, byte for byte"
    };
    format!("issuer is {shown:?}, configured is {issuer:?}; {hint}")
}

/// An endpoint's URL: absolute, over TLS unless its issuer has none, without fragment (RFC 6749 §3.1, §3.2) and without a
/// user name.
fn endpoint(name: &str, value: &str, issuer: &str) -> Result<Url, String> {
    let url = Url::parse(value).map_err(|_| format!("{name} is no absolute URL"))?;
    let allowed = url.scheme() == "https" || is_as_plain_as(issuer, &url);
    if !allowed || url.host().is_none() {
        return Err(format!("{name} is not https: the provider's own setting for its public URL is wrong"));
    }
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(format!("{name} has a fragment or a user name"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_that_are_none_or_of_another_issuer_say_what_to_write() {
        for (issuer, hint) in [
            ("https://op.example/oauth2/authorize", "and may be https://op.example"),
            (
                "https://op.example/realms/a/protocol/openid-connect/token/",
                "and may be https://op.example/realms/a",
            ),
            (
                "https://op.example",
                "`issuer` may lack its path, such as that of a tenant or a realm, or have one too many",
            ),
        ] {
            let answer = http::Response::builder().status(404).body(Bytes::new()).unwrap();
            let error = response(issuer, &answer).unwrap_err();
            let detail = error.operator_detail().unwrap();
            assert!(
                detail.ends_with(hint) && detail.contains("openid-configuration answered: status 404"),
                "{detail}"
            );
        }
        for (theirs, hint) in [
            ("https://op.example/", "as the provider does"),
            ("http://op.example", "X-Forwarded-Proto"),
            ("https://op.example/{tenantid}/v2.0", "the tenant's own id"),
            ("https://other.example", "byte for byte"),
        ] {
            let detail = other_issuer("https://op.example", theirs);
            assert!(detail.ends_with(hint) || detail.contains(hint), "{detail}");
            assert!(detail.contains("`issuer`") || theirs.starts_with("http:"), "{detail}");
        }
    }
}
