//! Redirect URIs that are routes of a single-page application.

use crate::address::return_to::ReturnTo;

/// A redirect URI that is a route of a single-page application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpaCallback {
    /// As configured, byte for byte.
    pub(crate) literal: String,
    /// As browsers write it in an Origin header.
    pub(crate) origin: String,
    pub(crate) path: String,
}

impl SpaCallback {
    /// Where its pages begin: the route's folder.
    pub(crate) fn home(&self) -> ReturnTo {
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        ReturnTo::parse(&format!("{folder}/")).unwrap_or_default()
    }
}
