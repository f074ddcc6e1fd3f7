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
    pub(super) target: &'a Url,
    /// The path in front of the local prefix, as browsers see it.
    pub(super) base_path: &'a str,
}

impl Addresses<'_> {
    /// The address as browsers may read it; nothing if they may not.
    ///
    /// One at the upstream becomes one below the local prefix. One elsewhere stays as it is if it is https and not
    /// on the upstream's own host, where a browser has no business. One with a user name is told nowhere: it would
    /// hold a password, or look like another site's.
    pub(super) fn rewritten(&self, address: &str) -> Option<String> {
        let url = self.target.join(address).ok()?;
        let Mapping { prefix, upstream } = self.mapping;
        if let Some(rest) = upstream.rest(&url) {
            let mut rewritten = format!("{}{}{rest}", self.base_path, prefix.as_str());
            for (mark, part) in [('?', url.query()), ('#', url.fragment())] {
                if let Some(part) = part {
                    rewritten.push(mark);
                    rewritten.push_str(part);
                }
            }
            return Some(rewritten);
        }
        let elsewhere = url.scheme() == "https" && url.host() != upstream.origin.host();
        let nobody = url.username().is_empty() && url.password().is_none();
        (elsewhere && nobody).then(|| url.into())
    }

    /// A Link header (RFC 8288 §3) with each address told so; nothing if one of them may not be told.
    pub(super) fn rewritten_links(&self, links: &str) -> Option<String> {
        let mut rewritten = String::with_capacity(links.len());
        let mut left = links;
        while let Some((before, rest)) = left.split_once('<') {
            let (address, after) = rest.split_once('>')?;
            rewritten.push_str(before);
            rewritten.push('<');
            rewritten.push_str(&self.rewritten(address)?);
            rewritten.push('>');
            left = after;
        }
        rewritten.push_str(left);
        Some(rewritten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(upstream: &str, base_path: &str, address: &str) -> Option<String> {
        let mapping = Mapping::new("/api", upstream, false).unwrap();
        let target = mapping.target("/orders/7", Some("q=1")).unwrap();
        Addresses { mapping: &mapping, target: &target, base_path }.rewritten(address)
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
                rewritten("https://api.example.com/v1", "", address).as_deref(),
                Some(expected),
                "{address}"
            );
        }
        assert_eq!(rewritten("https://api.example.com", "/app", "/x").as_deref(), Some("/app/api/x"));
    }

    #[test]
    fn an_address_elsewhere_is_told_as_it_is_and_the_upstreams_host_never() {
        let elsewhere = |address| rewritten("https://api.example.com/v1", "", address);
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
        let target = mapping.target("/orders", None).unwrap();
        let addresses = Addresses { mapping: &mapping, target: &target, base_path: "" };
        let links =
            "<https://api.example.com/v1/orders?page=2>; rel=\"next\", </v1/orders?page=9>; rel=\"last\"";
        let rewritten = "</api/orders?page=2>; rel=\"next\", </api/orders?page=9>; rel=\"last\"";
        assert_eq!(addresses.rewritten_links(links).as_deref(), Some(rewritten));
        assert_eq!(addresses.rewritten_links("</internal>; rel=\"up\""), None);
        assert_eq!(addresses.rewritten_links("<broken"), None);
    }
}
