//! A request, read once: the view of it, the site it came by, what its headers say, and our cookies in it.
//!
//! There are two of them, by how long they last. [`Incoming`] borrows from the request and ends when the first
//! step is decided. [`RequestFacts`] owns the little that is needed when the application has answered, and may
//! have to start a sign-in.

use std::sync::Arc;

use super::Context;
use super::credentials::brought::is_a_browser;
use super::site::Site;
use crate::address::mismatch::Mismatch;
use crate::address::target::Target;
use crate::browser::cookie::{SentCookie, SentCookies};
use crate::guard::request_kind::{RequestKind, RequestSigns, is_read};
use crate::web::request::RequestView;

/// A request as the endpoint that answers it is handed it.
pub(crate) struct Incoming<'a> {
    /// The request itself, for headers that only one endpoint asks for.
    pub(crate) view: &'a dyn RequestView,
    /// The base URL it came by.
    pub(crate) site: &'a Arc<Site>,
    pub(crate) method: &'a str,
    /// The path below the base path: what the table of endpoints is asked with.
    pub(crate) path: &'a str,
    pub(crate) kind: RequestKind,
    /// What `kind` was decided by.
    pub(crate) signs: RequestSigns<'a>,
    /// Our cookies under this site's names. Nothing in them has been opened.
    pub(crate) cookies: SentCookies<'a>,
}

impl<'a> Incoming<'a> {
    /// Reads the headers in one pass: what kind of request they make it, and which of our cookies are among them. The
    /// site is decided before: a request that came by no base URL has no cookie names.
    pub(crate) fn read(view: &'a dyn RequestView, site: &'a Arc<Site>) -> Self {
        let (mut signs, mut cookies) = (RequestSigns::default(), SentCookies::default());
        view.each_header(&mut |name, value| match name {
            "cookie" => cookies.read(value, &site.names),
            _ => signs.note(name, value),
        });
        let method = view.method();
        let path = site.base.inside_path(view.path());
        Self { view, site, method, path, kind: signs.kind(method), signs, cookies }
    }

    /// The query, empty where there is none.
    pub(crate) fn query(&self) -> &'a str {
        self.view.query().unwrap_or_default()
    }
}

/// The address that a request came under, if it is not the base URL's.
#[derive(Debug)]
pub(crate) enum OtherAddress {
    /// It is answered under the base URL all the same: there is one alone, or this one was named.
    Mismatched(Mismatch),
    /// It names none of several base URLs, and was let through: see [`elsewhere`](super::elsewhere). Nobody is there,
    /// and nobody can sign in. Host and port as they were asked for, fit for a log.
    Elsewhere(String),
}

/// What is kept of a request until the application has answered. All of it comes from outside; `target`,
/// `form` and `htmx_page` become destinations only through [`Context::safe_return_to`].
#[derive(Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and any of them may hold beside any other"
)]
pub(crate) struct RequestFacts {
    /// Whether the answer may be a redirect.
    pub(crate) kind: RequestKind,
    /// Whether it is a GET or a HEAD, and no WebSocket handshake.
    pub(crate) is_read: bool,
    /// Which base URL the request came in by; the first for one that came by none.
    pub(crate) site: Arc<Site>,
    /// Path and query as the browser sees them.
    pub(crate) target: Target,
    /// Path and query of the page that a post was sent from, where that is known.
    pub(crate) form: Option<Box<str>>,
    /// The page around an htmx request, without its origin, if that origin is ours. Where people come back to:
    /// the part that htmx asked for is no page.
    pub(crate) htmx_page: Option<Box<str>>,
    /// The address it came under, if that is not the base URL's. A mismatch is known of navigations without a session
    /// alone: they start sign-ins.
    pub(crate) other_address: Option<Box<OtherAddress>>,
    /// The origin of the single-page application that asks, if it is beside this base URL.
    pub(crate) caller: Option<u16>,
    /// Pending logins and the marks of finished ones that the browser holds.
    pub(crate) attempts: Vec<SentCookie>,
    /// Whether another site led the browser here, where that keeps a session's cookie from it that may be there; and it was
    /// not led here once more a moment ago.
    pub(crate) arrives: bool,
    /// Whether it prolongs the idle life of its session.
    pub(crate) is_activity: bool,
    /// The store lost the session that its cookie names, and that was made here a moment ago.
    pub(crate) lost_session: bool,
    /// Whether a session may begin with it.
    pub(crate) sender: Sender,
    /// Whether no browser sent it, for all that is known. Asked only where the application takes credentials.
    pub(crate) is_program: bool,
}

/// Who sent a request that would begin a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    /// It is none that could: a session begins with a POST, PUT or PATCH.
    NoPost,
    /// A page that may act in its person's name, as of a post by somebody who is signed in.
    OwnPage,
    /// Anybody else, or a page without the header that is required.
    Foreign,
}

impl RequestFacts {
    /// Keeps what will be needed of a request.
    ///
    /// Addresses are compared for navigations alone: the others start no sign-in. Nor are they for `somebody`: a
    /// browser that sent a session's cookie here sends the others, too. Where it does not (an application began the
    /// session itself, under another address), a step-up that fails is not explained by the address.
    pub(crate) fn of(context: &Context, incoming: Incoming<'_>, somebody: bool) -> Self {
        let kind = incoming.kind;
        let compared = kind == RequestKind::Navigation && !somebody;
        let mismatch = compared.then(|| context.mismatch(&incoming)).flatten();
        let is_activity = context.settings.activity.includes(incoming.path, incoming.view);
        let arrives = context.settings.strict_cookie
            && kind == RequestKind::Navigation
            && incoming.signs.site == Some(b"cross-site".as_slice())
            && !incoming.cookies.arrived;
        let sender = context.sender(&incoming);
        let is_program = context.credentials.is_some() && !is_a_browser(&incoming);
        let Incoming { view, site, method, signs, cookies, .. } = incoming;
        let page = |url: Option<&[u8]>| {
            std::str::from_utf8(url?).ok()?.strip_prefix(site.base.origin.as_str()).map(Box::<str>::from)
        };
        // What a form posts to may answer no GET: people come back to the form.
        let form = match method {
            "GET" | "HEAD" => None,
            _ => page(signs.referer).filter(|path| path.starts_with('/')),
        };
        Self {
            kind,
            is_read: is_read(method) && !signs.websocket,
            target: site.base.outside_path(view.path(), view.query()),
            form,
            htmx_page: (kind == RequestKind::Htmx).then(|| page(signs.htmx_page)).flatten(),
            other_address: mismatch.map(|mismatch| Box::new(OtherAddress::Mismatched(mismatch))),
            caller: context.caller(&signs),
            attempts: cookies.attempts,
            arrives,
            is_activity,
            lost_session: false,
            sender,
            is_program,
            site: Arc::clone(site),
        }
    }

    /// Where the browser would want to come back to: what it asked for, and for a post the page it was sent from.
    pub(crate) fn page(&self) -> &str {
        self.form.as_deref().unwrap_or_else(|| self.target.as_str())
    }

    /// The path that was asked for, with the base path in front whether a proxy took it away or not.
    pub(crate) fn path(&self) -> &str {
        self.target.as_str().split('?').next().unwrap_or_default()
    }

    /// Keeps what there is of a request that came by no base URL. No cookie of it is looked at.
    pub(crate) fn elsewhere(
        view: &dyn RequestView,
        site: &Arc<Site>,
        signs: &RequestSigns<'_>,
        authority: String,
    ) -> Self {
        Self {
            kind: signs.kind(view.method()),
            is_read: is_read(view.method()) && !signs.websocket,
            form: None,
            target: site.base.outside_path(view.path(), view.query()),
            htmx_page: None,
            other_address: Some(Box::new(OtherAddress::Elsewhere(authority))),
            caller: None,
            attempts: Vec::new(),
            arrives: false,
            is_activity: false,
            lost_session: false,
            sender: Sender::NoPost,
            is_program: false,
            site: Arc::clone(site),
        }
    }

    /// What differs between the address it came under and the base URL's, where it is answered all the same.
    pub(crate) fn mismatch(&self) -> Option<&Mismatch> {
        match self.other_address.as_deref() {
            Some(OtherAddress::Mismatched(mismatch)) => Some(mismatch),
            Some(OtherAddress::Elsewhere(_)) | None => None,
        }
    }

    /// The host it came under, where that names no base URL.
    pub(crate) fn foreign_host(&self) -> Option<&str> {
        match self.other_address.as_deref() {
            Some(OtherAddress::Elsewhere(authority)) => Some(authority),
            Some(OtherAddress::Mismatched(_)) | None => None,
        }
    }
}
