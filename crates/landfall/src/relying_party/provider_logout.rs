//! The endpoints that the provider calls, itself or through the browser, to end sessions.
//!
//! They come before any session is looked at, and no origin is checked: these requests are another site's by
//! nature.
//!
//! - The back channel: a logout token, proven by the provider's signature.
//! - The webhook: an event, proven by a secret that we share with the tenant.
//! - The front channel: a frame in the browser. It proves nothing, so it has to name the session, and ends that
//!   one alone.
//!
//! Method and headers are checked here, before a body is read. The legs are in
//! [`flow::provider_logout`](crate::flow::provider_logout), one file each.

use std::sync::Arc;

use super::FrontDoor;
use super::decision::{Decision, Step};
use super::dispatch::malformed;
use crate::context::incoming::Incoming;
use crate::error::{Error, ErrorCode};
use crate::flow::provider_logout::frontchannel::{self, FrontchannelRequest};
use crate::flow::provider_logout::{backchannel, webhook};
use crate::guard::request_kind::RequestKind;
use crate::protocol::webhook::Delivery;
use crate::runtime::GoingOn;
use crate::runtime::under_way::Work;
use crate::web::form::{self, is_form};
use crate::web::pages::runtime_gone;

/// The kind of request that a provider's server sends: it reads no page.
const MACHINE: RequestKind = RequestKind::Other { html: false };

impl FrontDoor {
    /// Takes a logout token (OpenID Connect Back-Channel Logout 1.0 §2.5). It exists where a store can end
    /// sessions.
    pub(super) fn backchannel(&self, incoming: &Incoming<'_>) -> Step {
        let context = &self.context;
        if incoming.method != "POST" {
            return Step::reply(context.method_not_allowed(MACHINE, incoming.site, "POST"));
        }
        if !is_form(incoming.view) {
            let error = Error::new(ErrorCode::UnsupportedMediaType);
            return Step::reply(backchannel::reject(context, &error));
        }
        let this = Arc::clone(context);
        Step::needs_body(context.needs_body(backchannel::MAX_BODY, move |body| {
            let context = Arc::clone(&this);
            let work = move |going_on: GoingOn| async move {
                backchannel::receive(&context, form::text(body), &going_on).await
            };
            this.runtime.run_until_left(this.runtime.enter(Work::SignOut), work, runtime_gone)
        }))
    }

    /// Takes a front-channel logout (OpenID Connect Front-Channel Logout 1.0 §2): a GET in a frame of the
    /// provider's page.
    ///
    /// It answers a frame or a whole window. An image or a script of somebody's page is refused by
    /// `Sec-Fetch-Dest`, where the browser sends it.
    pub(super) fn frontchannel(&self, incoming: &Incoming<'_>) -> Step {
        let (context, site) = (&self.context, incoming.site);
        if incoming.method != "GET" {
            return self.method_not_allowed(incoming, "GET");
        }
        // A frame, or the whole window; never an image or a script of somebody's page.
        let framed = match incoming.view.header("sec-fetch-dest") {
            None | Some(b"iframe" | b"frame" | b"document") => Ok(()),
            Some(_) => Err(malformed("a front-channel logout that is neither a frame nor a page")),
        };
        let named = framed.and_then(|()| {
            let client = context.client_for_provider_logout()?;
            frontchannel::named_session(incoming.query(), &client.issuer)
        });
        let sid = match named {
            Ok(sid) => sid,
            Err(error) => return self.refused(incoming, error),
        };
        let found = context.sessions.find(&site.session_seal, &incoming.cookies, context.clock.now());
        let request = FrontchannelRequest { site: Arc::clone(site), sid, found };
        let (this, kind) = (Arc::clone(context), incoming.kind);
        let work = move |going_on: GoingOn| async move {
            let done = frontchannel::finish(&this, &request, &going_on).await;
            Decision::Reply(done.unwrap_or_else(|error| this.refuse(error, kind, &request.site, None)))
        };
        let place = context.runtime.enter(Work::SignOut);
        Step::Wait(context.runtime.run_until_left(place, work, || Decision::Reply(runtime_gone())))
    }

    /// Takes a tenant's webhook. The signature is over the bytes of the body, so they are kept as they came. It
    /// exists where a secret is configured.
    pub(super) fn webhook(&self, incoming: &Incoming<'_>) -> Step {
        let context = &self.context;
        if incoming.method != "POST" {
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
            this.runtime.run(this.runtime.enter(Work::SignOut), work, runtime_gone)
        }))
    }
}
