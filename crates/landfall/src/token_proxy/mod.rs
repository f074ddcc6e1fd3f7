//! The token proxy: requests to one prefix go on to one API, with the access token of whoever is signed in.
//!
//! The backend-for-frontend pattern of OAuth 2.0 for Browser-Based Applications: a page calls its own origin, and
//! the token never reaches the browser. A room of its own, above everything else, because it is a proxy in the
//! first place: it needs the visit, the checks of the guard and the token, and nothing needs it.
//!
//! What happens to a request, in order:
//!
//! 1. `path`: whether it is ours, and which address of the upstream it stands for; what readers could take it for is
//!    said in `address::readings`.
//! 2. [`TokenProxy::begin`] refuses upgrades and what other sites send.
//! 3. `request_headers`: what the upstream gets to see, and whether the framing is sound.
//! 4. Where nobody is signed in, a sign-in is wanted. Otherwise `forward`: the token is fetched, and renewed if
//!    need be; the request is sent.
//! 5. `upload`, `body`, `progress`: both bodies, piece by piece, between two tasks; who breaks off breaks off
//!    all.
//! 6. `response_headers`, `location`: what the browser gets to see of the answer.
//!
//! Steps 1, 3 and 6 are pure rules and have their tests beside them; `fuzzing` holds the first and the last to
//! their promises. `hop_by_hop` serves 3 and 6, `delegate` writes the adapters' own type, `settings` keeps what it was told,
//! `dropped` tells the operator what step 6 left out.
//! A header that must not pass goes to the list in `request_names` or `response_names`.

mod body;
mod broken_off;
mod delegate;
mod dropped;
mod forward;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod hop_by_hop;
mod location;
mod path;
mod piece;
mod progress;
mod request_headers;
mod request_names;
mod response_headers;
mod response_names;
mod settings;
mod upload;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::Method;

use self::dropped::Dropped;
use self::path::Mapping;
use self::request_headers::Forwarded;
use self::settings::ProxySettings;
use crate::context::Context;
use crate::context::credentials::needs_session;
use crate::context::site::Site;
use crate::error::{ConfigError, Error, ErrorCode};
use crate::guard::fetch_metadata::CSRF_HEADER;
use crate::guard::sign_in_wanted::SignInWanted;
use crate::provider::reqwest as client;
use crate::visit::Visit;
use crate::visit::requirement::{Requirement, Unmet};
use crate::web::reply::Reply;
use crate::web::request::RequestView;

pub use self::body::{ProxyBody, ProxyBodySize, Sending};
pub use self::broken_off::BrokenOff;
pub use self::forward::Forward;
pub use self::upload::Upload;

/// No timeout is longer.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// What the `Allow` header of a 405 names. Other methods are forwarded, too, but for CONNECT and TRACE.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// Forwards requests at or below one local prefix to one API, with the access token of whoever is signed in. The
/// token stays on the server; everything that is not below the prefix goes to the application untouched.
///
/// An adapter puts it inside the layer that signs people in, around the application: a router of the application's
/// could strip or rewrite the path before it is checked. So a route of the application's at or below the prefix is never
/// reached, which the log says when the proxy is made; with an address of the relying party's there (`callback_path` and
/// the like) every call is a 500 that names it. It is for APIs: whatever it forwards is answered by the
/// upstream under the application's own origin.
///
/// # What is forwarded
/// - Only for somebody signed in by a session (credentials that come with the request are a 403), who meets what [`require`](TokenProxy::require) demands, and only what the
///   application's own pages send, whatever the method: same-origin by Fetch Metadata, or else by Origin, or where
///   both are missing by Referer, with the required header where one is configured. What was typed or bookmarked
///   (`Sec-Fetch-Site: none`) is refused with a 403, and so is what says nothing: a program names the origin in an
///   `Origin` header; a browser that sends none of the three gets through where there is a `required_header`, which
///   proves as much. `danger::allow_cross_site` and `spa_callback` lift nothing here. With nobody signed in: the 401
///   that names where to sign in, and leads back to the page that asked.
/// - The path below the prefix, byte for byte, and the query. Dot segments, backslashes and control characters
///   (encoded, too, however often), two slashes at the beginning and absolute-form targets are refused with a 400. So
///   is a path that some reader would find below the prefix (`/api/%6frders`, `/api/Orders`): it reaches no other
///   proxy.
/// - Every header but: those for one hop, Host, Cookie, Authorization, those that say who asks for whom or as whom
///   (Forwarded, X-Forwarded-…, Remote-User, X-Auth-Request-… and other gateways'; none is set anew), Origin,
///   Referer, Sec-Fetch-…, Expect, and the header required of our own pages. One of the API's own that is named as a
///   gateway's would be (`X-Group-By`) passes by [`pass_request_header`](TokenProxy::pass_request_header).
/// - WebSockets and other upgrades are refused with a 501; CONNECT and TRACE with a 405.
///
/// # What comes back
/// - Status and body as they come, streamed: the body is not held, not decompressed, and no faster than the browser
///   reads. Whoever breaks off, browser or upstream, breaks off the other. It ends with the session
///   ([`SignedIn::ended`](crate::SignedIn::ended)), and the upstream's request with it: an event stream
///   just ends, everything else is broken off.
/// - Of the headers those that an API's answer needs, and nearly all that begin with `X-`: so none that acts on the
///   whole origin (Set-Cookie, CORS, Strict-Transport-Security, device-bound sessions, what a browser learns next year)
///   or on a proxy in front. More by [`pass_response_header`](TokenProxy::pass_response_header); the log names what is
///   left out and could pass, once.
/// - Cache-Control says `private`, Vary names Cookie, and what is opened as a page is sandboxed, unless it is a PDF.
/// - A Location at the upstream becomes one below the prefix; one at another https host is passed on; any other redirect
///   is a 502. No redirect is followed here.
/// - A 401 of the upstream becomes a 502 `upstream_refused_token`: it is about a token that the browser never had, and
///   a 401 of ours says where to sign in. A 403 passes.
/// - An upstream that is down is a 502, one that is too slow a 504.
///
/// It speaks HTTP/1.1 with the upstream. Under actix-web that is done by one thread, unless the builder was given a
/// runtime, as it should be where much is forwarded; under axum by the application's own threads. A proxy that the
/// environment names (`HTTPS_PROXY`) is used for https alone.
///
/// A header that repeats the token is dropped. A body that repeats it is not searched: the upstream must not do that.
///
/// ```
/// use landfall::TokenProxy;
///
/// let api = TokenProxy::new("/api", "https://api.example.com/v1")?;
/// # let _ = api;
/// # Ok::<(), landfall::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct TokenProxy {
    proxy: Arc<Proxy>,
}

/// What clones of a [`TokenProxy`] share.
#[derive(Clone)]
struct Proxy {
    /// What it was told.
    settings: ProxySettings,
    /// Its connections, in a pool.
    client: reqwest::Client,
    /// The headers of answers that the log has named.
    dropped: Arc<Dropped>,
}

/// What to do with a request. An adapter's whole part in it:
///
/// ```
/// use std::future::Future;
/// use std::pin::Pin;
///
/// use bytes::Bytes;
/// use landfall::adapter::{ProxyBody, ProxyStep, RequestView};
/// use landfall::{TokenProxy, Visit};
///
/// type Feed = Pin<Box<dyn Future<Output = ()> + Send>>;
/// type Answer = http::Response<ProxyBody<Feed>>;
///
/// /// `None` where the application answers. A server that streams puts its pieces in one by one.
/// async fn answer(api: &TokenProxy, view: &dyn RequestView, visit: &Visit, body: Bytes) -> Option<Answer> {
///     match api.begin(view, visit) {
///         ProxyStep::Pass => None,
///         ProxyStep::Reply(reply) => Some(reply.map(ProxyBody::from)),
///         ProxyStep::Forward(forward) => {
///             let feed = |mut upload: landfall::adapter::Upload| -> Feed {
///                 Box::pin(async move {
///                     if upload.piece(body).await {
///                         upload.end().await;
///                     }
///                 })
///             };
///             Some(forward.send(feed).await)
///         }
///     }
/// }
/// ```
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "made once a request and taken apart at once")]
pub enum ProxyStep {
    /// It is the application's: nobody takes the path for one below the prefix.
    Pass,
    /// It is refused, or a sign-in is wanted: answer with this.
    Reply(Reply),
    /// It goes to the upstream.
    Forward(Forward),
}

impl TokenProxy {
    /// Forwards what is at or below `prefix` (below the base path, as every path of the relying party's) to the
    /// origin and path of `upstream`: with `/api` and `https://api.example.com/v1`, `/api/orders?page=2` is
    /// `https://api.example.com/v1/orders?page=2`.
    ///
    /// Make one and clone it, so that its connections are shared.
    ///
    /// # Errors
    /// When the prefix is no path of plain segments, or the upstream is neither https nor http on a loopback.
    pub fn new(prefix: &str, upstream: &str) -> Result<Self, ConfigError> {
        Proxy::start(Mapping::new(prefix, upstream, false)?)
    }

    /// [`new`](Self::new) for an upstream by plain http beyond loopback: `danger::plain_http_upstream`.
    ///
    /// # Errors
    /// As [`new`](Self::new), but for the scheme.
    pub(crate) fn with_plain_http(prefix: &str, upstream: &str) -> Result<Self, ConfigError> {
        Proxy::start(Mapping::new(prefix, upstream, true)?)
    }

    /// How long it may take to connect, and how long nothing may move on a connection, in either direction.
    /// Default: 5 s and 60 s. There is no limit for a request as a whole.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use landfall::TokenProxy;
    ///
    /// let api = TokenProxy::new("/api", "https://api.example.com")?
    ///     .timeouts(Duration::from_secs(2), Duration::from_secs(300))?; // it streams, with long pauses
    /// # let _ = api;
    /// # Ok::<(), landfall::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// When one is zero, or longer than a day.
    pub fn timeouts(self, connect: Duration, idle: Duration) -> Result<Self, ConfigError> {
        if [connect, idle].iter().any(|time| time.is_zero() || *time > DAY) {
            let remedy = "give each between a millisecond and a day";
            return Err(ConfigError::new(
                "TokenProxy",
                "a timeout of nothing, or of more than a day",
                remedy,
            ));
        }
        Proxy::build(ProxySettings { connect, idle, ..self.proxy.settings.clone() })
    }

    /// Trusts the certificates in this PEM file too, when the upstream is called.
    ///
    /// # Errors
    /// When the file cannot be read or holds no certificate.
    pub fn ca_file(self, file: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let root = std::fs::read(file).map_err(|error| {
            ConfigError::new("ca_file", format!("cannot be read ({})", error.kind()), "name a PEM file")
        })?;
        Proxy::build(ProxySettings { root: Some(root), ..self.proxy.settings.clone() })
    }

    /// Demands more of whoever calls: a role, a scope, a stronger or fresher authentication. Who does not meet it gets
    /// what a guard answers, with the challenge of RFC 9470 or RFC 6750, and a way that leads back to the page that asked;
    /// nothing is forwarded. It takes the place of one that was given before.
    ///
    /// Of two proxies to one API the one with the longer prefix and its demands stands in front, asked first.
    ///
    /// ```
    /// use landfall::{Requirement, TokenProxy};
    ///
    /// let orders = TokenProxy::new("/api/orders", "https://orders.example.com")?
    ///     .require(Requirement::new().role("editor").scope("orders:write"));
    /// # let _ = orders;
    /// # Ok::<(), landfall::ConfigError>(())
    /// ```
    #[must_use]
    pub fn require(mut self, requirement: Requirement) -> Self {
        Arc::make_mut(&mut self.proxy).settings.requirement = requirement;
        self
    }

    /// Passes this header of a browser's requests on to the upstream, although gateways say by such a name who asks: for
    /// an API whose own header begins as theirs do. What it says is then the browser's word, so it has to be one that
    /// the upstream believes of nobody (who signs in may write `Remote-User: root`). It passes as it is written here, in no
    /// other spelling and with no other name that begins so. Called again: this one as well.
    ///
    /// ```
    /// use landfall::TokenProxy;
    ///
    /// let api = TokenProxy::new("/api", "https://api.example.com")?.pass_request_header("X-Group-By")?;
    /// # let _ = api;
    /// # Ok::<(), landfall::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// When it is no header's name, or one that is never a browser's to say: Authorization, Cookie, Host, those for one
    /// hop, of the page that asked, or of another path or method than were checked.
    pub fn pass_request_header(self, name: &str) -> Result<Self, ConfigError> {
        Proxy::build(self.proxy.settings.clone().passing_there(name)?)
    }

    /// Passes this header of the upstream's answers on to the browser, too. Of registered names only those pass by
    /// themselves that an API's answer needs; what begins with `X-` does nearly always. Called again: this one as well.
    ///
    /// ```
    /// use landfall::TokenProxy;
    ///
    /// let api = TokenProxy::new("/api", "https://api.example.com")?.pass_response_header("Server-Timing")?;
    /// # let _ = api;
    /// # Ok::<(), landfall::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// When it is no header's name, or one that acts on the whole origin and is no upstream's to say.
    pub fn pass_response_header(self, name: &str) -> Result<Self, ConfigError> {
        Proxy::build(self.proxy.settings.clone().passing_back(name)?)
    }

    /// For adapters: what to do with a request of this visit. Nothing is sent yet: [`ProxyStep::Forward`] holds
    /// what is needed for that.
    pub fn begin(&self, view: &dyn RequestView, visit: &Visit) -> ProxyStep {
        let set_up = visit.set_up();
        let (mapping, sent) = (&self.proxy.settings.mapping, view.path());
        let (path, base) = set_up.map_or((sent, ""), |(_, facts)| {
            let base = &facts.site.base;
            (base.inside_path(sent), base.path.as_str())
        });
        let rest = mapping.rest(path);
        if rest.is_none() && !mapping.could_hold(path, base) {
            return ProxyStep::Pass;
        }
        let Some((context, facts)) = set_up.filter(|_| visit.can_sign_in()) else {
            // The layer says why nobody can sign in here.
            return ProxyStep::Reply(SignInWanted::new().reply());
        };
        let refuse = |error: Error| ProxyStep::Reply(context.refuse(error, facts.kind, &facts.site, None));
        let Some(method) = forwardable(view.method()) else {
            return ProxyStep::Reply(context.method_not_allowed(facts.kind, &facts.site, METHODS));
        };
        if visit.is_by_credentials() {
            return refuse(needs_session("there is no access token of the provider's to forward with"));
        }
        let Some(rest) = rest else {
            // Behind us it could go to the same upstream through another proxy, which demands less.
            let doubt = "a reader could take the path for one below the prefix";
            return refuse(Error::new(ErrorCode::ForwardRefused).detail(doubt));
        };
        match self.judge(method, rest, view, visit, (context, &facts.site)) {
            Err(error) => refuse(error),
            Ok(forward) => match visit.require_more(&self.proxy.settings.requirement) {
                Ok(_) => ProxyStep::Forward(forward),
                Err(Unmet::Wanted(wanted)) => ProxyStep::Reply(wanted.return_to(forward.back).reply()),
                Err(Unmet::Refused(refused)) => {
                    let (kind, back) = (facts.kind, Some(&forward.back));
                    ProxyStep::Reply(context.refuse(refused, kind, &facts.site, back))
                }
            },
        }
    }

    /// Whether no address of ours is at or below the prefix: it would be answered there in the upstream's place, and
    /// nobody would know why.
    ///
    /// # Errors
    /// `Misconfigured`, with the setting.
    fn check_mounting(&self, context: &Context) -> Result<(), Error> {
        let prefix = &self.proxy.settings.mapping.prefix;
        let own = context.settings.paths.settings().find(|(_, path)| prefix.rest(path).is_some());
        own.map_or(Ok(()), |(setting, path)| {
            let detail =
                format!("the token proxy's prefix {} holds {path}, the `{setting}`", prefix.as_str());
            Err(Error::new(ErrorCode::Misconfigured).detail(detail))
        })
    }

    /// Whether the request may be forwarded, signed in or not, and as what. A refusal comes before the question who
    /// is there, so that a trick is never answered with a sign-in.
    ///
    /// # Errors
    /// `ForwardRefused` for path, target or framing, `UpgradeRefused`, `CrossSite`.
    fn judge(
        &self,
        method: Method,
        rest: &str,
        view: &dyn RequestView,
        visit: &Visit,
        (context, site): (&Arc<Context>, &Arc<Site>),
    ) -> Result<Forward, Error> {
        self.check_mounting(context)?;
        if view.is_absolute_form() {
            return Err(Error::new(ErrorCode::ForwardRefused).detail("the target is a whole URL"));
        }
        let target = self.proxy.settings.mapping.target(rest, view.query())?;
        if view.header("upgrade").is_some() {
            return Err(Error::new(ErrorCode::UpgradeRefused));
        }
        // A page beside this origin could send, and never read: no answer of the upstream's says that it may.
        context.check_own_page(site, view)?;
        let csrf = context.settings.csrf.required_header.as_deref().unwrap_or(CSRF_HEADER);
        let Forwarded { mut headers, length } =
            request_headers::forwarded(view, csrf, &self.proxy.settings.passed_there)?;
        // What says who somebody is says it here, to us: beside a session it is a stranger's word.
        for name in context.credentials.iter().flat_map(|credentials| credentials.settings.header_names()) {
            headers.remove(name);
        }
        // Back to the page that asked: what an API answers is no page, and a call of the provider's is refused.
        let page = view.header("referer").and_then(|url| std::str::from_utf8(url).ok());
        let page = page.and_then(|url| url.strip_prefix(site.base.origin.as_str()));
        let back = context.safe_return_to(site, page);
        let (proxy, visit) = (Arc::clone(&self.proxy), visit.clone());
        let (context, site) = (Arc::clone(context), Arc::clone(site));
        Ok(Forward { proxy, context, site, visit, method, target, headers, length, back })
    }
}

/// Any method but those that are about the way itself.
fn forwardable(method: &str) -> Option<Method> {
    let method = Method::from_bytes(method.as_bytes()).ok()?;
    (method != Method::CONNECT && method != Method::TRACE).then_some(method)
}

impl Proxy {
    /// With every default. The log says what becomes of everything below the prefix.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    fn start(mapping: Mapping) -> Result<TokenProxy, ConfigError> {
        let (prefix, upstream) = (mapping.prefix.as_str(), mapping.upstream.origin.as_str());
        tracing::info!(
            prefix,
            upstream,
            "whatever is at or below this prefix goes to the upstream: a route of the application's there is never reached"
        );
        Self::build(ProxySettings::new(mapping))
    }

    /// The client anew, with these settings.
    ///
    /// # Errors
    /// When the certificate cannot be used.
    fn build(settings: ProxySettings) -> Result<TokenProxy, ConfigError> {
        // What the browser is sent is what the upstream sent: nothing is unpacked on the way.
        let plain = client::plain(settings.connect, settings.root.as_deref())?;
        let mut builder = plain.no_gzip().no_brotli().no_deflate().no_zstd();
        if settings.mapping.upstream.origin.scheme() == "http" {
            // A proxy named by the environment would read the token.
            builder = builder.no_proxy();
        }
        let client = client::built(builder)?;
        Ok(TokenProxy { proxy: Arc::new(Self { settings, client, dropped: Arc::default() }) })
    }
}

impl fmt::Debug for TokenProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ProxySettings { mapping, requirement, passed_there, passed_back, .. } = &self.proxy.settings;
        f.debug_struct("TokenProxy")
            .field("prefix", &mapping.prefix.as_str())
            .field("upstream", &mapping.upstream.origin.as_str())
            .field("requirement", requirement)
            .field("pass_request_headers", passed_there)
            .field("pass_response_headers", passed_back)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_would_stop_everything_are_refused() {
        let (proxy, second) =
            (TokenProxy::new("/api", "https://api.example.com").unwrap(), Duration::from_secs(1));
        for (connect, idle) in [(Duration::ZERO, second), (second, Duration::ZERO), (second, Duration::MAX)] {
            assert_eq!(proxy.clone().timeouts(connect, idle).unwrap_err().setting, "TokenProxy");
        }
        assert!(proxy.timeouts(second, DAY).is_ok());
    }

    #[test]
    fn whoever_prints_a_proxy_sees_which_headers_pass_it_by_name() {
        let proxy = TokenProxy::new("/api", "https://api.example.com").unwrap();
        let proxy = proxy.pass_request_header("X-Group-By").unwrap().pass_response_header("Tk").unwrap();
        let printed = format!("{proxy:?}");
        for part in ["pass_request_headers: [\"x-group-by\"]", "pass_response_headers: [\"tk\"]"] {
            assert!(printed.contains(part), "{printed}");
        }
    }
}
