//! Sessions in a line: a whole sign-in within the process, and the cookie that comes of it.

use std::fmt;
use std::sync::Arc;

use http::StatusCode;
use landfall::{HttpClient, RelyingParty};

use super::TestBed;
use super::front::Front;
use crate::browser::{Browser, BrowserError, Page};
use crate::provider::{KeyError, Person};

/// The session of somebody who is signed in, as the cookie that a browser holds of it; see [`TestBed::sign_in`].
#[derive(Clone, PartialEq, Eq)]
pub struct SessionCookie {
    name: String,
    value: String,
    line: String,
}

impl SessionCookie {
    /// What the cookie is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it holds.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The value of a `Cookie` header: the name, `=` and the value.
    pub fn header(&self) -> String {
        format!("{}={}", self.name, self.value)
    }

    /// The `Set-Cookie` line that it came in, with its attributes, for a cookie jar:
    /// [`Browser::set_cookie`](crate::Browser::set_cookie), or another client's own.
    pub fn set_cookie(&self) -> &str {
        &self.line
    }
}

/// Without the value: it is as good as the session.
impl fmt::Debug for SessionCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionCookie").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignInError {
    /// The sign-in broke off on its way.
    #[error(
        "the sign-in broke off on its way; the relying party has to be the bed's own, from `relying_party()`"
    )]
    Browser(#[from] BrowserError),
    /// The random source failed.
    #[error("the random source failed")]
    Random(#[from] KeyError),
    /// The sign-in ended in a page that says why: the application's hook declined, say, or the provider was told to
    /// refuse.
    #[error("{subject} is not signed in: the answer was {status}; {page}")]
    Refused {
        /// Who was to be signed in.
        subject: String,
        /// The page's status.
        status: StatusCode,
        /// Its text.
        page: String,
    },
}

impl TestBed {
    /// Signs a person in and gives their session's cookie, without a server, a browser or a page of the application's.
    ///
    /// It is the whole sign-in, in this process: the provider's token is verified, the application's `on_sign_in` is
    /// asked, the session is in the store and has its tokens. Only [`browser`](TestBed::browser) knows nothing of it;
    /// [`SessionCookie::set_cookie`] puts it there. `subject` is one of the provider's people; anybody else's name will
    /// do as well. Who is there at the provider besides, and whether it shows a page, makes no difference.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use landfall_testkit::TestBed;
    ///
    /// let bed = TestBed::new("https://app.example.com")?;
    /// let auth = bed.relying_party().build()?;
    /// let ada = bed.sign_in(&auth, "ada").await?;
    /// let request = http::Request::get("/dashboard").header("cookie", ada.header()).body(())?;
    /// # let _ = request;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SignInError::Refused`] when the application or the provider turns the person away, and when `auth` is not of
    /// this bed.
    pub async fn sign_in(&self, auth: &RelyingParty, subject: &str) -> Result<SessionCookie, SignInError> {
        self.sign_in_person(auth, self.provider.person(subject)).await
    }

    /// Signs somebody in with the claims that they are given here, known to the provider or not; else as
    /// [`sign_in`](Self::sign_in). The session has of them what the scopes, `role_claim` and `keep_claims` let it have.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use landfall_testkit::{Person, TestBed};
    ///
    /// let bed = TestBed::new("https://app.example.com")?;
    /// let auth = bed.relying_party().build()?;
    /// let admin = Person::new("ada").name("Ada Lovelace").claim("roles", ["admin"]);
    /// let ada = bed.sign_in_person(&auth, admin).await?;
    /// # let _ = ada;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`sign_in`](Self::sign_in).
    pub async fn sign_in_person(
        &self,
        auth: &RelyingParty,
        person: Person,
    ) -> Result<SessionCookie, SignInError> {
        let subject = person.subject().to_owned();
        let expected = self.provider.expect(person)?;
        let front = Front { auth: auth.clone(), login_hint: expected.login_hint().to_owned() };
        let browser = Browser::new().clock(self.clock());
        browser.route(self.issuer(), &self.provider)?;
        browser.route(self.base_url(), Arc::new(front) as Arc<dyn HttpClient>)?;
        let page = browser.open(&format!("{}{PAGE}", self.base_url())).await?;
        session_cookie(&page).ok_or_else(|| SignInError::Refused {
            subject,
            status: page.status,
            page: page.text(),
        })
    }
}

/// A page that no application has.
const PAGE: &str = "/landfall-testkit-sign-in";

/// The session that was begun on the way to this page, if it is there at the end.
fn session_cookie(page: &Page) -> Option<SessionCookie> {
    if page.status != StatusCode::OK || page.url.path().rsplit_once('/')?.1 != PAGE.trim_start_matches('/') {
        return None;
    }
    let lines = page.hops.iter().rev().flat_map(|hop| hop.set_cookies());
    lines.into_iter().find_map(|line| {
        let (name, value) = line.split(';').next()?.split_once('=')?;
        let bare = name.strip_prefix("__Host-").unwrap_or(name);
        (bare.starts_with("landfall-session") && !value.is_empty()).then(|| SessionCookie {
            name: name.to_owned(),
            value: value.to_owned(),
            line: line.to_owned(),
        })
    })
}
