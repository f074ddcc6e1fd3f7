//! A request that came by no base URL: refused, or let through to the application as nobody's.
//!
//! What may pass is decided in [`context::elsewhere`](crate::context::elsewhere). Our own addresses never do: a sign-in
//! that starts under another name cannot come back to it, and no session is there to be told of or ended.

use super::FrontDoor;
use super::decision::Step;
use crate::context::Context;
use crate::context::incoming::RequestFacts;
use crate::context::site_selection::NoSite;
use crate::guard::request_kind::RequestSigns;
use crate::visit::Owed;
use crate::web::request::RequestView;

impl FrontDoor {
    /// Answers a request that came by no base URL. No cookie of it is read.
    ///
    /// 1. A trusted proxy's header that cannot be read, or two hosts: 400, on every path.
    /// 2. An address of ours, below any base path; a browser's request: 421.
    /// 3. Anything else is the application's, with a visit that is nobody's.
    pub(super) fn without_site(&self, view: &dyn RequestView, no_site: NoSite<'_>) -> Step {
        let context = &self.context;
        let signs = RequestSigns::read(view);
        let kind = signs.kind(view.method());
        let asked = match no_site {
            NoSite::Unread(error) => return Step::reply(context.misdirected(error.into(), kind)),
            NoSite::Named(asked) => asked,
        };
        if let Err(error) = Context::check_host(view, &signs) {
            return Step::reply(context.misdirected(error.into(), kind));
        }
        if self.is_endpoint_of_any_site(view) || !context.lets_through(view, &signs) {
            return Step::reply(context.misdirected(context.unknown_host(view, &asked), kind));
        }
        if !context.is_open_to_any_host(view.path()) {
            context.tell_of_foreign_host(&asked);
        }
        let facts = RequestFacts::elsewhere(view, context.sites.first(), &signs, asked.printed());
        Step::pass(self.visit(None, facts, Owed::Nothing))
    }

    /// Whether a path is an address of ours under any base URL.
    fn is_endpoint_of_any_site(&self, view: &dyn RequestView) -> bool {
        let query = view.query().unwrap_or_default();
        let mut sites = self.context.sites.iter();
        sites.any(|site| self.endpoint(site.base.inside_path(view.path()), query).is_some())
    }
}
