//! What the core answers with: whole replies, work that brings one, bodies to read first, and edits of the
//! application's own response.
//!
//! These are the types that an adapter handles, so they are plain: `http` and `bytes` are all that they show. Which
//! of them a request gets is said by `relying_party::decision`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use bytes::Bytes;

/// An answer of ours, whole. The adapter turns it into its framework's response, header by header.
pub type Reply = http::Response<Bytes>;

/// Work that needs a store, the provider or the random source. It may be awaited on any runtime, or none of
/// tokio's. Poll it soon, since some of it runs only then; what must come to its end goes on when this is dropped.
pub type Waiting<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Why a body cannot be used: it was longer than the limit, or did not come whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyError {
    /// Longer than [`NeedsBody::limit`].
    TooLarge,
    /// The connection ended, or the framing was wrong, before the body did.
    Incomplete,
    /// It was not there within the deadline. [`NeedsBody::with`] says so itself; an adapter need not.
    TooSlow,
}

/// A step that goes on once the body is there. It always ends in a reply: nobody else could read the body.
///
/// ```
/// use bytes::Bytes;
/// use landfall::adapter::{BodyError, NeedsBody, Reply};
///
/// /// For a server that has the body in memory.
/// async fn answer(needs: NeedsBody, body: Bytes) -> Reply {
///     let fits = body.len() <= needs.limit();
///     needs.with(async move { if fits { Ok(body) } else { Err(BodyError::TooLarge) } }).await
/// }
/// ```
pub struct NeedsBody {
    /// In bytes.
    limit: usize,
    /// Ends when the body has had its time.
    deadline: Waiting<()>,
    /// What happens with the body, or without it.
    next: Box<dyn FnOnce(Result<Bytes, BodyError>) -> Waiting<Reply> + Send>,
}

impl NeedsBody {
    /// `deadline` is a future of the caller's, so that no clock is needed here; `next` gets the body or why there
    /// is none.
    pub(crate) fn new(
        limit: usize,
        deadline: Waiting<()>,
        next: impl FnOnce(Result<Bytes, BodyError>) -> Waiting<Reply> + Send + 'static,
    ) -> Self {
        Self { limit, deadline, next: Box::new(next) }
    }

    /// How many bytes to read at most. Stop reading there, and hand [`BodyError::TooLarge`] to
    /// [`with`](Self::with).
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Goes on with what the reading brings, or without it when it takes too long: whoever sends a body byte by
    /// byte holds nothing up.
    pub async fn with(self, reading: impl Future<Output = Result<Bytes, BodyError>>) -> Reply {
        let Self { mut deadline, next, .. } = self;
        let mut reading = std::pin::pin!(reading);
        let body = std::future::poll_fn(|cx| match reading.as_mut().poll(cx) {
            Poll::Ready(body) => Poll::Ready(body),
            Poll::Pending => deadline.as_mut().poll(cx).map(|()| Err(BodyError::TooSlow)),
        });
        let body = body.await;
        next(body).await
    }
}

impl fmt::Debug for NeedsBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NeedsBody").field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// A Cache-Control header (RFC 9111 §5.2) to set in place of whatever is there.
///
/// Nearly every one is one of two texts. They are told by name, so that an adapter can have them ready in its
/// framework's type.
///
/// ```
/// use landfall::adapter::CacheControl;
///
/// assert_eq!(CacheControl::Private.as_str(), "private, no-cache");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheControl {
    /// `no-store`: the answer sets a cookie.
    NoStore,
    /// `private, no-cache`: the answer depends on who is there.
    Private,
    /// What the application said, with `private` behind it.
    Amended(String),
}

impl CacheControl {
    /// The header's value.
    pub fn as_str(&self) -> &str {
        match self {
            Self::NoStore => "no-store",
            Self::Private => "private, no-cache",
            Self::Amended(text) => text,
        }
    }
}

/// What is to be changed on the application's response. Usually nothing.
///
/// An adapter removes, sets and appends what is named here; it changes nothing else and asks nobody.
#[derive(Default)]
#[non_exhaustive]
pub struct Edits {
    /// The Cache-Control header to set in place of whatever is there.
    pub cache_control: Option<CacheControl>,
    /// Headers to remove, every line of each: what only shared caches read (RFC 9213).
    pub removed: Vec<String>,
    /// Set-Cookie headers to append.
    pub set_cookies: Vec<String>,
    /// The Clear-Site-Data header to set.
    pub clear_site_data: Option<String>,
}

impl fmt::Debug for Edits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edits")
            .field("cache_control", &self.cache_control)
            .field("removed", &self.removed)
            .field("set_cookies", &self.set_cookies.len())
            .field("clear_site_data", &self.clear_site_data)
            .finish()
    }
}
