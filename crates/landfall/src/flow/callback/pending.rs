//! One callback under way: what it is about, and the pending login that it belongs to.
//!
//! Everything is looked up once, when the run is made, so that no step can see another pending login or another
//! destination than the step before.

use std::sync::Arc;

use super::request::CallbackRequest;
use crate::address::return_to::ReturnTo;
use crate::browser::cookie::CookieKind;
use crate::browser::pending_login::{PendingLogin, State};
use crate::context::Context;
use crate::context::site::Site;
use crate::provider::client::Client;

/// One callback under way, with `state` opened.
pub(super) struct CallbackRun<'a> {
    pub(super) context: &'a Context,
    /// The client that `state` names.
    pub(super) client: &'a Arc<Client>,
    pub(super) site: &'a Arc<Site>,
    pub(super) request: &'a CallbackRequest,
    /// What travelled through the provider. It is ours, and proves nothing about this browser.
    pub(super) state: &'a State,
    /// The pending login of this attempt, if this browser brought it back. It is what proves that the sign-in was
    /// started here.
    pub(super) pending: Option<PendingLogin>,
    /// The redirect URI of a single-page application that the answer came to; `None` for the callback's own.
    pub(super) page_uri: Option<String>,
    /// The destination, of the pending login or else of `state`. It is looked at once more: what an older release
    /// sealed may not hold today.
    pub(super) return_to: ReturnTo,
}

impl<'a> CallbackRun<'a> {
    /// Opens the pending login, once for the whole run.
    ///
    /// The cookie must have the attempt's name, open under this site's seal, and name the attempt, client and
    /// issuer of `state`, with a redirect URI that the answer may have come to. The last keeps an answer to a
    /// page's route from being handed to the callback, and the other way round.
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
