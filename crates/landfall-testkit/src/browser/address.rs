//! Addresses: read from text, and written for a request.

use url::Url;

use super::error::BrowserError;

pub(super) fn parse(url: &str) -> Result<Url, BrowserError> {
    Url::parse(url).map_err(|_| BrowserError::Url(url.to_owned()))
}

pub(super) fn without_fragment(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    url.into()
}
