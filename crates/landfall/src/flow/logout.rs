//! Signing out: here first, then at the provider.
//!
//! The order is the promise: whatever the provider does or does not do, the session here is over.
//!
//! 1. The session is found, and taken out of the store with its newest tokens.
//! 2. The tokens are revoked (RFC 7009), as a courtesy: also where somebody else ended the session in between, or the
//!    store failed once it had given them, since nobody has them after that.
//! 3. The browser is sent through the provider's end-session endpoint (OpenID Connect RP-Initiated Logout 1.0
//!    §2), if there is one, with a sealed `state` that says where to go from there. Otherwise it goes there at
//!    once.
//! 4. The cookies go: the session's, sign-ins that are under way, the marks, kept forms, and the mark for silent
//!    sign-ins; and what else the application wants the browser to throw away. What a form's cookie names in the store
//!    goes with it.
//!
//! Where people come back to from the provider is read by
//! [`returned_from_logout`](crate::context::Context::returned_from_logout). Sessions that the provider ends are
//! another leg: [`provider_logout`](crate::flow::provider_logout).

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::browser::cookie::SentCookie;
use crate::context::Context;
use crate::context::events::{EndReason, EventKind};
use crate::context::landing::LOGOUT_STATE_PREFIX;
use crate::context::site::Site;
use crate::crypto::secret::Secret;
use crate::error::{Error, ErrorCode};
use crate::flow::kept_form;
use crate::protocol::end_session::{self, EndSessionRequest};
use crate::protocol::revocation;
use crate::provider::client::Client;
use crate::session::{CookieSession, Session, Taken, Tokens};
use crate::web::pages;
use crate::web::reply::Reply;
use crate::web::site_data::SiteData;

/// How long the refresh token's revocation may take before the access token's is begun beside it.
const MOMENT: Duration = Duration::from_secs(2);

/// A sign-out as it came in; that it comes from this site was checked.
#[derive(Debug)]
pub(crate) struct LogoutRequest {
    /// The base URL it came by.
    pub(crate) site: Arc<Site>,
    /// Where to land: a path of this application, or an address of a page's own, checked; `None` for the default.
    pub(crate) destination: Option<String>,
    /// The attempts' cookies that the browser holds. All of them are taken away.
    pub(crate) sent: Vec<SentCookie>,
    /// What the browser's session cookie leads to.
    pub(crate) found: CookieSession,
    /// Whether the person's session at the provider ends as well, where there is one.
    pub(crate) at_provider: bool,
}

/// What a sign-out sends to the browser.
#[derive(Debug)]
pub(crate) struct Farewell {
    /// Where the browser goes: to the provider, or to where the person lands.
    pub(crate) location: String,
    /// The cookies that go, each as a line for Set-Cookie.
    pub(crate) cookies: Vec<String>,
    /// The header Clear-Site-Data, if the application wants one.
    pub(crate) clear_site_data: Option<String>,
}

impl Farewell {
    /// The answer that sends the browser on.
    pub(crate) fn reply(self) -> Reply {
        let mut reply = pages::see_other(&self.location);
        if let Some(data) = self.clear_site_data {
            pages::clear_site_data(&mut reply, &data);
        }
        for cookie in &self.cookies {
            pages::add_cookie(&mut reply, cookie);
        }
        reply
    }
}

/// Ends the session here, whatever the provider does; revokes what can be revoked; then sends the browser through
/// the provider's end-session endpoint, if there is one, and back to a page of ours.
///
/// It is no error if nobody is signed in: the cookies go all the same. A session that somebody else ended a
/// moment ago still names the person at the provider, so their session there ends, too.
///
/// # Errors
/// [`ErrorCode::StoreUnavailable`]. The session may then stand, and its cookie is left for another try.
pub(crate) async fn finish(context: &Context, request: &LogoutRequest) -> Result<Farewell, Error> {
    let (sessions, site) = (&context.sessions, &request.site);
    let found = sessions.resolve(&request.found, context.clock.now()).await?;
    let taken = match &found {
        Some(session) => Some(sessions.take(session, EndReason::SignedOut, context.clock.now()).await?),
        None => None,
    };
    let session = match taken {
        Some(Taken { last, is_ended }) => {
            if matches!(is_ended, Ok(true)) {
                let kind = EventKind::Ended(EndReason::SignedOut);
                context.events.tell(kind, Some(&last.identity.subject_id()), last.record_key());
            }
            give_back(context, &last).await;
            is_ended?;
            Some(last)
        }
        None => found,
    };
    let destination =
        request.destination.clone().unwrap_or_else(|| context.after_logout(site).as_str().to_owned());
    let at_the_provider = match session.as_ref().filter(|_| request.at_provider) {
        Some(session) => at_the_provider(context, site, session, &destination).await,
        None => None,
    };
    // Marks of earlier sign-ins go too: the next one starts with a clean sheet. So do sign-ins that are under way in other
    // tabs, which would bring back whoever has just gone, and forms: whoever signs in next may be somebody else.
    let mut cookies = vec![site.names.clear_session()];
    if context.settings.sign_in.silent.is_some() {
        cookies.push(site.names.not_returning());
    }
    cookies.extend(request.sent.iter().map(|cookie| site.names.clear(&cookie.name)));
    kept_form::forget(context, site, &request.sent).await;
    tracing::info!(was_signed_in = session.is_some(), "signed out");
    let clear_site_data = SiteData::header(&context.settings.leaving.clear_site_data);
    Ok(Farewell { location: at_the_provider.unwrap_or(destination), cookies, clear_site_data })
}

/// Revokes what a session held that was taken out of the store, whoever ended it: a back-channel logout cannot read the
/// tokens, and what failed half-way has no copy of them left.
///
/// Not where the same person signed in again: their new tokens may hang on the same grant.
async fn give_back(context: &Context, session: &Session) {
    let is_replaced = session.record_key().is_some_and(|key| context.refreshes.was_replaced(key));
    if let (Some(tokens), Some(client), false) = (&session.tokens, context.client_of(session), is_replaced) {
        revoke(client, tokens).await;
    }
}

/// Tells the provider that the tokens are done with (RFC 7009 §2.1). It is a courtesy: no answer holds the
/// sign-out up beyond the deadline of one call and a moment, and no failure does more than stand in the log.
///
/// The refresh token alone is enough where there is one, since the access tokens of its grant go with it. Where that
/// fails, or takes long, the access token is tried as well: it is what would be good for anybody who has it. The
/// metadata may be old: a provider that is down is not asked for them first.
pub(crate) async fn revoke(client: &Client, tokens: &Tokens) {
    let Ok(metadata) = client.metadata_known().await else { return };
    let Some(endpoint) = &metadata.revocation_endpoint else { return };
    let access = revoke_one(client, endpoint, &tokens.access, "access_token");
    let Some(refresh) = &tokens.refresh else {
        access.await;
        return;
    };
    let mut refresh = std::pin::pin!(revoke_one(client, endpoint, refresh, "refresh_token"));
    match tokio::time::timeout(MOMENT, &mut refresh).await {
        Ok(true) => {}
        Ok(false) => {
            access.await;
        }
        // It has been sent, and its own deadline runs on meanwhile.
        Err(_) => {
            access.await;
            refresh.await;
        }
    }
}

/// Asks for one token to be revoked; whether the provider says that it is.
async fn revoke_one(client: &Client, endpoint: &Url, token: &Secret<String>, hint: &str) -> bool {
    let credentials = client.credentials();
    let Ok(request) = revocation::request(endpoint, &credentials, token, hint) else { return false };
    match client.send(request, ErrorCode::ProviderUnreachable).await {
        Ok(response) if response.status().is_success() => return true,
        Ok(response) => {
            tracing::warn!(
                status = response.status().as_u16(),
                hint,
                "the provider did not revoke the token"
            );
        }
        Err(error) => {
            let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            tracing::warn!(%error, source, hint, "the provider did not revoke the token");
        }
    }
    false
}

/// The address that ends the person's session at the provider and brings them back to `destination`; `None` if
/// the provider has no such endpoint, or no client of ours began the session.
pub(crate) async fn at_the_provider(
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

/// Where the person's session at the provider ends (OpenID Connect RP-Initiated Logout 1.0 §2); `None` if the
/// provider does not say so, or its metadata cannot be had.
///
/// `back` is a registered post-logout redirect URI and the `state` to come back with; `None` to stay there. The
/// ID token goes along as a hint where it was kept, and the e-mail address or the subject says whose session is
/// meant.
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
