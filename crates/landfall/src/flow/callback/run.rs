//! One callback under way: what it is about, and the pending login that it belongs to.

use std::sync::Arc;

use super::request::CallbackRequest;
use crate::address::return_to::ReturnTo;
use crate::browser::cookie::CookieKind;
use crate::browser::pending_login::{PendingLogin, State};
use crate::context::Context;
use crate::context::site::Site;
use crate::provider::client::Client;

/// One callback under way.
pub(super) struct CallbackRun<'a> {
    pub(super) context: &'a Context,
    pub(super) client: &'a Arc<Client>,
    pub(super) site: &'a Arc<Site>,
    pub(super) request: &'a CallbackRequest,
    pub(super) state: &'a State,
    /// The pending login of this attempt, if this browser brought it back.
    pub(super) pending: Option<PendingLogin>,
    /// The redirect URI of a single-page application that the answer came to; `None` for the callback's own.
    pub(super) page_uri: Option<String>,
    /// The destination, looked at once more: what an older release sealed may not hold today.
    pub(super) return_to: ReturnTo,
}

impl<'a> CallbackRun<'a> {
    /// Opens the pending login, once for the whole run.
    pub(super) fn new(
        context: &'a Context,
        client: &'a Arc<Client>,
        request: &'a CallbackRequest,
        state: &'a State,
    ) -> Self {
        let site = &request.site;
        let name = site.names.attempt(CookieKind::Login, &state.attempt);
        let named = request.sent.iter().filter(|cookie| cookie.name == name);
        let pending = named.filter_map(|cookie| site.seals.open_login(cookie)).find(|pending| {
            pending.attempt == state.attempt
                && pending.client == state.client
                && *pending.issuer == *client.issuer
                && request.redirect_uris.contains(&pending.redirect_uri)
        });
        let uri = pending.as_ref().map(|pending| &pending.redirect_uri).or(request.redirect_uris.first());
        let page_uri = uri.filter(|uri| !client.is_redirect_uri(&site.base, uri)).cloned();
        let destination = pending.as_ref().map(|pending| &pending.return_to).or(state.return_to.as_ref());
        let return_to = context.landing(site, page_uri.as_deref(), destination.map(String::as_str));
        Self { context, client, site, request, state, pending, page_uri, return_to }
    }
}
