//! What of a destination is kept across a sign-in beyond path and query: a posted form, and a fragment.

use std::sync::Arc;

use super::{Inner, Place, RelyingParty, facts};
use crate::address::return_to::ReturnTo;
use crate::browser::cookie::sent_cookies;
use crate::error::{Error, ErrorCode};
use crate::flow::kept_form::{self, PostedForm};
use crate::guard::csrf;
use crate::guard::kind::{RequestFacts, RequestKind, Signs};
use crate::guard::sign_in_wanted::SignInWanted;
use crate::session::Found;
use crate::visit::Visit;
use crate::web::form::{self, is_form};
use crate::web::pages;
use crate::web::pages::runtime_gone;
use crate::web::reply::{Decision, NeedsBody, Reply, Step};
use crate::web::request::RequestView;

impl Inner {
    /// Where a form was posted to that is kept if nobody is signed in. One that another site sent is not: it would be
    /// sent again in this person's name.
    pub(super) fn keeps_form(
        &self,
        view: &dyn RequestView,
        place: &Place,
        path: &str,
        signs: &Signs<'_>,
    ) -> Option<String> {
        let below = |kept: &String| {
            path.strip_prefix(kept.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || kept.ends_with('/'))
        };
        let keeps = view.method() == "POST"
            && self.settings.keep_forms.iter().any(below)
            && is_form(view)
            && signs.is_form_navigation()
            && csrf::is_surely_same_origin(view, self.origins());
        keeps.then(|| place.base.outside_path(view.path(), view.query()))
    }

    /// The page that goes on to the login address with the fragment, where that is kept.
    pub(super) fn fragment_page(
        &self,
        facts: &RequestFacts,
        wanted: &SignInWanted,
        return_to: &ReturnTo,
    ) -> Option<Reply> {
        let keeps = self.settings.keep_fragments
            && facts.kind == RequestKind::Navigation
            // Told where to land, it is not this page with its fragment.
            && wanted.return_to.is_none();
        keeps.then(|| pages::with_fragment(&self.login_link_for(facts.base, return_to, wanted)))
    }
}

impl RelyingParty {
    /// Reads a form and keeps it across the sign-in that it starts.
    pub(super) fn keep_form(&self, facts: RequestFacts, target: String) -> NeedsBody {
        let this = self.clone();
        self.inner.body_step(self.inner.settings.kept_form_limit, move |body| {
            let inner = Arc::clone(&this.inner);
            let work = async move {
                let wanted = SignInWanted::new();
                // What is too large, or none, is not kept: the person comes back to the page with the form.
                let Ok(body) = form::text(body) else { return inner.unauthorized(&facts, &wanted) };
                let form = PostedForm { base: facts.base, target, body, sent: facts.attempts.clone() };
                match kept_form::keep(&inner, &form).await {
                    Ok(Some(reply)) => reply,
                    Ok(None) => inner.unauthorized(&facts, &wanted),
                    Err(error) => inner.refuse(&error, RequestKind::Navigation, facts.base, None),
                }
            };
            this.inner.runtime.run(work, runtime_gone)
        })
    }

    /// The page that offers to send a kept form.
    pub(super) fn resume(
        &self,
        view: &dyn RequestView,
        base: usize,
        place: &Place,
        signs: &Signs<'_>,
    ) -> Step {
        let inner = &self.inner;
        let kind = signs.kind(view.method());
        if view.method() != "GET" {
            return Step::Done(Decision::Reply(inner.method_not_allowed(kind, base, "GET")));
        }
        // It is shown once: not to whoever fetches ahead, and in no frame.
        if signs.is_no_navigation() {
            let error =
                Error::new(ErrorCode::RequestMalformed).detail("a kept form is shown to a person alone");
            return Step::Done(Decision::Reply(inner.refuse(&error, kind, base, None)));
        }
        let id = kept_form::named_in(view.query().unwrap_or_default());
        let sent = sent_cookies(view, &place.names);
        let found = inner.sessions.find(base, &place.names, &sent, inner.clock.now());
        let facts = RequestFacts {
            kind: RequestKind::Navigation,
            ..facts(inner, view, base, place, kind, sent.attempts)
        };
        self.wait(kind, base, |this| async move {
            let session = match found {
                Found::Session { session, .. } => Some(session),
                Found::Load(ids) => this.inner.sessions.load(ids, this.inner.clock.now()).await?,
                Found::Nobody => None,
            };
            let reply = if let Some(session) = session {
                kept_form::resume(&this.inner, base, id, &facts.attempts, &session).await?
            } else {
                // As every page that needs a sign-in: where sessions never stay, it ends in a page.
                let visit = Visit::new(this.clone(), None, facts, Vec::new());
                this.challenge(&visit, SignInWanted::new()).await
            };
            Ok(Decision::Reply(reply))
        })
    }
}
