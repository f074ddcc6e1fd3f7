//! Those who use the application: each with a browser, and a session that is there or is not.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use landfall_testkit::{Browser, LocalProvider};
use landfall_tests::BASE_URL;

const SESSION: &str = "__Host-landfall-session";

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    cookie: String,
    /// Of the session at the provider.
    pub(crate) sid: String,
    pub(crate) subject: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
}

/// One of the two instances, asked directly.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    browser: Browser,
    address: SocketAddr,
}

impl Instance {
    pub(crate) fn at(address: SocketAddr) -> Self {
        let browser = Browser::new();
        browser.route(BASE_URL, address).unwrap();
        Self { browser, address }
    }

    /// Signs somebody in with a browser of their own, which is gone afterwards. One at a time: the provider's newest
    /// session is theirs.
    ///
    /// # Errors
    /// When they do not land.
    pub(crate) async fn sign_in(&self, provider: &LocalProvider, browser: Browser) -> Result<Person, String> {
        browser.route(BASE_URL, self.address).map_err(|error| error.to_string())?;
        let page = browser.open(&format!("{BASE_URL}/dashboard")).await.map_err(|error| error.to_string())?;
        if page.status != 200 {
            return Err(format!("no sign-in: {} {}", page.status, page.text()));
        }
        let cookies = browser.cookies_for(BASE_URL).map_err(|error| error.to_string())?;
        let session = cookies.into_iter().find(|cookie| cookie.name == SESSION).ok_or("no session cookie")?;
        let there = provider.sessions().pop().ok_or("no session at the provider")?;
        Ok(Person { cookie: format!("{SESSION}={}", session.value), sid: there.sid, subject: there.subject })
    }

    pub(crate) async fn get(&self, path: &str, person: &Person) -> Result<Answer, String> {
        self.send(Method::GET, path, Some(person), "").await
    }

    /// # Errors
    /// When it is not answered as a sign-out is.
    pub(crate) async fn sign_out(&self, person: &Person) -> Result<(), String> {
        let answer = self.send(Method::POST, "/auth/logout", Some(person), "").await?;
        if answer.status == 303 { Ok(()) } else { Err(format!("no sign-out: {answer:?}")) }
    }

    /// Posts a logout token of the provider's.
    ///
    /// # Errors
    /// When it is not taken.
    pub(crate) async fn told_by(&self, provider: &LocalProvider, person: &Person) -> Result<(), String> {
        let token = provider.logout_token("app").map_err(|error| error.to_string())?;
        let token = token.claim("sub", person.subject.as_str()).claim("sid", person.sid.as_str());
        let body = format!("logout_token={}", token.signed());
        let answer = self.send(Method::POST, "/auth/backchannel-logout", None, &body).await?;
        if answer.status == 200 { Ok(()) } else { Err(format!("no logout: {answer:?}")) }
    }

    /// Whether this is who is signed in there; an error where it cannot be told.
    ///
    /// # Errors
    /// When the answer is neither.
    pub(crate) async fn knows(&self, person: &Person) -> Result<bool, String> {
        let answer = self.get("/", person).await?;
        match (answer.status.as_u16(), answer.body.as_str()) {
            (200, "hello nobody") => Ok(false),
            (200, body) if body == format!("hello {}", person.subject) => Ok(true),
            _ => Err(format!("{answer:?}")),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        person: Option<&Person>,
        form: &str,
    ) -> Result<Answer, String> {
        let mut request = Request::builder().method(method).uri(format!("{BASE_URL}{path}"));
        if let Some(person) = person {
            request = request.header("cookie", &person.cookie).header("sec-fetch-site", "same-origin");
        }
        if !form.is_empty() {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        let request = request.body(Bytes::from(form.to_owned())).map_err(|error| error.to_string())?;
        let response = self.browser.send(request).await.map_err(|error| format!("{path}: {error}"))?;
        let (parts, body) = response.into_parts();
        Ok(Answer { status: parts.status, body: String::from_utf8_lossy(&body).into_owned() })
    }
}
