//! [`Page`]: what the browser shows, and every request on the way to it.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::form::Form;
use super::html::{forms, frames, refresh};

/// An answer a browser ended up with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    /// The address it came from, after all redirects.
    pub url: Url,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// Every request on the way and what was answered; the last one is this page.
    pub hops: Vec<Hop>,
}

/// One request on the way to a page.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Hop {
    /// The method it was made with.
    pub method: Method,
    /// Where it went.
    pub url: Url,
    /// The headers it was sent with.
    pub request_headers: HeaderMap,
    /// The status of the answer.
    pub status: StatusCode,
    /// The headers of the answer.
    pub headers: HeaderMap,
}

impl Hop {
    /// Every `Set-Cookie` line of the answer.
    pub fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all("set-cookie").iter().filter_map(|line| line.to_str().ok()).collect()
    }
}

impl Page {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header of this answer, if it is there and printable.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Where the answer points to, resolved; `None` without a usable `Location`.
    pub fn location(&self) -> Option<Url> {
        self.url.join(self.header("location")?).ok()
    }

    /// Every form on the page. Empty for anything but HTML.
    pub fn forms(&self) -> Vec<Form> {
        if self.is_html() { forms(&self.text()) } else { Vec::new() }
    }

    /// The address of every frame on the page, resolved.
    pub fn frames(&self) -> Vec<Url> {
        let sources = if self.is_html() { frames(&self.text()) } else { Vec::new() };
        sources.iter().filter_map(|source| self.url.join(source).ok()).collect()
    }

    /// Where the page goes on to by itself after a while (`<meta http-equiv="refresh">`), resolved.
    pub fn refresh(&self) -> Option<Url> {
        let target = if self.is_html() { refresh(&self.text()) } else { None };
        self.url.join(&target?).ok()
    }

    fn is_html(&self) -> bool {
        self.header("content-type").is_some_and(|media| media.starts_with("text/html"))
    }

    /// The first form on the page.
    pub fn form(&self) -> Option<Form> {
        self.forms().into_iter().next()
    }
}
