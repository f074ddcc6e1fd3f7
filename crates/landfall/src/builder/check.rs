//! What each setting must be: every error names the setting and says what to do.
//!
//! Here are the checks that look at several settings, or that more than one file needs; those of one question stand
//! with its methods. They look at values and files alone. Where a setting weakens something, it is refused here,
//! and the way around is a function of `danger`, which the remedy names.

use std::sync::Arc;

use super::{RelyingPartyBuilder, key_file};
use crate::address::base_url::{BaseUrl, PLAIN_HTTP};
use crate::address::unencrypted::Unencrypted;
use crate::address::written::{self, shown};
use crate::context::endpoints::{Endpoint, is_path};
use crate::crypto::seal::{CookieKey, MAKE_ONE};
use crate::error::{ConfigError, Error, printable};
use crate::guard::guarded_paths;

impl RelyingPartyBuilder {
    /// Paths: each begins with one slash, and no two of our endpoints share one. The landing paths may have a
    /// query; an endpoint's may not, since requests are told by path alone.
    ///
    /// # Errors
    /// Names the setting whose path it is; `form_post` where the callback is at `/`, since a post there could be
    /// the application's own; `base_url` where one ends in such a path.
    pub(super) fn check_paths(&self, bases: &[BaseUrl]) -> Result<(), ConfigError> {
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
        let lands_at = self.landing.default_return_to.split(['?', '#']).next();
        if self
            .paths
            .get(Endpoint::SignInPage)
            .is_some_and(|page| lands_at.is_some_and(|path| guarded_paths::could_be(page, path)))
        {
            return Err(ConfigError::new(
                "sign_in_page",
                "the page is where sign-ins land that came from nowhere",
                "give it a path of its own, or `default_return_to` another",
            ));
        }
        if self.sign_in.past_the_page && self.paths.get(Endpoint::SignInPage).is_none() {
            return Err(ConfigError::new(
                "sign_in_page_auto",
                "there is no page to lead past",
                "give the `sign_in_page`, to which sign-ins that fail lead back, or leave it out",
            ));
        }
        if self.client.settings.form_post && self.paths.path(Endpoint::Callback) == "/" {
            return Err(ConfigError::new(
                "form_post",
                "the callback shares its path with the application's own posts",
                "give the callback a path of its own",
            ));
        }
        self.check_base_paths(bases)
    }

    /// No base URL ends in a path of ours: the redirect URI, or the address of the sign-in, was given in its place, and
    /// what is sent to the provider would have that path twice. Where it merely begins as such a path does, which an
    /// application may mean, a warning shows what comes of it.
    ///
    /// # Errors
    /// `base_url`, with the base URL that was meant.
    fn check_base_paths(&self, bases: &[BaseUrl]) -> Result<(), ConfigError> {
        let callback = self.paths.path(Endpoint::Callback);
        for base in bases {
            let own = self.paths.settings().find_map(|(setting, path)| {
                let before = base.literal.strip_suffix(path).filter(|_| base.path.ends_with(path))?;
                Some((setting, path, before))
            });
            if let Some((setting, path, before)) = own {
                return Err(ConfigError::new(
                    "base_url",
                    format!("{path}, which is the `{setting}`, at the end of {:?}", base.literal),
                    format!("{}: the redirect URI is that and {callback}", written::write(before)),
                ));
            }
            let first = callback.split('/').nth(1).filter(|first| !first.is_empty());
            if first.is_some_and(|first| base.path.rsplit('/').next() == Some(first)) {
                let redirect_uri = format!("{}{callback}", base.literal);
                tracing::warn!(
                    setting = self.names.of("base_url"),
                    redirect_uri,
                    "the base URL ends as our own paths begin: it should be where the application's own pages begin"
                );
            }
        }
        Ok(())
    }

    /// The ring of cookie keys. Without any:
    ///
    /// 1. Where a base URL is https, or beyond loopback, they have to be given: a random one would sign everybody out at
    ///    each restart, and differ between instances.
    /// 2. On loopback, beside a store in a file, one is made and kept there.
    /// 3. On loopback otherwise, one is made for this run.
    ///
    /// # Errors
    /// `cookie_keys`, with a command that makes one; or the file that cannot be used.
    pub(super) fn check_keys(&self, bases: &[BaseUrl]) -> Result<Vec<CookieKey>, ConfigError> {
        if !self.sessions.cookie_keys.is_empty() {
            return Ok(self.sessions.cookie_keys.clone());
        }
        if bases.iter().any(|base| base.secure || !base.is_loopback()) {
            return Err(ConfigError::new("cookie_keys", "missing", MAKE_ONE));
        }
        if let Some(file) = self.sessions.store.as_ref().and_then(|store| store.file()) {
            return Ok(vec![key_file::read_or_make(&file, self.names.of("cookie_keys"))?]);
        }
        let setting = self.names.of("cookie_keys");
        tracing::warn!(setting, "no cookie keys: a random one is used, and a restart signs everybody out");
        Ok(vec![CookieKey::generate()?])
    }
}

/// What allows an issuer to be plain http beyond loopback.
const PLAIN_ISSUER: &str = "danger::plain_http_issuer";

/// The issuer: https, or http on loopback, and without query, fragment or user name (OpenID Connect Discovery §3).
/// It is kept as it is written, since it is compared byte for byte. `plain` is the one that `danger` lets be plain http.
///
/// # Errors
/// `issuer`, with what is wrong and, where that can be told, the issuer that was meant.
pub(super) fn check_issuer(issuer: &str, plain: Option<&str>) -> Result<Arc<str>, ConfigError> {
    let wrong = |problem: &str, remedy: String| {
        ConfigError::new("issuer", format!("{problem} in {:?}", shown(issuer)), remedy)
    };
    let example = "give what the provider's metadata say behind \"issuer\", such as https://acme.example";
    let url = written::read(issuer).map_err(|slip| wrong(slip.problem, slip.remedy(example)))?;
    // Discovery §4.1 puts the suffix behind the issuer's path, RFC 8414 §3.1 between host and path.
    if let Some((before, after)) = issuer.split_once("/.well-known") {
        let path = after.trim_start_matches('/').split_once('/').map(|(_, path)| path).unwrap_or_default();
        let path = if path.is_empty() { String::new() } else { format!("/{path}") };
        let remedy = format!(
            "{}; that address itself says behind \"issuer\" whether there is a slash at the end",
            written::write(&format!("{before}{path}"))
        );
        return Err(wrong("the address of the metadata", remedy));
    }
    if url.scheme() != "https" {
        let way = Unencrypted {
            setting: "issuer",
            address: issuer,
            host: url.host_str().unwrap_or_default(),
            danger: PLAIN_ISSUER,
            is_allowed: plain == Some(issuer),
        };
        let lost =
            "whoever is on the way reads the client secret, codes and tokens, and can sign in as anybody";
        way.check_saying(lost).map_err(|_| wrong("plain http", instead_of_plain_http(issuer)))?;
    }
    Ok(Arc::from(issuer))
}

/// What to do where the issuer is plain http beyond loopback. A provider that calls itself so has to be told its own
/// address first: nothing that is written here makes such tokens trustworthy.
fn instead_of_plain_http(issuer: &str) -> String {
    let rest = issuer.strip_prefix("http://").unwrap_or_default();
    format!(
        "{}, and where the provider itself says http, set its public URL to that (behind a proxy: let it believe the \
         proxy's X-Forwarded-Proto); over plain http anybody on the way could sign in as anybody (where there is no TLS \
         at all, see {PLAIN_ISSUER}); where it is called by another address from here, that is `provider_address`",
        written::write(&format!("https://{rest}"))
    )
}

/// The base URLs, at least one, each origin once: a request chooses among them by its host. `plain` are those that
/// `danger` lets be plain http; one that was not given otherwise is given by that.
///
/// Plain http on loopback does not stand beside a public one, unless `danger` says so: whoever asks the deployed
/// application for `localhost` would have it set cookies that are not Secure, and tell on its pages what the log alone
/// should say. Plain http beyond loopback stands beside no https, whatever `danger` says.
///
/// # Errors
/// `base_url`, with what is wrong.
pub(super) fn check_base_urls(
    urls: &[String],
    plain: &[String],
    may_mix: bool,
) -> Result<Vec<BaseUrl>, ConfigError> {
    let is = |one: &String, other: &String| one.trim_end_matches('/') == other.trim_end_matches('/');
    let more = plain.iter().filter(|url| !urls.iter().any(|given| is(given, url)));
    let is_named = |url: &String| plain.iter().any(|named| is(named, url));
    let read = |url: &String| if is_named(url) { BaseUrl::with_plain_http(url) } else { BaseUrl::parse(url) };
    let bases = urls.iter().chain(more).map(read).collect::<Result<Vec<_>, _>>()?;
    let mut origins: Vec<_> = bases.iter().map(|base| base.origin.as_str()).collect();
    origins.sort_unstable();
    origins.dedup();
    match bases.first() {
        None => Err(ConfigError::new(
            "base_url",
            "missing",
            "say where browsers reach the application, such as https://app.example.com",
        )),
        Some(_) if origins.len() < bases.len() => {
            Err(ConfigError::new("base_url", "two of one origin", "give each host and port once"))
        }
        Some(_) => {
            check_tls(&bases)?;
            check_mix(&bases, may_mix).map(|()| bases)
        }
    }
}

/// Whether an application without TLS keeps to itself, and a WARN for each of its base URLs. Beside one of https it would be
/// one more way to it that whoever is on the way can change, of a host whose cookies they may set; and no name in
/// `danger` is for that.
///
/// # Errors
/// `base_url`, with one of either kind.
fn check_tls(bases: &[BaseUrl]) -> Result<(), ConfigError> {
    let plain = || bases.iter().filter(|base| base.is_plain_beyond_loopback());
    if let Some((plain, secure)) = plain().next().zip(bases.iter().find(|base| base.secure)) {
        return Err(ConfigError::new(
            "base_url",
            format!("plain http beside https: {:?} and {:?}", plain.literal, secure.literal),
            "give the https one alone: an application has TLS under all of its base URLs or under none",
        ));
    }
    plain().try_for_each(|base| {
        let way = Unencrypted {
            setting: "base_url",
            address: &base.literal,
            host: base.host(),
            danger: PLAIN_HTTP,
            is_allowed: true,
        };
        way.check_saying(
            "whoever is on the way, and every other service on that host whatever its port, reads and sets this application's cookies",
        )
    })
}

/// Whether development and deployment are kept apart: see [`check_base_urls`].
///
/// # Errors
/// `base_url`, with one of either kind.
fn check_mix(bases: &[BaseUrl], is_allowed: bool) -> Result<(), ConfigError> {
    const DANGER: &str = "danger::allow_loopback_beside_public";
    let plain = bases.iter().find(|base| !base.secure && base.is_loopback());
    let public = bases.iter().find(|base| !base.is_loopback());
    let Some((plain, public)) = plain.zip(public) else { return Ok(()) };
    if !is_allowed {
        return Err(ConfigError::new(
            "base_url",
            format!(
                "plain http on loopback beside a public address: {:?} and {:?}",
                plain.literal, public.literal
            ),
            format!(
                "give each environment its own `base_url`; or, where one process has to answer for both, say so by {DANGER}"
            ),
        ));
    }
    tracing::warn!(
        loopback = plain.literal,
        public = public.literal,
        allowed_by = DANGER,
        "base URLs for development and for everybody in one process: whoever asks for the loopback one gets cookies that are not Secure, and pages that explain"
    );
    Ok(())
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
    fn an_issuer_that_is_refused_is_shown_as_it_should_be_written() {
        for (issuer, remedy) in [
            ("https://op.example/.well-known/openid-configuration", "write https://op.example;"),
            ("https://op.example/a/.well-known/openid-configuration", "write https://op.example/a;"),
            ("https://op.example/.well-known/oauth-authorization-server/a", "write https://op.example/a;"),
            ("https://op.example/.well-known/", "write https://op.example;"),
            ("http://op.example", "write https://op.example, and where the provider itself says http"),
            ("http://op.example/.well-known/openid-configuration", "write http://op.example;"),
            ("\"https://op.example\"", "write https://op.example"),
            ("op.example", "write https://op.example"),
            ("localhost:9000", "write http://localhost:9000"),
            ("https://op.example/?x", "write https://op.example"),
            ("https://{tenant}.op.example", "give what the provider's metadata say"),
        ] {
            let error = RelyingParty::builder(issuer).build().unwrap_err();
            assert_eq!(error.setting, "issuer", "{error}");
            assert!(error.remedy.starts_with(remedy), "{error}");
        }
        for harmless in ["https://op.example/", "https://op.example:443/token", "https://OP.example//a"] {
            let error = RelyingParty::builder(harmless).build().unwrap_err();
            assert_eq!(error.setting, "base_url", "{harmless} is a sound issuer: {error}");
        }
    }

    #[test]
    fn a_base_url_that_ends_in_a_path_of_ours_is_refused_whatever_that_path_is() {
        let under = |base: &str| {
            RelyingParty::builder("https://op.example")
                .client("app", "secret")
                .base_url(base)
                .cookie_keys([CookieKey::generate().unwrap()])
        };
        for (builder, remedy) in [
            (
                under("https://app.example.com/auth/callback/"),
                "write https://app.example.com: the redirect URI is that and /auth/callback",
            ),
            (
                under("https://app.example.com/a/signin-oidc").callback_path("/signin-oidc"),
                "write https://app.example.com/a: the redirect URI is that and /signin-oidc",
            ),
            (
                under("https://app.example.com/auth/login"),
                "write https://app.example.com: the redirect URI is that and /auth/callback",
            ),
        ] {
            let error = builder.build().unwrap_err();
            assert_eq!((error.setting.as_str(), error.remedy.as_str()), ("base_url", remedy));
        }
        for harmless in ["https://app.example.com/auth", "https://app.example.com/my-auth/callbacks"] {
            assert!(under(harmless).build().is_ok(), "{harmless}");
        }
        assert!(under("https://app.example.com/auth/callback").callback_path("/").build().is_ok());
    }

    #[test]
    fn plain_http_on_loopback_stands_beside_no_public_base_url_unless_danger_says_so() {
        for local in ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:3000"] {
            let error = builder().base_url(local).build().unwrap_err();
            assert_eq!(error.setting, "base_url");
            assert!(error.remedy.contains("danger::allow_loopback_beside_public"), "{error}");
            let named = crate::danger::allow_loopback_beside_public(builder().base_url(local));
            assert!(format!("{named:?}").contains("loopback_beside_public: true"));
            assert!(named.build().is_ok(), "{local}");
            // What is left is checked as ever.
            let plain = builder().base_url(local).base_url("http://app.example.org");
            assert_eq!(refused(crate::danger::allow_loopback_beside_public(plain)), "base_url");
        }
        assert!(builder().base_url("https://localhost:3000").build().is_ok());
        let local = RelyingParty::builder("https://op.example").client("app", "secret");
        assert!(local.base_url("http://localhost:3000").base_url("http://127.0.0.1:3000").build().is_ok());
    }

    const SHOP: &str = "http://shop.lan:3000";

    /// An application that `danger` lets be without TLS.
    fn without_tls() -> RelyingPartyBuilder {
        let builder = RelyingParty::builder("https://op.example").client("app", "secret");
        let builder = builder.cookie_keys([CookieKey::generate().unwrap()]);
        crate::danger::plain_http_base_url(builder, SHOP)
    }

    #[test]
    fn plain_http_beyond_loopback_is_for_the_base_urls_that_danger_names() {
        let built = |builder: RelyingPartyBuilder| {
            let built = builder.build().unwrap();
            built.base_urls().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(built(without_tls()), [SHOP]);
        // Given as others are, it is the same one.
        assert_eq!(built(without_tls().base_url(SHOP)), [SHOP]);
        assert_eq!(built(without_tls().base_url(format!("{SHOP}/"))), [SHOP]);
        let two = crate::danger::plain_http_base_url(without_tls(), "http://192.168.0.7");
        assert_eq!(built(two), [SHOP, "http://192.168.0.7"]);
        for other in ["http://desk.lan:3000", "http://shop.lan", "http://0.0.0.0:3000"] {
            assert_eq!(refused(without_tls().base_url(other)), "base_url", "{other}");
        }
        assert_eq!(refused(crate::danger::plain_http_base_url(builder(), "http://0.0.0.0:3000")), "base_url");
        // It is no place of a developer's: keys are given, and loopback stands apart.
        assert_eq!(refused(without_tls().cookie_keys([])), "cookie_keys");
        let local = || without_tls().base_url("http://localhost:3000");
        assert!(local().build().unwrap_err().remedy.contains("danger::allow_loopback_beside_public"));
        assert!(crate::danger::allow_loopback_beside_public(local()).build().is_ok());
    }

    #[test]
    fn an_application_without_tls_has_no_https_base_url_beside_whatever_danger_says() {
        for secure in ["https://app.example.com", "https://shop.lan", "https://localhost:3000"] {
            let error = without_tls().base_url(secure).build().unwrap_err();
            assert_eq!(error.setting, "base_url");
            assert!(error.problem.starts_with("plain http beside https"), "{error}");
            let lifted = crate::danger::allow_loopback_beside_public(without_tls().base_url(secure));
            assert_eq!(refused(lifted), "base_url", "{secure}");
        }
    }

    #[test]
    fn a_single_page_application_takes_answers_by_plain_http_at_a_base_url_without_tls_alone() {
        let page = |page: &str| without_tls().spa_callback(page);
        assert!(page("http://shop.lan:3000/callback").build().is_ok());
        assert_eq!(refused(page("http://shop.lan:5173/callback")), "spa_callback");
        assert_eq!(refused(builder().spa_callback("http://app.example.com/callback")), "spa_callback");
    }

    #[test]
    fn plain_http_beyond_loopback_is_for_the_issuer_that_danger_names() {
        use crate::danger::plain_http_issuer;
        const ID: &str = "http://id.lan:9000";
        let at = |issuer: &str| {
            let builder =
                RelyingParty::builder(issuer).client("app", "secret").base_url("https://app.example.com");
            builder.cookie_keys([CookieKey::generate().unwrap()])
        };
        assert_eq!(plain_http_issuer(at(ID), ID).build().unwrap().issuer(), ID);
        for other in ["http://id.lan:9000/", "http://id.lan", "http://other.lan:9000", "https://id.lan:9000"]
        {
            let error = plain_http_issuer(at(ID), other).build().unwrap_err();
            assert!(
                error.setting == "issuer" && error.remedy.contains("danger::plain_http_issuer"),
                "{error}"
            );
        }
        assert!(plain_http_issuer(at("https://op.example"), ID).build().is_ok());
        assert_eq!(
            refused(plain_http_issuer(at("http://id.lan:9000/?x"), "http://id.lan:9000/?x")),
            "issuer"
        );
    }

    #[test]
    fn base_urls_that_differ_by_path_alone_are_of_one_origin_and_refused() {
        assert_eq!(refused(builder().base_url("https://app.example.com/staging")), "base_url");
        assert!(builder().base_url("https://app.example.com:8443/staging").build().is_ok());
    }

    #[test]
    fn a_bad_issuer_is_named_before_anything_else_that_is_missing() {
        assert_eq!(refused(RelyingParty::builder("http://op.example")), "issuer");
        assert_eq!(refused(builder().application_name(" ")), "application_name");
    }
}
