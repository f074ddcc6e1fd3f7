//! [`Delivery`]: what the provider sent of its own accord, and what was answered.

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use tokio::task::JoinSet;
use url::Url;

use super::LocalProvider;
use super::request::Parameters;
use crate::browser::{BrowserError, Routes, Target};
use crate::deadline::{TooLate, within};
use crate::lock::lock;

/// Nobody who is asked on loopback takes longer, and whoever signs out waits for it.
const DEADLINE: Duration = Duration::from_secs(5);
const MAX_ATTEMPTS: u32 = 3;
const MAX_KEPT: usize = 1_000;
const MAX_BODY: usize = 64 * 1024;

/// Something the provider sent by itself, such as a logout token or a webhook, and the answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Delivery {
    /// Where it went.
    pub uri: String,
    /// Whose address it is; `None` for one that belongs to no client.
    pub client_id: Option<String>,
    /// The headers it was sent with.
    pub headers: HeaderMap,
    /// The whole body it was sent with.
    pub body: Bytes,
    /// What was answered, the first 64 KiB of it; or why there is no answer, in words.
    pub answer: Result<Response<Bytes>, String>,
}

impl Delivery {
    /// The status of the answer; `None` without one.
    pub fn status(&self) -> Option<u16> {
        self.answer.as_ref().ok().map(|answer| answer.status().as_u16())
    }

    /// Whether the answer was a 2xx.
    pub fn is_accepted(&self) -> bool {
        self.answer.as_ref().is_ok_and(|answer| answer.status().is_success())
    }

    /// The logout token that was sent, if one was.
    pub fn logout_token(&self) -> Option<String> {
        Parameters::parse(&self.body).one("logout_token").map(str::to_owned)
    }
}

impl LocalProvider {
    /// Sends what the provider has for an origin such as `https://app.example.com` to `target`, as
    /// [`Browser::route`](crate::Browser::route) does. Loopback origins over plain http need no route.
    ///
    /// # Errors
    /// When `origin` is no URL.
    pub fn route(&self, origin: &str, target: impl Into<Target>) -> Result<(), BrowserError> {
        self.core.courier.routes.add(origin, target.into())
    }

    /// Everything the provider sent by itself, in the order it was done with; of more than 1,000 the oldest are
    /// forgotten. What a sign-out sends is here when the sign-out has been answered.
    pub fn deliveries(&self) -> Vec<Delivery> {
        lock(&self.core.courier.log).clone()
    }

    /// Empties the list of deliveries.
    pub fn forget_deliveries(&self) {
        lock(&self.core.courier.log).clear();
    }
}

/// A POST that is to be made.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) uri: String,
    pub(crate) client_id: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// It is sent again, at once and a few times, until it is answered with a 2xx; this header says which time it is.
    pub(crate) counts_attempts: Option<HeaderName>,
}

/// Brings what the provider sends to where it goes.
#[derive(Debug, Default)]
pub(crate) struct Courier {
    routes: Routes,
    log: Mutex<Vec<Delivery>>,
}

impl Courier {
    /// Sends them all at the same time, and returns when each is answered or given up.
    pub(crate) async fn send_all(&self, parcels: Vec<Parcel>) -> Vec<Delivery> {
        let mut under_way = JoinSet::new();
        let mut lost = Vec::new();
        for parcel in parcels {
            match self.target(&parcel.uri) {
                Ok(target) => drop(under_way.spawn(send(target, parcel))),
                Err(error) => lost.push(parcel.delivery(Err(error.to_string()))),
            }
        }
        let mut made = lost;
        while let Some(deliveries) = under_way.join_next().await {
            // An error would be a panic, and there is none.
            made.extend(deliveries.unwrap_or_default());
        }
        self.remember(&made);
        made
    }

    pub(crate) fn latest(&self, count: usize) -> Vec<Delivery> {
        let log = lock(&self.log);
        log.get(log.len().saturating_sub(count)..).unwrap_or_default().to_vec()
    }

    fn target(&self, uri: &str) -> Result<Target, BrowserError> {
        let url = Url::parse(uri).map_err(|_| BrowserError::Url(uri.to_owned()))?;
        self.routes.find(&url)
    }

    fn remember(&self, made: &[Delivery]) {
        for Delivery { uri, client_id, answer, .. } in made {
            match answer {
                Ok(answer) => tracing::info!(uri, client_id, status = %answer.status(), "delivered"),
                Err(error) => tracing::warn!(uri, client_id, error, "could not be delivered"),
            }
        }
        let mut log = lock(&self.log);
        log.extend_from_slice(made);
        let surplus = log.len().saturating_sub(MAX_KEPT);
        log.drain(..surplus);
    }
}

impl Parcel {
    fn delivery(&self, answer: Result<Response<Bytes>, String>) -> Delivery {
        let Self { uri, client_id, headers, body, .. } = self;
        let (uri, client_id) = (uri.clone(), client_id.clone());
        Delivery { uri, client_id, headers: headers.clone(), body: body.clone(), answer }
    }
}

/// Every attempt, in order; all but the last one failed.
async fn send(target: Target, mut parcel: Parcel) -> Vec<Delivery> {
    let mut made = Vec::new();
    for attempt in 1..=MAX_ATTEMPTS {
        if let Some(name) = parcel.counts_attempts.clone() {
            parcel.headers.insert(name, HeaderValue::from(attempt));
        }
        let delivery = parcel.delivery(post(&target, &parcel).await);
        let done = delivery.is_accepted() || parcel.counts_attempts.is_none();
        made.push(delivery);
        if done {
            break;
        }
    }
    made
}

async fn post(target: &Target, parcel: &Parcel) -> Result<Response<Bytes>, String> {
    let answered = async {
        let mut request = Request::new(parcel.body.clone());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = parcel.uri.parse().map_err(http::Error::from)?;
        request.headers_mut().clone_from(&parcel.headers);
        target.send(request).await
    };
    match within(DEADLINE, answered).await {
        Ok(Ok(answer)) => Ok(answer.map(|body| body.slice(..body.len().min(MAX_BODY)))),
        Ok(Err(error)) => Err(error.to_string()),
        Err(TooLate) => Err("no answer in time".to_owned()),
    }
}
