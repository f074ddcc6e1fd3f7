//! The environment's variables, as one table: which setting stands behind each, and how its value is read.
//!
//! Apart from `env`, which walks it. The table is read in both directions: from a variable to its setting, and from
//! a setting to the variable that it came by, so that errors and the log speak of what was written: `env` notes each
//! row in the builder's [`Names`].
//!
//! Rules that hold for all of them:
//!
//! - A variable without text counts as not set, since that is how many systems take one back.
//! - A list is parted by commas or spaces, as its row says; white space around a part says nothing.
//! - A value that is none of the known ones is an error that names them. A secret is never shown.
//! - A tenant's own variable (`INTELLIAUTH_…`) counts where ours is not set.
//!
//! A new variable is a row here and a line in the table of `RelyingParty::from_env`. One that takes several at
//! once, as the client does, is read in `env`.

use std::time::Duration;

use super::RelyingPartyBuilder;
use super::roles::parse_mapping;
use crate::address::trusted_proxies::ForwardedHeaders;
use crate::crypto::seal::CookieKey;
use crate::crypto::secret::Secret;
use crate::error::{ConfigError, Names, printable};
use crate::protocol::algorithm::SigningAlgorithm;
use crate::provider::client_settings::Userinfo;

/// One variable. A new setting that the environment may name is a row of its own.
pub(super) struct Variable {
    /// As the environment has it.
    pub(super) name: &'static str,
    /// The variable that overrules it: our own name stands before a tenant's. `None` for our own.
    pub(super) unless: Option<&'static str>,
    /// The builder's setting, as errors name it. Where a tenant's name was read, errors speak of that one.
    pub(super) setting: &'static str,
    /// Reads a value and gives it to the builder.
    pub(super) set: Set,
}

/// The value is never empty: a variable without text counts as not set.
type Set = fn(RelyingPartyBuilder, &str) -> Result<RelyingPartyBuilder, ConfigError>;

/// A row that nothing overrules.
const fn variable(name: &'static str, setting: &'static str, set: Set) -> Variable {
    Variable { name, unless: None, setting, set }
}

/// In the order in which errors are found.
pub(super) const VARIABLES: [Variable; 26] =
    [
        variable("LANDFALL_BASE_URL", "base_url", |builder, value| {
            Ok(list(value, &[',']).into_iter().fold(builder, RelyingPartyBuilder::base_url))
        }),
        variable("LANDFALL_SPA_CALLBACK", "spa_callback", |builder, value| {
            Ok(list(value, &[',']).into_iter().fold(builder, RelyingPartyBuilder::spa_callback))
        }),
        variable("LANDFALL_TRUSTED_PROXIES", "trusted_proxies", |builder, value| {
            Ok(builder.trusted_proxies(list(value, &[',', ' '])))
        }),
        variable("LANDFALL_ANY_HOST", "any_host", |builder, value| {
            Ok(builder.any_host(list(value, &[',', ' '])))
        }),
        variable("LANDFALL_PROVIDER_ADDRESS", "provider_address", |builder, value| {
            Ok(builder.provider_address(value.trim()))
        }),
        variable("LANDFALL_FORWARDED_HEADERS", "forwarded_headers", |builder, value| match value {
            "x-forwarded" => Ok(builder),
            "forwarded" => Ok(builder.forwarded_headers(ForwardedHeaders::Forwarded)),
            other => Err(unknown("forwarded_headers", other, "x-forwarded or forwarded")),
        }),
        variable("LANDFALL_COOKIE_KEYS", "cookie_keys", |builder, value| {
            let keys = list(value, &[',']);
            let read = keys.iter().enumerate().map(|(at, key)| {
                CookieKey::parse(key).map_err(|error| match keys.len() {
                    1 => error,
                    all => {
                        let problem = format!("{} (number {} of {all})", error.problem, at + 1);
                        ConfigError::new(error.setting, problem, error.remedy)
                    }
                })
            });
            let read = read.collect::<Result<Vec<_>, _>>()?;
            Ok(builder.cookie_keys(read))
        }),
        variable("LANDFALL_SCOPES", "scopes", |builder, value| Ok(builder.scopes(list(value, &[' '])))),
        variable("LANDFALL_AUDIENCE", "audience", |builder, value| Ok(builder.audience(value.trim()))),
        Variable {
            unless: Some("LANDFALL_AUDIENCE"),
            ..variable("INTELLIAUTH_API_AUDIENCE", "audience", |builder, value| {
                Ok(builder.audience(value.trim()))
            })
        },
        variable("LANDFALL_RESPONSE_MODE", "form_post", |builder, value| match value {
            "query" => Ok(builder),
            "form_post" => Ok(builder.form_post()),
            other => Err(unknown("form_post", other, "query or form_post")),
        }),
        variable("LANDFALL_USERINFO", "userinfo", |builder, value| match value {
            "auto" => Ok(builder),
            "always" => Ok(builder.userinfo(Userinfo::Always)),
            "never" => Ok(builder.userinfo(Userinfo::Never)),
            other => Err(unknown("userinfo", other, "auto, always or never")),
        }),
        variable("LANDFALL_ID_TOKEN_ALGS", "id_token_algorithms", |builder, value| {
            let known = |name: &String| {
                SigningAlgorithm::parse(name)
                    .ok_or_else(|| unknown("id_token_algorithms", name, "names such as RS256 or ES256"))
            };
            let algorithms = list(value, &[' ', ',']).iter().map(known).collect::<Result<Vec<_>, _>>()?;
            Ok(builder.id_token_algorithms(algorithms))
        }),
        variable("LANDFALL_MAX_AGE", "max_age", |builder, value| {
            let age = value.trim().parse().map_err(|_| unknown("max_age", value, "a number of seconds"))?;
            Ok(builder.max_age(Duration::from_secs(age)))
        }),
        variable("LANDFALL_ACR_VALUES", "acr_values", |builder, value| {
            Ok(builder.acr_values(list(value, &[' '])))
        }),
        variable("LANDFALL_TRUSTED_AUDIENCES", "trusted_audiences", |builder, value| {
            Ok(builder.trusted_audiences(list(value, &[' ', ','])))
        }),
        variable("LANDFALL_ROLE_CLAIM", "role_claim", |builder, value| Ok(builder.role_claim(value.trim()))),
        variable("LANDFALL_ROLE_SEPARATOR", "role_separator", |builder, value| match value {
            "space" => Ok(builder.role_separator(' ')),
            "comma" => Ok(builder.role_separator(',')),
            other => Err(unknown("role_separator", other, "space or comma")),
        }),
        variable("LANDFALL_ROLE_MAPPING", "role_mapping", |builder, value| {
            Ok(builder.role_mapping(parse_mapping(value)?))
        }),
        // Several of ours, while one is rotated; the tenant's own variable holds one, whatever is in it.
        variable("LANDFALL_WEBHOOK_SECRET", "webhook_secret", |builder, value| {
            Ok(list(value, &[',']).into_iter().fold(builder, RelyingPartyBuilder::webhook_secret))
        }),
        Variable {
            unless: Some("LANDFALL_WEBHOOK_SECRET"),
            ..variable("INTELLIAUTH_WEBHOOK_SECRET", "webhook_secret", |builder, value| {
                Ok(builder.webhook_secret(value.trim()))
            })
        },
        variable("LANDFALL_APPLICATION_NAME", "application_name", |builder, value| {
            Ok(builder.application_name(value.trim()))
        }),
        variable("LANDFALL_SIGN_IN_PAGE", "sign_in_page", |builder, value| {
            Ok(builder.sign_in_page(value.trim()))
        }),
        variable("LANDFALL_PROVIDER_NAME", "provider_name", |builder, value| {
            Ok(builder.provider_name(value.trim()))
        }),
        variable("LANDFALL_CA_FILE", "ca_file", |builder, value| Ok(builder.ca_file(value))),
        variable("LANDFALL_STORE", "store", |builder, value| {
            Ok(builder.store_address(Secret::new(value.trim().to_owned())))
        }),
    ];

/// The settings of the client, which take several variables at once.
const OF_THE_CLIENT: [(&str, &str); 5] = [
    ("issuer", "LANDFALL_ISSUER"),
    ("client_id", "LANDFALL_CLIENT_ID"),
    ("client_secret", "LANDFALL_CLIENT_SECRET"),
    ("client_secret_file", "LANDFALL_CLIENT_SECRET_FILE"),
    ("client_auth", "LANDFALL_CLIENT_AUTH"),
];

/// What every setting is called while all of them come from the environment: also those that are not set, since they
/// would be read.
pub(super) fn names() -> Names {
    let mut names = Names::default();
    let own = VARIABLES.iter().filter(|variable| variable.unless.is_none());
    let rows = own.map(|variable| (variable.setting, variable.name));
    for (setting, name) in OF_THE_CLIENT.into_iter().chain(rows) {
        names.call(setting, name);
    }
    names
}

/// The error of a value that is none of the known ones.
fn unknown(setting: &str, value: &str, known: &str) -> ConfigError {
    ConfigError::new(setting, format!("{:?} is not known", printable(value)), format!("use {known}"))
}

/// The parts of a list, without white space around them and without empty ones.
fn list(text: &str, separators: &[char]) -> Vec<String> {
    let parts = text.split(separators).map(str::trim);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}
