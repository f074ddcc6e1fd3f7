//! An authorization response that comes by POST (OAuth 2.0 Form Post Response Mode).
//!
//! The post is cross-site, so the browser leaves `SameSite=Lax` cookies out of it. What was posted is sealed
//! into the address that the browser is sent to: the same path by GET, where everything is checked as for any other
//! response. So there is one code path and no `SameSite=None`, and the code stands in no address that anybody can read.
//!
//! Nothing is believed here but that `state` is ours, and anybody can have one of those: they start a sign-in. So a
//! POST leaves nothing behind, in the browser or here, however many another site's page sends.

use super::open_state;
use crate::browser::pending_login::State;
use crate::context::Context;
use crate::context::endpoints::Endpoint;
use crate::context::site::Site;
use crate::error::{Error, ErrorCode};
use crate::protocol::authorization_response::AuthorizationResponse;
use crate::web::form::parameter;
use crate::web::pages;
use crate::web::reply::Reply;

/// The most a posted response may hold, in bytes.
pub(crate) const MAX_BODY: usize = 64 * 1024;
/// The longest sealed answer, in bytes: with `state` beside it, servers still take the address.
const MAX_SEALED: usize = 4096;
/// The parameter of the address that holds it.
const PARAMETER: &str = "posted";

/// Turns the POST into a GET of the same path, with the answer sealed for its attempt.
///
/// # Errors
/// [`ErrorCode::RequestMalformed`] for what is no answer, or does not fit an address; those of [`open_state`].
pub(crate) fn bounce(context: &Context, site: &Site, body: &str) -> Result<Reply, Error> {
    let response = AuthorizationResponse::parse(body)?;
    let state = response.state()?;
    let opened = open_state(context, site, state)?;
    let answer = response.to_query();
    let sealed = site.seals.post.seal(&*context.entropy, &opened.attempt, answer.as_bytes())?;
    if sealed.len() > MAX_SEALED {
        return Err(Error::new(ErrorCode::RequestMalformed).detail("the response does not fit an address"));
    }
    // `state` was opened, so it is of our own alphabet and needs no encoding.
    let path = site.outside(context.settings.paths.path(Endpoint::Callback));
    Ok(pages::see_other(&format!("{path}?state={state}&{PARAMETER}={sealed}")))
}

/// What a POST left in the address for this GET; `None` where nothing did, and for what was sealed for another
/// attempt.
pub(super) fn taken_up(site: &Site, state: &State, query: &str) -> Option<String> {
    let sealed = parameter(query, PARAMETER)?;
    let plain = site.seals.post.open(&state.attempt, sealed.as_bytes()).plain()?;
    String::from_utf8(plain.to_vec()).ok()
}
