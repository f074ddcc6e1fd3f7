//! What the login address is asked for: by the application's own links, or by a third party (OpenID Connect Core
//! §4).
//!
//! What our own links say is read in [`sign_in_query`](crate::context::sign_in_query). A third party is told by `iss`;
//! it may name a destination and a hint who signs in, and nothing else.

use crate::address::return_to::ReturnTo;
use crate::context::Context;
use crate::context::endpoints::Endpoint;
use crate::context::landing::{SEALED_REQUEST, return_to_in};
use crate::context::sign_in_query::SignInQuery;
use crate::context::site::Site;
use crate::error::{Error, ErrorCode};
use crate::guard::sign_in_wanted::SignInWanted;
use crate::web::form::parameter;

/// Reads a query, or a form of these parameters. Unknown parameters are ignored, and none goes on to the provider but a
/// third party's `login_hint`.
///
/// - Our own links': see [`SignInQuery::read`].
/// - `iss`, `target_link_uri`, `login_hint`: a third party's (OpenID Connect Core §4). Beside an `iss` nothing reaches the
///   application's hook: neither what we sealed nor what it named (`login_parameters`).
///
/// # Errors
/// [`ErrorCode::RequestMalformed`] for an `iss` that is not our issuer, from which nothing is ever fetched, and those of
/// [`SignInQuery::read`].
pub(super) fn read(context: &Context, site: &Site, query: &str) -> Result<SignInQuery, Error> {
    let Some(iss) = parameter(query, "iss") else { return SignInQuery::read(context, site, query) };
    if context.clients.first().is_none_or(|client| *iss != *client.issuer) {
        return Err(
            Error::new(ErrorCode::RequestMalformed).detail("the login address was called with another iss")
        );
    }
    let own = return_to_in(query);
    let target = parameter(query, "target_link_uri");
    let target = target.as_deref().and_then(|uri| local(site, uri));
    let mut wanted = SignInWanted::new();
    wanted.request.login_hint = parameter(query, "login_hint").filter(|hint| hint.len() <= MAX_HINT);
    let return_to = target.or(own.as_ref().map(ReturnTo::as_str));
    Ok(SignInQuery { return_to: context.safe_return_to(site, return_to), wanted, redirect_uri: None })
}

impl Context {
    /// The login address with what a form said, to be opened by GET. Only the parameters that
    /// [`read`] knows are carried over.
    pub(super) fn login_address(&self, site: &Site, form: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let known = ["iss", "login_hint", "target_link_uri", "return_to", "redirect_uri", SEALED_REQUEST];
        let own = self.settings.sign_in.parameters.iter().map(String::as_str);
        for name in known.into_iter().chain(own) {
            if let Some(value) = parameter(form, name) {
                query.append_pair(name, &value);
            }
        }
        let path = self.settings.paths.path(Endpoint::Login);
        format!("{}{path}?{}", site.base.path, query.finish())
    }
}

/// Longer than any address, short enough for a URL. A longer `login_hint` is left out.
const MAX_HINT: usize = 512;

/// The part of a URL of this application behind its origin; `None` for a URL of another origin.
///
/// The character behind the origin is looked at, so `https://app.example.evil` is none of ours.
fn local<'a>(site: &Site, uri: &'a str) -> Option<&'a str> {
    let path = uri.strip_prefix(site.base.origin.as_str())?;
    if path.is_empty() { Some("/") } else { path.starts_with('/').then_some(path) }
}
