//! Redirect URIs of a custom scheme, and what comes back to them.

use landfall::native::{config_error, malformed};
use landfall::{ConfigError, Error};
use url::Url;

/// The longest answer that is read, in bytes.
const LONGEST: usize = 16 * 1024;

/// Checks a redirect URI such as `com.example.app://callback`: a scheme in reverse domain order, which nobody else has
/// a claim to (RFC 8252 §7.1), or an https address that the system hands to the application (§7.2).
pub(crate) fn check(uri: &str) -> Result<(), ConfigError> {
    let wrong = |problem: &str, remedy: &str| config_error("redirect_uri", problem, remedy);
    let url = Url::parse(uri)
        .map_err(|_| wrong("not an address", "give it whole, such as com.example.app://callback"))?;
    if uri.trim() != uri || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("space, a query or a fragment", "leave them out"));
    }
    if url.host_str().is_some_and(|host| host.bytes().any(|byte| byte.is_ascii_uppercase())) {
        return Err(wrong("a host in capitals", "write it in small letters: systems hand it over so"));
    }
    match url.scheme() {
        "https" => Ok(()),
        scheme if scheme.contains('.') => Ok(()),
        "http" => Err(wrong("plain http", "call sign_in, which listens on loopback itself")),
        _ => Err(wrong(
            "a scheme that any application may claim",
            "use your domain in reverse, such as com.example.app (RFC 8252 §7.1)",
        )),
    }
}

/// The query of an address that the system handed over, if it came to this redirect URI.
pub(crate) fn query<'a>(redirect_uri: &str, came: &'a str) -> Result<&'a str, Error> {
    let other = || malformed("the address is not for this sign-in");
    if came.len() > LONGEST || came.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        return Err(other());
    }
    let came = came.split('#').next().unwrap_or_default();
    let (place, query) = came.split_once('?').ok_or_else(other)?;
    // Systems write scheme and host in small letters, and some add a slash.
    let normal = |uri: &str| Url::parse(uri).ok().map(|url| url.as_str().trim_end_matches('/').to_owned());
    match (normal(place), normal(redirect_uri)) {
        (Some(place), Some(expected)) if place == expected => Ok(query),
        _ => Err(other()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_that_any_application_could_claim_is_refused() {
        for good in ["com.example.app://callback", "com.example.app:/callback", "https://app.example.com/cb"]
        {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "myapp://callback",
            "http://127.0.0.1/cb",
            "javascript:alert(1)",
            "",
            " com.a.b://c",
            "com.a.b://c?x=1",
            "com.example.app://CallBack",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_for_somewhere_else_is_not_taken() {
        let uri = "com.example.app://callback";
        for came in [
            "com.example.app://callback?code=a",
            "COM.example.app://callback/?code=a",
            "com.example.app://callback?code=a#x",
        ] {
            assert_eq!(query(uri, came).unwrap(), "code=a", "{came}");
        }
        for came in [
            "com.example.app://callback",
            "com.example.app://other?code=a",
            "com.example.other://callback?code=a",
            "com.example.app://callback/x?code=a",
            "com.example.app://callback?a=\n",
            "",
            &format!("com.example.app://callback?code={}", "a".repeat(LONGEST)),
        ] {
            assert!(query(uri, came).is_err(), "{came}");
        }
    }
}
