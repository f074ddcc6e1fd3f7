//! A request, read once: the view of it, the site it came by, what its headers say, and our cookies in it.

use std::sync::Arc;

use super::Context;
use super::site::Site;
use crate::address::mismatch::Mismatch;
use crate::browser::cookie::{SentCookie, SentCookies, sent_cookies};
use crate::guard::kind::{RequestKind, RequestSigns};
use crate::web::request::RequestView;

/// A request as whoever answers it is handed it.
pub(crate) struct Incoming<'a> {
    pub(crate) view: &'a dyn RequestView,
    pub(crate) site: &'a Arc<Site>,
    pub(crate) kind: RequestKind,
    pub(crate) signs: RequestSigns<'a>,
    pub(crate) cookies: SentCookies<'a>,
}

impl<'a> Incoming<'a> {
    pub(crate) fn read(
        view: &'a dyn RequestView,
        site: &'a Arc<Site>,
        kind: RequestKind,
        signs: RequestSigns<'a>,
    ) -> Self {
        let cookies = sent_cookies(view, &site.names);
        Self { view, site, kind, signs, cookies }
    }

    pub(crate) fn method(&self) -> &'a str {
        self.view.method()
    }

    /// The path below the base path.
    pub(crate) fn path(&self) -> &'a str {
        self.site.base.inside_path(self.view.path())
    }

    /// The query, empty where there is none.
    pub(crate) fn query(&self) -> &'a str {
        self.view.query().unwrap_or_default()
    }
}

/// What is kept of a request until the application has answered.
#[derive(Debug)]
pub(crate) struct RequestFacts {
    pub(crate) kind: RequestKind,
    /// Which base URL the request came in by.
    pub(crate) site: Arc<Site>,
    /// Path and query as the browser sees them: where it would want to come back to. A post's is the page it was
    /// sent from, where that is known.
    pub(crate) target: String,
    /// The page around an htmx request, if it is a URL under our base.
    pub(crate) htmx_page: Option<String>,
    /// The address it came under, if that is not the base URL's. Known of navigations alone: they start sign-ins.
    pub(crate) mismatch: Option<Mismatch>,
    /// The origin of the single-page application that asks, if it is beside this base URL.
    pub(crate) cors_origin: Option<String>,
    /// Pending logins and the marks of finished ones that the browser holds.
    pub(crate) attempts: Vec<SentCookie>,
}

impl RequestFacts {
    /// Keeps what will be needed of a request.
    pub(crate) fn of(context: &Context, incoming: Incoming<'_>) -> Self {
        let Incoming { view, site, kind, cookies, .. } = incoming;
        let page = |name: &str| {
            let url = std::str::from_utf8(view.header(name)?).ok()?;
            url.strip_prefix(site.base.origin.as_str()).map(str::to_owned)
        };
        // What a form posts to may answer no GET: people come back to the form.
        let form = match view.method() {
            "GET" | "HEAD" => None,
            _ => page("referer").filter(|path| path.starts_with('/')),
        };
        Self {
            kind,
            target: form.unwrap_or_else(|| site.base.outside_path(view.path(), view.query())),
            htmx_page: (kind == RequestKind::Htmx).then(|| page("hx-current-url")).flatten(),
            mismatch: (kind == RequestKind::Navigation).then(|| context.mismatch(view, site)).flatten(),
            cors_origin: context.cors_origin(view),
            attempts: cookies.attempts,
            site: Arc::clone(site),
        }
    }
}
