//! Configuration by environment variables (the twelve-factor way). A missing or malformed variable is an
//! error that names it.

use std::time::Duration;

use crate::address::trusted_proxies::ForwardedHeaders;
use crate::builder::RelyingPartyBuilder;
use crate::context::settings::Userinfo;
use crate::crypto::seal::CookieKey;
use crate::crypto::secret::Secret;
use crate::error::{ConfigError, printable};
use crate::protocol::algorithm::SigningAlgorithm;
use crate::protocol::client_auth::ClientAuth;
use crate::relying_party::RelyingParty;

/// Which variable stands behind a builder's setting.
const VARIABLES: [(&str, &str); 17] = [
    ("issuer", "LANDFALL_ISSUER"),
    ("client", "LANDFALL_CLIENT_ID, LANDFALL_CLIENT_SECRET"),
    ("client_secret_file", "LANDFALL_CLIENT_SECRET_FILE"),
    ("client_auth", "LANDFALL_CLIENT_AUTH"),
    ("base_url", "LANDFALL_BASE_URL"),
    ("scopes", "LANDFALL_SCOPES"),
    ("cookie_keys", "LANDFALL_COOKIE_KEYS"),
    ("id_token_algorithms", "LANDFALL_ID_TOKEN_ALGS"),
    ("form_post", "LANDFALL_RESPONSE_MODE"),
    ("ca_file", "LANDFALL_CA_FILE"),
    ("userinfo", "LANDFALL_USERINFO"),
    ("max_age", "LANDFALL_MAX_AGE"),
    ("store", "LANDFALL_STORE"),
    ("webhook_secret", "LANDFALL_WEBHOOK_SECRET"),
    ("spa_callback", "LANDFALL_SPA_CALLBACK"),
    ("trusted_proxies", "LANDFALL_TRUSTED_PROXIES"),
    ("provider_address", "LANDFALL_PROVIDER_ADDRESS"),
];

impl RelyingParty {
    /// Starts to put one together from the environment.
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `LANDFALL_ISSUER` | the issuer, exactly as the provider writes it |
    /// | `LANDFALL_CLIENT_ID` | the client id |
    /// | `LANDFALL_CLIENT_SECRET`, or `_FILE` | the secret, or a file that holds it |
    /// | `LANDFALL_CLIENT_AUTH` | `client_secret_basic` (default), `client_secret_post`, `none` |
    /// | `LANDFALL_BASE_URL` | where browsers reach the application; several with commas between |
    /// | `LANDFALL_COOKIE_KEYS` | base64url keys of 32 bytes with commas between; the first seals |
    /// | `LANDFALL_STORE` | `cookie` (default), `memory`, or what a [`store_opener`] opens: `sqlite:PATH`, `postgres://…`, `redis://…` |
    /// | `LANDFALL_SCOPES` | space-separated; default `openid profile email` |
    /// | `LANDFALL_AUDIENCE` | the API that the access token is for |
    /// | `LANDFALL_RESPONSE_MODE` | `query` (default) or `form_post` |
    /// | `LANDFALL_USERINFO` | `auto` (default), `always`, `never` |
    /// | `LANDFALL_ID_TOKEN_ALGS` | space- or comma-separated; default `RS256` |
    /// | `LANDFALL_MAX_AGE` | seconds |
    /// | `LANDFALL_ACR_VALUES` | space-separated |
    /// | `LANDFALL_TRUSTED_AUDIENCES` | space- or comma-separated |
    /// | `LANDFALL_WEBHOOK_SECRET` | the secret of the tenant's webhook; several with commas between while it changes |
    /// | `LANDFALL_SPA_CALLBACK` | the callback routes of single-page applications; several with commas between |
    /// | `LANDFALL_TRUSTED_PROXIES` | addresses and networks of the proxies in front, with commas between |
    /// | `LANDFALL_FORWARDED_HEADERS` | `x-forwarded` (default) or `forwarded`: what those proxies write |
    /// | `LANDFALL_PROVIDER_ADDRESS` | the origin by which the provider is reached from here, if not by the issuer's |
    /// | `LANDFALL_CA_FILE` | a PEM file with a further root for the provider |
    ///
    /// Where they are not set, `INTELLIAUTH_TENANT_URL`, `INTELLIAUTH_CLIENT_ID`, `INTELLIAUTH_CLIENT_SECRET`,
    /// `INTELLIAUTH_API_AUDIENCE` and `INTELLIAUTH_WEBHOOK_SECRET` stand in.
    ///
    /// [`store_opener`]: RelyingPartyBuilder::store_opener
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

/// Looks a variable up.
type Lookup<'a> = &'a dyn Fn(&str) -> Result<Option<String>, ConfigError>;

#[allow(clippy::too_many_lines, reason = "one variable after the other, each in a line or three")]
pub(crate) fn from_variables(lookup: Lookup<'_>) -> Result<RelyingPartyBuilder, ConfigError> {
    let get = |name: &str| Ok(lookup(name)?.filter(|value| !value.trim().is_empty()));
    let first = |names: [&str; 2]| match get(names[0])? {
        Some(value) => Ok(Some(value)),
        None => get(names[1]),
    };
    let missing = |name: &str, what: &str| ConfigError::new(name, "missing", format!("set it to {what}"));

    let (issuer, is_tenant) = match (get("LANDFALL_ISSUER")?, get("INTELLIAUTH_TENANT_URL")?) {
        (Some(issuer), _) => (issuer, false),
        (None, Some(tenant)) => (tenant, true),
        (None, None) => {
            return Err(missing("LANDFALL_ISSUER", "the provider's issuer, such as https://acme.example"));
        }
    };
    let id = first(["LANDFALL_CLIENT_ID", "INTELLIAUTH_CLIENT_ID"])?
        .ok_or_else(|| missing("LANDFALL_CLIENT_ID", "the client id that the provider gave"))?;
    let mut builder = RelyingPartyBuilder::new(issuer).named_by_variables();
    if is_tenant {
        builder = builder.read_access_token();
    }

    let auth: Option<ClientAuth> =
        get("LANDFALL_CLIENT_AUTH")?.map(|text| text.parse()).transpose().map_err(by_variable)?;
    let file = get("LANDFALL_CLIENT_SECRET_FILE")?;
    let secret = first(["LANDFALL_CLIENT_SECRET", "INTELLIAUTH_CLIENT_SECRET"])?;
    builder = match (file, secret) {
        (Some(_), Some(_)) if get("LANDFALL_CLIENT_SECRET")?.is_some() => {
            return Err(ConfigError::new(
                "LANDFALL_CLIENT_SECRET_FILE",
                "set beside LANDFALL_CLIENT_SECRET",
                "unset one",
            ));
        }
        (Some(file), _) => builder.client_with_secret_file(id, file),
        (None, Some(secret)) => builder.client(id, Secret::new(secret)),
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
    for url in list(get("LANDFALL_BASE_URL")?.as_deref(), &[',']) {
        builder = builder.base_url(url);
    }
    for url in list(get("LANDFALL_SPA_CALLBACK")?.as_deref(), &[',']) {
        builder = builder.spa_callback(url);
    }
    if let Some(proxies) = get("LANDFALL_TRUSTED_PROXIES")? {
        builder = builder.trusted_proxies(list(Some(&proxies), &[',', ' ']));
    }
    if let Some(address) = get("LANDFALL_PROVIDER_ADDRESS")? {
        builder = builder.provider_address(address.trim());
    }
    builder = match get("LANDFALL_FORWARDED_HEADERS")?.as_deref() {
        None | Some("x-forwarded") => builder,
        Some("forwarded") => builder.forwarded_headers(ForwardedHeaders::Forwarded),
        Some(other) => return Err(unknown("LANDFALL_FORWARDED_HEADERS", other, "x-forwarded or forwarded")),
    };
    if let Some(keys) = get("LANDFALL_COOKIE_KEYS")? {
        let keys =
            list(Some(&keys), &[',']).iter().map(|key| CookieKey::parse(key)).collect::<Result<Vec<_>, _>>();
        builder = builder.cookie_keys(keys.map_err(by_variable)?);
    }
    if let Some(scopes) = get("LANDFALL_SCOPES")? {
        builder = builder.scopes(list(Some(&scopes), &[' ']));
    }
    if let Some(audience) = first(["LANDFALL_AUDIENCE", "INTELLIAUTH_API_AUDIENCE"])? {
        builder = builder.audience(audience.trim());
    }
    builder = match get("LANDFALL_RESPONSE_MODE")?.as_deref() {
        None | Some("query") => builder,
        Some("form_post") => builder.form_post(),
        Some(other) => return Err(unknown("LANDFALL_RESPONSE_MODE", other, "query or form_post")),
    };
    builder = match get("LANDFALL_USERINFO")?.as_deref() {
        None | Some("auto") => builder,
        Some("always") => builder.userinfo(Userinfo::Always),
        Some("never") => builder.userinfo(Userinfo::Never),
        Some(other) => return Err(unknown("LANDFALL_USERINFO", other, "auto, always or never")),
    };
    if let Some(names) = get("LANDFALL_ID_TOKEN_ALGS")? {
        let known = |name: &String| {
            SigningAlgorithm::parse(name)
                .ok_or_else(|| unknown("LANDFALL_ID_TOKEN_ALGS", name, "names such as RS256 or ES256"))
        };
        let algorithms = list(Some(&names), &[' ', ',']).iter().map(known).collect::<Result<Vec<_>, _>>()?;
        builder = builder.id_token_algorithms(algorithms);
    }
    if let Some(seconds) = get("LANDFALL_MAX_AGE")? {
        let age = seconds
            .trim()
            .parse()
            .map_err(|_| unknown("LANDFALL_MAX_AGE", &seconds, "a number of seconds"))?;
        builder = builder.max_age(Duration::from_secs(age));
    }
    if let Some(values) = get("LANDFALL_ACR_VALUES")? {
        builder = builder.acr_values(list(Some(&values), &[' ']));
    }
    builder = builder.trusted_audiences(list(get("LANDFALL_TRUSTED_AUDIENCES")?.as_deref(), &[' ', ',']));
    // Several of ours, while one is rotated; the tenant's own variable holds one, whatever is in it.
    let (ours, tenants) = (get("LANDFALL_WEBHOOK_SECRET")?, get("INTELLIAUTH_WEBHOOK_SECRET")?);
    let secrets = match &ours {
        Some(secrets) => list(Some(secrets), &[',']),
        None => tenants.iter().map(|secret| secret.trim().to_owned()).collect(),
    };
    for secret in secrets {
        builder = builder.webhook_secret(secret);
    }
    if let Some(file) = get("LANDFALL_CA_FILE")? {
        builder = builder.ca_file(file);
    }
    Ok(match get("LANDFALL_STORE")? {
        None => builder,
        Some(address) => builder.store_address(Secret::new(address.trim().to_owned())),
    })
}

/// Names the variable instead of the builder's method.
pub(crate) fn by_variable(mut error: ConfigError) -> ConfigError {
    if let Some((_, variable)) = VARIABLES.iter().find(|(setting, _)| *setting == error.setting) {
        (*variable).clone_into(&mut error.setting);
    }
    error
}

fn unknown(name: &str, value: &str, known: &str) -> ConfigError {
    ConfigError::new(name, format!("{:?} is not known", printable(value)), format!("use {known}"))
}

fn list(text: Option<&str>, separators: &[char]) -> Vec<String> {
    let parts = text.unwrap_or_default().split(separators).map(str::trim);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("LANDFALL_WEBHOOK_SECRET", "PLANTED"), // without a store
            ("LANDFALL_CA_FILE", "/nowhere"),
            ("LANDFALL_SPA_CALLBACK", "http://app.example.com/callback"),
            ("LANDFALL_TRUSTED_PROXIES", "10.0.0.0/8, proxy.internal"),
            ("LANDFALL_TRUSTED_PROXIES", "0.0.0.0/0"),
            ("LANDFALL_FORWARDED_HEADERS", "both"),
            ("LANDFALL_PROVIDER_ADDRESS", "http://op.internal:8080"),
            ("LANDFALL_PROVIDER_ADDRESS", "https://op.internal/realm"),
            ("LANDFALL_PROVIDER_ADDRESS", "https://u@op.internal"),
            ("LANDFALL_PROVIDER_ADDRESS", "op.internal:8080"),
            ("LANDFALL_PROVIDER_ADDRESS", "file:///x"),
        ] {
            let error = build(&[(name, value)]).expect_err(name);
            let variable = if value == "https://app.example.com" { "LANDFALL_COOKIE_KEYS" } else { name };
            assert!(error.setting.contains(variable) || error.setting == "LANDFALL_CLIENT_AUTH", "{error}");
            assert!(!error.to_string().contains("PLANTED") && !error.remedy.is_empty(), "{error}");
        }
    }

    #[test]
    fn where_it_stands_is_read() {
        for (name, value) in [
            ("LANDFALL_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8,::1"),
            ("LANDFALL_FORWARDED_HEADERS", "forwarded"),
            ("LANDFALL_FORWARDED_HEADERS", "x-forwarded"),
            ("LANDFALL_PROVIDER_ADDRESS", "http://127.0.0.1:8080"),
            ("LANDFALL_PROVIDER_ADDRESS", "https://op.internal/"),
        ] {
            assert!(build(&[(name, value)]).is_ok(), "{name}={value}");
        }
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
