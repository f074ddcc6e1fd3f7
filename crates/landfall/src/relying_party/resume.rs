//! A posted form on its way across a sign-in: read where nobody is signed in, offered again where somebody is.
//!
//! A session that ran out while somebody was writing should not cost them what they wrote. The two ends are here;
//! how a form is sealed, stored and shown is in [`flow::kept_form`](crate::flow::kept_form).
//!
//! 1. [`Context::keeps_form`] tells whether this is a form to keep.
//! 2. [`FrontDoor::keep_form`] reads it and starts the sign-in, which lands on our own page.
//! 3. [`FrontDoor::resume`] is that page: it shows a button, and the person sends the form.
//!
//! It is never sent by itself. The person at the end may be another than the one who wrote it, and reads as whom
//! they are signed in.

use std::sync::Arc;

use super::FrontDoor;
use super::decision::{Decision, Step};
use super::dispatch::malformed;
use crate::context::Context;
use crate::context::credentials::{NotTaken, needs_session};
use crate::context::incoming::{Incoming, RequestFacts};
use crate::flow::kept_form::{self, PostedForm};
use crate::guard::fetch_metadata;
use crate::guard::request_kind::RequestKind;
use crate::guard::sign_in_wanted::SignInWanted;
use crate::runtime::under_way::Work;
use crate::visit::Owed;
use crate::web::form::{self, is_form};
use crate::web::pages::runtime_gone;
use crate::web::reply::NeedsBody;

impl Context {
    /// Where a form was posted to that is kept if nobody is signed in; `None` for every other request.
    ///
    /// The path is one of those configured or below it, the body is a form, a person waits for a page, and the
    /// browser says that the form is this site's. One that another site sent is not kept: it would be sent again
    /// in this person's name. Nor is what is posted to the sign-in page, which holds a password and is for nobody else.
    pub(super) fn keeps_form(&self, incoming: &Incoming<'_>) -> Option<String> {
        let (view, path) = (incoming.view, incoming.path);
        let below = |kept: &String| {
            path.strip_prefix(kept.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || kept.ends_with('/'))
        };
        let keeps = incoming.method == "POST"
            && self.settings.kept_forms.paths.iter().any(below)
            && is_form(view)
            && incoming.signs.is_form_navigation()
            && fetch_metadata::is_surely_same_origin(&incoming.signs, &incoming.site.base.origin)
            && !self.is_sign_in_page(path);
        keeps.then(|| incoming.site.base.outside_path(view.path(), view.query()).as_str().to_owned())
    }
}

impl FrontDoor {
    /// Reads a form and keeps it across the sign-in that it starts. One that is too large, or is no form, is not
    /// kept: the person gets the 401 with the link, and comes back to the page with the form.
    pub(super) fn keep_form(&self, facts: RequestFacts, target: String) -> NeedsBody {
        let context = Arc::clone(&self.context);
        self.context.needs_body(self.context.settings.kept_forms.limit, move |body| {
            let this = Arc::clone(&context);
            let work = async move {
                let wanted = SignInWanted::new();
                // What is too large, or none, is not kept: the person comes back to the page with the form.
                let Ok(body) = form::text(body) else { return this.unauthorized(&facts, &wanted) };
                let sent = facts.attempts.clone();
                let form = PostedForm { site: Arc::clone(&facts.site), target, body, sent };
                match kept_form::keep(&this, &form).await {
                    Ok(Some(reply)) => reply,
                    Ok(None) => this.unauthorized(&facts, &wanted),
                    Err(error) => this.refuse(error, RequestKind::Navigation, &facts.site, None),
                }
            };
            context.runtime.run(context.runtime.enter(Work::Other), work, runtime_gone)
        })
    }

    /// The page that offers to send a kept form. It is shown to a session alone, and once: not to a browser that fetches ahead, not for a HEAD,
    /// which shows nothing, and in no frame, where another site's page could lie over the button.
    pub(super) fn resume(&self, incoming: Incoming<'_>) -> Step {
        let context = &self.context;
        if incoming.method != "GET" {
            return self.method_not_allowed(&incoming, "GET");
        }
        // It is shown once: not to whoever fetches ahead, and in no frame.
        if incoming.signs.is_no_navigation() {
            return self.refused(&incoming, malformed("a kept form is shown to a person alone"));
        }
        let kind = incoming.kind;
        let id = kept_form::named_in(incoming.query());
        let by_credentials = self.by_credentials(&incoming).transpose();
        let origin = by_credentials.as_ref().and_then(|_| self.heard_origin(&incoming));
        let seal = &incoming.site.session_seal;
        let found = context.sessions.find(seal, &incoming.cookies, context.clock.now());
        let facts =
            RequestFacts { kind: RequestKind::Navigation, ..RequestFacts::of(context, incoming, false) };
        self.wait(Work::Other, kind, Arc::clone(&facts.site), |this| async move {
            let context = &this.context;
            let who = match by_credentials {
                None => Ok(None),
                Some(Ok(brought)) => brought.who(context).await,
                Some(Err(not_taken)) => Err(not_taken),
            };
            match who {
                Ok(None) => {}
                Ok(Some(_)) => return Err(needs_session("a form is kept for a session").into()),
                Err(NotTaken { error, scheme }) => {
                    let reference = context.reference();
                    context.tell_of_refused(&error, scheme, origin.as_deref(), &reference);
                    let reply = context.refuse_as(&reference, &error.into(), kind, &facts.site, None, None);
                    return Ok(Decision::Reply(reply));
                }
            }
            let session = context.sessions.resolve(&found, context.clock.now()).await?;
            let reply = if let Some(session) = session {
                kept_form::resume(context, &facts.site, id, &facts.attempts, &session).await?
            } else {
                // As every page that needs a sign-in: where sessions never stay, it ends in a page.
                this.visit(None, facts, Owed::Nothing).challenge(SignInWanted::new()).await
            };
            Ok(Decision::Reply(reply))
        })
    }
}
