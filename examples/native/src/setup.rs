//! Reads the environment, or starts a provider of its own.

use std::env;
use std::error::Error;

use landfall_native::{NativeClient, NativeClientBuilder, RelyingParty};
use landfall_testkit::{Client, LocalProvider, Person};

use crate::ways::SCHEME;

const CLIENT_ID: &str = "example-native";

/// Reads `LANDFALL_ISSUER`, `LANDFALL_CLIENT_ID` and their kin (see the README). With no provider setting at all, starts
/// a local provider, which runs until it is dropped.
pub(crate) fn setup() -> Result<(NativeClientBuilder, Option<LocalProvider>), Box<dyn Error>> {
    // The examples for the web have settings of their own, which say nothing about a provider.
    let others = ["LANDFALL_LISTEN", "LANDFALL_STORE", "LANDFALL_BASE_URL", "LANDFALL_SPA"];
    let is_ours = |name: &str| {
        let ours = name.starts_with("LANDFALL_") && !name.starts_with("LANDFALL_TEST_");
        name.starts_with("INTELLIAUTH_") || ours && !others.contains(&name)
    };
    if env::vars_os().any(|(name, _)| name.to_str().is_some_and(is_ours)) {
        return Ok((NativeClientBuilder::from_builder(RelyingParty::from_env()?), None));
    }
    let client = Client::new(CLIENT_ID)
        .redirect_uri("http://127.0.0.1/callback")
        .redirect_uri("http://[::1]/callback")
        .redirect_uri(SCHEME);
    let provider = LocalProvider::builder()
        .client(client)
        .person(Person::new("ada").name("Ada Lovelace").email("ada@example.test"))
        .person(Person::new("grace").name("Grace Hopper").email("grace@example.test"))
        .start_blocking()?;
    println!("Provider: {}", provider.issuer());
    Ok((NativeClient::builder(provider.issuer(), CLIENT_ID), Some(provider)))
}
