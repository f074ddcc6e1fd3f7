//! Where people may land, and the addresses that lead there.

use crate::address::return_to::ReturnTo;
use crate::context::settings::SpaCallback;
use crate::guard::sign_in_wanted::SignInWanted;
use crate::relying_party::{Inner, LOGOUT_STATE_PREFIX, Place, WISH};
use crate::web::form::parameter;
use crate::web::pages;
use crate::web::reply::Reply;

impl Inner {
    /// Whether a destination is one of our own paths: landing there would loop, or sign out.
    pub(crate) fn is_own_path(&self, destination: &str) -> bool {
        let path = destination.split(['?', '#']).next().unwrap_or_default();
        let paths = &self.settings.paths;
        self.places.iter().any(|place| {
            let path = place.base.inside_path(path);
            path == paths.login
                || path == paths.logout
                || (path == paths.callback && path != "/")
                || path == paths.session
                || path == paths.exchange
                || path == paths.frontchannel_logout
                || paths.backchannel_logout.as_deref() == Some(path)
                || paths.webhook.as_deref() == Some(path)
        })
    }

    /// The destination if it is a sound one of this application's, else the default.
    pub(crate) fn safe_return_to(&self, base: usize, destination: Option<&str>) -> ReturnTo {
        destination
            .and_then(|destination| ReturnTo::parse(destination).ok())
            .filter(|destination| self.is_landing(base, destination))
            .unwrap_or_else(|| self.default_return_to(base))
    }

    /// Whether people may land there: below the base path, and on none of our own paths.
    pub(crate) fn is_landing(&self, base: usize, destination: &ReturnTo) -> bool {
        self.is_below(base, destination) && !self.is_own_path(destination.as_str())
    }

    /// Whether a destination is below the base path: beside it, somebody else may live.
    fn is_below(&self, base: usize, destination: &ReturnTo) -> bool {
        let path = destination.as_str().split(['?', '#']).next().unwrap_or_default();
        self.places.get(base).is_some_and(|place| place.base.holds(path))
    }

    /// Where a sign-in lands that came from nowhere.
    pub(crate) fn default_return_to(&self, base: usize) -> ReturnTo {
        self.under_base(base, &self.settings.default_return_to)
    }

    /// Where a sign-out lands.
    pub(crate) fn after_logout(&self, base: usize) -> ReturnTo {
        self.under_base(base, &self.settings.after_logout)
    }

    fn under_base(&self, base: usize, path: &str) -> ReturnTo {
        let prefix = self.places.get(base).map(|place| place.base.path.as_str()).unwrap_or_default();
        ReturnTo::parse(&format!("{prefix}{path}")).unwrap_or_default()
    }

    /// Where a sign-in lands whose answer comes to this redirect URI. A page that is not below the base URL has paths of
    /// its own.
    pub(crate) fn landing(
        &self,
        base: usize,
        redirect_uri: Option<&str>,
        destination: Option<&str>,
    ) -> ReturnTo {
        let Some(page) = redirect_uri.and_then(|uri| self.page_elsewhere(base, uri)) else {
            return self.safe_return_to(base, destination);
        };
        destination
            .and_then(|destination| ReturnTo::parse(destination).ok())
            .filter(|destination| !self.is_own_path(destination.as_str()))
            .unwrap_or_else(|| page.home())
    }

    /// Whether this is the callback's own redirect URI, and no page's.
    pub(crate) fn is_callback_uri(&self, base: usize, redirect_uri: &str) -> bool {
        self.places.get(base).is_some_and(|place| place.redirect_uri == redirect_uri)
    }

    /// The single-page application whose route this redirect URI is, if it is not below the base URL.
    fn page_elsewhere(&self, base: usize, redirect_uri: &str) -> Option<&SpaCallback> {
        let base = &self.places.get(base)?.base;
        let page = self.settings.spa_callbacks.iter().find(|page| page.literal == redirect_uri)?;
        (page.origin != base.origin || !base.holds(&page.path)).then_some(page)
    }

    /// Whether an address is a sound one of a single-page application.
    fn is_at_a_page(&self, address: &str) -> bool {
        let mut origins = self.settings.spa_callbacks.iter().map(|page| page.origin.as_str());
        origins.any(|origin| address.strip_prefix(origin).is_some_and(|path| ReturnTo::parse(path).is_ok()))
    }

    /// The address that starts a sign-in which ends at `return_to`, and whose answer comes to `redirect_uri` if not to
    /// the callback.
    pub(crate) fn login_link_by(
        &self,
        base: usize,
        return_to: &ReturnTo,
        redirect_uri: Option<&str>,
    ) -> String {
        let mut link = self.login_link(base, return_to);
        if let Some(uri) = redirect_uri {
            link.push_str("&redirect_uri=");
            link.extend(form_urlencoded::byte_serialize(uri.as_bytes()));
        }
        link
    }

    /// The address that starts a sign-in which ends at `return_to`.
    pub(crate) fn login_link(&self, base: usize, return_to: &ReturnTo) -> String {
        let prefix = self.places.get(base).map(|place| place.base.path.as_str()).unwrap_or_default();
        let value: String = form_urlencoded::byte_serialize(return_to.as_str().as_bytes()).collect();
        format!("{prefix}{}?return_to={value}", self.settings.paths.login)
    }

    /// The same, with what the provider is to be asked for.
    pub(crate) fn login_link_for(&self, base: usize, return_to: &ReturnTo, wanted: &SignInWanted) -> String {
        let mut link = self.login_link(base, return_to);
        let place = self.places.get(base);
        if let Some(sealed) = place.and_then(|place| wanted.wish.seal(&place.wish_seal, &*self.entropy)) {
            link.extend(["&", WISH, "=", sealed.as_str()]);
        }
        link
    }

    /// The way home after a sign-out at the provider: `state` says where to, and nothing else does.
    pub(crate) fn returned_from_logout(&self, base: usize, place: &Place, query: &str) -> Option<Reply> {
        let state = parameter(query, "state")?;
        let sealed = state.strip_prefix(LOGOUT_STATE_PREFIX)?;
        let opened = place.logout_seal.open(LOGOUT_STATE_PREFIX.as_bytes(), sealed.as_bytes()).plain();
        let destination = opened
            .and_then(|bytes| String::from_utf8(bytes.to_vec()).ok())
            .filter(|text| ReturnTo::parse(text).is_ok() || self.is_at_a_page(text));
        Some(pages::see_other(destination.as_deref().unwrap_or(self.after_logout(base).as_str())))
    }
}

/// The destination in a query or a form, if it is there once and sound.
pub(crate) fn return_to_in(query: &str) -> Option<ReturnTo> {
    let destination = parameter(query, "return_to")?;
    // What stands behind `#` is not worth the page: a script may have put anything there.
    let page = || ReturnTo::parse(destination.split_once('#')?.0).ok();
    ReturnTo::parse(&destination).ok().or_else(page)
}

#[cfg(test)]
mod tests {
    use crate::relying_party::LOGOUT_STATE_PREFIX;
    use crate::{CookieKey, RelyingParty};

    #[test]
    fn a_hostile_destination_in_a_sealed_sign_out_is_not_followed() {
        let relying_party = RelyingParty::builder("https://op.example")
            .client("app", "secret")
            .base_url("https://app.example.com")
            .spa_callback("https://spa.example.com/callback")
            .cookie_keys([CookieKey::generate().unwrap()])
            .build()
            .unwrap();
        let inner = &*relying_party.inner;
        let place = inner.place(0).unwrap();
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
            let state = place.logout_seal.seal(&*inner.entropy, name, sealed.as_bytes()).unwrap();
            let query = format!("state={LOGOUT_STATE_PREFIX}{state}");
            let reply = inner.returned_from_logout(0, place, &query).unwrap();
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
            .build()
            .unwrap();
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
            let landing = relying_party.inner.landing(0, Some(page), Some(destination));
            assert_eq!(landing.as_str(), lands, "{page} {destination}");
        }
    }
}
