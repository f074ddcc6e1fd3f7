//! The endpoints that the provider calls, itself or through the browser, to end sessions. They come before any
//! session is looked at: whoever posts there proves what they say by a signature, never by a cookie.

use super::RelyingParty;
use crate::decision::{Decision, Step};
use crate::error::{Error, ErrorCode};
use crate::flow::backchannel;
use crate::guard::RequestKind;
use crate::inner::{form_body, is_form, lost};
use crate::request::RequestView;

impl RelyingParty {
    /// What to do where the path is one of the provider's.
    pub(super) fn provider_calls(
        &self,
        view: &dyn RequestView,
        base: usize,
        path: &str,
        kind: RequestKind,
    ) -> Option<Step> {
        let paths = &self.inner.settings.paths;
        if paths.backchannel_logout.as_deref() == Some(path) {
            return Some(self.backchannel(view, base, kind));
        }
        None
    }

    fn backchannel(&self, view: &dyn RequestView, base: usize, kind: RequestKind) -> Step {
        let inner = &self.inner;
        if view.method() != "POST" {
            return Step::Done(Decision::Reply(inner.method_not_allowed(kind, base, "POST")));
        }
        if !is_form(view) {
            let error = Error::new(ErrorCode::UnsupportedMediaType);
            return Step::Done(Decision::Reply(backchannel::refused(inner, &error)));
        }
        let this = self.clone();
        inner.needs_body(backchannel::MAX_BODY, move |body| {
            let inner = std::sync::Arc::clone(&this.inner);
            this.inner.runtime.run(async move { backchannel::receive(&inner, form_body(body)).await }, lost)
        })
    }
}
