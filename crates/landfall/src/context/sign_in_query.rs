//! A sign-in that is asked for by address: the query that the login address takes, and that the application's own
//! sign-in page passes on.
//!
//! Anybody can word a link to either, so the query holds little: a destination, which is checked here, and what we
//! sealed ourselves of the request to the provider ("wish"). Level, age, scopes and prompts are only believed out of
//! the seal. What the application named itself (`login_parameters`) comes along as it was worded. Whoever takes the query further reads it by [`SignInQuery::read`]: the login address, the list of what the
//! page offers, and a sign-in that the application finishes itself. So the page hands it on as it is, and need not
//! understand it.

use super::Context;
use super::landing::{SEALED_REQUEST, return_to_in};
use super::site::Site;
use crate::address::return_to::ReturnTo;
use crate::browser::carried::{Carried, MAX_PARAMETER};
use crate::browser::request_link;
use crate::error::{Error, ErrorCode, printable};
use crate::guard::sign_in_wanted::SignInWanted;
use crate::web::form::parameter;

/// A sign-in that was asked for by address.
#[derive(Debug)]
pub(crate) struct SignInQuery {
    /// Where to land. Already one that people may land on.
    pub(crate) return_to: ReturnTo,
    /// What to ask for, beyond being signed in.
    pub(crate) wanted: SignInWanted,
    /// The route of a single-page application that the answer is to come to; `None` for the callback.
    pub(crate) redirect_uri: Option<String>,
}

impl SignInQuery {
    /// Reads a query, or a form of these parameters. Unknown parameters are ignored.
    ///
    /// - `return_to`: where to land.
    /// - `wish`: what we sealed of the request. One that does not open is left out: an old link still signs in.
    /// - What the application names (`login_parameters`): anybody may have worded it, and it is kept apart from what we
    ///   sealed. One that is there twice, or is long, is left out.
    /// - `redirect_uri`: a configured `spa_callback`, where there are any.
    ///
    /// # Errors
    /// [`ErrorCode::RequestMalformed`] for a `redirect_uri` that is not configured.
    pub(crate) fn read(context: &Context, site: &Site, query: &str) -> Result<Self, Error> {
        let sealed = parameter(query, SEALED_REQUEST);
        let opened = sealed.and_then(|sealed| request_link::open(&sealed, &site.request_seal));
        let (request, state) = opened.unwrap_or_default();
        let parameters = context.login_parameters(query);
        let carries = state.is_some() || !parameters.is_empty();
        // Without a page that could take the answer, it is one of the unknown ones.
        let spa = !context.settings.spa_callbacks.is_empty();
        let redirect_uri = parameter(query, "redirect_uri").filter(|_| spa);
        let known = |uri: &String| context.settings.spa_callbacks.iter().any(|own| own.literal == *uri);
        if let Some(uri) = redirect_uri.as_ref().filter(|uri| !known(uri)) {
            return Err(Error::new(ErrorCode::RequestMalformed)
                .detail(format!("{:?} is no spa_callback of this application", printable(uri))));
        }
        let own = return_to_in(query);
        Ok(Self {
            return_to: context.landing(site, redirect_uri.as_deref(), own.as_ref().map(ReturnTo::as_str)),
            redirect_uri,
            wanted: SignInWanted {
                request: Box::new(request),
                return_to: None,
                carried: carries.then(|| Box::new(Carried { state, parameters })),
            },
        })
    }
}

impl Context {
    /// What a query holds of the parameters that the application lets through.
    fn login_parameters(&self, query: &str) -> Vec<(String, String)> {
        let names = self.settings.sign_in.parameters.iter();
        let known = names.filter_map(|name| Some((name.clone(), parameter(query, name)?)));
        known.filter(|(_, value)| !value.is_empty() && value.len() <= MAX_PARAMETER).collect()
    }
}
