//! What becomes of an address that the upstream names: it knows itself by a name that browsers must not hear.
//!
//! The mirror of `path`. `Location`, `Content-Location` and `Link` hold addresses; one at the upstream is told as
//! one below the local prefix, so that the browser stays behind the proxy and its token. What cannot be told is
//! left out, and a redirect without its address is an error of the upstream's, see `response_headers`.
//!
//! Addresses inside bodies are not looked at.

use url::Url;

use super::path::Mapping;

/// How addresses of the upstream are told to browsers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses<'a> {
    /// The local prefix and the upstream.
    pub(super) mapping: &'a Mapping,
    /// What the upstream was asked for: relative addresses are relative to it.
    pub(super) asked: &'a Url,
    /// The path in front of the local prefix, as browsers see it.
    pub(super) base_path: &'a str,
}

impl Addresses<'_> {
    /// The address as browsers may read it; nothing if they may not.
    ///
    /// One at the upstream becomes one below the local prefix. One elsewhere stays as it is if it is https and not
    /// on the upstream's own host, where a browser has no business. One with a user name is told nowhere: it would
    /// hold a password, or look like another site's.
    pub(super) fn told(&self, address: &str) -> Option<String> {
        let url = self.asked.join(address).ok()?;
        let Mapping { prefix, upstream } = self.mapping;
        if let Some(rest) = upstream.rest(&url) {
            let mut told = format!("{}{prefix}{rest}", self.base_path);
            for (mark, part) in [('?', url.query()), ('#', url.fragment())] {
                if let Some(part) = part {
                    told.push(mark);
                    told.push_str(part);
                }
            }
            return Some(told);
        }
        let elsewhere = url.scheme() == "https" && url.host() != upstream.origin.host();
        let nobody = url.username().is_empty() && url.password().is_none();
        (elsewhere && nobody).then(|| url.into())
    }

    /// A Link header (RFC 8288 §3) with each address told so; nothing if one of them may not be told.
    pub(super) fn told_links(&self, links: &str) -> Option<String> {
        let mut told = String::with_capacity(links.len());
        let mut left = links;
        while let Some((before, rest)) = left.split_once('<') {
            let (address, after) = rest.split_once('>')?;
            told.push_str(before);
            told.push('<');
            told.push_str(&self.told(address)?);
            told.push('>');
            left = after;
        }
        told.push_str(left);
        Some(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(upstream: &str, base_path: &str, address: &str) -> Option<String> {
        let mapping = Mapping::new("/api", upstream, false).unwrap();
        let asked = mapping.target("/orders/7", Some("q=1")).unwrap();
        Addresses { mapping: &mapping, asked: &asked, base_path }.told(address)
    }

    #[test]
    fn an_address_of_the_upstream_is_told_below_the_local_prefix() {
        for (address, expected) in [
            ("/v1/orders/8?a=1#b", "/api/orders/8?a=1#b"),
            ("8", "/api/orders/8"),
            ("../people", "/api/people"),
            ("?page=2", "/api/orders/7?page=2"),
            ("https://api.example.com/v1/orders/8", "/api/orders/8"),
            ("https://API.example.com:443/v1", "/api"),
            ("//api.example.com/v1/", "/api/"),
            ("/v1//evil.example", "/api//evil.example"),
        ] {
            assert_eq!(
                told("https://api.example.com/v1", "", address).as_deref(),
                Some(expected),
                "{address}"
            );
        }
        assert_eq!(told("https://api.example.com", "/app", "/x").as_deref(), Some("/app/api/x"));
    }

    #[test]
    fn an_address_elsewhere_is_told_as_it_is_and_the_upstreams_host_never() {
        let elsewhere = |address| told("https://api.example.com/v1", "", address);
        assert_eq!(elsewhere("https://files.example/a?s=1").as_deref(), Some("https://files.example/a?s=1"));
        assert_eq!(elsewhere("//files.example/a").as_deref(), Some("https://files.example/a"));
        for hidden in [
            "/v2/orders",
            "/v10",
            "/",
            "/v1/../internal",
            "https://api.example.com/internal",
            "http://api.example.com/v1/x",
            "https://api.example.com:8443/v1/x",
            "http://files.example/a",
            "https://user:pass@files.example/a",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
        ] {
            assert_eq!(elsewhere(hidden), None, "{hidden}");
        }
    }

    #[test]
    fn every_address_of_a_link_header_is_told() {
        let mapping = Mapping::new("/api", "https://api.example.com/v1", false).unwrap();
        let asked = mapping.target("/orders", None).unwrap();
        let addresses = Addresses { mapping: &mapping, asked: &asked, base_path: "" };
        let links =
            "<https://api.example.com/v1/orders?page=2>; rel=\"next\", </v1/orders?page=9>; rel=\"last\"";
        let told = "</api/orders?page=2>; rel=\"next\", </api/orders?page=9>; rel=\"last\"";
        assert_eq!(addresses.told_links(links).as_deref(), Some(told));
        assert_eq!(addresses.told_links("</internal>; rel=\"up\""), None);
        assert_eq!(addresses.told_links("<broken"), None);
    }
}
