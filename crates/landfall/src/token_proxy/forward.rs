//! One request to the upstream and its answer, in order: the token, the request, the head, the body.
//!
//! 1. [`Forward::send`] starts a task and gives the adapter a future for the answer.
//! 2. The token: the session's, renewed if it is about to expire. Without one the answer is ours.
//! 3. The request, with the body as it comes from the browser.
//! 4. The head: made fit for the browser, and handed over.
//! 5. The body, piece by piece, until its end or until one side breaks off.
//!
//! Everything is watched for standing still (`progress`) and nothing for its length. A request is sent once:
//! whether the upstream acted on one that failed is not known here.
//!
//! It decides nothing about what may pass: [`TokenProxy::begin`](super::TokenProxy::begin) has judged the request,
//! `response_headers` judges the answer.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderValue};
use http::{Method, Response};
use http_body::Body as _;
use tokio::sync::{mpsc, oneshot};
use url::Url;

use super::Proxy;
use super::body::{Head, Sending, Streamed};
use super::location::Addresses;
use super::piece::{PIECES, Piece};
use super::progress::Progress;
use super::response_headers;
use super::settings::ProxySettings;
use super::upload::{self, Upload, Uploaded};
use crate::address::return_to::ReturnTo;
use crate::context::Context;
use crate::context::site::Site;
use crate::error::{Error, ErrorCode};
use crate::flow::access_token::{AccessToken, AccessTokenError};
use crate::provider::http_client::HttpErrorKind;
use crate::provider::reqwest as client;
use crate::visit::Visit;
use crate::visit::until_ended::UntilEnded;

/// A request that was found fit to be forwarded. Nothing has been sent yet.
#[must_use]
pub struct Forward {
    /// Where to, and by which client.
    pub(super) proxy: Arc<Proxy>,
    /// Who forwards, and the base URL that the request came by.
    pub(super) context: Arc<Context>,
    pub(super) site: Arc<Site>,
    /// Whose token.
    pub(super) visit: Visit,
    /// As sent: any but CONNECT and TRACE.
    pub(super) method: Method,
    /// The upstream's address.
    pub(super) target: Url,
    /// What is left of the browser's headers.
    pub(super) headers: HeaderMap,
    /// As announced; `None` where the body ends when it ends.
    pub(super) length: Option<u64>,
    /// The page to come back to, should a sign-in be needed.
    pub(super) back: ReturnTo,
}

impl Forward {
    /// Sends it. `feed` puts the request's body into the [`Upload`] on the adapter's own runtime, and is polled by
    /// whoever polls the answer. All else happens in a task of its own, which ends when the answer, or its body, is
    /// dropped.
    pub fn send<F: Future<Output = ()> + Unpin>(self, feed: impl FnOnce(Upload) -> F) -> Sending<F> {
        let progress = Progress::new();
        let (upload, uploaded) = upload::channel(self.length, progress.clone());
        let (pieces, received) = mpsc::channel(PIECES);
        let (head_sender, head) = oneshot::channel();
        let (context, until) = (Arc::clone(&self.context), UntilEnded::of(&self.visit));
        let forwarding = context
            .runtime
            .run_while_held(async move { self.run(uploaded, progress, head_sender, pieces).await });
        let body = Streamed { pieces: received, until, feed: Some(feed(upload)), _forwarding: forwarding };
        Sending { head, body: Some(body) }
    }

    /// The task: from the token to the end of the answer. It has no result, since all that it finds goes through
    /// the channels.
    async fn run(
        self,
        body: Uploaded,
        progress: Progress,
        head_sender: oneshot::Sender<Head>,
        pieces: mpsc::Sender<Piece>,
    ) {
        let token = match self.visit.access_token().await {
            Ok(token) => token,
            Err(error) => {
                let reply = match error {
                    AccessTokenError::Wanted(wanted) => wanted.return_to(self.back).reply(),
                    AccessTokenError::Failed(error) => self.visit.error_reply(error),
                };
                // Whoever asked may be gone.
                let _ = head_sender.send(Head::Ours(reply));
                return;
            }
        };
        let (head, answer) = match self.ask(body, &progress, &token).await {
            Ok(answered) => answered,
            Err(error) => {
                let reply = self.visit.error_reply(error);
                let _ = head_sender.send(Head::Ours(reply));
                return;
            }
        };
        if head_sender.send(Head::Theirs(head)).is_ok() {
            self.pass_on(answer, &progress, &pieces).await;
        }
    }

    /// Sends the request and waits, as far as the answer's head.
    ///
    /// # Errors
    /// Those of the upstream, by what happened; `ForwardRefused` where it was the browser that broke off.
    async fn ask(
        &self,
        mut body: Uploaded,
        progress: &Progress,
        token: &AccessToken,
    ) -> Result<(Response<()>, reqwest::Response), Error> {
        let Proxy { client: http, settings, dropped } = &*self.proxy;
        let ProxySettings { idle, mapping, passed_back: passed, .. } = settings;
        let broken_off = || Error::new(ErrorCode::ForwardRefused).detail("the body broke off");
        body.peek(*idle).await.map_err(|_| broken_off())?;
        let mut request = reqwest::Request::new(self.method.clone(), self.target.clone());
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().insert(AUTHORIZATION, bearer(token)?);
        if body.is_end_stream() && matches!(self.method, Method::POST | Method::PUT | Method::PATCH) {
            // Some servers ask for a length where a body could be.
            request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        *request.body_mut() = Some(reqwest::Body::wrap(body));
        let answered = progress.watch(*idle, http.execute(request)).await;
        let mut answer = match answered {
            Some(Ok(answer)) => answer,
            Some(Err(_)) if progress.is_broken_off() => return Err(broken_off()),
            Some(Err(error)) => {
                let code = match client::kind(&error) {
                    HttpErrorKind::Unreachable => ErrorCode::UpstreamUnreachable,
                    HttpErrorKind::TimedOut => ErrorCode::UpstreamTimeout,
                    _ => ErrorCode::UpstreamInvalid,
                };
                return Err(Error::new(code).detail(client::chain(&error)));
            }
            None => return Err(Error::new(ErrorCode::UpstreamTimeout).detail("nothing moved for too long")),
        };
        let mut head = Response::new(());
        *head.status_mut() = answer.status();
        *head.headers_mut() = std::mem::take(answer.headers_mut());
        dropped.look(mapping.prefix.as_str(), head.headers(), passed);
        let base = &self.site.base;
        let addresses = Addresses { mapping, target: &self.target, base_path: &base.path };
        Ok((response_headers::rewritten(head, addresses, token.secret(), passed)?, answer))
    }

    /// The body, as fast as the browser takes it. Whatever goes wrong ends it without an end, which the browser is
    /// told by the connection; the status has been sent by then.
    async fn pass_on(
        &self,
        mut answer: reqwest::Response,
        progress: &Progress,
        pieces: &mpsc::Sender<Piece>,
    ) {
        let idle = self.proxy.settings.idle;
        let broken_off = |why: &str| {
            let origin = self.proxy.settings.mapping.upstream.origin.as_str();
            tracing::warn!(upstream = origin, why, "an answer was broken off");
        };
        loop {
            // The upload may still move while nothing comes.
            let piece = match progress.watch(idle, answer.chunk()).await {
                Some(Ok(Some(bytes))) => Piece::Bytes(bytes),
                Some(Ok(None)) => Piece::End,
                // Dropping the sender without an end tells the browser.
                Some(Err(error)) => return broken_off(&client::chain(&error)),
                None => return broken_off("nothing came for too long"),
            };
            let is_end = matches!(piece, Piece::End);
            match tokio::time::timeout(idle, pieces.send(piece)).await {
                Ok(Ok(())) if !is_end => {}
                Ok(_) => return,
                Err(_) => return broken_off("nothing was read for too long"),
            }
        }
    }
}

impl fmt::Debug for Forward {
    /// Without path, query and headers, which may say anything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Path, query and headers may say anything.
        f.debug_struct("Forward").field("method", &self.method).finish_non_exhaustive()
    }
}

/// The header with the token (RFC 6750 §2.1), marked as sensitive.
fn bearer(token: &AccessToken) -> Result<HeaderValue, Error> {
    let text = zeroize::Zeroizing::new(format!("Bearer {}", token.secret()));
    let odd = |_| Error::new(ErrorCode::Misconfigured).detail("the access token cannot stand in a header");
    let mut value = HeaderValue::from_maybe_shared(Bytes::copy_from_slice(text.as_bytes())).map_err(odd)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::crypto::secret::Secret;

    #[test]
    fn the_header_that_carries_the_token_hides_it_from_whoever_prints_it() {
        let (expires_at, expires_in) = (Timestamp::from_secs(1), std::time::Duration::from_secs(1));
        let token = |text: &str| AccessToken { token: Secret::from(text), expires_at, expires_in };
        let value = bearer(&token("the-token")).unwrap();
        assert_eq!(value.to_str().unwrap(), "Bearer the-token");
        assert!(value.is_sensitive() && !format!("{value:?}").contains("the-token"));
        assert_eq!(bearer(&token("a\r\nb")).unwrap_err().code(), ErrorCode::Misconfigured);
    }
}
