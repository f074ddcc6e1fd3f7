//! What the login address is asked for: by the application's own links, or by a third party (OpenID Connect
//! Core §4).

use crate::address::return_to::ReturnTo;
use crate::browser::request_link;
use crate::context::Context;
use crate::context::destinations::{SEALED_REQUEST, return_to_in};
use crate::context::endpoints::Endpoint;
use crate::context::site::Site;
use crate::error::{Error, ErrorCode, printable};
use crate::guard::sign_in_wanted::SignInWanted;
use crate::web::form::parameter;

/// A sign-in that was asked for by address.
#[derive(Debug)]
pub(super) struct LoginQuery {
    pub(super) return_to: ReturnTo,
    pub(super) wanted: SignInWanted,
    /// The route of a single-page application that the answer is to come to.
    pub(super) redirect_uri: Option<String>,
}

impl LoginQuery {
    /// Reads a query, or a form of the same parameters. Unknown parameters are ignored, and none goes on to
    /// the provider but a third party's `login_hint`.
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
        // It must be ours, and nothing is ever fetched from another.
        if *iss != *context.clients.first().issuer {
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
    /// The login address with what a form said.
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

/// Longer than any address, short enough for a URL.
const MAX_HINT: usize = 512;

/// The part of a URL of this application behind its origin; what else a URL may name is no destination.
fn local<'a>(site: &Site, uri: &'a str) -> Option<&'a str> {
    let path = uri.strip_prefix(site.base.origin.as_str())?;
    if path.is_empty() { Some("/") } else { path.starts_with('/').then_some(path) }
}
