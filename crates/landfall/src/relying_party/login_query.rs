//! What the login address is asked for: by the application's own links, or by a third party (OpenID Connect Core
//! §4).
//!
//! Anybody can word a link to this address, so it takes little: a destination, which is checked, and what we
//! sealed ourselves of the request to the provider. Level, age, scopes and prompts are only believed out of the
//! seal. A third party is told by `iss`; it may name a destination and a hint who signs in, and nothing else.

use crate::address::return_to::ReturnTo;
use crate::browser::request_link;
use crate::context::Context;
use crate::context::endpoints::Endpoint;
use crate::context::landing::{SEALED_REQUEST, return_to_in};
use crate::context::site::Site;
use crate::error::{Error, ErrorCode, printable};
use crate::guard::sign_in_wanted::SignInWanted;
use crate::web::form::parameter;

/// A sign-in that was asked for by address.
#[derive(Debug)]
pub(super) struct LoginQuery {
    /// Where to land. Already one that people may land on.
    pub(super) return_to: ReturnTo,
    /// What to ask the provider for.
    pub(super) wanted: SignInWanted,
    /// The route of a single-page application that the answer is to come to; `None` for the callback.
    pub(super) redirect_uri: Option<String>,
}

impl LoginQuery {
    /// Reads a query, or a form of these parameters. Unknown parameters are ignored, and none goes on to the
    /// provider but a third party's `login_hint`.
    ///
    /// - `return_to`: where to land.
    /// - `wish`: what we sealed of the request. One that does not open is left out: an old link still signs in.
    /// - `redirect_uri`: a configured `spa_callback`, where there are any.
    /// - `iss`, `target_link_uri`, `login_hint`: a third party's (OpenID Connect Core §4).
    ///
    /// # Errors
    /// [`ErrorCode::RequestMalformed`] for an `iss` that is not our issuer, from which nothing is ever fetched,
    /// and for a `redirect_uri` that is not configured.
    pub(super) fn read(context: &Context, site: &Site, query: &str) -> Result<Self, Error> {
        let own = return_to_in(query);
        let Some(iss) = parameter(query, "iss") else {
            let sealed = parameter(query, SEALED_REQUEST);
            let request = sealed.and_then(|sealed| request_link::open(&sealed, &site.request_seal));
            // Without a page that could take the answer, it is one of the unknown ones.
            let spa = !context.settings.spa_callbacks.is_empty();
            let redirect_uri = parameter(query, "redirect_uri").filter(|_| spa);
            let known = |uri: &String| context.settings.spa_callbacks.iter().any(|own| own.literal == *uri);
            if let Some(uri) = redirect_uri.as_ref().filter(|uri| !known(uri)) {
                return Err(Error::new(ErrorCode::RequestMalformed)
                    .detail(format!("{:?} is no spa_callback of this application", printable(uri))));
            }
            let own = own.as_ref().map(ReturnTo::as_str);
            return Ok(Self {
                return_to: context.landing(site, redirect_uri.as_deref(), own),
                redirect_uri,
                wanted: SignInWanted { request: Box::new(request.unwrap_or_default()), return_to: None },
            });
        };
        if *iss != *context.client_for_login().issuer {
            return Err(Error::new(ErrorCode::RequestMalformed)
                .detail("the login address was called with another iss"));
        }
        let target = parameter(query, "target_link_uri");
        let target = target.as_deref().and_then(|uri| local(site, uri));
        let mut wanted = SignInWanted::new();
        wanted.request.login_hint = parameter(query, "login_hint").filter(|hint| hint.len() <= MAX_HINT);
        let return_to = target.or(own.as_ref().map(ReturnTo::as_str));
        Ok(Self { return_to: context.safe_return_to(site, return_to), wanted, redirect_uri: None })
    }
}

impl Context {
    /// The login address with what a form said, to be opened by GET. Only the parameters that
    /// [`LoginQuery::read`] knows are carried over.
    pub(super) fn login_address(&self, site: &Site, form: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for name in ["iss", "login_hint", "target_link_uri", "return_to", "redirect_uri", SEALED_REQUEST] {
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
