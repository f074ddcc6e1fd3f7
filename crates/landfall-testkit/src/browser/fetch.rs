//! What is sent without the address bar: a script's `fetch`, the frames of a page, and a request as it stands.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};

use super::address::parse;
use super::error::BrowserError;
use super::page::Page;
use super::referrer::ReferrerPolicy;
use super::request::{Going, Purpose, navigation_headers};
use super::tab::Browser;

impl Browser {
    /// A script's `fetch` on a page of `from`, with credentials. Answers are readable whatever CORS would say.
    ///
    /// # Errors
    /// As [`open`](Self::open), or when a header cannot be sent.
    pub async fn fetch(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
        from: &str,
    ) -> Result<Page, BrowserError> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = name.parse::<HeaderName>().map_err(http::Error::from)?;
            map.append(name, value.parse::<HeaderValue>().map_err(http::Error::from)?);
        }
        let initiator = Some(parse(from)?);
        let body = body.into();
        let url = parse(url)?;
        let purpose = Purpose::Fetch;
        let referrer = ReferrerPolicy::default();
        self.go(Going { method, url, headers: map, body, initiator, referrer, purpose, follow: true }).await
    }

    /// Loads `url` in a frame on a page of `from`: `SameSite` cookies stay behind if that is another site. What it
    /// may not show is for the test to read in its headers.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_frame(&self, url: &str, from: &str) -> Result<Page, BrowserError> {
        let (url, initiator) = (parse(url)?, Some(parse(from)?));
        let (method, headers, body) = (Method::GET, navigation_headers(&Method::GET), Bytes::new());
        let (purpose, referrer) = (Purpose::Frame, ReferrerPolicy::default());
        self.go(Going { method, url, headers, body, initiator, referrer, purpose, follow: true }).await
    }

    /// Loads every frame of a page, as a browser does that shows it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_frames(&self, page: &Page) -> Result<Vec<Page>, BrowserError> {
        let mut frames = Vec::new();
        for url in page.frames() {
            frames.push(self.open_frame(url.as_str(), page.url.as_str()).await?);
        }
        Ok(frames)
    }

    /// Sends a request as it stands: no cookies, nothing added, nothing kept, no redirects.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, BrowserError> {
        let url = parse(&request.uri().to_string())?;
        self.shared.routes.find(&url)?.send(request).await
    }
}
