//! The browser itself: what its tabs share, and what a tab shows.

use std::sync::{Arc, Mutex};

use landfall::{Clock, SystemClock, Timestamp};

use super::error::BrowserError;
use super::jar::Jar;
use super::page::Page;
use super::routes::Routes;
use super::target::Target;
use crate::lock::lock;

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
    pub(super) shared: Arc<Shared>,
    pub(super) history: Arc<Mutex<Vec<Page>>>,
}

/// What all tabs have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) jar: Mutex<Jar>,
    pub(super) routes: Routes,
    clock: Mutex<Arc<dyn Clock>>,
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

    pub(super) fn now(&self) -> Timestamp {
        lock(&self.shared.clock).now()
    }
}
