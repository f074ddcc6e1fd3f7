//! Our own endpoints, as one table: which path is which, how its setting is called, and whether people may land
//! there.
//!
//! A new endpoint is a variant of [`Endpoint`], a row in [`ENDPOINTS`], a method of the builder that sets its
//! path, and an arm in `relying_party/dispatch.rs`, where the compiler asks for it. That two settings do not name
//! one path is checked by the builder.

use crate::address::return_to::ReturnTo;

/// A path of ours, below the base path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// Starts a sign-in.
    Login,
    /// Takes the provider's answer: by GET, or by POST with `form_post`.
    Callback,
    /// Ends a session.
    Logout,
    /// Says who is signed in, to a single-page application, as JSON.
    Session,
    /// Takes what a single-page application's own callback received. The application's own path where there is no
    /// such page.
    Exchange,
    /// Offers to send a kept form. The application's own path where no forms are kept.
    Resume,
    /// Takes logout tokens (OpenID Connect Back-Channel Logout 1.0); none where no store could end a session.
    BackchannelLogout,
    /// Takes front-channel logouts (OpenID Connect Front-Channel Logout 1.0).
    FrontchannelLogout,
    /// Takes a tenant's webhooks; none without a secret that proves who posts there.
    Webhook,
    /// The application's own sign-in page, which it answers itself; none where people are led to the provider at once.
    SignInPage,
    /// Says what the sign-in page can offer, as JSON; none where there is no such page.
    Providers,
}

impl Endpoint {
    /// Whether it is of no use without a provider: its answers, and what it ends sessions by.
    pub(crate) fn is_for_a_provider(self) -> bool {
        match self {
            Self::Callback
            | Self::Exchange
            | Self::BackchannelLogout
            | Self::FrontchannelLogout
            | Self::Webhook => true,
            Self::Login
            | Self::Logout
            | Self::Session
            | Self::Resume
            | Self::SignInPage
            | Self::Providers => false,
        }
    }

    /// Its path where none is configured; of a page that says where it would be.
    pub(crate) fn default_path(self) -> &'static str {
        ENDPOINTS.iter().find(|row| row.endpoint == self).map_or("/", |row| row.default)
    }
}

/// What is fixed about an endpoint, whatever is configured.
struct Row {
    /// The endpoint that the row is about; each has one row.
    endpoint: Endpoint,
    /// The builder's method that sets its path.
    setting: &'static str,
    /// Its path, unless it is set.
    default: &'static str,
    /// Whether it is there without anything else being configured.
    always: bool,
    /// Whether a sign-in may end there: at any other it would loop, or sign out.
    is_landing: bool,
}

/// The table, in the order in which a path that is taken is told: no two endpoints share one.
const ENDPOINTS: [Row; 11] = [
    Row {
        endpoint: Endpoint::SignInPage,
        setting: "sign_in_page",
        default: "/login",
        always: false,
        is_landing: false,
    },
    Row {
        endpoint: Endpoint::Providers,
        setting: "providers_path",
        default: "/auth/providers",
        always: false,
        is_landing: false,
    },
    Row {
        endpoint: Endpoint::Login,
        setting: "login_path",
        default: "/auth/login",
        always: true,
        is_landing: false,
    },
    Row {
        endpoint: Endpoint::Callback,
        setting: "callback_path",
        default: "/auth/callback",
        always: true,
        is_landing: false,
    },
    Row {
        endpoint: Endpoint::Logout,
        setting: "logout_path",
        default: "/auth/logout",
        always: true,
        is_landing: false,
    },
    Row {
        endpoint: Endpoint::Session,
        setting: "session_path",
        default: "/auth/session",
        always: true,
        is_landing: false,
    },
    Row {
        endpoint: Endpoint::Exchange,
        setting: "exchange_path",
        default: "/auth/exchange",
        always: true,
        is_landing: false,
    },
    Row {
        endpoint: Endpoint::Resume,
        setting: "resume_path",
        default: "/auth/resume",
        always: true,
        is_landing: true,
    },
    Row {
        endpoint: Endpoint::FrontchannelLogout,
        setting: "frontchannel_logout_path",
        default: "/auth/frontchannel-logout",
        always: true,
        is_landing: false,
    },
    Row {
        endpoint: Endpoint::BackchannelLogout,
        setting: "backchannel_logout_path",
        default: "/auth/backchannel-logout",
        always: false,
        is_landing: false,
    },
    Row {
        endpoint: Endpoint::Webhook,
        setting: "webhook_path",
        default: "/auth/webhook",
        always: false,
        is_landing: false,
    },
];

/// The paths of the endpoints, in the order of the table; `None` for one that is not mounted.
#[derive(Clone, Debug)]
pub(crate) struct Paths([Option<String>; ENDPOINTS.len()]);

impl Default for Paths {
    fn default() -> Self {
        Self(ENDPOINTS.map(|row| row.always.then(|| row.default.to_owned())))
    }
}

impl Paths {
    /// Which endpoint a path below the base path is, if it is one. Paths are compared byte for byte: what a
    /// router would take for the same is another path.
    pub(crate) fn of(&self, path: &str) -> Option<Endpoint> {
        self.iter().find(|(_, own)| *own == path).map(|(row, _)| row.endpoint)
    }

    /// The path of an endpoint; empty where it is not mounted.
    pub(crate) fn path(&self, endpoint: Endpoint) -> &str {
        self.get(endpoint).unwrap_or_default()
    }

    /// The path of an endpoint, if it is mounted.
    pub(crate) fn get(&self, endpoint: Endpoint) -> Option<&str> {
        self.iter().find(|(row, _)| row.endpoint == endpoint).map(|(_, path)| path)
    }

    /// Puts an endpoint at this path, and thereby mounts it. The builder checks the path with [`is_path`].
    pub(crate) fn set(&mut self, endpoint: Endpoint, path: String) {
        let own = ENDPOINTS.iter().zip(&mut self.0).find(|(row, _)| row.endpoint == endpoint);
        if let Some((_, own)) = own {
            *own = Some(path);
        }
    }

    /// Mounts an endpoint at its default path, unless it is mounted.
    pub(crate) fn mount(&mut self, endpoint: Endpoint) {
        let own = ENDPOINTS.iter().zip(&mut self.0).find(|(row, _)| row.endpoint == endpoint);
        if let Some((row, own)) = own {
            own.get_or_insert_with(|| row.default.to_owned());
        }
    }

    /// Whether a path below the base path is one of ours that nobody may land on. At `/`, the callback shares its path
    /// with the application's own page.
    pub(crate) fn is_own(&self, path: &str) -> bool {
        self.of(path).is_some_and(|endpoint| match endpoint {
            Endpoint::Callback => path != "/",
            endpoint => ENDPOINTS.iter().any(|row| row.endpoint == endpoint && !row.is_landing),
        })
    }

    /// Every mounted endpoint's setting with its path, so that an error can name what to change.
    pub(crate) fn settings(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.iter().map(|(row, path)| (row.setting, path))
    }

    /// The rows of the mounted endpoints with their paths.
    fn iter(&self) -> impl Iterator<Item = (&'static Row, &str)> {
        ENDPOINTS.iter().zip(&self.0).filter_map(|(row, path)| Some((row, path.as_deref()?)))
    }
}

/// Whether a path may be one of ours: it is sound as a destination is, and parsing changes nothing in it, so that
/// it is compared as it was written.
pub(crate) fn is_path(path: &str) -> bool {
    ReturnTo::parse(path).is_ok_and(|parsed| parsed.as_str() == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_is_found_by_its_path_and_only_the_page_for_kept_forms_is_landed_on() {
        let mut paths = Paths::default();
        assert_eq!(paths.of("/auth/webhook"), None, "not mounted");
        paths.mount(Endpoint::Webhook);
        paths.mount(Endpoint::SignInPage);
        paths.mount(Endpoint::Providers);
        paths.set(Endpoint::BackchannelLogout, "/hooks/out".to_owned());
        for row in &ENDPOINTS {
            let path = paths.path(row.endpoint);
            assert_eq!(paths.of(path), Some(row.endpoint));
            assert_eq!(paths.is_own(path), row.endpoint != Endpoint::Resume, "{path}");
        }
        assert_eq!(paths.of(""), None);
        paths.set(Endpoint::Callback, "/".to_owned());
        assert!(!paths.is_own("/") && paths.of("/") == Some(Endpoint::Callback));
        paths.set(Endpoint::Callback, "/callback".to_owned());
        paths.set(Endpoint::Login, "/".to_owned());
        assert!(paths.is_own("/"), "whoever lands at the login goes round");
    }
}
