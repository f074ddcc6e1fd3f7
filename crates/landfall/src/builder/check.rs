//! What each setting must be: every error names the setting and says what to do.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::{RelyingPartyBuilder, key_file};
use crate::address::base_url::{BaseUrl, is_loopback};
use crate::address::return_to::ReturnTo;
use crate::context::settings::SecretSource;
use crate::crypto::seal::CookieKey;
use crate::error::{ConfigError, Error, printable};
use crate::protocol::algorithm::SigningAlgorithm;
use crate::protocol::authorize::OWN_PARAMETERS;
use crate::protocol::client_auth::ClientAuth;
use crate::provider::http_client::HttpClient;
use crate::session::{Lifetimes, MemoryStore};

impl RelyingPartyBuilder {
    pub(super) fn check_client(&self) -> Result<(SecretSource, ClientAuth), ConfigError> {
        let id = self.client_id.as_deref().unwrap_or_default();
        if id.is_empty() || id.trim() != id || id.chars().any(char::is_control) {
            return Err(ConfigError::new(
                "client",
                "the client id is missing or has space around it",
                "copy it from the provider",
            ));
        }
        let source = match (&self.secret, &self.secret_file) {
            (_, Some(file)) => SecretSource::file(file.clone())?,
            (Some(secret), None) => SecretSource::Value(secret.clone()),
            (None, None) => SecretSource::None,
        };
        let method = self.client_auth.unwrap_or_default();
        let secret = source.current();
        match (&secret, method) {
            (None, ClientAuth::None) => Ok((source, method)),
            (None, _) => Err(ConfigError::new(
                "client",
                format!("{method} without a client secret"),
                "give the secret, or call public_client for a client without one",
            )),
            (Some(_), ClientAuth::None) => Err(ConfigError::new(
                "client_auth",
                "a client secret that would not be used",
                "leave the secret out, or choose client_secret_basic",
            )),
            (Some(secret), _) if secret.expose().is_empty() || secret.expose().trim() != secret.expose() => {
                Err(ConfigError::new(
                    "client",
                    "the client secret is empty or has space around it",
                    "copy it again",
                ))
            }
            (Some(_), _) => Ok((source, method)),
        }
    }

    pub(super) fn check_algorithms(
        &self,
        secret: &SecretSource,
    ) -> Result<Vec<SigningAlgorithm>, ConfigError> {
        if self.algorithms.is_empty() {
            return Err(ConfigError::new(
                "id_token_algorithms",
                "none is allowed",
                "name at least one, such as RS256",
            ));
        }
        let hmac = self.algorithms.contains(&SigningAlgorithm::Hs256);
        if hmac && self.algorithms.len() > 1 {
            return Err(ConfigError::new(
                "id_token_algorithms",
                "HS256 beside algorithms with public keys",
                "name the one that the provider signs with",
            ));
        }
        if hmac && secret.current().is_none_or(|secret| secret.expose().len() < 32) {
            return Err(ConfigError::new(
                "id_token_algorithms",
                "HS256 without a client secret of at least 32 bytes (RFC 7518 §3.2)",
                "use RS256, or a longer secret",
            ));
        }
        Ok(self.algorithms.clone())
    }

    pub(super) fn check_scopes(&self) -> Result<String, ConfigError> {
        let mut scopes: Vec<&str> = Vec::new();
        for scope in std::iter::once("openid").chain(self.scopes.iter().map(String::as_str)) {
            let sound =
                !scope.is_empty() && scope.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
            if !sound {
                return Err(ConfigError::new(
                    "scopes",
                    format!("{:?} is no scope", printable(scope)),
                    "see RFC 6749 §3.3",
                ));
            }
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        if self.store.is_none() && !self.is_native && scopes.contains(&"offline_access") {
            return Err(ConfigError::new(
                "scopes",
                "offline_access without a store: a refresh token is never kept in a cookie",
                "give the builder a store, or leave the scope out",
            ));
        }
        for (name, _) in &self.extra_parameters {
            if OWN_PARAMETERS.contains(&name.as_str()) {
                return Err(ConfigError::new(
                    "extra_parameter",
                    format!("{name} is set by the relying party itself"),
                    "use the builder's own method for it, if there is one",
                ));
            }
        }
        Ok(scopes.join(" "))
    }

    pub(super) fn check_paths(&self) -> Result<(), ConfigError> {
        let optional = [
            ("backchannel_logout_path", &self.paths.backchannel_logout),
            ("webhook_path", &self.paths.webhook),
        ];
        let own: Vec<_> = [
            ("login_path", &self.paths.login),
            ("callback_path", &self.paths.callback),
            ("logout_path", &self.paths.logout),
            ("session_path", &self.paths.session),
            ("exchange_path", &self.paths.exchange),
            ("resume_path", &self.paths.resume),
            ("frontchannel_logout_path", &self.paths.frontchannel_logout),
        ]
        .into_iter()
        .chain(optional.into_iter().filter_map(|(setting, path)| Some((setting, path.as_ref()?))))
        .collect();
        for (setting, path) in own
            .iter()
            .chain([&("default_return_to", &self.default_return_to), &("after_logout", &self.after_logout)])
        {
            if ReturnTo::parse(path).is_ok_and(|parsed| parsed.as_str() == path.as_str()) {
                continue;
            }
            return Err(ConfigError::new(
                *setting,
                format!("{:?} is no path", printable(path)),
                "begin it with one slash",
            ));
        }
        for (setting, path) in &own {
            if path.contains(['?', '#']) || own.iter().filter(|(_, other)| other == path).count() > 1 {
                return Err(ConfigError::new(
                    *setting,
                    "a path that is not its own",
                    "give each a path without query",
                ));
            }
        }
        if self.form_post && self.paths.callback == "/" {
            return Err(ConfigError::new(
                "form_post",
                "the callback shares its path with the application's own posts",
                "give the callback a path of its own",
            ));
        }
        Ok(())
    }

    /// Opens the store that an address names.
    pub(super) fn open_store(&mut self) -> Result<(), ConfigError> {
        let Some(address) = self.store_address.take() else { return Ok(()) };
        if self.store.is_some() {
            return Err(ConfigError::new("store", "given twice, as a value and by its address", "give one"));
        }
        let address = address.expose().as_str();
        // Only the scheme is ever repeated: an address may hold a password.
        let scheme = address.split(':').next().unwrap_or_default();
        let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        let scheme = if scheme.bytes().all(is_scheme) { scheme } else { "" };
        self.store = match scheme {
            "cookie" => None,
            "memory" => Some(Arc::new(MemoryStore::with_clock(Arc::clone(&self.clock)))),
            _ => match self.store_openers.iter().find(|opener| opener.schemes().contains(&scheme)) {
                Some(opener) => Some(
                    opener
                        .open(address, Arc::clone(&self.clock))
                        .map_err(|error| ConfigError::new("store", error.to_string(), "mend the address"))?,
                ),
                None => return Err(no_opener(scheme)),
            },
        };
        Ok(())
    }

    pub(super) fn check_keys(&self, bases: &[BaseUrl]) -> Result<Vec<CookieKey>, ConfigError> {
        if !self.cookie_keys.is_empty() {
            return Ok(self.cookie_keys.clone());
        }
        if bases.iter().any(|base| base.secure) {
            return Err(ConfigError::new(
                "cookie_keys",
                "missing",
                "make one with: openssl rand -base64 32 | tr '+/' '-_' | tr -d '='",
            ));
        }
        if let Some(file) = self.store.as_ref().and_then(|store| store.file()) {
            return Ok(vec![key_file::read_or_make(&file)?]);
        }
        tracing::warn!("no cookie keys: a random one is used, and a restart signs everybody out");
        Ok(vec![CookieKey::generate()?])
    }

    pub(super) fn check_lifetimes(&self) -> Result<Lifetimes, ConfigError> {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        let stored = self.store.is_some();
        let absolute = self.session_lifetime.unwrap_or(hours(if stored { 7 * 24 } else { 8 }));
        let idle = self.idle_lifetime.unwrap_or(hours(if stored { 8 } else { 2 })).min(absolute);
        for (setting, span) in
            [("session_lifetime", absolute), ("idle_lifetime", idle), ("login_lifetime", self.login_lifetime)]
        {
            if span < Duration::from_secs(1) {
                return Err(ConfigError::new(
                    setting,
                    "shorter than a second",
                    "give it a span that people can use",
                ));
            }
        }
        if self.silent_sign_in.is_some_and(|period| period < Duration::from_secs(60)) {
            return Err(ConfigError::new(
                "silent_sign_in",
                "a period shorter than a minute",
                "give it one that sends nobody about all day, such as 15 minutes",
            ));
        }
        if self.leeway > Duration::from_secs(600) {
            return Err(ConfigError::new(
                "clock_leeway",
                "longer than ten minutes",
                "set the clocks instead",
            ));
        }
        Ok(Lifetimes { absolute, idle })
    }

    #[cfg(feature = "reqwest")]
    pub(super) fn http(&self) -> Result<Arc<dyn HttpClient>, ConfigError> {
        use crate::provider::reqwest::{HttpLimits, ReqwestClient};
        if let Some(client) = &self.http_client {
            return Ok(Arc::clone(client));
        }
        let root = match &self.ca_file {
            Some(file) => Some(std::fs::read(file).map_err(|error| {
                ConfigError::new("ca_file", format!("cannot be read ({})", error.kind()), "name a PEM file")
            })?),
            None => None,
        };
        let limits =
            HttpLimits { connect: self.connect_timeout, total: self.http_timeout, ..HttpLimits::default() };
        let addresses = [Some(&self.issuer), self.environment.provider_address.as_ref()];
        let plain_http = addresses.into_iter().flatten().any(|address| address.starts_with("http:"));
        Ok(Arc::new(ReqwestClient::new(limits, root.as_deref(), plain_http)?))
    }

    #[cfg(not(feature = "reqwest"))]
    pub(super) fn http(&self) -> Result<Arc<dyn HttpClient>, ConfigError> {
        self.http_client.clone().ok_or_else(|| {
            ConfigError::new("http_client", "missing", "give one, or turn the feature `reqwest` on")
        })
    }
}

fn no_opener(scheme: &str) -> ConfigError {
    let (problem, remedy) = match scheme {
        "redis" | "rediss" | "redis+cluster" | "rediss+cluster" => (
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

pub(super) fn check_issuer(issuer: &str) -> Result<Arc<str>, ConfigError> {
    let wrong = |problem: &str| {
        ConfigError::new(
            "issuer",
            format!("{problem} in {:?}", printable(issuer)),
            "copy it from the provider's metadata",
        )
    };
    if issuer.is_empty() || issuer.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(wrong("space or nothing"));
    }
    let url = Url::parse(issuer).map_err(|_| wrong("no absolute URL"))?;
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
        return Err(wrong("a scheme other than https"));
    }
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(wrong("a query, a fragment or a user name"));
    }
    Ok(Arc::from(issuer))
}

pub(super) fn check_base_urls(urls: &[String]) -> Result<Vec<BaseUrl>, ConfigError> {
    let bases = urls.iter().map(|url| BaseUrl::parse(url)).collect::<Result<Vec<_>, _>>()?;
    let mut origins: Vec<_> = bases.iter().map(|base| base.origin.as_str()).collect();
    origins.sort_unstable();
    origins.dedup();
    match bases.first() {
        None => Err(ConfigError::new("base_url", "missing", "say where browsers reach the application")),
        Some(_) if origins.len() < bases.len() => {
            Err(ConfigError::new("base_url", "two of one origin", "give each host and port once"))
        }
        Some(_) => Ok(bases),
    }
}

pub(super) fn sealing(error: &Error) -> ConfigError {
    ConfigError::new("cookie_keys", error.to_string(), "give other keys")
}
