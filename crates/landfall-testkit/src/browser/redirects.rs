//! One request after the other: a request is sent, its cookies are kept, and its redirect is followed.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, Request};
use url::Url;

use super::address::without_fragment;
use super::error::BrowserError;
use super::jar::Sending;
use super::page::{Hop, Page};
use super::request::{Going, Purpose};
use super::site;
use super::tab::Browser;
use crate::lock::lock;

/// How many requests one navigation may take.
pub(super) const MAX_HOPS: usize = 20;

impl Browser {
    /// Sends a request and follows its redirects, with the cookies of each step.
    pub(super) async fn go(&self, mut going: Going) -> Result<Page, BrowserError> {
        let mut chain = vec![going.url.clone()];
        let mut hops = Vec::new();
        loop {
            let target = self.shared.routes.find(&going.url)?;
            let same_site = match &going.initiator {
                Some(from) => chain.iter().all(|url| site::same_site(from, url)),
                None => chain.iter().all(|url| site::same_site(&going.url, url)),
            };
            let sending = Sending {
                same_site,
                top_level: going.purpose == Purpose::Page,
                safe_method: going.method.is_safe(),
            };
            let mut headers = going.headers(&chain)?;
            self.add_cookies(&mut headers, &going.url, sending, target.splits_cookies())?;
            let mut request = Request::new(going.body.clone());
            *request.method_mut() = going.method.clone();
            *request.uri_mut() = without_fragment(&going.url).parse().map_err(http::Error::from)?;
            request.headers_mut().clone_from(&headers);
            let (parts, body) = target.send(request).await?.into_parts();
            self.keep_cookies(&parts.headers, &going.url, same_site || going.purpose == Purpose::Page);
            hops.push(Hop {
                method: going.method.clone(),
                url: going.url.clone(),
                request_headers: headers,
                status: parts.status,
                headers: parts.headers.clone(),
            });
            let next = redirect_target(&going.url, parts.status.as_u16(), &parts.headers);
            // Another scheme is another program's: the system would hand it over.
            let is_web = |next: &Url| matches!(next.scheme(), "http" | "https");
            let Some(next) = next.filter(|next| going.follow && is_web(next)) else {
                return Ok(Page { url: going.url, status: parts.status, headers: parts.headers, body, hops });
            };
            if hops.len() >= MAX_HOPS {
                return Err(BrowserError::TooManyRedirects(next.into()));
            }
            going.turn_to(parts.status.as_u16());
            chain.push(next.clone());
            going.url = next;
        }
    }

    /// The cookies that go with a request: in one line, or a line each.
    fn add_cookies(
        &self,
        headers: &mut HeaderMap,
        to: &Url,
        sending: Sending,
        split: bool,
    ) -> Result<(), BrowserError> {
        let cookies = lock(&self.shared.jar).send(to, sending, self.now());
        let pairs: Vec<String> = cookies.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let lines = if split || pairs.is_empty() { pairs } else { vec![pairs.join("; ")] };
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line.as_bytes()).map_err(http::Error::from)?);
        }
        Ok(())
    }

    fn keep_cookies(&self, answered: &HeaderMap, from: &Url, lax_allowed: bool) {
        let mut jar = lock(&self.shared.jar);
        for line in answered.get_all(SET_COOKIE) {
            // Browsers take the octets as they are; a line that is no text has no use in a test.
            if let Ok(line) = std::str::from_utf8(line.as_bytes()) {
                jar.set(line, from, self.now(), lax_allowed);
            }
        }
    }
}

impl Going {
    /// After a redirect with this status: Fetch §4.4, 303 always becomes GET, 301 and 302 after a POST.
    fn turn_to(&mut self, status: u16) {
        let becomes_get = match status {
            303 => self.method != Method::HEAD,
            301 | 302 => self.method == Method::POST,
            _ => false,
        };
        if becomes_get {
            self.method = Method::GET;
            self.body = Bytes::new();
            self.headers.remove(CONTENT_TYPE);
        }
    }
}

/// Where a redirect goes; the fragment stays unless the new address has one of its own.
fn redirect_target(from: &Url, status: u16, headers: &HeaderMap) -> Option<Url> {
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let mut next = from.join(std::str::from_utf8(headers.get(LOCATION)?.as_bytes()).ok()?).ok()?;
    if next.fragment().is_none() {
        next.set_fragment(from.fragment());
    }
    Some(next)
}
