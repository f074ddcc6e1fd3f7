//! Front-channel logout (OpenID Connect Front-Channel Logout 1.0): the provider opens an address of ours in a frame
//! of its own page, and the session it names ends.
//!
//! Nothing vouches for such a request but that it knows the provider's name for the session. So it ends exactly
//! that session, and nothing is sent to the provider because of it.
//!
//! Browsers that keep cookies of a frame apart send none, so the session is found by its name in the store.
//! Without a store only the browser's own cookie leads to it, and only where it is sent.

use std::sync::Arc;

use url::Url;

use crate::context::Context;
use crate::context::events::{EndReason, EventKind};
use crate::context::site::Site;
use crate::error::{Error, ErrorCode};
use crate::provider::client::Client;
use crate::runtime::GoingOn;
use crate::session::{CookieSession, Selection};
use crate::web::form::values;
use crate::web::pages;
use crate::web::reply::Reply;

/// A request that may end a session, once it named one.
#[derive(Debug)]
pub(crate) struct FrontchannelRequest {
    /// The base URL it came by.
    pub(crate) site: Arc<Site>,
    /// The provider's name for the session.
    pub(crate) sid: String,
    /// What the browser's own cookie leads to, where browsers still send it from inside a frame.
    pub(crate) found: CookieSession,
}

/// The session that a query names, if it is of this issuer (§2: `iss` and `sid`).
///
/// A query that names none is refused: to end whatever session the browser has would let every page on the web
/// sign people out.
///
/// # Errors
/// [`ErrorCode::RequestMalformed`] where one is missing, empty, there twice or another issuer's.
pub(crate) fn named_session(query: &str, issuer: &str) -> Result<String, Error> {
    let malformed = |rule: &str| Error::new(ErrorCode::RequestMalformed).detail(rule);
    let (issuers, sids): (Vec<_>, Vec<_>) = (values(query, "iss").collect(), values(query, "sid").collect());
    let ([Some(named)], [Some(sid)]) = (issuers.as_slice(), sids.as_slice()) else {
        return Err(malformed("a front-channel logout needs iss and sid, each once"));
    };
    if *named != issuer {
        return Err(malformed("iss is not the issuer"));
    }
    if sid.is_empty() {
        return Err(malformed("sid names no session"));
    }
    Ok(sid.clone().into_owned())
}

/// Ends the session by its name in the store, and the browser's own if that is the one. The answer is a small
/// page that the provider alone may show in a frame; it reads the same whether anything ended.
///
/// Any page can name sessions here, so these requests take turns, and one whose browser is gone is dropped as long as
/// it has ended nothing.
///
/// # Errors
/// The store's, [`ErrorCode::Overloaded`], and [`ErrorCode::NoProvider`].
pub(crate) async fn finish(
    context: &Context,
    request: &FrontchannelRequest,
    going_on: &GoingOn,
) -> Result<Reply, Error> {
    let _turn = context.turns.browser_logouts.turn().await?;
    let (sessions, client) = (&context.sessions, context.client_for_provider_logout()?);
    let own = sessions.resolve(&request.found, context.clock.now()).await?;
    let own = own.filter(|session| session.identity.sid() == Some(request.sid.as_str()));
    going_on.whatever_happens().await;
    let ended = match sessions.store() {
        Some(_) => {
            sessions.end_sid(&client.issuer, &request.sid, Selection::all(), EndReason::FrontChannel).await?
        }
        None => Vec::new(),
    };
    let subject = own.as_ref().map(|session| session.identity.subject_id());
    let tell = |key| context.events.tell(EventKind::Ended(EndReason::FrontChannel), subject.as_ref(), key);
    for key in &ended {
        tell(Some(*key));
    }
    let mut reply = pages::framed("Signed out", &ancestors(client));
    if let Some(own) = &own {
        if own.stored.is_none() {
            sessions.take(own, EndReason::FrontChannel, context.clock.now()).await?.is_ended?;
            tell(None);
        }
        pages::add_cookie(&mut reply, &request.site.names.clear_session());
    }
    // Anybody may ask about sessions that are not there.
    if own.is_some() || !ended.is_empty() {
        tracing::info!(
            sessions = ended.len(),
            own = own.is_some(),
            "the provider ended a session through the browser"
        );
    }
    Ok(reply)
}

/// The origins that may show the answer in a frame: the issuer's, and that of the end-session endpoint where it
/// is known to be another.
fn ancestors(client: &Client) -> String {
    let origin = |url: &Url| url.origin().ascii_serialization();
    let mut origins: Vec<String> = Url::parse(&client.issuer).iter().map(origin).collect();
    if let Some(endpoint) = client.metadata_last().and_then(|known| known.end_session_endpoint.clone()) {
        let other = origin(&endpoint);
        if !origins.contains(&other) {
            origins.push(other);
        }
    }
    origins.join(" ")
}

#[cfg(test)]
mod tests {
    use super::named_session;

    #[test]
    fn both_names_are_there_once_or_nothing_is_asked() {
        let issuer = "https://op.example";
        let named = |query: &str| named_session(query, issuer).ok();
        assert_eq!(named("iss=https%3A%2F%2Fop.example&sid=a+b").as_deref(), Some("a b"));
        assert_eq!(named("x=1&sid=s&iss=https://op.example&").as_deref(), Some("s"));
        for query in [
            "",
            "sid=s",
            "iss=https://op.example",
            "iss=https://op.example&sid=",
            "iss=https://op.example/&sid=s",
            "iss=https://op.example&iss=https://op.example&sid=s",
            "iss=https://op.example&sid=s&sid=s",
            "iss=https://op.example&sid=s&%73id=t",
            "iss=https://op.example&sid=%ff",
            "iss=https://evil.example&sid=s",
        ] {
            assert_eq!(named(query), None, "{query}");
        }
    }
}
