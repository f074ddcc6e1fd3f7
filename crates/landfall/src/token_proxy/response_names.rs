//! Which headers of an answer pass, by their names.
//!
//! Whatever a browser acts on for a whole origin has a registered name, and new ones come every year: sessions that are
//! bound to a device, sign-in status, speculation rules, shared dictionaries. A list of what stays would be behind as
//! soon as it is written. So of registered names only those [pass](passes) that an API's answer needs. A name that begins
//! with `X-` is nobody's but the API's, and passes, but for the few that mean something on the way or to old browsers.
//!
//! An application may name more, but none of those that [must not](is_forbidden) be an upstream's to say.

use crate::web::caching::is_for_shared_caches;

/// What an API's answer needs: what the body is, which version of it, what else there is, when to come again.
const NEEDED: [&str; 38] = [
    "accept-patch",
    "accept-post",
    "accept-query",
    "accept-ranges",
    "age",
    "allow",
    "content-digest",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-security-policy",
    "content-type",
    "correlation-id",
    "cross-origin-resource-policy",
    "date",
    "dav",
    "deprecation",
    "digest",
    "etag",
    "expires",
    "last-modified",
    "link",
    "location",
    "lock-token",
    "pragma",
    "preference-applied",
    "ratelimit",
    "ratelimit-policy",
    "referrer-policy",
    "repr-digest",
    "request-id",
    "retry-after",
    "sunset",
    "vary",
    "warning",
];
/// The same, by how they begin.
const NEEDED_BEGINNINGS: [&str; 3] = ["odata-", "ratelimit-", "x-"];

/// Whether this header, in lower case, goes on to the browser.
pub(super) fn passes(name: &str) -> bool {
    let is_needed = NEEDED.contains(&name) || NEEDED_BEGINNINGS.iter().any(|start| name.starts_with(start));
    is_needed && !is_forbidden(name)
}

/// Whether this header, in lower case, would act on our own origin, or is between us and the upstream: no application
/// can have it passed on.
pub(super) fn is_forbidden(name: &str) -> bool {
    // Cookies, prompts for a password, sessions that the browser itself keeps, and the whole origin's state are ours.
    matches!(name, "set-cookie" | "set-cookie2" | "www-authenticate" | "authentication-info" | "clear-site-data")
        || matches!(name, "set-login" | "activate-storage-access" | "shared-storage-write" | "origin-trial")
        || ["sec-", "secure-session-", "attribution-reporting-"].iter().any(|start| name.starts_with(start))
        // Who may read is not the upstream's to say: it was not asked by a browser.
        || name.starts_with("access-control-")
        || name == "timing-allow-origin"
        // Where our origin lives and what watches over it.
        || matches!(name, "strict-transport-security" | "public-key-pins" | "public-key-pins-report-only" | "expect-ct" | "alt-svc")
        || matches!(name, "service-worker-allowed" | "origin-agent-cluster" | "accept-ch" | "critical-ch")
        || matches!(name, "report-to" | "reporting-endpoints" | "nel" | "content-security-policy-report-only")
        // What a browser fetches ahead, or unpacks other answers of this origin with.
        || matches!(name, "speculation-rules" | "no-vary-search" | "x-dns-prefetch-control")
        || matches!(name, "use-as-dictionary" | "available-dictionary" | "dictionary-id")
        || matches!(name, "sourcemap" | "x-sourcemap")
        // A redirect by another name.
        || name == "refresh"
        // Orders to whatever proxy stands in front of us, and what other caches are told.
        || (name.starts_with("x-accel-") && name != "x-accel-buffering")
        || matches!(name, "x-sendfile" | "x-lighttpd-send-file" | "x-reproxy-url" | "x-permitted-cross-domain-policies")
        || is_for_shared_caches(name)
        || name == "cache-control"
        // The names of inner hosts.
        || matches!(name, "via" | "server" | "x-served-by" | "x-backend-server" | "x-upstream")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_registered_names_those_pass_that_an_answer_needs_and_of_others_nearly_all() {
        for name in NEEDED.into_iter().chain([
            "x-total-count",
            "ratelimit-remaining",
            "odata-version",
            "x-accel-buffering",
        ]) {
            assert!(passes(name), "{name}");
        }
        for name in [
            "tk",
            "document-policy",
            "permissions-policy",
            "supports-loading-mode",
            "a-header-of-next-year",
            "set-login",
        ] {
            assert!(!passes(name), "{name}");
        }
    }
}
