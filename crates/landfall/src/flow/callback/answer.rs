//! The end of a callback where the application answers itself: its own session, its own token, JSON for a page.
//!
//! No session of ours begins. What is ours goes: the attempt's cookies give way to a mark, and the session that the browser
//! had ends. The answer is sent once, to whoever made it be asked for; whoever comes again, at the same time or later, is
//! led to the destination and gets neither its body nor its cookies. The mark counts for no loop, since no session of ours
//! could be missing.

use bytes::Bytes;
use http::header::{
    AGE, CACHE_CONTROL, CONTENT_LENGTH, EXPIRES, PRAGMA, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Landed;
use super::arrival::Arrival;
use crate::address::return_to::ReturnTo;
use crate::browser::cookie::CookieKind;
use crate::context::application_headers::is_between_hops;
use crate::context::events::{EventKind, Told, WayIn};
use crate::error::{Error, ErrorCode};
use crate::flow::code_exchange::CodeExchange;
use crate::flow::{logout, replacement};
use crate::web::pages;
use crate::web::reply::Reply;

impl Arrival<'_> {
    /// Ends what this browser had of ours, in the place of a session that begins; gives the Set-Cookie lines. The
    /// application is told of a sign-in, without a session.
    ///
    /// # Errors
    /// [`ErrorCode::ProviderRefused`], where the provider ended this sign-in while the application answered it: its tokens
    /// are given back, and nothing is sent.
    pub(super) async fn make_room(&self, exchange: &CodeExchange) -> Result<Vec<String>, Error> {
        let (identity, now) = (&exchange.identity, self.context.clock.now());
        if self.context.provider_logouts.include(identity, exchange.issued_at, now) {
            logout::revoke(self.client, &exchange.tokens).await;
            return Err(Error::new(ErrorCode::ProviderRefused)
                .detail("the provider ended this sign-in while the application answered it"));
        }
        let subject = identity.subject_id();
        let told = Told {
            subject: Some(&subject),
            provider: Some(&self.client.issuer),
            origin: Some(&self.request.origin),
            ..Told::new(EventKind::SignedIn, WayIn::Provider)
        };
        self.context.events.tell_of(&told, now);
        let names = &self.request.site.names;
        let mut cookies = Vec::new();
        if self.has_session_cookie() {
            cookies.push(names.clear_session());
        }
        if let Some(before) = self.session_before().await {
            if before.identity.subject_id() != subject {
                let kept = self.request.sent.iter().filter(|cookie| cookie.kind == CookieKind::Kept);
                cookies.extend(kept.map(|cookie| names.clear(&cookie.name)));
            }
            replacement::replaced(self.context, &before, &subject).await;
        }
        Ok(cookies)
    }
}

/// The application's answer, and what whoever comes again is answered: `cookies` take away what is ours in both.
pub(super) fn answered(
    response: http::Response<Bytes>,
    added: &HeaderMap,
    return_to: &ReturnTo,
    cookies: &[String],
) -> Landed {
    let mut again = pages::see_other(return_to.as_str());
    let mut reply = as_sent(response);
    for (name, value) in added {
        reply.headers_mut().append(name, value.clone());
    }
    for cookie in cookies {
        pages::add_cookie(&mut again, cookie);
        pages::add_cookie(&mut reply, cookie);
    }
    tracing::info!(status = reply.status().as_u16(), "signed in: the application answers itself");
    Landed { reply, again: Some(again) }
}

/// A response of the application's without what is not its to say: how long it may be kept, how it is framed, what is
/// between two hops alone.
fn as_sent(response: http::Response<Bytes>) -> Reply {
    let (mut parts, body) = response.into_parts();
    // Nobody between here and the browser is to take it for a wish of a handler's.
    parts.extensions.clear();
    let ours = [CONTENT_LENGTH, CACHE_CONTROL, EXPIRES, PRAGMA, AGE];
    let gone: Vec<HeaderName> =
        parts.headers.keys().filter(|name| ours.contains(name) || is_between_hops(name)).cloned().collect();
    for name in gone {
        parts.headers.remove(name);
    }
    parts.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The address holds what the provider sent, and a page may lead anywhere.
    parts.headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    parts.headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    Reply::from_parts(parts, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_not_kept_and_says_nothing_of_the_connection() {
        let response = http::Response::builder()
            .status(201)
            .header("cache-control", "public, max-age=60")
            .header("expires", "Thu, 01 Jan 2099 00:00:00 GMT")
            .header("content-length", "7")
            .header("connection", "close")
            .header("keep-alive", "timeout=5")
            .header("x-own", "1")
            .header("x-own", "2")
            .extension(crate::SignInWanted::new())
            .body(Bytes::from_static(b"hello"))
            .unwrap();
        let reply = as_sent(response);
        assert_eq!((reply.status().as_u16(), reply.body().as_ref()), (201, b"hello".as_slice()));
        let headers: Vec<_> =
            reply.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let own = [
            ("x-own", b"1".as_slice()),
            ("x-own", b"2"),
            ("cache-control", b"no-store"),
            ("referrer-policy", b"no-referrer"),
            ("x-content-type-options", b"nosniff"),
        ];
        assert_eq!(headers, own);
        assert!(reply.extensions().get::<crate::SignInWanted>().is_none());
    }
}
