//! A pending login, a request of the test's own making, and what must hold for every answer of ours.

use std::collections::HashMap;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use landfall_testkit::Browser;
use landfall_tests::{BASE_URL, World};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

/// Where a sign-in lands if nothing else is said.
pub(crate) const LANDING: &str = "/dashboard?tab=2&q=%26";
pub(crate) const SESSION: &str = "__Host-landfall-session";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// The cases of one file.
pub(crate) fn cases<T: DeserializeOwned>(text: &str) -> Vec<T> {
    #[derive(serde::Deserialize)]
    struct File<T> {
        cases: Vec<T>,
    }
    serde_json::from_str::<File<T>>(text).unwrap().cases
}

/// The provider's answer, on its way to the callback.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) code: String,
    pub(crate) state: String,
}

impl Pending {
    /// The callback as the provider would make it.
    pub(crate) fn query(&self) -> String {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        format!("code={}&state={}&iss=https%3A%2F%2Fop.example", encode(&self.code), encode(&self.state))
    }

    pub(crate) fn callback(&self) -> String {
        format!("/auth/callback?{}", self.query())
    }
}

/// Starts a sign-in at `path` and goes as far as the provider's answer, by redirect or by form.
pub(crate) async fn pending_at(browser: &Browser, path: &str) -> Pending {
    let mut page = browser.open_without_following(&format!("{BASE_URL}{path}")).await.unwrap();
    for _ in 0..5 {
        let Some(next) = page.location() else { break };
        if next.path() == "/auth/callback" && next.as_str().starts_with(BASE_URL) {
            let mut found: HashMap<String, String> = next.query_pairs().into_owned().collect();
            return Pending {
                code: found.remove("code").unwrap_or_default(),
                state: found.remove("state").unwrap(),
            };
        }
        page = browser.open_without_following(next.as_str()).await.unwrap();
    }
    let mut found: HashMap<String, String> =
        page.form().expect("a response by form").fields.into_iter().collect();
    Pending { code: found.remove("code").unwrap_or_default(), state: found.remove("state").unwrap() }
}

/// The same, landing at [`LANDING`].
pub(crate) async fn pending(browser: &Browser) -> Pending {
    pending_at(browser, LANDING).await
}

/// The address that starts a sign-in that ends at `return_to`.
pub(crate) fn login_path(return_to: &str) -> String {
    let value: String = form_urlencoded::byte_serialize(return_to.as_bytes()).collect();
    format!("/auth/login?return_to={value}")
}

/// A request to the application.
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// The Cookie header; `None` leaves it to the browser's jar.
    pub(crate) cookie: Option<String>,
}

impl Ask {
    pub(crate) fn get(target: impl Into<String>) -> Self {
        Self::new(Method::GET, target)
    }

    pub(crate) fn new(method: Method, target: impl Into<String>) -> Self {
        Self { method, target: target.into(), headers: Vec::new(), body: Bytes::new(), cookie: None }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn cookie(mut self, cookie: impl Into<String>) -> Self {
        self.cookie = Some(cookie.into());
        self
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn location(&self) -> &str {
        self.header("location")
    }

    /// Whether it gives the browser a session.
    pub(crate) fn sets_session(&self) -> bool {
        self.set_cookies().iter().any(|line| {
            line.starts_with(&format!("{SESSION}=")) && !line.starts_with(&format!("{SESSION}=;"))
        })
    }
}

/// The Cookie header that the jar holds for the application.
pub(crate) fn jar(browser: &Browser) -> String {
    let cookies = browser.cookies_for(BASE_URL).unwrap();
    let pairs: Vec<_> = cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
    pairs.join("; ")
}

/// The value of the first cookie whose name begins so.
pub(crate) fn cookie_value(browser: &Browser, name: &str) -> Option<String> {
    let cookies = browser.cookies_for(BASE_URL).unwrap();
    cookies.into_iter().find(|cookie| cookie.name.starts_with(name)).map(|cookie| cookie.value)
}

/// Sends it as a browser opening a page would, unless the headers say otherwise; the jar keeps what comes.
pub(crate) async fn ask(browser: &Browser, ask: Ask) -> Answer {
    let mut request = Request::builder().method(ask.method).uri(format!("{BASE_URL}{}", ask.target));
    let has = |name: &str| ask.headers.iter().any(|(known, _)| known == name);
    if !has("accept") {
        request = request.header("accept", "text/html");
    }
    for (name, value) in &ask.headers {
        request = request.header(name, value);
    }
    let cookie = ask.cookie.unwrap_or_else(|| jar(browser));
    if !cookie.is_empty() {
        request = request.header("cookie", cookie);
    }
    let response = browser.send(request.body(ask.body).unwrap()).await.unwrap();
    for line in response.headers().get_all("set-cookie") {
        browser.set_cookie(BASE_URL, line.to_str().unwrap()).unwrap();
    }
    let (parts, body) = response.into_parts();
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() }
}

/// Who the browser's cookies say is there.
pub(crate) async fn whoami(browser: &Browser) -> String {
    ask(browser, Ask::get("/")).await.body
}

/// Signs in from a page of the application, all the way.
pub(crate) async fn sign_in(browser: &Browser) {
    let page = sign_in_page(browser).await;
    assert!(page.starts_with("dashboard of ada"), "no sign-in: {page}");
}

/// The page that a sign-in ends on.
pub(crate) async fn sign_in_page(browser: &Browser) -> String {
    let page = browser.open(&format!("{BASE_URL}{LANDING}")).await.unwrap();
    format!("{}{}", if page.status == 200 { "" } else { "no success: " }, page.text())
}

/// Whether a status is one of `400|4xx|303`.
pub(crate) fn status_is(status: StatusCode, wanted: &str) -> bool {
    wanted.split('|').any(|wanted| match wanted.strip_suffix("xx") {
        Some(class) => status.as_str().starts_with(class),
        None => status.as_str() == wanted,
    })
}

/// What must hold for every answer of an endpoint of ours, whatever came in.
pub(crate) fn broken_promises(answer: &Answer, planted: &[&str]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut promise = |kept: bool, what: &str| {
        if !kept {
            broken.push(format!("{what}: {} {:?}", answer.status, answer.headers));
        }
    };
    promise(answer.header("cache-control").contains("no-store"), "it can be stored");
    promise(answer.header("referrer-policy") == "no-referrer", "it leaks a referrer");
    promise(answer.headers.get("access-control-allow-origin").is_none(), "it opens itself to other origins");
    promise(!matches!(answer.status.as_u16(), 307 | 308), "a redirect that posts again");
    promise(!answer.sets_session() || answer.status == 303, "a session without success");
    for line in answer.set_cookies() {
        promise(
            line.starts_with("__Host-")
                && ["; HttpOnly", "; Secure", "; Path=/", "; SameSite=Lax"]
                    .iter()
                    .all(|part| line.contains(part))
                && !line.to_ascii_lowercase().contains("domain="),
            "a cookie without its attributes",
        );
    }
    for planted in planted.iter().filter(|planted| planted.len() >= 4) {
        promise(!answer.body.contains(planted), "a parameter stands on the page");
    }
    broken
}

/// Sends bytes as they stand and reads what comes until the other side closes or says no more.
pub(crate) async fn raw(world: &World, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    // An answer of ours is small, and its head comes in one piece.
    while !answer.windows(4).any(|four| four == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(read) if read > 0 => answer.extend_from_slice(&buffer[..read]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// A parameter of a URL.
pub(crate) fn parameter(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).or_else(|_| Url::parse(BASE_URL).unwrap().join(url)).unwrap();
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}
