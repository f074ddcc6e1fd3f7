//! [`Browser`]: a scripted browser with cookies, redirects, forms and fetch metadata as real ones have them.

mod form;
mod jar;
mod page;
mod site;
#[cfg(test)]
mod tests;
mod transport;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use landfall::{Clock, HttpError, SystemClock};
use url::Url;

pub use form::{Button, Form};
pub use jar::{SameSitePolicy, StoredCookie};
pub use page::{Hop, Page};
pub(crate) use transport::Routes;
pub use transport::Target;

use jar::{Jar, Sending};

/// How many requests one navigation may take.
const MAX_HOPS: usize = 20;

/// A navigation or fetch that came to no page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// An in-process target gave no answer.
    #[error(transparent)]
    Client(#[from] HttpError),
    /// Nobody listens at the target.
    #[error("no connection")]
    Connect(#[source] std::io::Error),
    /// The connection broke off, or what came was not HTTP.
    #[error("no whole HTTP answer")]
    Http(#[from] hyper::Error),
    /// The page has no such form or button.
    #[error("the page {0} has no form with {1:?}; give what the button says, its name or its value")]
    NoSuchForm(String, String),
    /// The origin has no route.
    #[error(
        "{0} has no route; map the origin with Browser::route, or LocalProvider::route for what the provider sends"
    )]
    NotRouted(String),
    /// The request cannot be expressed in HTTP.
    #[error("not a request")]
    Request(#[from] http::Error),
    /// No answer in 30 seconds.
    #[error("no answer in 30 seconds")]
    TimedOut,
    /// An answer of more than 64 MiB.
    #[error("the answer is over 64 MiB")]
    TooLarge,
    /// More than 20 requests for one navigation.
    #[error("too many redirects; the last one went to {0}")]
    TooManyRedirects(String),
    /// Not an absolute URL.
    #[error("not a URL: {0}")]
    Url(String),
}

/// A tab of a scripted browser. [`new_tab`](Self::new_tab) opens another one with the same cookies.
///
/// The jar follows RFC 6265bis: prefixes, `SameSite` with the initiating site tracked through redirects, paths,
/// expiry by the clock, sizes and numbers. Where browsers differ it is the strict one: a `Secure` cookie needs https even
/// on loopback, a cookie without `SameSite` is Lax without the two minutes' grace, and a request counts as same-site
/// only if every redirect on the way was.
///
/// ```no_run
/// # async fn test(bed: landfall_testkit::TestBed) -> Result<(), landfall_testkit::BrowserError> {
/// bed.provider.ask_who_signs_in();
/// bed.browser.open("https://app.example.com/dashboard").await?; // the provider's page
/// let page = bed.browser.sign_in("grace").await?; // and back
/// assert_eq!(page.url.path(), "/dashboard");
/// assert_eq!(bed.browser.new_tab().open("https://app.example.com/").await?.status, 200);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Browser {
    shared: Arc<Shared>,
    history: Arc<Mutex<Vec<Page>>>,
}

#[derive(Debug)]
struct Shared {
    jar: Mutex<Jar>,
    routes: Routes,
    clock: Mutex<Arc<dyn Clock>>,
}

/// A request before it meets the jar.
struct Going {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
    /// Who caused it; `None` is the person at the address bar.
    initiator: Option<Url>,
    purpose: Purpose,
    follow: bool,
}

/// What a request is for: it decides which cookies go along and what fetch metadata says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Fetch,
    Frame,
    /// The address bar will show where it goes.
    Page,
}

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}

impl Browser {
    /// An empty jar, no routes, the operating system's clock.
    pub fn new() -> Self {
        let shared = Shared {
            jar: Mutex::default(),
            routes: Routes::default(),
            clock: Mutex::new(Arc::new(SystemClock)),
        };
        Self { shared: Arc::new(shared), history: Arc::default() }
    }

    /// The clock by which cookies expire.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        *lock(&self.shared.clock) = clock;
        self
    }

    /// Sends the requests for an origin such as `https://app.example.com` to `target`. Loopback origins over
    /// plain http need no route.
    ///
    /// # Errors
    /// When `origin` is no URL.
    pub fn route(&self, origin: &str, target: impl Into<Target>) -> Result<(), BrowserError> {
        self.shared.routes.add(origin, target.into())
    }

    /// Another tab: the same cookies and routes, a history of its own.
    pub fn new_tab(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), history: Arc::default() }
    }

    /// Types an address: a top-level navigation nobody initiated. Follows redirects and forms that send themselves, up to
    /// one that leads to another program, such as `com.example.app://callback`: that one is the answer.
    ///
    /// # Errors
    /// When there is no answer, or too many redirects.
    pub async fn open(&self, url: &str) -> Result<Page, BrowserError> {
        self.navigate(Method::GET, parse(url)?, Bytes::new(), None, true).await
    }

    /// Types an address and stops at the first answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn open_without_following(&self, url: &str) -> Result<Page, BrowserError> {
        self.navigate(Method::GET, parse(url)?, Bytes::new(), None, false).await
    }

    /// Follows a link on a page of `from`, another site's for instance.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn follow_link(&self, url: &str, from: &str) -> Result<Page, BrowserError> {
        self.navigate(Method::GET, parse(url)?, Bytes::new(), Some(parse(from)?), true).await
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
        self.navigate(Method::POST, parse(url)?, body.into(), Some(parse(from)?), true).await
    }

    /// Presses a button of the page, found by what it says, its value or its name, after filling in `fields`.
    ///
    /// # Errors
    /// When no form has the button; else as [`open`](Self::open).
    pub async fn submit(
        &self,
        page: &Page,
        button: &str,
        fields: &[(&str, &str)],
    ) -> Result<Page, BrowserError> {
        let forms = page.forms();
        let found = forms.iter().find_map(|form| Some((form, form.button(button)?)));
        let (form, button) =
            found.ok_or_else(|| BrowserError::NoSuchForm(page.url.to_string(), button.to_owned()))?;
        self.submit_form(page, form, &form.submission(Some(button), fields)).await
    }

    /// Signs in on the local provider's page, which must be what is shown: as somebody on the list by subject, or as
    /// anybody by name. Goes on through the pages that follow by their first button, and begins there if one of them
    /// is shown; [`submit`](Self::submit) presses any other.
    ///
    /// # Errors
    /// When no sign-in page is shown; else as [`open`](Self::open).
    pub async fn sign_in(&self, person: &str) -> Result<Page, BrowserError> {
        self.sign_in_with_trouble(person, "").await
    }

    /// Signs in on the local provider's page after choosing a trouble from its list, such as `wrong_state`.
    ///
    /// # Errors
    /// As [`sign_in`](Self::sign_in).
    pub async fn sign_in_with_trouble(&self, person: &str, trouble: &str) -> Result<Page, BrowserError> {
        let missing = |page: String| BrowserError::NoSuchForm(page, "sign-in".to_owned());
        let page = self.current().ok_or_else(|| missing("(none)".to_owned()))?;
        let forms = page.forms();
        if forms.iter().any(|form| form.next_step) {
            return self.go_through(page).await;
        }
        let form = forms.iter().find(|form| form.sign_in).ok_or_else(|| missing(page.url.to_string()))?;
        let pressed = form.buttons.iter().find(|button| button.name == "person" && button.value == person);
        let typed = if pressed.is_some() { "" } else { person };
        let submission = form.submission(pressed, &[("name", typed), ("trouble", trouble)]);
        self.go_through(self.submit_form(&page, form, &submission).await?).await
    }

    async fn go_through(&self, mut page: Page) -> Result<Page, BrowserError> {
        for _ in 0..MAX_HOPS {
            let Some(form) = page.form().filter(|form| form.next_step) else { return Ok(page) };
            page = self.submit_form(&page, &form, &form.submission(form.buttons.first(), &[])).await?;
        }
        Err(BrowserError::TooManyRedirects(page.url.into()))
    }

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
        self.go(Going { method, url, headers: map, body, initiator, purpose, follow: true }).await
    }

    /// Loads `url` in a frame on a page of `from`: `SameSite` cookies stay behind if that is another site. What it
    /// may not show is for the test to read in its headers.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_frame(&self, url: &str, from: &str) -> Result<Page, BrowserError> {
        let (url, initiator) = (parse(url)?, Some(parse(from)?));
        let (method, headers, body) = (Method::GET, navigation_headers(&Method::GET), Bytes::new());
        self.go(Going { method, url, headers, body, initiator, purpose: Purpose::Frame, follow: true }).await
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

    /// What is shown.
    pub fn current(&self) -> Option<Page> {
        lock(&self.history).last().cloned()
    }

    /// Goes back in the history and shows the page again without a request, as from the back/forward cache.
    pub fn back(&self) -> Option<Page> {
        let mut history = lock(&self.history);
        if history.len() > 1 {
            history.pop();
        }
        history.last().cloned()
    }

    /// Asks for the shown address again.
    ///
    /// # Errors
    /// When nothing is shown; else as [`open`](Self::open).
    pub async fn reload(&self) -> Result<Page, BrowserError> {
        let shown = self.current().ok_or_else(|| BrowserError::Url("nothing is shown".to_owned()))?;
        self.open(shown.url.as_str()).await
    }

    /// The cookies that belong to this address, whoever asks.
    ///
    /// # Errors
    /// When `url` is no URL.
    pub fn cookies_for(&self, url: &str) -> Result<Vec<StoredCookie>, BrowserError> {
        Ok(lock(&self.shared.jar).for_url(&parse(url)?, self.now()))
    }

    /// Puts a cookie into the jar, as if `url` had answered with this `Set-Cookie` line; false if it was ignored.
    ///
    /// # Errors
    /// When `url` is no URL.
    pub fn set_cookie(&self, url: &str, line: &str) -> Result<bool, BrowserError> {
        Ok(lock(&self.shared.jar).set(line, &parse(url)?, self.now(), true))
    }

    /// Forgets every cookie of this name.
    pub fn forget_cookie(&self, name: &str) {
        lock(&self.shared.jar).remove(name);
    }

    /// Empties the jar.
    pub fn forget_cookies(&self) {
        lock(&self.shared.jar).clear();
    }

    async fn submit_form(
        &self,
        page: &Page,
        form: &Form,
        fields: &[(String, String)],
    ) -> Result<Page, BrowserError> {
        let mut url = page.url.join(&form.action).map_err(|_| BrowserError::Url(form.action.clone()))?;
        let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let from = Some(page.url.clone());
        if form.post {
            self.navigate(Method::POST, url, encoded.into(), from, true).await
        } else {
            url.set_query(Some(&encoded));
            self.navigate(Method::GET, url, Bytes::new(), from, true).await
        }
    }

    async fn navigate(
        &self,
        method: Method,
        url: Url,
        body: Bytes,
        initiator: Option<Url>,
        follow: bool,
    ) -> Result<Page, BrowserError> {
        let headers = navigation_headers(&method);
        let mut page =
            self.go(Going { method, url, headers, body, initiator, purpose: Purpose::Page, follow }).await?;
        while follow && let Some(form) = page.form().filter(|form| form.auto_submit) {
            if page.hops.len() > MAX_HOPS {
                return Err(BrowserError::TooManyRedirects(page.url.into()));
            }
            let url = page.url.join(&form.action).map_err(|_| BrowserError::Url(form.action.clone()))?;
            let fields = form.submission(None, &[]);
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish().into();
            let (method, headers) = (Method::POST, navigation_headers(&Method::POST));
            let initiator = Some(page.url.clone());
            let mut before = std::mem::take(&mut page.hops);
            page = self
                .go(Going { method, url, headers, body, initiator, purpose: Purpose::Page, follow })
                .await?;
            before.append(&mut page.hops);
            page.hops = before;
        }
        lock(&self.history).push(page.clone());
        Ok(page)
    }

    async fn go(&self, mut going: Going) -> Result<Page, BrowserError> {
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
            let headers = self.complete(&going, &chain, sending, target.splits_cookies())?;
            let mut request = Request::new(going.body.clone());
            *request.method_mut() = going.method.clone();
            *request.uri_mut() = without_fragment(&going.url).parse().map_err(http::Error::from)?;
            request.headers_mut().clone_from(&headers);
            let (parts, body) = target.send(request).await?.into_parts();
            {
                let mut jar = lock(&self.shared.jar);
                for line in parts.headers.get_all(SET_COOKIE) {
                    // Browsers take the octets as they are; a line that is no text has no use in a test.
                    if let Ok(line) = std::str::from_utf8(line.as_bytes()) {
                        jar.set(line, &going.url, self.now(), same_site || going.purpose == Purpose::Page);
                    }
                }
            }
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
            // Fetch §4.4: 303 always, 301 and 302 after a POST.
            let becomes_get = match parts.status.as_u16() {
                303 => going.method != Method::HEAD,
                301 | 302 => going.method == Method::POST,
                _ => false,
            };
            if becomes_get {
                going.method = Method::GET;
                going.body = Bytes::new();
                going.headers.remove(CONTENT_TYPE);
            }
            chain.push(next.clone());
            going.url = next;
        }
    }

    /// The headers of one request: cookies, origin and fetch metadata as things stand at this hop.
    fn complete(
        &self,
        going: &Going,
        chain: &[Url],
        sending: Sending,
        split: bool,
    ) -> Result<HeaderMap, BrowserError> {
        let mut headers = going.headers.clone();
        let (mode, dest) = match going.purpose {
            Purpose::Fetch => ("cors", "empty"),
            Purpose::Frame => ("navigate", "iframe"),
            Purpose::Page => ("navigate", "document"),
        };
        let from = site::fetch_site(going.initiator.as_ref(), chain);
        headers.entry("sec-fetch-site").or_insert(HeaderValue::from_static(from));
        headers.entry("sec-fetch-mode").or_insert(HeaderValue::from_static(mode));
        headers.entry("sec-fetch-dest").or_insert(HeaderValue::from_static(dest));
        if going.purpose == Purpose::Page {
            headers.entry("sec-fetch-user").or_insert(HeaderValue::from_static("?1"));
        }
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        if let Some(initiator) = &going.initiator {
            let cross = !chain.iter().all(|url| site::same_origin(initiator, url));
            let unsafe_method = !matches!(going.method, Method::GET | Method::HEAD);
            if unsafe_method || (going.purpose == Purpose::Fetch && cross) {
                // Fetch §3.2: after a detour over a third origin nobody knows who asked.
                let tainted = chain.len() > 1
                    && chain.windows(2).any(|pair| match pair {
                        [a, b] => !site::same_origin(a, b) && !site::same_origin(initiator, a),
                        _ => false,
                    });
                let value =
                    if tainted { "null".to_owned() } else { initiator.origin().ascii_serialization() };
                headers.entry(ORIGIN).or_insert(value.parse().map_err(http::Error::from)?);
            }
        }
        let cookies = lock(&self.shared.jar).send(&going.url, sending, self.now());
        let pairs: Vec<String> = cookies.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let lines = if split || pairs.is_empty() { pairs } else { vec![pairs.join("; ")] };
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line.as_bytes()).map_err(http::Error::from)?);
        }
        Ok(headers)
    }

    fn now(&self) -> landfall::Timestamp {
        lock(&self.shared.clock).now()
    }
}

fn navigation_headers(method: &Method) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert("upgrade-insecure-requests", HeaderValue::from_static("1"));
    if method == Method::POST {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    }
    headers
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

fn without_fragment(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    url.into()
}

fn parse(url: &str) -> Result<Url, BrowserError> {
    Url::parse(url).map_err(|_| BrowserError::Url(url.to_owned()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
