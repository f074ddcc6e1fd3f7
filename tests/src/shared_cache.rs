//! A shared cache in front of an application, that keeps whatever RFC 9111 lets it.
//!
//! Real ones are more careful: many keep nothing with a Set-Cookie, nothing of a request with a Cookie, nothing without
//! a lifetime. None of that is in the RFC, so none of it may be relied on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{
    AGE, AUTHORIZATION, CACHE_CONTROL, ETAG, EXPIRES, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use landfall::{Clock as _, HttpClient, HttpError, HttpErrorKind, Timestamp};
use landfall_testkit::{Browser, Target, VirtualClock};

/// The headers this cache reads in place of Cache-Control (RFC 9213 §2.2), the first that is there.
const TARGETED: [&str; 2] = ["cdn-cache-control", "surrogate-control"];
/// What may be kept without a word about how long (RFC 9110 §15.1), but for parts of an answer.
const HEURISTIC: [u16; 11] = [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501];
/// For how long such an answer is kept: the RFC leaves it to the cache (RFC 9111 §4.2.2).
const AT_A_GUESS: Duration = Duration::from_secs(3600);

/// A shared cache. It answers in the application's place wherever it may; `x-cache` says how an answer came.
#[derive(Debug)]
pub struct SharedCache {
    /// Leads to the application.
    origin: Browser,
    clock: VirtualClock,
    kept: Mutex<HashMap<String, Vec<Kept>>>,
    forwarded: Mutex<Vec<String>>,
}

/// An answer that is kept.
#[derive(Clone, Debug)]
struct Kept {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    /// What the request said for the headers that Vary names.
    selected_by: Vec<(HeaderName, Vec<HeaderValue>)>,
    since: Timestamp,
    fresh_for: Duration,
    /// The application has to be asked each time (`no-cache`).
    is_to_be_checked: bool,
}

/// What an answer says to this cache (RFC 9111 §5.2.2), each with its argument.
#[derive(Debug, Default)]
struct Directives(Vec<(String, Option<String>)>);

impl SharedCache {
    /// A cache for the application at `base_url`, which listens there. Route browsers to it.
    ///
    /// # Panics
    /// When the base URL is none.
    pub fn before(base_url: &str, application: impl Into<Target>, clock: &VirtualClock) -> Arc<Self> {
        let origin = Browser::new();
        origin.route(base_url, application).unwrap();
        Arc::new(Self { origin, clock: clock.clone(), kept: Mutex::default(), forwarded: Mutex::default() })
    }

    /// How often the application was asked for this path.
    pub fn forwarded(&self, path: &str) -> usize {
        let forwarded = self.forwarded.lock().unwrap_or_else(PoisonError::into_inner);
        forwarded.iter().filter(|seen| *seen == path).count()
    }

    /// Every address of which an answer is kept.
    pub fn kept(&self) -> Vec<String> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    async fn forward(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let path = request.uri().path().to_owned();
        self.forwarded.lock().unwrap_or_else(PoisonError::into_inner).push(path);
        let answer = self.origin.send(request).await;
        answer.map_err(|error| HttpError::new(HttpErrorKind::Broken, error.to_string()))
    }

    /// The kept answer that this request selects (RFC 9111 §4.1): the last one.
    fn find(&self, request: &Request<Bytes>) -> Option<Kept> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return None;
        }
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let candidates = kept.get(&request.uri().to_string())?;
        candidates.iter().rev().find(|kept| kept.is_selected_by(request.headers())).cloned()
    }

    fn keep(&self, uri: String, kept: Kept) {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let of_uri = all.entry(uri).or_default();
        of_uri.retain(|other| other.selected_by != kept.selected_by);
        of_uri.push(kept);
    }

    /// Whether this answer may be kept, and as what (RFC 9111 §3).
    fn keepable(&self, method: &Method, request: &HeaderMap, answer: &Response<Bytes>) -> Option<Kept> {
        let said = Directives::of(answer.headers());
        let status = answer.status();
        let heuristic = HEURISTIC.contains(&status.as_u16());
        let forbidden = if said.has("must-understand") { !heuristic } else { said.has("no-store") };
        if *method != Method::GET || forbidden || said.is_plain("private") || !is_whole(status) {
            return None;
        }
        let shared = ["public", "s-maxage", "must-revalidate"];
        if request.contains_key(AUTHORIZATION) && !shared.iter().any(|name| said.has(name)) {
            return None;
        }
        let fresh_for = match said.lifetime(answer.headers()) {
            Some(lifetime) => lifetime,
            None if heuristic || said.has("public") => AT_A_GUESS,
            None => return None,
        };
        let mut headers = answer.headers().clone();
        for name in said.names_of("private").chain(said.names_of("no-cache")) {
            headers.remove(name);
        }
        Some(Kept {
            status,
            selected_by: selecting(&headers, request)?,
            headers,
            body: answer.body().clone(),
            since: self.clock.now(),
            fresh_for,
            is_to_be_checked: said.is_plain("no-cache"),
        })
    }
}

#[async_trait]
impl HttpClient for SharedCache {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (method, uri, asked) =
            (request.method().clone(), request.uri().to_string(), request.headers().clone());
        let found = self.find(&request);
        if let Some(kept) = &found {
            let age = self.clock.now().since(kept.since);
            if !kept.is_to_be_checked && age < kept.fresh_for {
                return Ok(kept.answer(&method, age, "hit"));
            }
            // RFC 9111 §4.3.1.
            for (validator, condition) in [(ETAG, IF_NONE_MATCH), (LAST_MODIFIED, IF_MODIFIED_SINCE)] {
                if let Some(value) = kept.headers.get(validator) {
                    request.headers_mut().insert(condition, value.clone());
                }
            }
        }
        let mut answer = self.forward(request).await?;
        if let Some(mut kept) = found
            && answer.status() == StatusCode::NOT_MODIFIED
        {
            // RFC 9111 §3.2 and §4.3.4.
            for (name, value) in answer.headers() {
                kept.headers.insert(name.clone(), value.clone());
            }
            kept.since = self.clock.now();
            self.keep(uri, kept.clone());
            return Ok(kept.answer(&method, Duration::ZERO, "checked"));
        }
        if !method.is_safe() && (answer.status().is_success() || answer.status().is_redirection()) {
            // RFC 9111 §4.4.
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(&uri);
        }
        if let Some(kept) = self.keepable(&method, &asked, &answer) {
            self.keep(uri, kept);
        }
        answer.headers_mut().insert("x-cache", HeaderValue::from_static("miss"));
        Ok(answer)
    }
}

impl Kept {
    fn is_selected_by(&self, request: &HeaderMap) -> bool {
        self.selected_by.iter().all(|(name, values)| request.get_all(name).iter().eq(values))
    }

    fn answer(&self, method: &Method, age: Duration, how: &'static str) -> Response<Bytes> {
        let mut answer = Response::new(if method == Method::HEAD { Bytes::new() } else { self.body.clone() });
        *answer.status_mut() = self.status;
        *answer.headers_mut() = self.headers.clone();
        answer.headers_mut().insert(AGE, age.as_secs().into());
        answer.headers_mut().insert("x-cache", HeaderValue::from_static(how));
        answer
    }
}

impl Directives {
    /// Those that this cache goes by.
    fn of(headers: &HeaderMap) -> Self {
        let targeted = TARGETED.into_iter().find(|name| headers.contains_key(*name));
        let lines = headers.get_all(targeted.unwrap_or(CACHE_CONTROL.as_str())).iter();
        let all: Vec<_> = lines.filter_map(|line| line.to_str().ok()).collect();
        let mut quoted = false;
        let parts = all.join(",");
        let parts = parts.split(|letter| {
            quoted ^= letter == '"';
            letter == ',' && !quoted
        });
        let directives = parts.map(|part| match part.split_once('=') {
            Some((name, argument)) => {
                (name.trim().to_ascii_lowercase(), Some(argument.trim().trim_matches('"').to_owned()))
            }
            None => (part.trim().to_ascii_lowercase(), None),
        });
        Self(directives.filter(|(name, _)| !name.is_empty()).collect())
    }

    fn has(&self, wanted: &str) -> bool {
        self.0.iter().any(|(name, _)| name == wanted)
    }

    /// Whether it is there without an argument, and so of the whole answer.
    fn is_plain(&self, wanted: &str) -> bool {
        self.0.iter().any(|(name, argument)| name == wanted && argument.is_none())
    }

    /// The headers that it is said of.
    fn names_of(&self, wanted: &str) -> impl Iterator<Item = &str> {
        let arguments = self.0.iter().filter(move |(name, _)| name == wanted);
        arguments
            .filter_map(|(_, argument)| argument.as_deref())
            .flat_map(|names| names.split(',').map(str::trim))
    }

    /// How long it is fresh, as far as that is said (RFC 9111 §4.2.1).
    fn lifetime(&self, headers: &HeaderMap) -> Option<Duration> {
        let seconds = |wanted: &str| {
            let (_, argument) = self.0.iter().find(|(name, _)| name == wanted)?;
            Some(argument.as_deref()?.parse().unwrap_or_default())
        };
        let said = seconds("s-maxage").or_else(|| seconds("max-age")).map(Duration::from_secs);
        // The tests say a day that is far away, or none at all.
        let by_date =
            || headers.get(EXPIRES).map(|day| if day.len() > 4 { AT_A_GUESS } else { Duration::ZERO });
        said.or_else(by_date)
    }
}

/// What the request said for the headers that select this answer; `None` where nothing ever selects it again.
fn selecting(answer: &HeaderMap, request: &HeaderMap) -> Option<Vec<(HeaderName, Vec<HeaderValue>)>> {
    let mut selecting = Vec::new();
    for line in answer.get_all(VARY) {
        for name in line.to_str().ok()?.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            // "*" is no name, either.
            let name: HeaderName = name.parse().ok().filter(|name: &HeaderName| name.as_str() != "*")?;
            let values = request.get_all(&name).iter().cloned().collect();
            selecting.push((name, values));
        }
    }
    Some(selecting)
}

/// Whether it is an answer, and all of it.
fn is_whole(status: StatusCode) -> bool {
    status.as_u16() >= 200 && !matches!(status.as_u16(), 206 | 304)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_kept(status: u16, headers: &[(&str, &str)], request: &[(&str, &str)]) -> bool {
        let map = |headers: &[(&str, &str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
            }
            map
        };
        let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 9));
        let cache = SharedCache::before("https://app.example.com", nowhere, &VirtualClock::default());
        let mut answer = Response::new(Bytes::new());
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        *answer.headers_mut() = map(headers);
        cache.keepable(&Method::GET, &map(request), &answer).is_some()
    }

    #[test]
    fn everything_is_kept_that_the_rfc_lets_a_shared_cache_keep_and_nothing_else() {
        for (status, header, expected) in [
            (200, ("x", ""), true),
            (404, ("x", ""), true),
            (301, ("x", ""), true),
            (303, ("x", ""), false),
            (401, ("x", ""), false),
            (500, ("x", ""), false),
            (206, ("cache-control", "max-age=5"), false),
            (303, ("cache-control", "max-age=5"), true),
            (500, ("cache-control", "public"), true),
            (303, ("expires", "Thu, 01 Jan 2037 00:00:00 GMT"), true),
            (200, ("set-cookie", "a=1"), true),
            (200, ("cache-control", "no-cache"), true),
            (200, ("cache-control", "private"), false),
            (200, ("cache-control", "no-store"), false),
            (200, ("cache-control", "private=\"set-cookie, x\", max-age=5"), true),
            (200, ("cache-control", "must-understand, no-store"), true),
            (200, ("vary", "*"), false),
            (200, ("vary", "cookie"), true),
        ] {
            assert_eq!(is_kept(status, &[header], &[]), expected, "{status} {header:?}");
        }
        let private = ("cache-control", "private, no-store");
        assert!(is_kept(200, &[private, ("cdn-cache-control", "max-age=5")], &[]));
        let authorization = [("authorization", "Basic eDp5")];
        assert!(!is_kept(200, &[("cache-control", "max-age=5")], &authorization));
        assert!(is_kept(200, &[("cache-control", "max-age=5, must-revalidate")], &authorization));
    }
}
