//! Redirect URIs that are routes of a single-page application.
//!
//! There the provider's answer arrives in a page, not at our callback: the page hands the query over to the
//! exchange endpoint (`relying_party::spa`), which takes it from a page of the redirect URI's own origin alone.
//! Configured by `RelyingPartyBuilder::spa_callback`, which checks it.

use crate::address::return_to::ReturnTo;

/// A redirect URI that is a route of a single-page application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpaCallback {
    /// As configured, byte for byte.
    pub(crate) literal: String,
    /// As browsers write it in an Origin header.
    pub(crate) origin: String,
    /// The route, without query.
    pub(crate) path: String,
}

impl SpaCallback {
    /// Where its pages begin: the route's folder. A sign-in or a sign-out that names no destination lands there.
    pub(crate) fn home(&self) -> ReturnTo {
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        ReturnTo::parse(&format!("{folder}/")).unwrap_or_default()
    }
}
