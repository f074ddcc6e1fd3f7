//! Configuration by environment variables (the twelve-factor way). A missing or malformed variable is an error that
//! names it.
//!
//! The client is read first and by hand, since its variables depend on each other; everything else is a row in
//! `variables`. What comes out is a builder, so an application can set more before it builds. An empty variable
//! counts as not set: that is how many systems take one away.

use super::RelyingPartyBuilder;
use super::env_variables::{VARIABLES, names};
use crate::crypto::secret::Secret;
use crate::error::{ConfigError, printable};
use crate::protocol::client_auth::ClientAuth;
use crate::relying_party::RelyingParty;

impl RelyingParty {
    /// Starts to put one together from the environment.
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `LANDFALL_PROVIDER` | `none` for an application that goes without one, in place of issuer and client; see [`without_provider`] |
    /// | `LANDFALL_ISSUER` | the issuer, exactly as the provider writes it |
    /// | `LANDFALL_CLIENT_ID` | the client id |
    /// | `LANDFALL_CLIENT_SECRET`, or `_FILE` | the secret, or a file that holds it |
    /// | `LANDFALL_CLIENT_AUTH` | `client_secret_basic` (default), `client_secret_post`, `none` |
    /// | `LANDFALL_BASE_URL` | where browsers reach the application; several with commas between |
    /// | `LANDFALL_COOKIE_KEYS` | keys of 32 bytes, as `openssl rand -base64 32` makes them, with commas between; the first seals |
    /// | `LANDFALL_STORE` | `cookie` (default), `memory`, or what a [`store_opener`] opens: `sqlite:PATH`, `postgres://…`, `redis://…` |
    /// | `LANDFALL_SCOPES` | space-separated; default `openid profile email` |
    /// | `LANDFALL_AUDIENCE` | the API that the access token is for |
    /// | `LANDFALL_RESPONSE_MODE` | `query` (default) or `form_post` |
    /// | `LANDFALL_USERINFO` | `auto` (default), `always`, `never` |
    /// | `LANDFALL_ID_TOKEN_ALGS` | space- or comma-separated; default `RS256` |
    /// | `LANDFALL_MAX_AGE` | seconds |
    /// | `LANDFALL_ACR_VALUES` | space-separated |
    /// | `LANDFALL_TRUSTED_AUDIENCES` | space- or comma-separated |
    /// | `LANDFALL_ROLE_CLAIM` | the claim that holds the roles, by name or path; default `roles` |
    /// | `LANDFALL_ROLE_SEPARATOR` | `space` or `comma`: what parts several roles in one string |
    /// | `LANDFALL_ROLE_MAPPING` | which roles a group gives, `group=role,role`, with semicolons between; see [`role_mapping`] |
    /// | `LANDFALL_WEBHOOK_SECRET` | the secret of the tenant's webhook; several with commas between while it changes |
    /// | `LANDFALL_SPA_CALLBACK` | the callback routes of single-page applications; several with commas between |
    /// | `LANDFALL_TRUSTED_PROXIES` | addresses and networks of the proxies in front, with commas between |
    /// | `LANDFALL_FORWARDED_HEADERS` | `x-forwarded` (default) or `forwarded`: what those proxies write |
    /// | `LANDFALL_ANY_HOST` | paths that are answered under any Host, with commas between |
    /// | `LANDFALL_PROVIDER_ADDRESS` | the origin by which the provider is reached from here, if not by the issuer's |
    /// | `LANDFALL_APPLICATION_NAME` | the name that seals and indexes are derived from; see [`application_name`] |
    /// | `LANDFALL_SIGN_IN_PAGE` | the path of the application's own sign-in page; see [`sign_in_page`] |
    /// | `LANDFALL_PROVIDER_NAME` | what a sign-in page calls the provider |
    /// | `LANDFALL_CA_FILE` | a PEM file with a further root for the provider |
    ///
    /// Where they are not set, `INTELLIAUTH_TENANT_URL`, `INTELLIAUTH_CLIENT_ID`, `INTELLIAUTH_CLIENT_SECRET`,
    /// `INTELLIAUTH_API_AUDIENCE` and `INTELLIAUTH_WEBHOOK_SECRET` stand in.
    ///
    /// [`store_opener`]: RelyingPartyBuilder::store_opener
    /// [`role_mapping`]: RelyingPartyBuilder::role_mapping
    /// [`application_name`]: RelyingPartyBuilder::application_name
    /// [`sign_in_page`]: RelyingPartyBuilder::sign_in_page
    /// [`without_provider`]: RelyingParty::without_provider
    ///
    /// # Errors
    /// When a variable is missing or malformed; the error names it.
    pub fn from_env() -> Result<RelyingPartyBuilder, ConfigError> {
        from_variables(&|name| match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err(ConfigError::new(name, "not UTF-8", "set it anew")),
        })
    }
}

/// Looks a variable up. A function, so that tests need no environment, which all threads share.
type Lookup<'a> = &'a dyn Fn(&str) -> Result<Option<String>, ConfigError>;

/// The client, then row by row.
fn from_variables(lookup: Lookup<'_>) -> Result<RelyingPartyBuilder, ConfigError> {
    let get = |name: &str| Ok(lookup(name)?.filter(|value| !value.trim().is_empty()));
    let mut builder = client(&get)?;
    for variable in &VARIABLES {
        let is_overruled = match variable.unless {
            Some(other) => get(other)?.is_some(),
            None => false,
        };
        if is_overruled {
            continue;
        }
        if let Some(value) = get(variable.name)? {
            // The builder is gone with the error, and takes the setting for its own.
            let mut names = builder.names.clone();
            names.call(variable.setting, variable.name);
            builder = (variable.set)(builder, &value).map_err(|error| names.name(&error))?;
            builder.names = names;
        }
    }
    Ok(builder)
}

/// The client that the environment names: the one thing that takes several variables at once.
fn client(get: Lookup<'_>) -> Result<RelyingPartyBuilder, ConfigError> {
    let missing = |name: &str, what: &str| ConfigError::new(name, "missing", format!("set it to {what}"));
    // With the name that it was found under.
    let first = |names: [&'static str; 2]| {
        for name in names {
            if let Some(value) = get(name)? {
                return Ok(Some((name, value)));
            }
        }
        Ok::<_, ConfigError>(None)
    };
    let issuer = first(["LANDFALL_ISSUER", "INTELLIAUTH_TENANT_URL"])?;
    // Said, and never guessed: a variable that was lost must not open an application to passwords.
    if let Some(provider) = get("LANDFALL_PROVIDER")? {
        return without_provider(provider.trim(), issuer.as_ref().map(|(issuer_by, _)| *issuer_by));
    }
    let Some((issuer_by, issuer)) = issuer else {
        return Err(missing("LANDFALL_ISSUER", "the provider's issuer, such as https://acme.example"));
    };
    let (id_by, id) = first(["LANDFALL_CLIENT_ID", "INTELLIAUTH_CLIENT_ID"])?
        .ok_or_else(|| missing("LANDFALL_CLIENT_ID", "the client id that the provider gave"))?;
    let mut names = names();
    names.call("issuer", issuer_by);
    names.call("client_id", id_by);
    let mut builder = RelyingPartyBuilder::new(Some(issuer));
    if issuer_by == "INTELLIAUTH_TENANT_URL" {
        builder = builder.read_access_token();
    }
    let auth = get("LANDFALL_CLIENT_AUTH")?.map(|text| text.parse::<ClientAuth>());
    let auth = auth.transpose().map_err(|error| names.name(&error))?;
    let file = get("LANDFALL_CLIENT_SECRET_FILE")?;
    let secret = first(["LANDFALL_CLIENT_SECRET", "INTELLIAUTH_CLIENT_SECRET"])?;
    let mut builder = match (file, secret) {
        (Some(_), Some(("LANDFALL_CLIENT_SECRET", _))) => {
            return Err(ConfigError::new(
                "LANDFALL_CLIENT_SECRET_FILE",
                "set beside LANDFALL_CLIENT_SECRET",
                "unset one",
            ));
        }
        (Some(file), _) => {
            names.call("client_secret", "LANDFALL_CLIENT_SECRET_FILE");
            builder.client_with_secret_file(id, file)
        }
        (None, Some((secret_by, secret))) => {
            names.call("client_secret", secret_by);
            builder.client(id, Secret::new(secret))
        }
        (None, None) if auth == Some(ClientAuth::None) => builder.public_client(id),
        (None, None) => {
            return Err(missing(
                "LANDFALL_CLIENT_SECRET",
                "the client secret, or set LANDFALL_CLIENT_AUTH to none for a public client",
            ));
        }
    };
    if let Some(auth) = auth {
        builder = builder.client_auth(auth);
    }
    // The methods called above take their settings for their own.
    builder.names = names;
    Ok(builder)
}

/// An application that was told to go without a provider, and was told of none.
fn without_provider(said: &str, issuer_by: Option<&str>) -> Result<RelyingPartyBuilder, ConfigError> {
    let wrong = |problem: String, remedy: &str| Err(ConfigError::new("LANDFALL_PROVIDER", problem, remedy));
    match (said, issuer_by) {
        ("none", None) => {
            let mut builder = RelyingPartyBuilder::new(None);
            builder.names = names();
            Ok(builder)
        }
        ("none", Some(issuer_by)) => wrong(format!("none beside {issuer_by}"), "unset one"),
        (other, _) => {
            wrong(format!("{:?} is not known", printable(other)), "use none, or unset it and name the issuer")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::seal::CookieKey;

    const SOUND: [(&str, &str); 4] = [
        ("LANDFALL_ISSUER", "https://op.example"),
        ("LANDFALL_CLIENT_ID", "rp-1"),
        ("LANDFALL_CLIENT_SECRET", "s3cr3t-PLANTED"),
        ("LANDFALL_BASE_URL", "http://127.0.0.1:3000, http://localhost:3000"),
    ];

    fn build(changes: &[(&str, &str)]) -> Result<RelyingParty, ConfigError> {
        let lookup = |name: &str| {
            let value = changes.iter().chain(&SOUND).find(|(key, _)| *key == name).map(|(_, value)| *value);
            Ok(value.map(str::to_owned))
        };
        from_variables(&lookup)?.build()
    }

    #[test]
    fn every_bad_variable_is_named_and_no_secret_is_shown() {
        for (name, value) in [
            ("LANDFALL_ISSUER", "op.example"),
            ("LANDFALL_ISSUER", "http://op.example"),
            ("LANDFALL_ISSUER", " https://op.example"),
            ("LANDFALL_CLIENT_SECRET", "s3cr3t-PLANTED "),
            ("LANDFALL_CLIENT_AUTH", "magic"),
            ("LANDFALL_CLIENT_AUTH", "none"),
            ("LANDFALL_BASE_URL", "http://app.example.com"),
            ("LANDFALL_BASE_URL", "https://app.example.com"), // without cookie keys
            ("LANDFALL_COOKIE_KEYS", "PLANTED"),
            ("LANDFALL_SCOPES", "openid \"x"),
            ("LANDFALL_SCOPES", "openid offline_access"),
            ("LANDFALL_RESPONSE_MODE", "fragment"),
            ("LANDFALL_USERINFO", "sometimes"),
            ("LANDFALL_ID_TOKEN_ALGS", "none"),
            ("LANDFALL_ID_TOKEN_ALGS", "HS256"), // the secret is too short
            ("LANDFALL_MAX_AGE", "-1"),
            ("LANDFALL_STORE", "disk"),
            ("LANDFALL_ROLE_SEPARATOR", ";"),
            ("LANDFALL_ROLE_MAPPING", "ops"),
            ("LANDFALL_WEBHOOK_SECRET", "PLANTED"), // without a store
            ("LANDFALL_CA_FILE", "/nowhere"),
            ("LANDFALL_SPA_CALLBACK", "http://app.example.com/callback"),
            ("LANDFALL_TRUSTED_PROXIES", "10.0.0.0/8, proxy.internal"),
            ("LANDFALL_TRUSTED_PROXIES", "0.0.0.0/0"),
            ("LANDFALL_FORWARDED_HEADERS", "both"),
            ("LANDFALL_ANY_HOST", "/health, /"),
            ("LANDFALL_ANY_HOST", "health"),
            ("LANDFALL_ANY_HOST", "/auth"),
            ("LANDFALL_PROVIDER_ADDRESS", "http://op.internal:8080"),
            ("LANDFALL_PROVIDER_ADDRESS", "https://op.internal/realm"),
            ("LANDFALL_PROVIDER_ADDRESS", "https://u@op.internal"),
            ("LANDFALL_PROVIDER_ADDRESS", "op.internal:8080"),
            ("LANDFALL_PROVIDER_ADDRESS", "file:///x"),
            ("LANDFALL_SIGN_IN_PAGE", "login"),
            ("LANDFALL_SIGN_IN_PAGE", "/auth/login"),
            ("LANDFALL_SIGN_IN_PAGE", "/"),
        ] {
            let error = build(&[(name, value)]).expect_err(name);
            let variable = if value == "https://app.example.com" { "LANDFALL_COOKIE_KEYS" } else { name };
            assert!(error.setting.contains(variable) || error.setting == "LANDFALL_CLIENT_AUTH", "{error}");
            assert!(!error.to_string().contains("PLANTED") && !error.remedy.is_empty(), "{error}");
        }
    }

    /// What an application is told that reads these variables and then calls the builder.
    fn told(changes: &[(&str, &str)], change: fn(RelyingPartyBuilder) -> RelyingPartyBuilder) -> String {
        let lookup = |name: &str| {
            let value = changes.iter().chain(&SOUND).find(|(key, _)| *key == name).map(|(_, value)| *value);
            Ok(value.filter(|value| !value.is_empty()).map(str::to_owned))
        };
        change(from_variables(&lookup).unwrap()).build().unwrap_err().to_string()
    }

    #[test]
    fn an_error_names_what_was_used_throughout_the_builders_method_or_the_variable_that_was_read() {
        let offline = ("LANDFALL_SCOPES", "openid offline_access");
        let told_of = told(&[offline], |builder| builder);
        assert!(told_of.starts_with("LANDFALL_SCOPES: "), "{told_of}");
        assert!(told_of.contains("give a `LANDFALL_STORE`"), "{told_of}");
        let told_of = told(&[], |builder| builder.scopes(["offline_access"]));
        assert!(told_of.starts_with("scopes: ") && told_of.contains("give a `LANDFALL_STORE`"), "{told_of}");
        let told_of = told(&[], |builder| {
            crate::danger::allow_loopback_beside_public(
                builder.cookie_keys([]).base_url("https://app.example.com"),
            )
        });
        assert!(told_of.starts_with("cookie_keys: missing"), "{told_of}");
        // The application named the last base URL itself.
        let told_of = told(&[], |builder| {
            crate::danger::allow_loopback_beside_public(
                builder.base_url("https://app.example.com/auth/callback"),
            )
        });
        assert!(told_of.starts_with("base_url: /auth/callback"), "{told_of}");
        let tenants = [
            ("LANDFALL_ISSUER", ""),
            ("INTELLIAUTH_TENANT_URL", "https://acme.example"),
            ("LANDFALL_CLIENT_SECRET", ""),
            ("INTELLIAUTH_CLIENT_SECRET", " s3cr3t"),
        ];
        let told_of = told(&tenants, |builder| builder);
        assert!(told_of.starts_with("INTELLIAUTH_CLIENT_SECRET: "), "{told_of}");
        let told_of = told(&tenants[..2], |builder| builder.client("rp", "s3cr3t "));
        assert!(told_of.starts_with("client: "), "{told_of}");
        let http = [("LANDFALL_ISSUER", ""), ("INTELLIAUTH_TENANT_URL", "http://acme.example")];
        let told_of = told(&http, |builder| builder);
        assert!(told_of.starts_with("INTELLIAUTH_TENANT_URL: plain http"), "{told_of}");
        assert!(told_of.ends_with("that is `LANDFALL_PROVIDER_ADDRESS`"), "{told_of}");
        let keys = format!("{}, c2hvcnQ", CookieKey::generate().unwrap().to_base64url());
        let error = build(&[("LANDFALL_COOKIE_KEYS", &keys)]).unwrap_err().to_string();
        assert!(
            error.starts_with("LANDFALL_COOKIE_KEYS: a key is not 32 bytes long, but 5 (number 2 of 2)"),
            "{error}"
        );
    }

    #[test]
    fn every_setting_that_a_variable_names_is_the_methods_own_again_once_that_is_called() {
        let read =
            |name: &str| Ok(SOUND.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()));
        let read = from_variables(&read).unwrap().names;
        for variable in VARIABLES.iter().filter(|variable| variable.unless.is_none()) {
            assert_eq!(read.of(variable.setting), variable.name);
        }
        let mut builder = RelyingPartyBuilder::new(None);
        builder.names = read;
        let builder = builder
            .base_url("")
            .spa_callback("")
            .trusted_proxies([""])
            .any_host([""])
            .provider_address("")
            .forwarded_headers(crate::ForwardedHeaders::Forwarded)
            .cookie_keys([])
            .scopes([""])
            .audience("")
            .form_post()
            .userinfo(crate::Userinfo::Never)
            .id_token_algorithms([])
            .max_age(std::time::Duration::ZERO)
            .acr_values([""])
            .trusted_audiences([""])
            .role_claim("")
            .role_separator(',')
            .role_mapping([("", "")])
            .webhook_secret("")
            .application_name("")
            .sign_in_page("")
            .provider_name("")
            .ca_file("")
            .store(crate::MemoryStore::new())
            .client("", "")
            .client_auth(ClientAuth::None);
        for variable in &VARIABLES {
            assert_eq!(builder.names.of(variable.setting), variable.setting, "{}", variable.name);
        }
        for (setting, called) in
            [("client_id", "client"), ("client_secret", "client"), ("client_auth", "client_auth")]
        {
            assert_eq!(builder.names.of(setting), called);
        }
        assert_eq!(builder.store_address("").names.of("store"), "store_address");
    }

    #[test]
    fn where_it_stands_is_read() {
        for (name, value) in [
            ("LANDFALL_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8,::1"),
            ("LANDFALL_FORWARDED_HEADERS", "forwarded"),
            ("LANDFALL_FORWARDED_HEADERS", "x-forwarded"),
            ("LANDFALL_ANY_HOST", "/health,/metrics"),
            ("LANDFALL_PROVIDER_ADDRESS", "http://127.0.0.1:8080"),
            ("LANDFALL_PROVIDER_ADDRESS", "https://op.internal/"),
            ("LANDFALL_SIGN_IN_PAGE", "/login"),
            ("LANDFALL_PROVIDER_NAME", "Acme"),
            ("LANDFALL_ROLE_CLAIM", "realm_access.roles"),
            ("LANDFALL_ROLE_SEPARATOR", "comma"),
            ("LANDFALL_ROLE_MAPPING", "cn=ops,dc=acme=admin;*=viewer"),
        ] {
            assert!(build(&[(name, value)]).is_ok(), "{name}={value}");
        }
    }

    #[test]
    fn no_provider_is_said_and_never_guessed() {
        let alone = [
            ("LANDFALL_PROVIDER", "none"),
            ("LANDFALL_APPLICATION_NAME", "shop"),
            ("LANDFALL_SIGN_IN_PAGE", "/login"),
            ("LANDFALL_BASE_URL", "http://localhost:3000"),
        ];
        let without = |missing: &str, more: &[(&str, &str)]| {
            let given = alone.iter().filter(|(name, _)| *name != missing).chain(more);
            let given: Vec<_> = given.copied().collect();
            let lookup = |name: &str| {
                let value = given.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
                Ok(value.map(str::to_owned))
            };
            from_variables(&lookup).and_then(RelyingPartyBuilder::build)
        };
        let auth = without("", &[]).unwrap();
        assert!(auth.is_set_up() && auth.issuer().is_empty() && auth.redirect_uris().next().is_none());
        // What is of a provider alone is left where it is.
        assert!(without("", &[("LANDFALL_SCOPES", "openid offline_access")]).is_ok());
        for (missing, more, named) in [
            ("LANDFALL_PROVIDER", &[][..], "LANDFALL_ISSUER"),
            ("LANDFALL_APPLICATION_NAME", &[], "LANDFALL_APPLICATION_NAME"),
            ("LANDFALL_SIGN_IN_PAGE", &[], "LANDFALL_SIGN_IN_PAGE"),
            ("", &[("LANDFALL_ISSUER", "https://op.example")], "LANDFALL_PROVIDER"),
            ("", &[("INTELLIAUTH_TENANT_URL", "https://op.example")], "LANDFALL_PROVIDER"),
            ("LANDFALL_PROVIDER", &[("LANDFALL_PROVIDER", "off")], "LANDFALL_PROVIDER"),
        ] {
            let error = without(missing, more).unwrap_err();
            assert_eq!(error.setting, named, "{error}");
        }
        let client = RelyingParty::without_provider("shop").sign_in_page("/login").client("app", "secret");
        assert_eq!(client.base_url("http://localhost:3000").build().unwrap_err().setting, "client");
        let nameless = RelyingParty::without_provider(" ").sign_in_page("/login");
        assert_eq!(
            nameless.base_url("http://localhost:3000").build().unwrap_err().setting,
            "application_name"
        );
    }

    #[test]
    fn the_provider_can_be_named_the_way_its_own_docs_do() {
        let builder = from_variables(&|name| {
            Ok(match name {
                "INTELLIAUTH_TENANT_URL" => Some("https://acme.example".to_owned()),
                "INTELLIAUTH_CLIENT_ID" => Some("app_1".to_owned()),
                "INTELLIAUTH_CLIENT_SECRET" => Some("s".to_owned()),
                _ => None,
            })
        });
        let auth = builder.unwrap().base_url("http://localhost:3000").build().unwrap();
        assert_eq!(auth.issuer(), "https://acme.example");
        assert_eq!(auth.redirect_uris().collect::<Vec<_>>(), ["http://localhost:3000/auth/callback"]);
    }
}
