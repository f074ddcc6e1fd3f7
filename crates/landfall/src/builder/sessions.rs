//! Where sessions are kept, and for how long.
//!
//! With the checks of both: which store an address means, and which spans people can use. How sessions are kept is
//! the room `session`; a session without a store is sealed into its cookie and cannot be ended from elsewhere,
//! hence the shorter defaults.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use super::RelyingPartyBuilder;
use crate::address::path_prefix::PathPrefix;
use crate::address::unencrypted::Unencrypted;
use crate::context::settings::ActivitySettings;
use crate::context::settings::{BeyondLimit, SessionLimit};
use crate::crypto::seal::CookieKey;
use crate::crypto::secret::Secret;
use crate::error::{ConfigError, printable};
use crate::session::{Lifetimes, MemoryStore, SessionStore, StoreOpener};

/// # Sessions and stores
impl RelyingPartyBuilder {
    /// The keys that seal cookies and records: the first seals, all open. Several instances need the same keys.
    ///
    /// To rotate: add the new key at the end on every instance, so that all can open what it seals; then move it to
    /// the front; and take the old one away once its sessions have expired. One instance alone can put it in front
    /// at once.
    ///
    /// ```
    /// use landfall::{CookieKey, RelyingParty};
    ///
    /// let (new, old) = (CookieKey::generate()?, CookieKey::generate()?); // from your secrets
    /// let builder = RelyingParty::builder("https://acme.example").cookie_keys([new, old]);
    /// # let _ = builder;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cookie_keys(mut self, keys: impl IntoIterator<Item = CookieKey>) -> Self {
        self.names.by_method("cookie_keys");
        self.sessions.cookie_keys = keys.into_iter().collect();
        self
    }

    /// Keeps sessions, and with them the tokens, in a store. Without one, a session is the identity alone, sealed
    /// into its cookie. The store goes by this relying party's clock, unless it was given one by its `with_clock`.
    ///
    /// ```
    /// use landfall::{MemoryStore, RelyingParty};
    ///
    /// let builder = RelyingParty::builder("https://acme.example").store(MemoryStore::new());
    /// # let _ = builder;
    /// ```
    pub fn store(mut self, store: impl SessionStore) -> Self {
        self.names.by_method("store");
        self.sessions.store = Some(Arc::new(store));
        self
    }

    /// Lets `LANDFALL_STORE` name a store of this kind: `landfall_redis::opener()`, `landfall_sqlx::opener()`.
    /// Several may be given.
    pub fn store_opener(mut self, opener: impl StoreOpener) -> Self {
        self.sessions.store_openers.push(Arc::new(opener));
        self
    }

    /// Opens a store by its address, as `LANDFALL_STORE` does; see [`Self::store_opener`]. `cookie` and `memory`
    /// need no opener.
    pub fn store_address(mut self, address: impl Into<Secret<String>>) -> Self {
        self.names.call("store", "store_address");
        self.sessions.store_address = Some(address.into());
        self
    }

    /// How long a session lasts, whatever happens. Default: 8 hours, with a store 7 days. A ceiling that the
    /// provider sets (`session_expiry`) is kept to.
    pub fn session_lifetime(mut self, lifetime: Duration) -> Self {
        self.sessions.lifetime = Some(lifetime);
        self
    }

    /// How long a session lasts without a request. Default: 2 hours, with a store 8.
    pub fn idle_lifetime(mut self, lifetime: Duration) -> Self {
        self.sessions.idle_lifetime = Some(lifetime);
        self
    }

    /// How old a near copy of a stored session may be: the longest that a session ended elsewhere can still
    /// be served. Default: 5 s. Zero asks the store at every request.
    pub fn near_cache_staleness(mut self, staleness: Duration) -> Self {
        self.sessions.near_cache_staleness = staleness;
        self
    }

    /// How long the store may take to answer before a request gets a 503. Default: 5 s.
    pub fn store_timeout(mut self, timeout: Duration) -> Self {
        self.sessions.store_timeout = timeout;
        self
    }

    /// Claims to keep in a sealed cookie beside the standard few. With a store all are kept.
    pub fn keep_claims<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.sign_in.keep_claims = names.into_iter().map(Into::into).collect();
        self
    }

    /// What the session's cookie is called, behind its prefix: `sid` is `__Host-sid` under TLS. Default:
    /// `landfall-session`. Where applications may share a host (a base path, a port that is not the scheme's own, a
    /// loopback), the digest that keeps them apart follows as ever.
    ///
    /// Another name signs everybody out who is signed in.
    ///
    /// ```
    /// let builder = landfall::RelyingParty::builder("https://acme.example").session_cookie_name("sid");
    /// # let _ = builder;
    /// ```
    pub fn session_cookie_name(mut self, name: impl Into<String>) -> Self {
        self.sessions.cookie.name = Some(name.into());
        self
    }

    /// Lets the session's cookie end with the browser (RFC 6265bis §5.5: one without `Max-Age` is not persistent). Its
    /// lifetimes hold as before. A browser that brings its tabs back after a restart brings such cookies back, too.
    pub fn non_persistent_session_cookie(mut self) -> Self {
        self.sessions.cookie.is_non_persistent = true;
        self
    }

    /// Paths, with all below them, whose requests do not prolong the idle lifetime: what a page asks for by itself, though
    /// nobody may be there. They neither renew a session nor count as having seen it. May be called several times.
    ///
    /// ```
    /// let builder = landfall::RelyingParty::builder("https://acme.example").without_activity(["/api/poll"]);
    /// # let _ = builder;
    /// ```
    pub fn without_activity<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.sessions.quiet_paths.extend(paths.into_iter().map(Into::into));
        self
    }

    /// The same for every request with this header, whatever its value: `x-background`, which a page's script sends with
    /// what it asks for by itself.
    pub fn without_activity_header(mut self, name: impl Into<String>) -> Self {
        self.sessions.quiet_header = Some(name.into().to_ascii_lowercase());
        self
    }

    /// Makes the session's cookie `SameSite=Strict` (RFC 6265bis §5.6.7.1): no request that another site begins carries it.
    ///
    /// People still arrive signed in. Who comes back from the provider, or follows another site's link to a page that
    /// needs somebody, is led there once more by a page of ours, and that request is this site's own. A page that needs
    /// nobody shows them nobody at first. A browser without Fetch Metadata goes to the provider instead, and comes back.
    pub fn same_site_strict(mut self) -> Self {
        self.sessions.cookie.is_strict = true;
        self
    }

    /// How many sessions one person may have at a time, from 1 to 100, and what becomes of one more. It takes a store. A
    /// sign-in in a browser that has a session takes its place, and is none more.
    ///
    /// Of two sign-ins at the same moment, on whatever instances, the limit holds as well: refused may then be both, and
    /// with a limit of one both may end.
    ///
    /// ```
    /// use landfall::{BeyondLimit, MemoryStore, RelyingParty};
    ///
    /// let builder = RelyingParty::builder("https://acme.example")
    ///     .store(MemoryStore::new())
    ///     .sessions_per_subject(5, BeyondLimit::Refuse);
    /// # let _ = builder;
    /// ```
    pub fn sessions_per_subject(mut self, most: usize, beyond: BeyondLimit) -> Self {
        self.sessions.per_subject = Some((most, beyond));
        self
    }

    /// How many sessions one subject may have.
    ///
    /// # Errors
    /// `sessions_per_subject`, for a number that is out of bounds, and where there is no store: nothing could count what
    /// is sealed into cookies.
    pub(super) fn check_session_limit(&self) -> Result<Option<SessionLimit>, ConfigError> {
        let wrong = |problem, remedy| Err(ConfigError::new("sessions_per_subject", problem, remedy));
        match self.sessions.per_subject {
            None => Ok(None),
            Some((most, _)) if !(1..=100).contains(&most) => {
                wrong("a limit that is not from 1 to 100", "give one that is, or leave it out")
            }
            Some(_) if self.sessions.store.is_none() => wrong(
                "sessions that are sealed into cookies, which nobody counts",
                "give the builder a store",
            ),
            Some((most, beyond)) => Ok(Some(SessionLimit { most, beyond })),
        }
    }

    /// Which requests are no activity.
    ///
    /// # Errors
    /// `without_activity` where one is no path of plain segments, `without_activity_header` where it is no header.
    pub(super) fn check_activity(&self) -> Result<ActivitySettings, ConfigError> {
        let parse = |text: &String| {
            PathPrefix::parse(text).map_err(|problem| {
                let problem = format!("{problem} in {:?}", printable(text));
                ConfigError::new("without_activity", problem, "write the path below the base path: /api/poll")
            })
        };
        let paths = self.sessions.quiet_paths.iter().map(parse).collect::<Result<_, _>>()?;
        let header = self.sessions.quiet_header.clone();
        if let Some(name) = &header
            && HeaderName::from_bytes(name.as_bytes()).is_err()
        {
            let problem = format!("{:?} is no header", printable(name));
            return Err(ConfigError::new(
                "without_activity_header",
                problem,
                "name one, such as x-background",
            ));
        }
        Ok(ActivitySettings { paths, header })
    }

    /// The name of the session's cookie.
    ///
    /// # Errors
    /// `session_cookie_name`, where it could be another cookie's, or is none.
    pub(super) fn check_session_cookie(&self) -> Result<(), ConfigError> {
        self.sessions.cookie.problem().map_or(Ok(()), |problem| {
            let remedy = "give the part behind the prefix alone, such as sid";
            Err(ConfigError::new("session_cookie_name", problem, remedy))
        })
    }

    /// The store, opened where it was given by its address, and reached as it may be.
    ///
    /// # Errors
    /// `store`; see the two steps.
    pub(super) fn open_store(&mut self) -> Result<(), ConfigError> {
        self.open_address()?;
        self.check_way_to_store()
    }

    /// Opens the store that an address names, by its scheme.
    ///
    /// # Errors
    /// `store`, where it was given twice, nothing opens such an address, or the opener does not take it. No error
    /// repeats the address, which may hold a password.
    fn open_address(&mut self) -> Result<(), ConfigError> {
        let Some(address) = self.sessions.store_address.take() else { return Ok(()) };
        if self.sessions.store.is_some() {
            return Err(ConfigError::new("store", "given twice, as a value and by its address", "give one"));
        }
        let address = address.expose().as_str();
        // Only the scheme is ever repeated: an address may hold a password.
        let scheme = address.split(':').next().unwrap_or_default();
        let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        let scheme = if scheme.bytes().all(is_scheme) { scheme } else { "" };
        self.sessions.store = match scheme {
            "cookie" => None,
            "memory" => Some(Arc::new(MemoryStore::new())),
            _ => match self.sessions.store_openers.iter().find(|opener| opener.schemes().contains(&scheme)) {
                Some(opener) => {
                    Some(opener.open(address, Arc::clone(&self.inputs.clock)).map_err(|error| {
                        ConfigError::new("store", error.to_string(), "mend what it says, or name another")
                    })?)
                }
                None => return Err(no_opener(scheme)),
            },
        };
        Ok(())
    }

    /// Whether the store is reached as it may be: over TLS, or on this machine, or as `danger` allows.
    ///
    /// # Errors
    /// `store`, with the host that is reached without TLS.
    fn check_way_to_store(&self) -> Result<(), ConfigError> {
        let Some(store) = &self.sessions.store else { return Ok(()) };
        if self.sessions.plain_store {
            store.allow_plain();
        }
        store.plain_hosts().iter().try_for_each(|address| {
            // A colon alone stands before a port; several are those of an IPv6 address, which has a bracket before its port.
            let host = match address.rsplit_once(':') {
                Some((host, _)) if host.ends_with(']') || !host.contains(':') => host,
                _ => address,
            };
            let is_allowed = self.sessions.plain_store;
            Unencrypted { setting: "store", address, host, danger: "danger::allow_plain_store", is_allowed }
                .check()
        })
    }

    /// How long sessions last, with the defaults for this kind of session. The idle lifetime is never longer than
    /// the absolute one.
    ///
    /// # Errors
    /// Names the span that is too short to be used, or the leeway that would stand for a wrong clock.
    pub(super) fn check_lifetimes(&self) -> Result<Lifetimes, ConfigError> {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        let stored = self.sessions.store.is_some();
        let absolute = self.sessions.lifetime.unwrap_or(hours(if stored { 7 * 24 } else { 8 }));
        let idle = self.sessions.idle_lifetime.unwrap_or(hours(if stored { 8 } else { 2 })).min(absolute);
        for (setting, span) in
            [("session_lifetime", absolute), ("idle_lifetime", idle), ("login_lifetime", self.timeouts.login)]
        {
            if span < Duration::from_secs(1) {
                return Err(ConfigError::new(
                    setting,
                    "shorter than a second",
                    "give it a span that people can use",
                ));
            }
        }
        if self.sign_in.silent.is_some_and(|period| period < Duration::from_secs(60)) {
            return Err(ConfigError::new(
                "silent_sign_in",
                "a period shorter than a minute",
                "give it one that sends nobody about all day, such as 15 minutes",
            ));
        }
        if self.timeouts.leeway > Duration::from_secs(600) {
            return Err(ConfigError::new(
                "clock_leeway",
                "longer than ten minutes",
                "set the clocks instead",
            ));
        }
        Ok(Lifetimes { absolute, idle })
    }
}

/// The error for an address that nothing opens: most often the store's crate was not added.
fn no_opener(scheme: &str) -> ConfigError {
    let (problem, remedy) = match scheme {
        "redis" | "rediss" | "redis+cluster" | "rediss+cluster" | "redis+sentinel" | "rediss+sentinel" => (
            "the store is Redis, and nothing here opens one".to_owned(),
            "add the crate landfall-redis and call store_opener(landfall_redis::opener())",
        ),
        "postgres" | "postgresql" | "sqlite" => (
            "the store is an SQL database, and nothing here opens one".to_owned(),
            "add the crate landfall-sqlx and call store_opener(landfall_sqlx::opener())",
        ),
        other => (
            format!("{:?} is no kind of store", printable(other)),
            "use cookie, memory, sqlite:PATH, postgres://... or redis://...",
        ),
    };
    ConfigError::new("store", problem, remedy)
}
