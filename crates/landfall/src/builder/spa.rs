//! Single-page applications in front of this backend.
//!
//! The pattern is the backend for frontend (OAuth 2.0 for Browser-Based Applications): the page has the redirect
//! URI, the backend the tokens. What the page may ask for is in `relying_party::spa`; calls to an API go through a
//! `TokenProxy`.

use http::HeaderName;

use super::RelyingPartyBuilder;
use crate::address::base_url::{BaseUrl, is_loopback};
use crate::address::spa_callback::SpaCallback;
use crate::address::written::{self, shown};
use crate::context::endpoints::Endpoint;
use crate::error::{ConfigError, printable};

/// # Single-page applications
impl RelyingPartyBuilder {
    /// A redirect URI that is a route of a single-page application: `https://app.example.com/callback`, or
    /// `http://localhost:5173/callback`. Register it at the provider, byte for byte. May be called several times.
    ///
    /// The route hands the provider's answer to `POST /auth/exchange`; tokens stay here. It must be of the same site as
    /// the base URL, or browsers leave the cookies out: the same host, or a sibling such as `api.example.com` for
    /// `app.example.com`.
    ///
    /// The route's origin is trusted as the application's own: its pages may ask who is signed in, act for them and sign
    /// them out, under every base URL if it is that of none, else under its own. A `TokenProxy` alone serves no page of another origin.
    /// Destinations of its sign-ins and sign-outs are paths of that origin.
    ///
    /// ```
    /// use landfall::RelyingParty;
    ///
    /// let builder = RelyingParty::builder("https://acme.example")
    ///     .base_url("https://app.example.com")
    ///     .spa_callback("https://app.example.com/callback")
    ///     .required_header("x-csrf");
    /// # let _ = builder;
    /// ```
    pub fn spa_callback(mut self, url: impl Into<String>) -> Self {
        self.names.by_method("spa_callback");
        self.spa_callbacks.push(url.into());
        self
    }

    /// A header that every request which changes something must carry, with whatever value, when somebody is signed
    /// in: `x-csrf`. A form cannot send one and another origin's script may not, so it is a second wall behind the
    /// check of `Sec-Fetch-Site` and `Origin`. For applications that change things by script alone: it refuses
    /// plain forms too, but for the sign-out.
    ///
    /// `POST /auth/exchange` asks for `x-csrf` in any case, or for this one.
    pub fn required_header(mut self, name: impl Into<String>) -> Self {
        self.csrf.required_header = Some(name.into().to_ascii_lowercase());
        self
    }

    /// The path that says who is there, as JSON. Default: `/auth/session`.
    pub fn session_path(mut self, path: impl Into<String>) -> Self {
        self.paths.set(Endpoint::Session, path.into());
        self
    }

    /// The path that takes what a single-page application's callback received. Default: `/auth/exchange`, mounted
    /// where there is a [`spa_callback`](Self::spa_callback).
    pub fn exchange_path(mut self, path: impl Into<String>) -> Self {
        self.paths.set(Endpoint::Exchange, path.into());
        self
    }

    /// The routes as redirect URIs, none of them the callback's own, and the header that proves our pages.
    ///
    /// # Errors
    /// `spa_callback` or `required_header`, with what is wrong.
    pub(super) fn check_spa_callbacks(&self, bases: &[BaseUrl]) -> Result<Vec<SpaCallback>, ConfigError> {
        if let Some(name) = &self.csrf.required_header
            && (HeaderName::from_bytes(name.as_bytes()).is_err() || is_simple(name))
        {
            return Err(ConfigError::new(
                "required_header",
                format!("{:?} is no header that proves anything", printable(name)),
                "name one that forms cannot send, such as x-csrf",
            ));
        }
        let mut callbacks: Vec<SpaCallback> = Vec::new();
        for literal in &self.spa_callbacks {
            let callback = parse(literal, bases)?;
            let is_our_own = bases
                .iter()
                .any(|base| *literal == format!("{}{}", base.literal, self.paths.path(Endpoint::Callback)));
            if is_our_own || callbacks.contains(&callback) {
                return Err(wrong(
                    literal,
                    "an address that is taken",
                    "give the application a route of its own",
                ));
            }
            callbacks.push(callback);
        }
        Ok(callbacks)
    }
}

/// Whether a form, or a script without leave, sends this header too (Fetch §2.2.2): it would prove nothing.
fn is_simple(name: &str) -> bool {
    let by_name = [
        "accept",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "content-language",
        "content-length",
        "content-type",
        "cookie",
        "dnt",
        "host",
        "origin",
        "pragma",
        "priority",
        "range",
        "referer",
        "upgrade-insecure-requests",
        "user-agent",
    ];
    by_name.contains(&name) || ["proxy-", "sec-"].iter().any(|start| name.starts_with(start))
}

/// Reads one route as it is configured. The text is kept byte for byte: that is what the provider compares. Beyond
/// loopback it is plain http only where a base URL of the same origin is.
fn parse(literal: &str, bases: &[BaseUrl]) -> Result<SpaCallback, ConfigError> {
    let example = "give the whole address of the route: https://app.example.com/callback";
    let url = written::read(literal).map_err(|slip| wrong(literal, slip.problem, &slip.remedy(example)))?;
    let (origin, path) = (url.origin().ascii_serialization(), url.path().to_owned());
    if url.scheme() != "https" && !is_loopback(&url) && bases.iter().all(|base| base.origin != origin) {
        return Err(wrong(literal, "plain http", "use https; plain http is for loopback alone"));
    }
    Ok(SpaCallback { literal: literal.to_owned(), origin, path })
}

/// An error about one route.
fn wrong(literal: &str, problem: &str, remedy: &str) -> ConfigError {
    ConfigError::new("spa_callback", format!("{problem} in {:?}", shown(literal)), remedy)
}
