//! Why a navigation or a fetch came to no page.

use landfall::HttpError;

/// A navigation or fetch that came to no page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// An in-process target gave no answer.
    #[error(transparent)]
    Client(#[from] HttpError),
    /// Nobody listens at the target.
    #[error("no connection")]
    Connect(#[source] std::io::Error),
    /// The connection broke off, or what came was not HTTP.
    #[error("no whole HTTP answer")]
    Http(#[from] hyper::Error),
    /// The page has no such form or button.
    #[error("the page {0} has no form with {1:?}; give what the button says, its name or its value")]
    NoSuchForm(String, String),
    /// The origin has no route.
    #[error(
        "{0} has no route; map the origin with Browser::route, or LocalProvider::route for what the provider sends"
    )]
    NotRouted(String),
    /// The request cannot be expressed in HTTP.
    #[error("not a request")]
    Request(#[from] http::Error),
    /// No answer in 30 seconds.
    #[error("no answer in 30 seconds")]
    TimedOut,
    /// An answer of more than 64 MiB.
    #[error("the answer is over 64 MiB")]
    TooLarge,
    /// More than 20 requests for one navigation.
    #[error("too many redirects; the last one went to {0}")]
    TooManyRedirects(String),
    /// Not an absolute URL.
    #[error("not a URL: {0}")]
    Url(String),
}
