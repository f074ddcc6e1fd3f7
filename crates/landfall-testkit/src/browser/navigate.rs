//! What the address bar shows: addresses that are typed, links, forms of other sites, and pages that go on by
//! themselves.

use bytes::Bytes;
use http::Method;
use url::Url;

use super::address::parse;
use super::error::BrowserError;
use super::page::Page;
use super::redirects::MAX_HOPS;
use super::referrer::ReferrerPolicy;
use super::request::{Going, Purpose, navigation_headers};
use super::tab::Browser;
use crate::lock::lock;

/// The page that causes a navigation, and what it lets be told of itself.
pub(super) type Initiator = (Option<Url>, ReferrerPolicy);

/// The person at the address bar.
const NOBODY: Initiator = (None, ReferrerPolicy::NoDowngrade);

/// A page that says nothing of what may be told of it.
fn page_at(url: &str) -> Result<Initiator, BrowserError> {
    Ok((Some(parse(url)?), ReferrerPolicy::default()))
}

/// A page that is shown.
pub(super) fn shown(page: &Page) -> Initiator {
    (Some(page.url.clone()), ReferrerPolicy::of(&page.headers))
}

impl Browser {
    /// Types an address: a top-level navigation nobody initiated. Follows redirects and forms that send themselves, up to
    /// one that leads to another program, such as `com.example.app://callback`: that one is the answer.
    ///
    /// # Errors
    /// When there is no answer, or too many redirects.
    pub async fn open(&self, url: &str) -> Result<Page, BrowserError> {
        self.navigate(Method::GET, parse(url)?, Bytes::new(), NOBODY, true).await
    }

    /// Types an address and stops at the first answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn open_without_following(&self, url: &str) -> Result<Page, BrowserError> {
        self.navigate(Method::GET, parse(url)?, Bytes::new(), NOBODY, false).await
    }

    /// Follows a link on a page of `from`, another site's for instance.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn follow_link(&self, url: &str, from: &str) -> Result<Page, BrowserError> {
        self.navigate(Method::GET, parse(url)?, Bytes::new(), page_at(from)?, true).await
    }

    /// Sends a form from a page of `from` with POST.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn post_form(
        &self,
        url: &str,
        fields: &[(&str, &str)],
        from: &str,
    ) -> Result<Page, BrowserError> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.navigate(Method::POST, parse(url)?, body.into(), page_at(from)?, true).await
    }

    /// Asks for the shown address again.
    ///
    /// # Errors
    /// When nothing is shown; else as [`open`](Self::open).
    pub async fn reload(&self) -> Result<Page, BrowserError> {
        let shown = self.current().ok_or_else(|| BrowserError::Url("nothing is shown".to_owned()))?;
        self.open(shown.url.as_str()).await
    }

    pub(super) async fn navigate(
        &self,
        method: Method,
        url: Url,
        body: Bytes,
        (initiator, referrer): Initiator,
        follow: bool,
    ) -> Result<Page, BrowserError> {
        let headers = navigation_headers(&method);
        let purpose = Purpose::Page;
        let mut page =
            self.go(Going { method, url, headers, body, initiator, referrer, purpose, follow }).await?;
        while follow && let Some(form) = page.form().filter(|form| form.auto_submit) {
            if page.hops.len() > MAX_HOPS {
                return Err(BrowserError::TooManyRedirects(page.url.into()));
            }
            let url = page.url.join(&form.action).map_err(|_| BrowserError::Url(form.action.clone()))?;
            let fields = form.submission(None, &[]);
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish().into();
            let (method, headers) = (Method::POST, navigation_headers(&Method::POST));
            let (initiator, referrer) = shown(&page);
            let mut before = std::mem::take(&mut page.hops);
            page =
                self.go(Going { method, url, headers, body, initiator, referrer, purpose, follow }).await?;
            before.append(&mut page.hops);
            page.hops = before;
        }
        lock(&self.history).push(page.clone());
        Ok(page)
    }
}
