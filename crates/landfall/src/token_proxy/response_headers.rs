//! What of the upstream's answer the browser gets to see, under our own name.
//!
//! The browser takes the answer for one of this origin's. So whatever would act on the origin stays here: its
//! cookies, its transport security, its service workers, who may read. An upstream may be another team's service;
//! that it can answer a fetch does not make it the application.
//!
//! 1. Statuses that are not for the browser: a 401 is about the token, a 407 about a proxy, a 1xx no answer.
//! 2. Each header: not one of the hop's, one that passes by its name (`response_names`), not one that repeats the token;
//!    addresses are told anew.
//! 3. What is set in any case: `Cache-Control` with `private`, `Vary: Cookie`, `nosniff`, and a sandbox for what is
//!    opened as a page.
//!
//! Bodies are not looked at. The way there is in `request_headers`.

use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LOCATION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap,
    HeaderName, HeaderValue, LINK, LOCATION, VARY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};
use memchr::memmem;

use super::hop_by_hop::HopByHop;
use super::location::Addresses;
use super::response_names::passes;
use crate::error::{Error, ErrorCode};
use crate::web::caching::ForOnePerson;
use crate::web::form::essence;

/// The answer's head as the browser may read it. `token` is the one that was sent, for finding it again; `named` are the
/// headers that the application has passed on besides.
///
/// # Errors
/// `UpstreamRefusedToken` for a 401; `UpstreamInvalid` for a status or a redirect that cannot be passed on.
pub(super) fn rewritten(
    answer: Response<()>,
    addresses: Addresses<'_>,
    token: &str,
    named: &[HeaderName],
) -> Result<Response<()>, Error> {
    let (parts, ()) = answer.into_parts();
    let invalid = |why: String| Error::new(ErrorCode::UpstreamInvalid).detail(why);
    match parts.status {
        // The browser did not send the token, so it can do nothing about it; and 401 is what we ourselves say.
        StatusCode::UNAUTHORIZED => return Err(refused_token(&parts.headers)),
        status if status.is_informational() || status == StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            return Err(invalid(format!("it answered {}", status.as_u16())));
        }
        _ => {}
    }
    let mut hop_by_hop = HopByHop::default();
    for value in parts.headers.get_all(CONNECTION) {
        hop_by_hop.named_by(value.as_bytes());
    }
    let mut rewritten = HeaderMap::with_capacity(parts.headers.len() + 4);
    for (name, value) in &parts.headers {
        // A header that says the token back stays here.
        let says_token = memmem::find(value.as_bytes(), token.as_bytes()).is_some();
        let is_meant = passes(name.as_str()) || named.contains(name);
        if says_token || hop_by_hop.names(name.as_str()) || !is_meant {
            continue;
        }
        let value = match *name {
            LOCATION | CONTENT_LOCATION => address(value, |text| addresses.rewritten(text)),
            LINK => address(value, |text| addresses.rewritten_links(text)),
            _ => Some(value.clone()),
        };
        if let Some(value) = value {
            rewritten.append(name, value);
        }
    }
    if is_redirect(parts.status) && !rewritten.contains_key(LOCATION) {
        return Err(invalid(format!(
            "it answered {} and leads to where nobody may follow",
            parts.status.as_u16()
        )));
    }
    rewritten.insert(CACHE_CONTROL, cache_control(&parts.headers));
    // Somebody else may sit at the same browser next.
    rewritten.append(VARY, HeaderValue::from_static("Cookie"));
    rewritten.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !is_pdf(&parts.headers) {
        // An answer that is opened as a page must not act as a page of ours. A PDF is not shown from a sandbox.
        rewritten.append(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    }
    let mut answer = Response::new(());
    *answer.status_mut() = parts.status;
    *answer.headers_mut() = rewritten;
    Ok(answer)
}

/// A header's value with its address told anew; nothing where it is no text or may not be told.
fn address(value: &HeaderValue, rewritten: impl Fn(&str) -> Option<String>) -> Option<HeaderValue> {
    let text = std::str::from_utf8(value.as_bytes()).ok()?;
    HeaderValue::try_from(rewritten(text)?).ok()
}

/// The statuses whose Location browsers follow (RFC 9110 §15.4).
fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The error for a 401, with what the upstream said of the token, for the operator.
fn refused_token(headers: &HeaderMap) -> Error {
    const KNOWN: [&str; 5] = [
        "invalid_token",
        "invalid_request",
        "insufficient_scope",
        "insufficient_user_authentication",
        "invalid_dpop_proof",
    ];
    let said = headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // Of a challenge, an error that is known: what else stands there may be the token.
    let known = KNOWN.iter().find(|name| said.contains(&format!("error=\"{name}\"")));
    let name = known.unwrap_or(&"no error that is known");
    Error::new(ErrorCode::UpstreamRefusedToken).detail(format!("it answered 401 with {name}"))
}

/// The upstream's word on how long, ours on for whom: an answer belongs to whoever is signed in, so no shared cache
/// may keep it (RFC 9111 §5.2.2.7). Without a word of the upstream's it may be kept and must be asked for again.
fn cache_control(headers: &HeaderMap) -> HeaderValue {
    let mut rewritten = ForOnePerson::default();
    headers.get_all(CACHE_CONTROL).iter().for_each(|line| rewritten.note(line.as_bytes()));
    let alone = HeaderValue::from_static("private, no-cache");
    HeaderValue::try_from(rewritten.finish().as_str()).unwrap_or(alone)
}

/// Whether it says, once and clearly, that it is a PDF.
fn is_pdf(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter().map(HeaderValue::as_bytes);
    let is_pdf = |value: &[u8]| essence(value).eq_ignore_ascii_case(b"application/pdf");
    types.next().is_some_and(is_pdf) && types.next().is_none()
}

#[cfg(test)]
#[path = "response_headers_tests.rs"]
mod tests;
