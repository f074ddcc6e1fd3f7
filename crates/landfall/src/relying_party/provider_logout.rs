//! The endpoints that the provider calls, itself or through the browser, to end sessions. They come before any
//! session is looked at: whoever posts there proves what they say by a signature, never by a cookie.

use std::sync::Arc;

use super::RelyingParty;
use super::dispatch::malformed;
use super::step::{Decision, Step};
use crate::context::incoming::Incoming;
use crate::error::{Error, ErrorCode};
use crate::flow::provider_logout::frontchannel::{self, FrontchannelRequest};
use crate::flow::provider_logout::{backchannel, webhook};
use crate::guard::kind::RequestKind;
use crate::protocol::webhook::Delivery;
use crate::web::form::{self, is_form};
use crate::web::pages::runtime_gone;

/// A machine reads no page.
const MACHINE: RequestKind = RequestKind::Other { html: false };

impl RelyingParty {
    pub(super) fn backchannel(&self, incoming: &Incoming<'_>) -> Step {
        let context = &self.context;
        if incoming.method() != "POST" {
            return Step::reply(context.method_not_allowed(MACHINE, incoming.site, "POST"));
        }
        if !is_form(incoming.view) {
            let error = Error::new(ErrorCode::UnsupportedMediaType);
            return Step::reply(backchannel::reject(context, &error));
        }
        let this = Arc::clone(context);
        Step::needs_body(context.needs_body(backchannel::MAX_BODY, move |body| {
            let context = Arc::clone(&this);
            let work = async move { backchannel::receive(&context, form::text(body)).await };
            this.runtime.run(work, runtime_gone)
        }))
    }

    pub(super) fn frontchannel(&self, incoming: &Incoming<'_>) -> Step {
        let (context, site) = (&self.context, incoming.site);
        if incoming.method() != "GET" {
            return self.method_not_allowed(incoming, "GET");
        }
        // A frame, or the whole window; never an image or a script of somebody's page.
        let framed = match incoming.view.header("sec-fetch-dest") {
            None | Some(b"iframe" | b"frame" | b"document") => Ok(()),
            Some(_) => Err(malformed("a front-channel logout that is neither a frame nor a page")),
        };
        let issuer = &context.clients.first().issuer;
        let named = framed.and_then(|()| frontchannel::named_session(incoming.query(), issuer));
        let sid = match named {
            Ok(sid) => sid,
            Err(error) => return self.refused(incoming, error),
        };
        let found = context.sessions.find(&site.session_seal, &incoming.cookies, context.clock.now());
        let request = FrontchannelRequest { site: Arc::clone(site), sid, found };
        self.wait(incoming.kind, Arc::clone(site), |this| async move {
            Ok(Decision::Reply(frontchannel::finish(&this.context, &request).await?))
        })
    }

    pub(super) fn webhook(&self, incoming: &Incoming<'_>) -> Step {
        let context = &self.context;
        if incoming.method() != "POST" {
            return Step::reply(context.method_not_allowed(MACHINE, incoming.site, "POST"));
        }
        let header = |name: &str| incoming.view.header(name).map(<[u8]>::to_vec);
        let signature = header("x-intelliauth-signature");
        let timestamp = header("x-intelliauth-timestamp");
        let (this, site) = (Arc::clone(context), Arc::clone(incoming.site));
        Step::needs_body(context.needs_body(webhook::MAX_BODY, move |body| {
            let context = Arc::clone(&this);
            let work = async move {
                let received = match form::whole(body, ErrorCode::WebhookRejected) {
                    Ok(body) => {
                        let delivery = Delivery { body: body.to_vec(), signature, timestamp };
                        webhook::receive(&context, &delivery).await
                    }
                    Err(error) => Err(error),
                };
                received.unwrap_or_else(|error| context.refuse(error, MACHINE, &site, None))
            };
            this.runtime.run(work, runtime_gone)
        }))
    }
}
