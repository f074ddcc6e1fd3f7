//! An authorization response that comes by POST (OAuth 2.0 Form Post Response Mode).
//!
//! The post is cross-site, so the browser leaves `SameSite=Lax` cookies out of it. What was posted is sealed
//! into a cookie that lives a minute, and the browser is sent to the same path by GET, where everything is
//! checked as for any other response: one code path, and no `SameSite=None`.
//!
//! Nothing is believed here but that `state` is ours: a POST that was not asked for leaves no cookie behind.

use std::time::Duration;

use super::open_state;
use crate::browser::cookie::{CookieKind, MAX_COOKIE};
use crate::context::Context;
use crate::context::endpoints::Endpoint;
use crate::context::site::Site;
use crate::error::{Error, ErrorCode};
use crate::protocol::authorization_response::AuthorizationResponse;
use crate::web::pages;
use crate::web::reply::Reply;

/// The most a posted response may hold, in bytes.
pub(crate) const MAX_BODY: usize = 64 * 1024;
/// How long the posted answer stays in the browser: it is read by the next request.
const LIFETIME: Duration = Duration::from_secs(60);

/// Turns the POST into a GET of the same path, with the answer sealed into a cookie of its attempt.
///
/// # Errors
/// [`ErrorCode::RequestMalformed`] for what is no answer, or does not fit a cookie; those of [`open_state`].
pub(crate) fn bounce(context: &Context, site: &Site, body: &str) -> Result<Reply, Error> {
    let response = AuthorizationResponse::parse(body)?;
    let state = response.state()?;
    let opened = open_state(context, site, state)?;
    let name = site.names.attempt(CookieKind::Post, &opened.attempt);
    let value = site.seals.post.seal(&*context.entropy, name.as_bytes(), response.to_query().as_bytes())?;
    if name.len() + value.len() > MAX_COOKIE {
        return Err(Error::new(ErrorCode::RequestMalformed).detail("the response does not fit a cookie"));
    }
    // `state` was opened, so it is of our own alphabet and needs no encoding.
    let mut reply = pages::see_other(&format!(
        "{}?state={state}",
        site.outside(context.settings.paths.path(Endpoint::Callback))
    ));
    pages::add_cookie(&mut reply, &site.names.set(&name, &value, LIFETIME));
    Ok(reply)
}
