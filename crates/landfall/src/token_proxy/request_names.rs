//! Which headers of a request stay here, by their names.
//!
//! A list of what stays, not of what passes: an API's own headers are not known. What would let a browser speak for
//! somebody else is known by how it begins, and an API may have a header of its own that begins so (`X-Group-By`). An
//! application may name those, but none of those that are [never](is_forbidden) the browser's to say.
//!
//! Names are compared as a server does that hands them to a program, where `X_Forwarded_For` is the same.

use std::borrow::Cow;

use http::HeaderName;

use super::hop_by_hop::HopByHop;

/// How the headers begin by which proxies and gateways say who asks: by product or by what they say, since each has
/// names of its own, and more of them with each release. The last line is in the clients' hands elsewhere; here the
/// token says it.
const SAID_BY_GATEWAYS: [&str; 51] = [
    // From where, and under which address.
    "x-forwarded",
    "x-original-",
    "x-real-",
    "x-client-ip",
    "x-envoy-",
    "x-azure-",
    "x-arr-",
    "cf-connecting-",
    "fastly-client",
    "akamai-",
    // By which certificate (RFC 9440, and before it).
    "client-cert",
    "x-client-cert",
    "x-client-dn",
    "x-client-verify",
    "ssl-",
    "x-ssl-",
    "x-tls-",
    "x-spiffe-",
    // As whom: the gateways' own.
    "cf-access-",
    "remote-",
    "tailscale-",
    "x-amzn-mtls-",
    "x-amzn-oidc-",
    "x-anonymous-",
    "x-apigateway-",
    "x-appengine-",
    "x-auth-request-",
    "x-auth-user",
    "x-authelia-",
    "x-authentik-",
    "x-consumer-",
    "x-credential-",
    "x-endpoint-api-",
    "x-goog-authenticated-",
    "x-goog-iap-",
    "x-ms-client-principal",
    "x-ms-token-",
    "x-pomerium-",
    "x-vouch-",
    "x-webauth-",
    // As whom: by what is said.
    "impersonate-",
    "x-access-token",
    "x-authenticated-",
    "x-email",
    "x-group",
    "x-id-token",
    "x-impersonate-",
    "x-jwt",
    "x-remote-",
    "x-role",
    "x-user",
];

/// Whether this header, in lower case, stays here; `named` are those that the application has passed on, each as it
/// was written and in no other spelling.
pub(super) fn stays_here(name: &str, named: &[HeaderName]) -> bool {
    let folded = folded(name);
    let is_named = || named.iter().any(|passed| passed.as_str() == name);
    is_never_theirs(&folded) || says_who_asks(&folded) && !is_named()
}

/// Whether this header, in lower case, is not the browser's to say to the upstream, or is between two hops: no
/// application can have it passed on.
pub(super) fn is_forbidden(name: &str) -> bool {
    is_never_theirs(&folded(name))
}

/// As a program is handed it.
fn folded(name: &str) -> Cow<'_, str> {
    if name.contains('_') { Cow::Owned(name.replace('_', "-")) } else { Cow::Borrowed(name) }
}

/// What is ours, or between the browser and us.
fn is_never_theirs(name: &str) -> bool {
    // The framing is made anew.
    name == "content-length"
        || HopByHop::default().names(name)
        || matches!(name, "host" | "proxy" | "expect" | "via" | "http2-settings" | "early-data")
        // Who is there. The upstream hears it by the token alone.
        || matches!(name, "authorization" | "cookie" | "cookie2")
        // Another path, or another method, than the one that was checked.
        || matches!(name, "x-original-url" | "x-original-uri" | "x-original-method" | "x-forwarded-uri" | "x-forwarded-method")
        || matches!(name, "x-rewrite-url" | "x-http-method" | "x-http-method-override" | "x-method-override")
        // About a page of ours and its relation to us. No browser talks to the upstream, so it has none to it.
        || matches!(name, "origin" | "referer")
        || ["sec-fetch-", "access-control-request-", "sec-websocket-"].iter().any(|start| name.starts_with(start))
}

/// Who asks, for whom and from where, as gateways tell what is behind them. Anybody can write these: an upstream that
/// believes its own gateway would believe a script.
fn says_who_asks(name: &str) -> bool {
    matches!(name, "forwarded" | "x-cluster-client-ip" | "true-client-ip" | "client-ip" | "x-host")
        || SAID_BY_GATEWAYS.iter().any(|start| name.starts_with(start)) && name != "x-user-agent"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gateways_and_servers_say_stays_here() {
        for name in [
            "proxy",
            "proxy-connection",
            "proxy_authorization",
            "transfer_encoding",
            "via",
            "http2-settings",
            "early-data",
            "cookie2",
            "x-real-ip",
            "x-client-ip",
            "x-cluster-client-ip",
            "true-client-ip",
            "client-ip",
            "x-host",
            "x-original-host",
            "x-original-forwarded-for",
            "x-forwarded",
            "x-forwarded-host",
            "x-forwarded-proto",
            "x_real_ip",
            "cf-connecting-ip",
            "x-envoy-external-address",
            "x-original-uri",
            "x-forwarded-user",
            "x-forwarded-email",
            "x-forwarded-preferred-username",
            "x-forwarded-groups",
            "x-forwarded-access-token",
            "x-forwarded-client-cert",
            "x-auth-request-user",
            "x-auth-request-email",
            "remote-user",
            "remote_user",
            "remote-groups",
            "x-remote-user",
            "x-user",
            "x-user-id",
            "x_user_email",
            "x-userinfo",
            "x-webauth-user",
            "x-amzn-oidc-identity",
            "x-amzn-mtls-clientcert-subject",
            "cf-access-authenticated-user-email",
            "cf-access-jwt-assertion",
            "x-goog-iap-jwt-assertion",
            "x-goog-authenticated-user-email",
            "x-ms-client-principal",
            "x-ms-client-principal-name",
            "x-authenticated-userid",
            "x-authenticated-groups",
            "ssl-client-cert",
            "ssl-client-s-dn",
            "x-ssl-client-verify",
            "x-client-cert",
            "client-cert",
            "client-cert-chain",
            "x-consumer-username",
            "x-credential-identifier",
            "x-endpoint-api-userinfo",
            "x-appengine-user-email",
            "x-authentik-username",
            "x-pomerium-jwt-assertion",
            "impersonate-user",
            "tailscale-user-login",
            "x-roles",
            "x-groups",
            "x-http-method-override",
            "x-http-method",
            "x-method-override",
            "x-rewrite-url",
            "access-control-request-method",
            "sec-fetch-mode",
            "sec-websocket-protocol",
        ] {
            assert!(stays_here(name, &[]), "{name}");
        }
    }

    #[test]
    fn of_what_gateways_say_passes_what_is_named_as_it_is_written_and_of_what_is_never_a_browsers_nothing() {
        let named = ["x-group-by", "x_user_id", "cookie"].map(HeaderName::from_static);
        for passes in ["x-group-by", "x_user_id", "x-other"] {
            assert!(!stays_here(passes, &named), "{passes}");
        }
        for stays in ["x_group_by", "x-group", "x-group-by-id", "x-user-id", "x-user", "cookie"] {
            assert!(stays_here(stays, &named), "{stays}");
        }
    }
}
