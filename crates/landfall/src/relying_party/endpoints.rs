//! The application's own endpoints: the callback, the login and the logout.

use std::sync::Arc;

use super::login_query::LoginQuery;
use super::{LOGIN_BODY, LOGOUT_BODY, Place, RelyingParty, facts};
use crate::browser::cookie::sent_cookies;
use crate::context::destinations::return_to_in;
use crate::context::events::EventKind;
use crate::error::{Error, ErrorCode};
use crate::flow::callback::posted;
use crate::flow::callback::{self, CallbackRequest};
use crate::flow::logout::{self, LogoutRequest};
use crate::guard::kind::{RequestFacts, RequestKind, Signs};
use crate::session;
use crate::web::form::{self, is_form};
use crate::web::pages;
use crate::web::pages::runtime_gone;
use crate::web::reply::{Decision, Reply, Step, Waiting};
use crate::web::request::RequestView;

impl RelyingParty {
    pub(super) fn callback(
        &self,
        view: &dyn RequestView,
        base: usize,
        place: &Place,
        signs: &Signs<'_>,
    ) -> Step {
        let inner = &self.inner;
        let kind = signs.kind(view.method());
        match view.method() {
            // A browser that fetches ahead must not use the code up.
            "GET" if signs.prefetch => {
                let error = Error::new(ErrorCode::RequestMalformed).detail("a prefetch of the callback");
                return Step::Done(Decision::Reply(inner.refuse(&error, kind, base, None)));
            }
            "GET" => {}
            "POST" if inner.settings.form_post => return self.posted_callback(view, base, kind),
            _ => {
                let allow = if inner.settings.form_post { "GET, POST" } else { "GET" };
                return Step::Done(Decision::Reply(inner.method_not_allowed(kind, base, allow)));
            }
        }
        let sent = sent_cookies(view, &place.names);
        let request = CallbackRequest {
            base,
            query: view.query().unwrap_or_default().to_owned(),
            redirect_uris: vec![place.redirect_uri.clone()],
            asked: inner.elsewhere(view, place).map(|elsewhere| elsewhere.asked),
            found: inner.sessions.find(base, &place.names, &sent, inner.clock.now()),
            sent: sent.attempts,
            label: view.header("user-agent").and_then(session::label),
        };
        let this = self.clone();
        Step::Wait(
            inner.runtime.run(async move { Decision::Reply(this.finish(&request, kind).await) }, || {
                Decision::Reply(runtime_gone())
            }),
        )
    }

    /// Finishes a sign-in, and tells what kept it from succeeding.
    pub(super) async fn finish(&self, request: &CallbackRequest, kind: RequestKind) -> Reply {
        let inner = &self.inner;
        match callback::finish(inner, request).await {
            Ok(reply) => reply,
            Err(failure) => {
                let (return_to, redirect_uri) = (Some(&failure.return_to), failure.redirect_uri.as_deref());
                let reference = inner.reference();
                inner.events.failed(EventKind::SignInFailed(failure.error.code()), &reference);
                let mut reply =
                    inner.refuse_as(&reference, &failure.error, kind, request.base, return_to, redirect_uri);
                for cookie in &failure.set_cookies {
                    pages::add_cookie(&mut reply, cookie);
                }
                reply
            }
        }
    }

    fn posted_callback(&self, view: &dyn RequestView, base: usize, kind: RequestKind) -> Step {
        let refused = |error: Error| Step::Done(Decision::Reply(self.inner.refuse(&error, kind, base, None)));
        if !is_form(view) {
            return refused(Error::new(ErrorCode::UnsupportedMediaType));
        }
        if view.query().is_some_and(|query| !query.is_empty()) {
            return refused(Error::new(ErrorCode::RequestMalformed).detail("a query beside the form"));
        }
        let this = self.clone();
        self.inner.needs_body(posted::MAX_BODY, move |body| {
            let reply = form::text(body).and_then(|body| posted::bounce(&this.inner, base, &body));
            let reply = reply.unwrap_or_else(|error| this.inner.refuse(&error, kind, base, None));
            Box::pin(std::future::ready(reply))
        })
    }

    /// A person, the application or a third party wants a sign-in. A third party may post (OpenID Connect Core
    /// §4); that comes without our cookies, so it is sent on to the GET, which knows what the browser holds.
    pub(super) fn login(
        &self,
        view: &dyn RequestView,
        base: usize,
        place: &Place,
        signs: &Signs<'_>,
    ) -> Step {
        let inner = &self.inner;
        let kind = signs.kind(view.method());
        let mut facts = facts(inner, view, base, place, kind, sent_cookies(view, &place.names).attempts);
        match view.method() {
            "GET" => {
                let query = LoginQuery::read(inner, base, place, view.query().unwrap_or_default());
                let query = match query {
                    Ok(query) => query,
                    Err(error) => return Step::Done(Decision::Reply(inner.refuse(&error, kind, base, None))),
                };
                if kind == RequestKind::Htmx {
                    let to = inner.login_link_for(base, &query.return_to, &query.wanted);
                    return Step::Done(Decision::Reply(pages::htmx_redirect(&to)));
                }
                if signs.is_no_navigation() {
                    query.return_to.as_str().clone_into(&mut facts.target);
                    return Step::Done(Decision::Reply(inner.unauthorized(&facts, &query.wanted)));
                }
                let reply = self.login_now(facts, query);
                Step::Wait(Box::pin(async move { Decision::Reply(reply.await) }))
            }
            "POST" if is_form(view) && !signs.is_no_navigation() => {
                let this = self.clone();
                inner.needs_body(LOGIN_BODY, move |body| {
                    let bounced = form::text(body).and_then(|form| {
                        let place = this.inner.place(base)?;
                        LoginQuery::read(&this.inner, base, place, &form)?;
                        Ok(pages::see_other(&this.inner.login_address(place, &form)))
                    });
                    let reply = bounced.unwrap_or_else(|error| this.inner.refuse(&error, kind, base, None));
                    Box::pin(std::future::ready(reply))
                })
            }
            _ => Step::Done(Decision::Reply(inner.method_not_allowed(kind, base, "GET, POST"))),
        }
    }

    /// Whoever opens this address wants to sign in, whatever their client says it accepts, and as often as they
    /// like: marks of earlier sign-ins do not count here.
    fn login_now(&self, mut facts: RequestFacts, query: LoginQuery) -> Waiting<Reply> {
        facts.kind = RequestKind::Navigation;
        self.start(&facts, query.wanted, query.return_to, query.redirect_uri)
    }

    pub(super) fn logout(
        &self,
        view: &dyn RequestView,
        base: usize,
        place: &Place,
        kind: RequestKind,
    ) -> Step {
        let inner = &self.inner;
        match view.method() {
            "POST" => {}
            "GET" => {
                let return_to = return_to_in(view.query().unwrap_or_default());
                return Step::Done(Decision::Reply(inner.logout_page(place, return_to.as_ref())));
            }
            _ => return Step::Done(Decision::Reply(inner.method_not_allowed(kind, base, "GET, POST"))),
        }
        if !inner.is_same_origin(view) {
            let error = Error::new(ErrorCode::CrossSite);
            return Step::Done(Decision::Reply(inner.refuse(&error, kind, base, None)));
        }
        let from_query = return_to_in(view.query().unwrap_or_default());
        let is_form = is_form(view);
        let sent = sent_cookies(view, &place.names);
        let found = inner.sessions.find(base, &place.names, &sent, inner.clock.now());
        let sent = sent.attempts;
        // A page beside the base URL is where its own person comes back to.
        let page = inner.page_beside(view).cloned();
        let this = self.clone();
        inner.needs_body(LOGOUT_BODY, move |body| {
            let inner = Arc::clone(&this.inner);
            let from_form = match (is_form, form::text(body)) {
                (true, Ok(body)) => return_to_in(&body),
                (false, _) => None,
                (true, Err(error)) => {
                    let reply = inner.refuse(&error, kind, base, None);
                    return Box::pin(std::future::ready(reply));
                }
            };
            let return_to = from_query.or(from_form);
            let destination = match &page {
                Some(page) => {
                    Some(format!("{}{}", page.origin, return_to.unwrap_or_else(|| page.home()).as_str()))
                }
                None => return_to.filter(|to| inner.is_landing(base, to)).map(|to| to.as_str().to_owned()),
            };
            let request = LogoutRequest { base, destination, sent, found };
            this.inner.runtime.run(
                async move {
                    let finished = logout::finish(&inner, &request).await;
                    let reply = finished.unwrap_or_else(|error| inner.refuse(&error, kind, base, None));
                    if kind == RequestKind::Htmx { pages::for_htmx(reply) } else { reply }
                },
                runtime_gone,
            )
        })
    }
}
