//! The provider's metadata and keys: fetched when first needed, by one request for everybody, kept, and
//! asked for again with patience when the provider is down.

pub(crate) mod http_client;
pub(crate) mod internal;
#[cfg(feature = "reqwest")]
pub(crate) mod reqwest;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use crate::clock::{Clock, Timestamp};
use crate::error::{Error, ErrorCode};
use crate::protocol::discovery::{self, ProviderMetadata};
use crate::protocol::jwks::KeySet;
use crate::provider::http_client::{HttpClient, HttpError, HttpErrorKind};

/// How long metadata and keys are used before they are asked for again.
const FRESH: Duration = Duration::from_secs(3600);
/// How often a key that is not known may cause a fetch.
const KEY_COOL_DOWN: Duration = Duration::from_secs(30);
const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
const LAST_BACK_OFF: Duration = Duration::from_secs(60);

pub(crate) struct Provider {
    issuer: Arc<str>,
    http: Arc<dyn HttpClient>,
    clock: Arc<dyn Clock>,
    metadata: Cached<ProviderMetadata>,
    keys: Cached<KeySet>,
}

impl Provider {
    pub(crate) fn new(issuer: Arc<str>, http: Arc<dyn HttpClient>, clock: Arc<dyn Clock>) -> Self {
        Self { issuer, http, clock, metadata: Cached::new(), keys: Cached::new() }
    }

    /// The metadata, if it is here and fresh.
    pub(crate) fn metadata_now(&self) -> Option<Arc<ProviderMetadata>> {
        self.metadata.fresh(self.clock.now())
    }

    /// The metadata as they were last known, if they ever were.
    pub(crate) fn metadata_last(&self) -> Option<Arc<ProviderMetadata>> {
        self.metadata.last()
    }

    /// The metadata as they were last known, however old; asked for if they never were.
    pub(crate) async fn metadata_known(&self) -> Result<Arc<ProviderMetadata>, Error> {
        match self.metadata.last() {
            Some(known) => Ok(known),
            None => self.metadata().await,
        }
    }

    /// The metadata; while the provider is down, what was last known of it.
    pub(crate) async fn metadata(&self) -> Result<Arc<ProviderMetadata>, Error> {
        let fetch = async || {
            let response = self
                .http
                .send(discovery::request(&self.issuer)?)
                .await
                .map_err(|error| unreachable(error, ErrorCode::ProviderUnreachable))?;
            retry_later(&response)?;
            discovery::response(&self.issuer, &response)
        };
        self.metadata.get(&*self.clock, &Need::Fresh, fetch).await
    }

    /// The keys, fetched if there are none yet or they are old.
    pub(crate) async fn keys(&self, metadata: &ProviderMetadata) -> Result<Arc<KeySet>, Error> {
        self.keys.get(&*self.clock, &Need::Fresh, async || self.fetch_keys(metadata).await).await
    }

    /// The keys after a token named one that is not among `known`. They are asked for at most once per
    /// cool-down, whoever sends tokens with whatever key ids; else `known` comes back.
    pub(crate) async fn keys_beyond(
        &self,
        metadata: &ProviderMetadata,
        known: &Arc<KeySet>,
    ) -> Result<Arc<KeySet>, Error> {
        let need = Need::Other { than: known, after: KEY_COOL_DOWN };
        self.keys.get(&*self.clock, &need, async || self.fetch_keys(metadata).await).await
    }

    /// How long to wait before the provider is tried again, in whole seconds, at least one.
    pub(crate) fn retry_after(&self) -> u64 {
        let now = self.clock.now();
        self.metadata.wait(now).max(self.keys.wait(now)).as_secs().max(1)
    }

    async fn fetch_keys(&self, metadata: &ProviderMetadata) -> Result<KeySet, Error> {
        let request = crate::protocol::get(metadata.jwks_uri.as_str())?;
        let response = self
            .http
            .send(request)
            .await
            .map_err(|error| unreachable(error, ErrorCode::ProviderUnreachable))?;
        retry_later(&response)?;
        crate::protocol::expect_json(&response)
            .map_err(|detail| Error::new(ErrorCode::KeysInvalid).detail(detail))?;
        let keys = KeySet::parse(response.body())?;
        // A set of which nothing can be used does not take the place of one that could.
        if keys.is_empty() && self.keys.last().is_some_and(|known| !known.is_empty()) {
            return Err(Error::new(ErrorCode::KeysInvalid).detail("no key in it can be used"));
        }
        Ok(keys)
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider")
            .field("issuer", &self.issuer)
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}

/// A request that brought no answer, by what that means for the sign-in; `broken` where one began.
pub(crate) fn unreachable(error: HttpError, broken: ErrorCode) -> Error {
    let code = match error.kind() {
        HttpErrorKind::Unreachable => ErrorCode::ProviderUnreachable,
        HttpErrorKind::TimedOut => ErrorCode::ProviderTimeout,
        HttpErrorKind::TooLarge | HttpErrorKind::Broken => broken,
    };
    Error::new(code).source(error)
}

pub(crate) fn retry_later(response: &http::Response<Bytes>) -> Result<(), Error> {
    let status = response.status().as_u16();
    if status >= 500 || status == 429 {
        return Err(Error::new(ErrorCode::ProviderUnreachable).detail(format!("status {status}")));
    }
    Ok(())
}

/// When a kept value will do.
enum Need<'a, T> {
    /// While it is fresh; if it cannot be had anew, when it is old.
    Fresh,
    /// If it is another one than this, or was fetched too short a time ago.
    Other { than: &'a Arc<T>, after: Duration },
}

/// One value, fetched by one request for everybody.
struct Cached<T> {
    state: Mutex<State<T>>,
    /// Held while fetching.
    turn: tokio::sync::Mutex<()>,
}

struct State<T> {
    value: Option<Arc<T>>,
    fetched_at: Timestamp,
    failures: u32,
    not_before: Timestamp,
    last_error: Option<(ErrorCode, Option<String>)>,
}

impl<T> Cached<T> {
    fn new() -> Self {
        let state = State {
            value: None,
            fetched_at: Timestamp::default(),
            failures: 0,
            not_before: Timestamp::default(),
            last_error: None,
        };
        Self { state: Mutex::new(state), turn: tokio::sync::Mutex::new(()) }
    }

    fn fresh(&self, now: Timestamp) -> Option<Arc<T>> {
        self.state().will_do(&Need::Fresh, now)
    }

    fn last(&self) -> Option<Arc<T>> {
        self.state().value.clone()
    }

    fn wait(&self, now: Timestamp) -> Duration {
        let state = self.state();
        if state.is_waiting(now) { state.not_before.since(now) } else { Duration::ZERO }
    }

    async fn get(
        &self,
        clock: &dyn Clock,
        need: &Need<'_, T>,
        fetch: impl AsyncFnOnce() -> Result<T, Error>,
    ) -> Result<Arc<T>, Error> {
        if let Some(answer) = self.without_fetching(need, clock.now()) {
            return answer;
        }
        let _turn = self.turn.lock().await;
        // Whoever waited for the turn finds what the one before brought, be it a value or a failure.
        if let Some(answer) = self.without_fetching(need, clock.now()) {
            return answer;
        }
        let fetched = fetch().await;
        let now = clock.now();
        let mut state = self.state();
        match fetched {
            Ok(value) => {
                let value = Arc::new(value);
                state.value = Some(Arc::clone(&value));
                state.fetched_at = now;
                state.failures = 0;
                state.not_before = Timestamp::default();
                state.last_error = None;
                Ok(value)
            }
            Err(error) => {
                let wait = FIRST_BACK_OFF.saturating_mul(1 << state.failures.min(6)).min(LAST_BACK_OFF);
                state.failures = state.failures.saturating_add(1);
                state.not_before = now.plus(wait);
                state.last_error = Some((error.code(), error.operator_detail().map(str::to_owned)));
                match &state.value {
                    Some(old) => {
                        tracing::warn!(code = error.code().name(), %error, "the provider did not answer; what is known of it stays in use");
                        Ok(Arc::clone(old))
                    }
                    None => Err(error),
                }
            }
        }
    }

    /// The answer, if no fetch is needed or none is due.
    fn without_fetching(&self, need: &Need<'_, T>, now: Timestamp) -> Option<Result<Arc<T>, Error>> {
        let state = self.state();
        if let Some(value) = state.will_do(need, now) {
            return Some(Ok(value));
        }
        if !state.is_waiting(now) {
            return None;
        }
        // It failed a moment ago: nobody waits for the same deadline again.
        match (&state.value, &state.last_error) {
            (Some(old), _) => Some(Ok(Arc::clone(old))),
            (None, Some((code, detail))) => {
                let detail = detail.as_deref().unwrap_or("no answer");
                Some(Err(
                    Error::new(*code).detail(format!("failed a moment ago ({detail}); not tried again yet"))
                ))
            }
            (None, None) => None,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    /// Whether the back-off still runs. None is longer than the longest, whatever became of the clock.
    fn is_waiting(&self, now: Timestamp) -> bool {
        now < self.not_before && self.not_before.since(now) <= LAST_BACK_OFF
    }

    fn will_do(&self, need: &Need<'_, T>, now: Timestamp) -> Option<Arc<T>> {
        let value = self.value.as_ref()?;
        // A clock that was set back makes nothing fresh.
        let younger = |than: Duration| now >= self.fetched_at && now.since(self.fetched_at) < than;
        let will_do = match need {
            Need::Fresh => younger(FRESH),
            Need::Other { than, after } => !Arc::ptr_eq(value, than) || younger(*after),
        };
        will_do.then(|| Arc::clone(value))
    }
}
