//! Signing out: here first, then at the provider.

use std::sync::Arc;

use crate::browser::cookie::{CookieKind, SentCookie};
use crate::context::events::{EndReason, EventKind};
use crate::error::Error;
use crate::protocol::end_session::{self, EndSessionRequest};
use crate::protocol::revocation;
use crate::relying_party::{Inner, LOGOUT_STATE_PREFIX};
use crate::session::{Found, Session, Tokens};
use crate::web::pages;
use crate::web::reply::Reply;

/// A sign-out as it came in; that it comes from this site was checked.
#[derive(Debug)]
pub(crate) struct LogoutRequest {
    pub(crate) base: usize,
    /// A path of this application, or an address of a page's own.
    pub(crate) destination: Option<String>,
    pub(crate) sent: Vec<SentCookie>,
    pub(crate) found: Found,
}

/// Ends the session here, whatever the provider does; revokes what can be revoked; then sends the browser
/// through the provider's end-session endpoint, if there is one, and back to a page of ours.
pub(crate) async fn finish(inner: &Inner, request: &LogoutRequest) -> Result<Reply, Error> {
    let place = inner.place(request.base)?;
    let found = match &request.found {
        Found::Session { session, .. } => Some(Arc::clone(session)),
        Found::Load(ids) => inner.sessions.load(ids.clone(), inner.clock.now()).await?,
        Found::Nobody => None,
    };
    let ended = match &found {
        Some(session) => inner.sessions.take(session, inner.clock.now()).await?,
        None => None,
    };
    if let Some(session) = &ended {
        let key = session.stored.as_ref().map(|place| place.id.record_key());
        let subject = session.identity.subject();
        inner.events.tell(EventKind::Ended(EndReason::SignedOut), Some(subject), key);
        if let Some(tokens) = &session.tokens {
            revoke(inner, tokens).await;
        }
    }
    // The provider's session may stand where ours has ended already.
    let session = ended.or(found);
    let destination =
        request.destination.clone().unwrap_or_else(|| inner.after_logout(request.base).as_str().to_owned());
    let mut reply = match &session {
        Some(session) => match at_the_provider(inner, request.base, session, &destination).await {
            Some(location) => pages::see_other(&location),
            None => pages::see_other(&destination),
        },
        None => pages::see_other(&destination),
    };
    // Marks of earlier sign-ins go too: the next one starts with a clean sheet. So do forms: whoever signs in next may be
    // somebody else.
    pages::add_cookie(&mut reply, &place.names.clear(&place.names.session));
    if inner.settings.silent_sign_in.is_some() {
        pages::add_cookie(&mut reply, &place.names.not_returning());
    }
    for cookie in
        request.sent.iter().filter(|cookie| matches!(cookie.kind, CookieKind::Spent | CookieKind::Form))
    {
        pages::add_cookie(&mut reply, &place.names.clear(&cookie.name));
    }
    tracing::info!(was_signed_in = session.is_some(), "signed out");
    Ok(reply)
}

/// Tells the provider that the tokens are done with. It is a courtesy: no answer holds the sign-out up
/// beyond the deadline of one call, and the refresh token alone is enough where there is one.
pub(crate) async fn revoke(inner: &Inner, tokens: &Tokens) {
    let Ok(metadata) = inner.provider.metadata_known().await else { return };
    let Some(endpoint) = &metadata.revocation_endpoint else { return };
    let (token, hint) = match &tokens.refresh {
        Some(refresh) => (refresh, "refresh_token"),
        None => (&tokens.access, "access_token"),
    };
    let credentials = inner.settings.credentials();
    let Ok(request) = revocation::request(endpoint, &credentials, token, hint) else { return };
    match inner.http.send(request).await {
        Ok(response) if response.status().is_success() => {}
        Ok(response) => {
            tracing::warn!(status = response.status().as_u16(), "the provider did not revoke the token");
        }
        Err(error) => tracing::warn!(%error, "the provider did not revoke the token"),
    }
}

async fn at_the_provider(inner: &Inner, base: usize, session: &Session, destination: &str) -> Option<String> {
    let metadata = inner.provider.metadata_known().await.ok()?;
    let endpoint = metadata.end_session_endpoint.as_ref()?;
    let place = inner.place(base).ok()?;
    let sealed = place
        .logout_seal
        .seal(&*inner.entropy, LOGOUT_STATE_PREFIX.as_bytes(), destination.as_bytes())
        .ok()?;
    let state = format!("{LOGOUT_STATE_PREFIX}{sealed}");
    Some(end_session::url(
        endpoint,
        &EndSessionRequest {
            client_id: &inner.settings.client_id,
            id_token_hint: session.tokens.as_ref().map(|tokens| &tokens.id_token),
            logout_hint: session.identity.email().or(Some(session.identity.subject())),
            back: Some((&place.post_logout_redirect_uri, &state)),
        },
    ))
}
