//! The token proxy's rules for what comes from outside, for `fuzz/`.
//!
//! Here and not in `crate::fuzzing` because the rules are private to this room. It is written as an attacker reads:
//! it decodes what was let through as often as a careless upstream may, more often than the rules themselves do.

use percent_encoding::percent_decode_str;
use url::Url;

use super::location::Addresses;
use super::path::Mapping;

/// The local side.
const PREFIX: &str = "/api";
/// With and without a path of its own.
const UPSTREAMS: [&str; 2] = ["https://orders.example.com", "https://orders.example.com/v1"];

/// Each of them with the prefix.
fn mappings() -> impl Iterator<Item = (&'static str, Mapping)> {
    UPSTREAMS.into_iter().filter_map(|upstream| Some((upstream, Mapping::new(PREFIX, upstream, false).ok()?)))
}

/// Reads `data` as path and query of a request. What is forwarded stays below the upstream's path, however often
/// somebody decodes it on the way.
///
/// # Panics
/// When an address is asked for that is beside the upstream's path.
pub fn proxy_path(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (path, query) = match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    };
    for (upstream, mapping) in mappings() {
        let Some(rest) = mapping.rest(path) else { continue };
        let Ok(url) = mapping.target(rest, query) else { continue };
        assert!(url.as_str().starts_with(upstream) && url.path().ends_with(rest), "{url}");
        let mut reading = url.path().to_owned();
        for _ in 0..6 {
            reading = percent_decode_str(&reading).decode_utf8_lossy().into_owned();
            let read = Url::parse(&format!("https://orders.example.com{reading}"));
            let stays = read.as_ref().is_ok_and(|read| mapping.upstream.rest(read).is_some());
            assert!(stays, "{url} is read as {reading:?}");
        }
    }
}

/// Reads `data` as an address that the upstream names, and as a `Link` header. What is told of an address is below the
/// local prefix, or elsewhere by https and not at the upstream.
///
/// # Panics
/// When a browser is told the upstream's address, or one that it could take for a script.
pub fn proxy_location(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for (upstream, mapping) in mappings() {
        let Ok(target) = Url::parse(&format!("{upstream}/orders/7?page=2")) else { continue };
        let addresses = Addresses { mapping: &mapping, target: &target, base_path: "/app" };
        if let Some(rewritten) = addresses.rewritten(text) {
            let page = Url::parse("https://app.example.com/app/api/orders/7");
            let read = page.and_then(|page| page.join(&rewritten));
            assert!(read.is_ok_and(|read| is_fit_to_tell(&rewritten, &read)), "{rewritten:?}");
        }
        if let Some(links) = addresses.rewritten_links(text) {
            let page = Url::parse("https://app.example.com/app/api/orders/7");
            for rewritten in links.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
                let read = page.clone().and_then(|page| page.join(rewritten));
                assert!(
                    read.is_ok_and(|read| is_fit_to_tell(rewritten, &read)),
                    "{rewritten:?} in {links:?}"
                );
            }
        }
    }
}

/// Below the local prefix, as written and as a browser reads it; or elsewhere by https, and not on the upstream's
/// host.
fn is_fit_to_tell(rewritten: &str, read: &Url) -> bool {
    match rewritten.strip_prefix("/app/api") {
        Some(rest) => {
            matches!(rest.bytes().next(), None | Some(b'/' | b'?' | b'#'))
                && read.path().starts_with("/app/api")
        }
        None => read.scheme() == "https" && read.host_str().is_some_and(|host| host != "orders.example.com"),
    }
}
