//! What each setting must be: every error names the setting and says what to do.
//!
//! Here are the checks that look at several settings, or that more than one file needs; those of one question stand
//! with its methods. They look at values and files alone. Where a setting weakens something, it is refused here,
//! and the way around is a function of `danger`, which the remedy names.

use std::sync::Arc;

use url::Url;

use super::{RelyingPartyBuilder, key_file};
use crate::address::base_url::{BaseUrl, is_loopback};
use crate::context::endpoints::{Endpoint, is_path};
use crate::crypto::seal::CookieKey;
use crate::error::{ConfigError, Error, printable};

impl RelyingPartyBuilder {
    /// Paths: each begins with one slash, and no two of our endpoints share one. The landing paths may have a
    /// query; an endpoint's may not, since requests are told by path alone.
    ///
    /// # Errors
    /// Names the setting whose path it is; `form_post` where the callback is at `/`, since a post there could be
    /// the application's own.
    pub(super) fn check_paths(&self) -> Result<(), ConfigError> {
        let landing = [
            ("default_return_to", &self.landing.default_return_to),
            ("after_logout", &self.landing.after_logout),
        ];
        let landing = landing.into_iter().map(|(setting, path)| (setting, path.as_str()));
        for (setting, path) in self.paths.settings().chain(landing) {
            if !is_path(path) {
                return Err(ConfigError::new(
                    setting,
                    format!("{:?} is no path", printable(path)),
                    "begin it with one slash",
                ));
            }
        }
        for (setting, path) in self.paths.settings() {
            let is_taken = self.paths.settings().filter(|(_, other)| *other == path).count() > 1;
            if path.contains(['?', '#']) || is_taken {
                return Err(ConfigError::new(
                    setting,
                    "a path that is not its own",
                    "give each a path without query",
                ));
            }
        }
        if self.client.settings.form_post && self.paths.path(Endpoint::Callback) == "/" {
            return Err(ConfigError::new(
                "form_post",
                "the callback shares its path with the application's own posts",
                "give the callback a path of its own",
            ));
        }
        Ok(())
    }

    /// The ring of cookie keys. Without any:
    ///
    /// 1. Where a base URL is https they have to be given: a random one would sign everybody out at each restart,
    ///    and differ between instances.
    /// 2. On loopback, beside a store in a file, one is made and kept there.
    /// 3. On loopback otherwise, one is made for this run.
    ///
    /// # Errors
    /// `cookie_keys`, with a command that makes one; or the file that cannot be used.
    pub(super) fn check_keys(&self, bases: &[BaseUrl]) -> Result<Vec<CookieKey>, ConfigError> {
        if !self.sessions.cookie_keys.is_empty() {
            return Ok(self.sessions.cookie_keys.clone());
        }
        if bases.iter().any(|base| base.secure) {
            return Err(ConfigError::new(
                "cookie_keys",
                "missing",
                "make one with: openssl rand -base64 32 | tr '+/' '-_' | tr -d '='",
            ));
        }
        if let Some(file) = self.sessions.store.as_ref().and_then(|store| store.file()) {
            return Ok(vec![key_file::read_or_make(&file)?]);
        }
        tracing::warn!("no cookie keys: a random one is used, and a restart signs everybody out");
        Ok(vec![CookieKey::generate()?])
    }
}

/// The issuer: https, or http on loopback, and without query, fragment or user name (OpenID Connect Discovery §3).
/// It is kept as it is written, since it is compared byte for byte.
///
/// # Errors
/// `issuer`, with what is wrong.
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

/// The base URLs, at least one, each origin once: a request chooses among them by its host.
///
/// # Errors
/// `base_url`, with what is wrong.
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

/// A failure while seals are derived, as an error about the keys that they are derived from.
pub(super) fn sealing(error: &Error) -> ConfigError {
    ConfigError::new("cookie_keys", error.to_string(), "give other keys")
}

#[cfg(test)]
mod tests {
    use crate::{CookieKey, RelyingParty, RelyingPartyBuilder};

    fn builder() -> RelyingPartyBuilder {
        RelyingParty::builder("https://op.example")
            .client("app", "secret")
            .base_url("https://app.example.com")
            .cookie_keys([CookieKey::generate().unwrap()])
    }

    /// The setting that an error names.
    fn refused(builder: RelyingPartyBuilder) -> String {
        builder.build().unwrap_err().setting
    }

    #[test]
    fn answers_are_not_posted_to_a_path_that_is_the_applications_own() {
        assert_eq!(refused(builder().callback_path("/").form_post()), "form_post");
        assert!(builder().callback_path("/").build().is_ok() && builder().form_post().build().is_ok());
    }

    #[test]
    fn two_endpoints_of_one_path_and_paths_that_are_none_are_refused_by_the_setting_that_is_wrong() {
        assert_eq!(refused(builder().login_path("/auth/logout")), "login_path");
        assert_eq!(refused(builder().frontchannel_logout_path("/auth/session")), "session_path");
        assert_eq!(refused(builder().logout_path("auth/logout")), "logout_path");
        assert_eq!(refused(builder().after_logout("//evil.example")), "after_logout");
        assert_eq!(refused(builder().session_path("/me?x=1")), "session_path");
    }

    #[test]
    fn a_bad_issuer_is_named_before_anything_else_that_is_missing() {
        assert_eq!(refused(RelyingParty::builder("http://op.example")), "issuer");
        assert_eq!(refused(builder().application_name(" ")), "application_name");
    }
}
