//! What a browser is asked to throw away (W3C Clear Site Data).

/// What a sign-out asks the browser to throw away of this origin; see
/// [`clear_site_data_on_sign_out`](crate::RelyingPartyBuilder::clear_site_data_on_sign_out).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SiteData {
    /// What its cache holds of this origin, and pages kept for the back button (`"cache"`).
    Cache,
    /// Every cookie of this host and of those below its domain, the application's own and its neighbours' (`"cookies"`).
    Cookies,
    /// Local and session storage, databases, service workers (`"storage"`).
    Storage,
    /// Pages of this origin that are open in other tabs are loaded anew, where the browser does that
    /// (`"executionContexts"`).
    ExecutionContexts,
}

impl SiteData {
    /// As it stands in the header, quotes included (§3.1).
    fn directive(self) -> &'static str {
        match self {
            Self::Cache => "\"cache\"",
            Self::Cookies => "\"cookies\"",
            Self::Storage => "\"storage\"",
            Self::ExecutionContexts => "\"executionContexts\"",
        }
    }

    /// The value of the `Clear-Site-Data` header; `None` where nothing is to go.
    pub(crate) fn header(data: &[Self]) -> Option<String> {
        let directives: Vec<_> = data.iter().map(|one| one.directive()).collect();
        (!directives.is_empty()).then(|| directives.join(", "))
    }
}
