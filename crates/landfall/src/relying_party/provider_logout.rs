//! The endpoints that the provider calls, itself or through the browser, to end sessions. They come before any
//! session is looked at: whoever posts there proves what they say by a signature, never by a cookie.

use std::sync::Arc;

use super::{Place, RelyingParty};
use crate::browser::cookie::sent_cookies;
use crate::error::{Error, ErrorCode};
use crate::flow::provider_logout::frontchannel::{self, FrontchannelRequest};
use crate::flow::provider_logout::{backchannel, webhook};
use crate::guard::kind::RequestKind;
use crate::protocol::webhook::Delivery;
use crate::web::form::{self, is_form};
use crate::web::pages::runtime_gone;
use crate::web::reply::{Decision, Step};
use crate::web::request::RequestView;

/// A machine reads no page.
const MACHINE: RequestKind = RequestKind::Other { html: false };

impl RelyingParty {
    /// What to do where the path is one of the provider's.
    pub(super) fn provider_asks(
        &self,
        view: &dyn RequestView,
        base: usize,
        place: &Place,
        path: &str,
        kind: RequestKind,
    ) -> Option<Step> {
        let paths = &self.inner.settings.paths;
        if paths.backchannel_logout.as_deref() == Some(path) {
            Some(self.backchannel(view, base))
        } else if path == paths.frontchannel_logout {
            Some(self.frontchannel(view, base, place, kind))
        } else if paths.webhook.as_deref() == Some(path) {
            Some(self.webhook(view, base))
        } else {
            None
        }
    }

    fn backchannel(&self, view: &dyn RequestView, base: usize) -> Step {
        let inner = &self.inner;
        if view.method() != "POST" {
            return Step::Done(Decision::Reply(inner.method_not_allowed(MACHINE, base, "POST")));
        }
        if !is_form(view) {
            let error = Error::new(ErrorCode::UnsupportedMediaType);
            return Step::Done(Decision::Reply(backchannel::refused(inner, &error)));
        }
        let this = self.clone();
        inner.needs_body(backchannel::MAX_BODY, move |body| {
            let inner = Arc::clone(&this.inner);
            let work = async move { backchannel::receive(&inner, form::text(body)).await };
            this.inner.runtime.run(work, runtime_gone)
        })
    }

    fn frontchannel(&self, view: &dyn RequestView, base: usize, place: &Place, kind: RequestKind) -> Step {
        let inner = &self.inner;
        if view.method() != "GET" {
            return Step::Done(Decision::Reply(inner.method_not_allowed(kind, base, "GET")));
        }
        // A frame, or the whole window; never an image or a script of somebody's page.
        let framed = match view.header("sec-fetch-dest") {
            None | Some(b"iframe" | b"frame" | b"document") => Ok(()),
            Some(_) => Err(Error::new(ErrorCode::RequestMalformed)
                .detail("a front-channel logout that is neither a frame nor a page")),
        };
        let named = framed.and_then(|()| {
            frontchannel::named_session(view.query().unwrap_or_default(), &inner.settings.issuer)
        });
        let sid = match named {
            Ok(sid) => sid,
            Err(error) => return Step::Done(Decision::Reply(inner.refuse(&error, kind, base, None))),
        };
        let sent = sent_cookies(view, &place.names);
        let found = inner.sessions.find(base, &place.names, &sent, inner.clock.now());
        let request = FrontchannelRequest { base, sid, found };
        self.wait(kind, base, |this| async move {
            frontchannel::finish(&this.inner, &request).await.map(Decision::Reply)
        })
    }

    fn webhook(&self, view: &dyn RequestView, base: usize) -> Step {
        let inner = &self.inner;
        if view.method() != "POST" {
            return Step::Done(Decision::Reply(inner.method_not_allowed(MACHINE, base, "POST")));
        }
        let header = |name: &str| view.header(name).map(<[u8]>::to_vec);
        let signature = header("x-intelliauth-signature");
        let timestamp = header("x-intelliauth-timestamp");
        let this = self.clone();
        inner.needs_body(webhook::MAX_BODY, move |body| {
            let inner = Arc::clone(&this.inner);
            let work = async move {
                let received = match form::whole(body, ErrorCode::WebhookRejected) {
                    Ok(body) => {
                        let delivery = Delivery { body: body.to_vec(), signature, timestamp };
                        webhook::receive(&inner, &delivery).await
                    }
                    Err(error) => Err(error),
                };
                received.unwrap_or_else(|error| inner.refuse(&error, MACHINE, base, None))
            };
            this.inner.runtime.run(work, runtime_gone)
        })
    }
}
