//! Applications that the provider and the browser send something to.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, StatusCode};
use landfall::HttpClient;

use crate::lock::lock;

/// An application that answers every POST with what it was told to, and keeps what came.
#[derive(Clone, Debug)]
pub(super) struct App {
    answers: Arc<Mutex<Vec<u16>>>,
    seen: Arc<Mutex<Vec<Request<Bytes>>>>,
}

impl App {
    /// The answers in order; then 200 for good.
    pub(super) fn answering(answers: &[u16]) -> Self {
        let answers = answers.iter().rev().copied().collect();
        Self { answers: Arc::new(Mutex::new(answers)), seen: Arc::default() }
    }

    pub(super) fn target(&self) -> Arc<dyn HttpClient> {
        Arc::new(self.clone())
    }

    pub(super) fn seen(&self) -> Vec<Request<Bytes>> {
        lock(&self.seen).clone()
    }
}

#[async_trait::async_trait]
impl HttpClient for App {
    async fn send(&self, request: Request<Bytes>) -> Result<http::Response<Bytes>, landfall::HttpError> {
        lock(&self.seen).push(request);
        let mut response = http::Response::new(Bytes::from_static(b"noted"));
        *response.status_mut() =
            lock(&self.answers).pop().and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or_default();
        Ok(response)
    }
}

/// Says where it was called.
#[derive(Debug)]
pub(super) struct Echo;

#[async_trait::async_trait]
impl HttpClient for Echo {
    async fn send(&self, request: Request<Bytes>) -> Result<http::Response<Bytes>, landfall::HttpError> {
        Ok(http::Response::new(Bytes::from(request.uri().to_string())))
    }
}
