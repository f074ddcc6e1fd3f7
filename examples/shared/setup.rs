//! What every example does before it listens: read the environment, or start a provider of its own.

use std::env;
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use landfall_testkit::{Client, LocalProvider, Person, StartError};

use crate::landfall::{RelyingParty, RelyingPartyBuilder};

/// How long requests under way may take once the process is told to end.
pub(crate) const ANSWERING: Duration = Duration::from_secs(3);
/// How long what goes on by itself may take after that. Both together have to be less than what whoever stops the
/// process gives it: Docker ten seconds unless told otherwise, Kubernetes thirty.
pub(crate) const FINISHING: Duration = Duration::from_secs(6);

/// What an example needs to run.
pub(crate) struct Setup {
    pub(crate) auth: RelyingParty,
    pub(crate) listen: SocketAddr,
    /// Runs until it is dropped. None where the environment names a provider.
    pub(crate) provider: Option<LocalProvider>,
}

/// Reads `LANDFALL_*` (see the README), `LANDFALL_LISTEN` and `LANDFALL_SPA` on top. With no provider setting at
/// all, and only when listening on loopback, starts a local provider.
pub(crate) fn setup() -> Result<Setup, Box<dyn Error>> {
    let listen = listen_address()?;
    let configured = env::var("LANDFALL_BASE_URL").ok();
    let single_page = single_page();
    let shown_by = single_page.as_deref().filter(|place| place.starts_with("http"));
    let base_urls = base_urls(configured.as_deref().or(shown_by), listen.port());
    let callbacks: Vec<String> = match single_page {
        Some(_) => base_urls.iter().map(|base_url| format!("{base_url}/callback")).collect(),
        None => Vec::new(),
    };
    let named_store = env::var("LANDFALL_STORE").ok().filter(|address| !address.trim().is_empty());

    let mut provider = None;
    let builder = if names_a_provider(env::vars_os().filter_map(|(name, _)| name.into_string().ok())) {
        let builder = RelyingParty::from_env()?;
        // It has read what the environment names.
        let builder = if named_store.is_some() { builder } else { builder.store_address(STORE.to_owned()) };
        if configured.is_some() { builder } else { with_base_urls(builder, &base_urls) }
    } else if listen.ip().is_loopback() {
        let local = local_provider(&base_urls, &callbacks)?;
        let store = named_store.unwrap_or_else(|| STORE.to_owned());
        let builder = RelyingParty::builder(local.issuer()).client(CLIENT_ID, CLIENT_SECRET);
        // A session that is sealed into its cookie is out of a webhook's reach.
        let builder = if store == "cookie" { builder } else { builder.webhook_secret(WEBHOOK_SECRET) };
        let builder = builder.store_address(store);
        provider = Some(local);
        with_base_urls(builder, &base_urls)
    } else {
        return Err(
            format!("LANDFALL_ISSUER is not set, and {listen} is not loopback: name a provider").into()
        );
    };

    let mut builder = callbacks.iter().fold(builder, RelyingPartyBuilder::spa_callback);
    if !callbacks.is_empty() {
        builder = builder.required_header("x-csrf").after_logout(SIGNED_OUT);
    }
    let auth = builder
        .store_opener(landfall_redis::opener())
        .store_opener(landfall_sqlx::opener().migrating())
        .build()?;

    println!("Application: {}", base_urls.join("  "));
    if let Some(local) = &provider {
        println!("Provider:    {}", local.issuer());
        println!("             Open it to end sessions, to disable people, and to see what was sent.");
    }
    Ok(Setup { auth, listen, provider })
}

const CLIENT_ID: &str = "example";
const CLIENT_SECRET: &str = "example-secret-for-loopback-only";
const WEBHOOK_SECRET: &str = "example-webhook-secret-for-loopback-only";
const PROVIDER_PORT: u16 = 9000;
/// Kept through a restart.
const STORE: &str = "sqlite:landfall-sessions.db";

/// What stands in front of this backend in place of its own pages (`LANDFALL_SPA`): the address where a
/// development server shows the single-page application and passes `/auth` and `/api` on to here, or the folder
/// with its build, for the example that serves one.
pub(crate) fn single_page() -> Option<String> {
    env::var("LANDFALL_SPA").ok().filter(|place| !place.is_empty())
}

/// Where the provider sends people back to after a sign-out. `/` would be the page's, and never come here.
pub(crate) const SIGNED_OUT: &str = "/auth/signed-out";

fn listen_address() -> Result<SocketAddr, String> {
    let text = env::var("LANDFALL_LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    text.parse().map_err(|_| format!("LANDFALL_LISTEN: {text:?} is not an address such as 127.0.0.1:3000"))
}

fn base_urls(configured: Option<&str>, port: u16) -> Vec<String> {
    match configured {
        Some(list) => list.split(',').map(|url| url.trim().trim_end_matches('/').to_owned()).collect(),
        None => vec![format!("http://127.0.0.1:{port}"), format!("http://localhost:{port}")],
    }
}

fn with_base_urls(builder: RelyingPartyBuilder, base_urls: &[String]) -> RelyingPartyBuilder {
    base_urls.iter().fold(builder, RelyingPartyBuilder::base_url)
}

/// Any of ours counts, a misspelt one too: whoever sets one means a provider of their own, and wants to hear
/// what is missing. The few named here say nothing about a provider.
fn names_a_provider(mut names: impl Iterator<Item = String>) -> bool {
    const OTHERS: [&str; 4] = ["LANDFALL_LISTEN", "LANDFALL_STORE", "LANDFALL_BASE_URL", "LANDFALL_SPA"];
    names.any(|name| {
        let ours = name.starts_with("LANDFALL_") && !name.starts_with("LANDFALL_TEST_");
        name.starts_with("INTELLIAUTH_") || ours && !OTHERS.contains(&&*name)
    })
}

fn local_provider(base_urls: &[String], callbacks: &[String]) -> Result<LocalProvider, Box<dyn Error>> {
    let signed_out = if callbacks.is_empty() { "/" } else { SIGNED_OUT };
    let mut client = Client::new(CLIENT_ID).secret(CLIENT_SECRET);
    for base_url in base_urls {
        client = client
            .redirect_uri(format!("{base_url}/auth/callback"))
            .post_logout_redirect_uri(format!("{base_url}{signed_out}"));
    }
    client = callbacks.iter().fold(client, Client::redirect_uri);
    // The provider speaks to the application behind the browser's back, by one of its addresses.
    let behind = base_urls.first().map(String::as_str).unwrap_or_default();
    client = client.backchannel_logout_uri(format!("{behind}/auth/backchannel-logout"));
    // Tried by starting: a port that was free a moment ago may be another example's by now.
    for port in PROVIDER_PORT..PROVIDER_PORT + 100 {
        let provider = LocalProvider::builder()
            .port(port)
            .client(client.clone())
            .webhook(format!("{behind}/auth/webhook"), WEBHOOK_SECRET)
            .person(person("ada", "Ada Lovelace").claim("roles", vec!["admin"]))
            .person(person("grace", "Grace Hopper"))
            .person(person("alan", "Alan Turing"));
        match provider.start_blocking() {
            Err(StartError::Bind(_)) => {}
            started => {
                if port != PROVIDER_PORT {
                    tracing::warn!("port {PROVIDER_PORT} is taken: the local provider listens on {port}");
                }
                return Ok(started?);
            }
        }
    }
    Err("no free port for the local provider between 9000 and 9099".into())
}

fn person(subject: &str, name: &str) -> Person {
    Person::new(subject).name(name).email(format!("{subject}@example.test"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> bool {
        names_a_provider(names.iter().map(|name| (*name).to_owned()))
    }

    #[test]
    fn an_environment_without_a_provider_setting_gets_the_local_one() {
        assert!(!named(&[]));
        assert!(!named(&["HOME", "LANDFALL_LISTEN", "LANDFALL_STORE", "LANDFALL_SPA", "LANDFALL_TEST_NODE"]));
    }

    #[test]
    fn half_a_provider_setting_is_not_replaced_by_the_local_one() {
        assert!(named(&["LANDFALL_CLIENT_ID"]));
        assert!(named(&["INTELLIAUTH_TENANT_URL"]));
        assert!(named(&["LANDFALL_ISUER"]));
    }
}
