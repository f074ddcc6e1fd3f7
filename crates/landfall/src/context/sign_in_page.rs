//! The application's own sign-in page: whether people are led there, with which address, and what it can offer.
//!
//! Without the setting nothing of this happens: people are led to the provider, and failures are pages of ours. With it:
//!
//! 1. Whoever has to sign in is led to the page, with the query that the login address takes
//!    ([`sign_in_query`](super::sign_in_query)). It passes that on, to the login address or to a sign-in of its own.
//! 2. A sign-in that failed leads back to it. What failed is sealed for this browser
//!    ([`sign_in_failure`](crate::browser::sign_in_failure)): nothing in the address can be read, or be worded by others.
//! 3. Nobody lands there, and nobody is led there who is there already: a guard before the page would lead in a circle.
//!
//! Past the page (`sign_in_page_auto`) the first of these leads to the provider; the second never does, or a provider
//! that refuses would be asked again and again.

use serde::Serialize;
use url::Url;

use super::Context;
use super::endpoints::Endpoint;
use super::error_reply::{log, someone_else};
use super::incoming::RequestFacts;
use super::refused::{Offer, Refused};
use super::sign_in_query::SignInQuery;
use super::site::Site;
use crate::address::return_to::ReturnTo;
use crate::browser::cookie::SentCookie;
use crate::browser::sign_in_failure::SignInFailure;
use crate::error::{Error, ErrorCode};
use crate::guard::guarded_paths;
use crate::guard::request_kind::RequestKind;
use crate::guard::sign_in_wanted::SignInWanted;
use crate::protocol::authn_request::Prompt;
use crate::web::form::parameter;
use crate::web::pages;
use crate::web::reply::Reply;

/// The parameter of the page's address that a sealed failure stands in.
pub(crate) const FAILURE: &str = "failure";

/// A provider that people can sign in with, as a sign-in page shows it; see
/// [`Visit::providers`](crate::Visit::providers). `GET /auth/providers` gives a script the same.
///
/// ```
/// fn buttons(visit: &landfall::Visit) -> Vec<String> {
///     let button = |provider: landfall::ProviderInfo| {
///         // Whatever is put on a page has to be escaped: a template does.
///         let href = provider.login_url.replace('&', "&amp;");
///         format!("<a href=\"{href}\">Sign in with {}</a>", provider.name)
///     };
///     visit.providers().into_iter().map(button).collect()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProviderInfo {
    /// A short name that stays, to choose a picture by. The one provider is `default`.
    pub id: String,
    /// What people call it: what `provider_name` says, else its host.
    pub name: String,
    /// What it speaks: `oidc`.
    pub kind: String,
    /// Where a sign-in with it starts, with the destination and the request that the page was opened with.
    pub login_url: String,
}

impl Context {
    /// The path of the application's sign-in page below the base path, if it has one.
    pub(crate) fn sign_in_page(&self) -> Option<&str> {
        self.settings.paths.get(Endpoint::SignInPage)
    }

    /// Whether some reader takes a path below the base path for the sign-in page: the application's router answers it,
    /// which may decode, fold case or drop a slash at the end.
    pub(crate) fn is_sign_in_page(&self, path: &str) -> bool {
        self.sign_in_page().is_some_and(|page| guarded_paths::could_be(page, path))
    }

    /// Whether people who want this are led to the sign-in page. Not for what is to be asked without showing a page:
    /// that goes to the provider, and the page comes when a person turns out to be needed. Without a provider everybody is.
    pub(crate) fn leads_to_page(&self, wanted: &SignInWanted) -> bool {
        let silently = wanted.request.prompt == Some(Prompt::None);
        let asks_provider = self.settings.sign_in.past_the_page || silently;
        self.sign_in_page().is_some() && (self.clients.first().is_none() || !asks_provider)
    }

    /// The address where somebody signs in to land at `return_to`: that of the sign-in page, or the login address.
    pub(crate) fn sign_in_link_for(
        &self,
        site: &Site,
        return_to: &ReturnTo,
        wanted: &SignInWanted,
    ) -> String {
        self.link_for(site, self.way_in(wanted), return_to, wanted)
    }

    /// The same for a sign-in whose answer comes to `redirect_uri`, if not to the callback.
    pub(crate) fn sign_in_link_by(
        &self,
        site: &Site,
        return_to: &ReturnTo,
        redirect_uri: Option<&str>,
    ) -> String {
        self.link_by(site, self.way_in(&SignInWanted::new()), return_to, redirect_uri)
    }

    /// Where a sign-in is asked for, below the base path.
    pub(crate) fn way_in(&self, wanted: &SignInWanted) -> Endpoint {
        if self.leads_to_page(wanted) { Endpoint::SignInPage } else { Endpoint::Login }
    }

    /// The answer where the sign-in page itself asks for a sign-in: something stands before it that needs somebody.
    /// Whoever is led to the page would be led there again. `None` for every other page.
    pub(crate) fn refuse_guarded_page(&self, facts: &RequestFacts) -> Option<Reply> {
        let page = self.sign_in_page()?;
        if facts.site.base.inside_path(facts.path()) != page {
            return None;
        }
        let error = Error::new(ErrorCode::Misconfigured).detail(format!(
            "a guard, or an extractor that needs somebody, stands before the `sign_in_page` {page}: people who have to sign \
             in are led there, so it must be open to everybody; take the page out of the guard, such as by \
             RequireLogin::except([{page:?}])"
        ));
        Some(self.refuse(error, facts.kind, &facts.site, None))
    }

    /// Tells that a sign-in came to nothing, under a reference that was given before: at the sign-in page where there is
    /// one and a person opens pages, else as any other failure ([`refuse_as`](Self::refuse_as)).
    pub(crate) fn refuse_sign_in(
        &self,
        reference: &str,
        refused: &Refused,
        kind: RequestKind,
        site: &Site,
        return_to: Option<&ReturnTo>,
        redirect_uri: Option<&str>,
    ) -> Reply {
        let at_page = kind == RequestKind::Navigation && redirect_uri.is_none();
        log(&refused.error, reference, &self.names);
        let told = at_page.then(|| self.told_at_page(reference, refused, site, return_to)).flatten();
        told.unwrap_or_else(|| self.tell(reference, refused, kind, site, return_to, redirect_uri))
    }

    /// The way back to the sign-in page, with what failed and with what another try is to ask for. `None` where there is
    /// no such page, or nothing can be sealed: then a page of ours says it.
    fn told_at_page(
        &self,
        reference: &str,
        refused: &Refused,
        site: &Site,
        return_to: Option<&ReturnTo>,
    ) -> Option<Reply> {
        self.sign_in_page()?;
        let failure = SignInFailure::of(&refused.error, reference);
        let bound_to = (&site.names, site.base.literal.as_str());
        let sealed = failure.seal(&site.failure_seal, bound_to, &*self.entropy, self.clock.now());
        let (sealed, cookie) = sealed.ok()?;
        let return_to = return_to.cloned().unwrap_or_else(|| self.default_return_to(site));
        let wanted = match (&refused.offer, refused.error.code()) {
            (_, ErrorCode::SignInRejected) => someone_else(),
            (Some(Offer::SignIn(wanted)), _) => (**wanted).clone(),
            (Some(Offer::OpenAt(_)) | None, _) => SignInWanted::new(),
        };
        let mut link = self.link_for(site, Endpoint::SignInPage, &return_to, &wanted);
        link.extend(["&", FAILURE, "=", sealed.as_str()]);
        let mut reply = pages::see_other(&link);
        pages::add_cookie(&mut reply, &cookie);
        Some(reply)
    }

    /// What failed, by the query of the sign-in page and the cookies of the browser that opens it.
    pub(crate) fn sign_in_failure(
        &self,
        site: &Site,
        query: &str,
        sent: &[SentCookie],
    ) -> Option<SignInFailure> {
        let sealed = parameter(query, FAILURE)?;
        SignInFailure::open(&sealed, sent, &site.failure_seal, &site.base.literal, self.clock.now())
    }

    /// What the sign-in page can offer to whoever opened it with this query.
    pub(crate) fn providers(&self, site: &Site, query: &SignInQuery) -> Vec<ProviderInfo> {
        let Some(client) = self.clients.first() else { return Vec::new() };
        let host = || Url::parse(&client.issuer).ok()?.host_str().map(str::to_owned);
        let name = client.settings.provider_name.clone().or_else(host).unwrap_or_default();
        let mut login_url = self.link_for(site, Endpoint::Login, &query.return_to, &query.wanted);
        if let Some(uri) = &query.redirect_uri {
            login_url.push_str("&redirect_uri=");
            login_url.extend(form_urlencoded::byte_serialize(uri.as_bytes()));
        }
        vec![ProviderInfo { id: "default".to_owned(), name, kind: "oidc".to_owned(), login_url }]
    }
}
