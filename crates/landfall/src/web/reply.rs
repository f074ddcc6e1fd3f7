//! What the core answers with: whole replies, work that brings one, bodies to read first, and edits of the application's
//! own response.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use bytes::Bytes;

/// An answer of ours, whole. The adapter turns it into its framework's response, header by header.
pub type Reply = http::Response<Bytes>;

/// Work that needs a store, the provider or the random source. It may be awaited on any runtime, or none of
/// tokio's: the work itself runs on the relying party's runtime and goes on when this is dropped.
pub type Waiting<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The body was longer than the limit, or broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyError {
    /// Longer than [`NeedsBody::limit`].
    TooLarge,
    /// It ended before its end.
    Incomplete,
    /// It was not there in time.
    TooSlow,
}

/// A step that goes on once the body is there. It always ends in a reply: nobody else could read the body.
pub struct NeedsBody {
    limit: usize,
    deadline: Waiting<()>,
    next: Box<dyn FnOnce(Result<Bytes, BodyError>) -> Waiting<Reply> + Send>,
}

impl NeedsBody {
    pub(crate) fn new(
        limit: usize,
        deadline: Waiting<()>,
        next: impl FnOnce(Result<Bytes, BodyError>) -> Waiting<Reply> + Send + 'static,
    ) -> Self {
        Self { limit, deadline, next: Box::new(next) }
    }

    /// How many bytes to read at most.
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

/// What is to be changed on the application's response. Usually nothing.
#[derive(Default)]
#[non_exhaustive]
pub struct Edits {
    /// The Cache-Control header to set in place of whatever is there.
    pub cache_control: Option<Cow<'static, str>>,
    /// Set-Cookie headers to append.
    pub set_cookies: Vec<String>,
}

impl fmt::Debug for Edits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edits")
            .field("cache_control", &self.cache_control)
            .field("set_cookies", &self.set_cookies.len())
            .finish()
    }
}
