//! Where people may land, and the addresses that lead there: the one place that decides it.
//!
//! An open redirect would let a stranger word a link to this application that ends at theirs (RFC 9700 §4.11). So
//! a destination is checked here before an answer sends anybody to it, also one that was sealed in between: an
//! older release may have sealed what does not hold today.
//!
//! A sign-in's destination is good if
//!
//! 1. it parses as a [`ReturnTo`]: a path on this host and nothing else,
//! 2. it is below the base path in every reading, unless the answer comes to a page that is not there itself,
//! 3. it is none of our own endpoints, but for the page of kept forms.
//!
//! Whatever is not good becomes the default, without an error: people should land somewhere. A sign-out may also
//! end at a single-page application's origin ([`Context::returned_from_logout`]).

use super::Context;
use super::endpoints::Endpoint;
use super::site::Site;
use crate::address::return_to::ReturnTo;
use crate::address::spa_callback::SpaCallback;
use crate::browser::request_link;
use crate::guard::sign_in_wanted::SignInWanted;
use crate::web::form::parameter;
use crate::web::pages;
use crate::web::reply::Reply;

/// What a sign-out's `state` begins with.
pub(crate) const LOGOUT_STATE_PREFIX: &str = "lfo1.";
/// The parameter of the login address that holds what we sealed ourselves of the request to the provider. A
/// stranger cannot word one: what does not open is left out.
pub(crate) const SEALED_REQUEST: &str = "wish";

impl Context {
    /// Whether a destination is one of our own paths, under any base URL: landing there would loop, or sign out.
    pub(crate) fn is_own_path(&self, destination: &str) -> bool {
        let path = destination.split(['?', '#']).next().unwrap_or_default();
        let is_own = |path| self.settings.paths.is_own(path) || self.is_sign_in_page(path);
        self.sites.iter().any(|site| is_own(site.base.inside_path(path)))
    }

    /// The destination if it is a sound one of this application's, else the default. `None` is asked for the
    /// default, too.
    pub(crate) fn safe_return_to(&self, site: &Site, destination: Option<&str>) -> ReturnTo {
        destination
            .and_then(|destination| ReturnTo::parse(destination).ok())
            .filter(|destination| self.is_landing(site, destination))
            .unwrap_or_else(|| self.default_return_to(site))
    }

    /// Whether people may land there: below the base path, and on none of our own paths.
    pub(crate) fn is_landing(&self, site: &Site, destination: &ReturnTo) -> bool {
        let path = destination.as_str().split(['?', '#']).next().unwrap_or_default();
        // Beside the base path, somebody else may live.
        site.base.holds(path) && !self.is_own_path(destination.as_str())
    }

    /// Where a sign-in lands that came from nowhere.
    pub(crate) fn default_return_to(&self, site: &Site) -> ReturnTo {
        site.destination(&self.settings.landing.default_return_to)
    }

    /// Where a sign-out lands.
    pub(crate) fn after_logout(&self, site: &Site) -> ReturnTo {
        site.destination(&self.settings.landing.after_logout)
    }

    /// Where a sign-in lands whose answer comes to this redirect URI; `None` is the callback's own.
    ///
    /// A page that is not below the base URL has paths of its own: only our endpoints are closed to it, and its
    /// default is its own folder.
    pub(crate) fn landing(
        &self,
        site: &Site,
        redirect_uri: Option<&str>,
        destination: Option<&str>,
    ) -> ReturnTo {
        let Some(page) = redirect_uri.and_then(|uri| self.page_elsewhere(site, uri)) else {
            return self.safe_return_to(site, destination);
        };
        destination
            .and_then(|destination| ReturnTo::parse(destination).ok())
            .filter(|destination| !self.is_own_path(destination.as_str()))
            .unwrap_or_else(|| page.home())
    }

    /// The single-page application whose route this redirect URI is, if it is not below the base URL; `None` for
    /// the callback, for a page below it, and for a URI that nobody configured.
    fn page_elsewhere(&self, site: &Site, redirect_uri: &str) -> Option<&SpaCallback> {
        let page = self.settings.spa_callbacks.iter().find(|page| page.literal == redirect_uri)?;
        (page.origin != site.base.origin || !site.base.holds(&page.path)).then_some(page)
    }

    /// Whether an address is one of a single-page application: its origin, byte for byte, and behind it a path
    /// that parses. The path's first character is what keeps `https://spa.example.evil` out.
    fn is_at_a_page(&self, address: &str) -> bool {
        let mut origins = self.settings.spa_callbacks.iter().map(|page| page.origin.as_str());
        origins.any(|origin| address.strip_prefix(origin).is_some_and(|path| ReturnTo::parse(path).is_ok()))
    }

    /// The address of ours, or of the sign-in page, that leads to a sign-in which ends at `return_to`, and whose answer
    /// comes to `redirect_uri` if not to the callback.
    pub(crate) fn link_by(
        &self,
        site: &Site,
        way_in: Endpoint,
        return_to: &ReturnTo,
        redirect_uri: Option<&str>,
    ) -> String {
        let mut link = self.link(site, way_in, return_to);
        if let Some(uri) = redirect_uri {
            link.push_str("&redirect_uri=");
            link.extend(form_urlencoded::byte_serialize(uri.as_bytes()));
        }
        link
    }

    /// The address that leads to a sign-in which ends at `return_to`.
    fn link(&self, site: &Site, way_in: Endpoint, return_to: &ReturnTo) -> String {
        let (prefix, path) = (&site.base.path, self.settings.paths.path(way_in));
        let value: String = form_urlencoded::byte_serialize(return_to.as_str().as_bytes()).collect();
        format!("{prefix}{path}?return_to={value}")
    }

    /// The address that leads to a sign-in which ends at `return_to`, and asks for what is wanted.
    ///
    /// What is wanted is sealed; parameters of the application's go along as they came. It is left out where there is nothing to ask for, and where it cannot be sealed
    /// or grows too long: the sign-in then asks for what is configured.
    pub(crate) fn link_for(
        &self,
        site: &Site,
        way_in: Endpoint,
        return_to: &ReturnTo,
        wanted: &SignInWanted,
    ) -> String {
        let mut link = self.link(site, way_in, return_to);
        let carried = wanted.carried.as_deref();
        let state = carried.and_then(|carried| carried.state.as_ref());
        if let Some(sealed) = request_link::seal(&wanted.request, state, &site.request_seal, &*self.entropy) {
            link.extend(["&", SEALED_REQUEST, "=", sealed.as_str()]);
        }
        for (name, value) in carried.into_iter().flat_map(|carried| &carried.parameters) {
            link.extend(["&", name, "="]);
            link.extend(form_urlencoded::byte_serialize(value.as_bytes()));
        }
        link
    }

    /// The way home after a sign-out at the provider (OpenID Connect RP-Initiated Logout 1.0 §3): `state` says
    /// where to, and nothing else does.
    ///
    /// `None` where there is no `state` of a sign-out, and the page is the application's as ever. One that does
    /// not open, or holds no sound destination, leads to the default.
    pub(crate) fn returned_from_logout(&self, site: &Site, query: &str) -> Option<Reply> {
        let state = parameter(query, "state")?;
        let sealed = state.strip_prefix(LOGOUT_STATE_PREFIX)?;
        let opened = site.logout_seal.open(LOGOUT_STATE_PREFIX.as_bytes(), sealed.as_bytes()).plain();
        let destination = opened
            .and_then(|bytes| String::from_utf8(bytes.to_vec()).ok())
            .filter(|text| ReturnTo::parse(text).is_ok() || self.is_at_a_page(text));
        Some(pages::see_other(destination.as_deref().unwrap_or(self.after_logout(site).as_str())))
    }
}

/// The destination in a query or a form, if it is there once and sound.
///
/// What stands behind `#` is given up rather than the page: a script may have put anything there.
pub(crate) fn return_to_in(query: &str) -> Option<ReturnTo> {
    let destination = parameter(query, "return_to")?;
    let page = || ReturnTo::parse(destination.split_once('#')?.0).ok();
    ReturnTo::parse(&destination).ok().or_else(page)
}

#[cfg(test)]
mod tests {
    use super::LOGOUT_STATE_PREFIX;
    use crate::{CookieKey, RelyingParty};

    #[test]
    fn a_hostile_destination_in_a_sealed_sign_out_is_not_followed() {
        let relying_party = RelyingParty::builder("https://op.example")
            .client("app", "secret")
            .base_url("https://app.example.com")
            .spa_callback("https://spa.example.com/callback")
            .cookie_keys([CookieKey::generate().unwrap()])
            .front_door()
            .unwrap();
        let context = &*relying_party.context;
        let site = context.sites.first();
        // What no release of ours would seal, nor a later one read.
        for (sealed, lands) in [
            ("//evil.example", "/"),
            ("https://evil.example/", "/"),
            ("/\\evil.example", "/"),
            ("https://spa.example.com.evil.example/", "/"),
            ("https://spa.example.com@evil.example/", "/"),
            ("https://spa.example.com//evil.example", "/"),
            ("https://spa.example.com", "/"),
            ("https://spa.example.com/bye?x=1", "https://spa.example.com/bye?x=1"),
            ("/bye?x=1", "/bye?x=1"),
        ] {
            let name = LOGOUT_STATE_PREFIX.as_bytes();
            let state = site.logout_seal.seal(&*context.entropy, name, sealed.as_bytes()).unwrap();
            let query = format!("state={LOGOUT_STATE_PREFIX}{state}");
            let reply = context.returned_from_logout(site, &query).unwrap();
            assert_eq!(reply.headers()["location"], lands, "{sealed}");
        }
    }

    #[test]
    fn a_page_beside_the_base_url_has_paths_of_its_own() {
        let relying_party = RelyingParty::builder("https://op.example")
            .client("app", "secret")
            .base_url("https://example.com/backend")
            .spa_callback("https://example.com/callback")
            .spa_callback("https://spa.example.com/shop/callback")
            .spa_callback("https://example.com/backend/callback")
            .cookie_keys([CookieKey::generate().unwrap()])
            .front_door()
            .unwrap();
        let context = &*relying_party.context;
        for (page, destination, lands) in [
            ("https://example.com/callback", "/reports?x=1#top", "/reports?x=1#top"),
            ("https://example.com/callback", "//evil.example", "/"),
            ("https://example.com/callback", "/backend/auth/logout", "/"),
            ("https://spa.example.com/shop/callback", "/shop/cart", "/shop/cart"),
            ("https://spa.example.com/shop/callback", "https://evil.example", "/shop/"),
            // Below the base URL, what is beside it is somebody else's.
            ("https://example.com/backend/callback", "/backend/x", "/backend/x"),
            ("https://example.com/backend/callback", "/other", "/backend/"),
            ("https://evil.example/callback", "/other", "/backend/"),
            ("https://example.com/backend/auth/callback", "/other", "/backend/"),
        ] {
            let landing = context.landing(context.sites.first(), Some(page), Some(destination));
            assert_eq!(landing.as_str(), lands, "{page} {destination}");
        }
    }
}
