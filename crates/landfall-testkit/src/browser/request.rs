//! A request before it meets the jar: who caused it, what it is for, and the headers that follow from that.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, ORIGIN};
use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use super::error::BrowserError;
use super::referrer::ReferrerPolicy;
use super::site;

/// A request before it meets the jar.
pub(super) struct Going {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Who caused it; `None` is the person at the address bar.
    pub(super) initiator: Option<Url>,
    /// What that one lets be told of itself.
    pub(super) referrer: ReferrerPolicy,
    pub(super) purpose: Purpose,
    pub(super) follow: bool,
}

/// What a request is for: it decides which cookies go along and what fetch metadata says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Fetch,
    Frame,
    /// The address bar will show where it goes.
    Page,
}

impl Going {
    /// Its headers without the cookies: origin and fetch metadata as things stand after this chain of addresses.
    pub(super) fn headers(&self, chain: &[Url]) -> Result<HeaderMap, BrowserError> {
        let mut headers = self.headers.clone();
        let (mode, dest) = match self.purpose {
            Purpose::Fetch => ("cors", "empty"),
            Purpose::Frame => ("navigate", "iframe"),
            Purpose::Page => ("navigate", "document"),
        };
        if site::is_trustworthy(&self.url) {
            let from = site::fetch_site(self.initiator.as_ref(), chain);
            headers.entry("sec-fetch-site").or_insert(HeaderValue::from_static(from));
            headers.entry("sec-fetch-mode").or_insert(HeaderValue::from_static(mode));
            headers.entry("sec-fetch-dest").or_insert(HeaderValue::from_static(dest));
            if self.purpose == Purpose::Page {
                headers.entry("sec-fetch-user").or_insert(HeaderValue::from_static("?1"));
            }
        }
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        if let Some(initiator) = &self.initiator {
            let cross = !chain.iter().all(|url| site::same_origin(initiator, url));
            let unsafe_method = !matches!(self.method, Method::GET | Method::HEAD);
            if unsafe_method || (self.purpose == Purpose::Fetch && cross) {
                // Fetch §3.2: after a detour over a third origin nobody knows who asked.
                let tainted = chain.len() > 1
                    && chain.windows(2).any(|pair| match pair {
                        [a, b] => !site::same_origin(a, b) && !site::same_origin(initiator, a),
                        _ => false,
                    });
                // A script's fetch tells it whatever the page's policy is.
                let is_told =
                    self.purpose == Purpose::Fetch || self.referrer.tells_origin(initiator, &self.url);
                let value = if tainted || !is_told {
                    "null".to_owned()
                } else {
                    initiator.origin().ascii_serialization()
                };
                headers.entry(ORIGIN).or_insert(value.parse().map_err(http::Error::from)?);
            }
        }
        Ok(headers)
    }
}

/// What a navigation says whatever it is about.
pub(super) fn navigation_headers(method: &Method) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert("upgrade-insecure-requests", HeaderValue::from_static("1"));
    if method == Method::POST {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    }
    headers
}
