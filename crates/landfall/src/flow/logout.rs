//! Signing out: here first, then at the provider.

use std::sync::Arc;

use crate::browser::cookie::{CookieKind, SentCookie};
use crate::context::Context;
use crate::context::destinations::LOGOUT_STATE_PREFIX;
use crate::context::events::{EndReason, EventKind};
use crate::context::site::Site;
use crate::error::{Error, ErrorCode};
use crate::protocol::end_session::{self, EndSessionRequest};
use crate::protocol::revocation;
use crate::provider::client::Client;
use crate::session::{CookieSession, Session, Tokens};
use crate::web::pages;
use crate::web::reply::Reply;

/// A sign-out as it came in; that it comes from this site was checked.
#[derive(Debug)]
pub(crate) struct LogoutRequest {
    pub(crate) site: Arc<Site>,
    /// A path of this application, or an address of a page's own.
    pub(crate) destination: Option<String>,
    pub(crate) sent: Vec<SentCookie>,
    pub(crate) found: CookieSession,
}

/// Ends the session here, whatever the provider does; revokes what can be revoked; then sends the browser
/// through the provider's end-session endpoint, if there is one, and back to a page of ours.
pub(crate) async fn finish(context: &Context, request: &LogoutRequest) -> Result<Reply, Error> {
    let (sessions, site) = (&context.sessions, &request.site);
    let found = sessions.resolve(&request.found, context.clock.now()).await?;
    let ended = match &found {
        Some(session) => sessions.take(session, context.clock.now()).await?,
        None => None,
    };
    if let Some(session) = &ended {
        let kind = EventKind::Ended(EndReason::SignedOut);
        context.events.tell(kind, Some(&session.identity.subject_id()), session.record_key());
        if let (Some(tokens), Some(client)) = (&session.tokens, context.client_of(session)) {
            revoke(client, tokens).await;
        }
    }
    // The provider's session may stand where ours has ended already.
    let session = ended.or(found);
    let destination =
        request.destination.clone().unwrap_or_else(|| context.after_logout(site).as_str().to_owned());
    let at_the_provider = match &session {
        Some(session) => at_the_provider(context, site, session, &destination).await,
        None => None,
    };
    let mut reply = pages::see_other(at_the_provider.as_deref().unwrap_or(&destination));
    // Marks of earlier sign-ins go too: the next one starts with a clean sheet. So do forms: whoever signs in next may be
    // somebody else.
    pages::add_cookie(&mut reply, &site.names.clear(&site.names.session));
    if context.settings.sign_in.silent.is_some() {
        pages::add_cookie(&mut reply, &site.names.not_returning());
    }
    for cookie in
        request.sent.iter().filter(|cookie| matches!(cookie.kind, CookieKind::Spent | CookieKind::Form))
    {
        pages::add_cookie(&mut reply, &site.names.clear(&cookie.name));
    }
    tracing::info!(was_signed_in = session.is_some(), "signed out");
    Ok(reply)
}

/// Tells the provider that the tokens are done with. It is a courtesy: no answer holds the sign-out up
/// beyond the deadline of one call, and the refresh token alone is enough where there is one.
pub(crate) async fn revoke(client: &Client, tokens: &Tokens) {
    let Ok(metadata) = client.metadata_known().await else { return };
    let Some(endpoint) = &metadata.revocation_endpoint else { return };
    let (token, hint) = match &tokens.refresh {
        Some(refresh) => (refresh, "refresh_token"),
        None => (&tokens.access, "access_token"),
    };
    let credentials = client.credentials();
    let Ok(request) = revocation::request(endpoint, &credentials, token, hint) else { return };
    match client.send(request, ErrorCode::ProviderUnreachable).await {
        Ok(response) if response.status().is_success() => {}
        Ok(response) => {
            tracing::warn!(status = response.status().as_u16(), "the provider did not revoke the token");
        }
        Err(error) => tracing::warn!(%error, "the provider did not revoke the token"),
    }
}

/// The address that ends the person's session at the provider and brings them back here, if there is one.
async fn at_the_provider(
    context: &Context,
    site: &Site,
    session: &Session,
    destination: &str,
) -> Option<String> {
    let client = context.client_of(session)?;
    let sealed = site
        .logout_seal
        .seal(&*context.entropy, LOGOUT_STATE_PREFIX.as_bytes(), destination.as_bytes())
        .ok()?;
    let state = format!("{LOGOUT_STATE_PREFIX}{sealed}");
    end_session_url(client, session, Some((&site.post_logout_redirect_uri, &state))).await
}

/// Where the person's session at the provider ends (OpenID Connect RP-Initiated Logout 1.0 §2), if it says so. `back` is
/// a registered post-logout redirect URI and the `state` to come back with.
pub(crate) async fn end_session_url(
    client: &Client,
    session: &Session,
    back: Option<(&str, &str)>,
) -> Option<String> {
    let metadata = client.metadata_known().await.ok()?;
    let endpoint = metadata.end_session_endpoint.as_ref()?;
    Some(end_session::url(
        endpoint,
        &EndSessionRequest {
            client_id: &client.id,
            id_token_hint: session.tokens.as_ref().map(|tokens| &tokens.id_token),
            logout_hint: session.identity.email().or(Some(session.identity.subject())),
            back,
        },
    ))
}
