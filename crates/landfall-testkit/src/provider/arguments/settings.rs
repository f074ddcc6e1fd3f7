//! From what was said to what a provider is made of.

use super::address::{base, uri};
use super::error::ArgumentError;
use super::person::person;
use super::said::{AllSaid, Place};
use super::words::{Word, find};
use crate::provider::{Client, Consent, LocalProvider, LocalProviderBuilder};

const PORT: &str = "9000";
const CLIENT: &str = "my-app";
const SECRET: &str = "my-secret";
const WEBHOOK_SECRET: &str = "my-webhook-secret";
const APP: &str = "http://localhost:3000";

/// A provider that can be started, and where its port was said.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) builder: LocalProviderBuilder,
    pub(super) port: Place,
    pub(super) port_number: u16,
}

/// Makes settings of what was said, with the defaults for the rest.
pub(super) fn settings(said: &AllSaid) -> Result<Settings, ArgumentError> {
    let (port, place) =
        said.value("port").map_or_else(|| (PORT, place_of("port")), |(text, place)| (text, place.clone()));
    let port_number: u16 = port.parse().map_err(|_| {
        place.wrong(format!("{port:?} is no port"), "give a number from 0 to 65535, 0 for a free one")
    })?;
    let app = app(said)?;
    let mut builder =
        LocalProvider::builder().port(port_number).localhost().client(client(said, app.as_deref())?);
    if let Some((issuer, place)) = said.value("issuer") {
        uri(issuer, place)?;
        if !issuer.starts_with("http") || issuer.contains('?') {
            let problem = format!("{issuer:?} cannot be an issuer");
            return Err(place.wrong(problem, "give an http or https URL without a query"));
        }
        builder = builder.issuer(issuer);
    }
    let secret = match said.value("webhook-secret") {
        Some((secret, place)) => not_empty(secret, place)?,
        None => WEBHOOK_SECRET,
    };
    match said.value("webhook") {
        Some((address, place)) => builder = builder.webhook(uri(address, place)?, secret),
        None if app.is_some() => {
            builder = app.iter().fold(builder, |to, app| to.webhook(format!("{app}/auth/webhook"), secret));
        }
        None => {
            if let Some((_, place)) = said.value("webhook-secret") {
                return Err(
                    place.wrong("signs nothing, as there is no webhook", "add --webhook URL, or --app URL")
                );
            }
        }
    }
    for (text, place) in said.values("person") {
        builder = builder.person(person(text, place)?);
    }
    if let Some((subject, place)) = said.value("sign-in-as") {
        builder = builder.auto_sign_in(not_empty(subject, place)?);
    }
    Ok(Settings { builder, port: place, port_number })
}

/// The application on Landfall's own paths: the one that was named, or the usual one where nothing is registered.
fn app(said: &AllSaid) -> Result<Option<String>, ArgumentError> {
    match said.value("app") {
        Some((text, place)) => base(text, place).map(Some),
        None => Ok(said.of("redirect-uri").is_none().then(|| APP.to_owned())),
    }
}

/// The one client.
fn client(said: &AllSaid, app: Option<&str>) -> Result<Client, ArgumentError> {
    let id = match said.value("client") {
        Some((id, place)) => not_empty(id, place)?,
        None => CLIENT,
    };
    let mut client = Client::new(id);
    match (said.of("public"), said.value("secret")) {
        (Some(public), Some(_)) => {
            return Err(public
                .place
                .wrong("a public client has no secret", "leave out one of public and secret"));
        }
        (Some(_), None) => {}
        (None, Some((secret, place))) => client = client.secret(not_empty(secret, place)?),
        (None, None) => client = client.secret(SECRET),
    }
    if let Some(app) = app {
        client = client
            .redirect_uri(format!("{app}/auth/callback"))
            .post_logout_redirect_uri(format!("{app}/"))
            .backchannel_logout_uri(format!("{app}/auth/backchannel-logout"))
            .frontchannel_logout_uri(format!("{app}/auth/frontchannel-logout"));
    }
    for (text, place) in said.values("redirect-uri") {
        client = client.redirect_uri(uri(text, place)?);
    }
    for (text, place) in said.values("post-logout-redirect-uri") {
        client = client.post_logout_redirect_uri(uri(text, place)?);
    }
    if let Some((text, place)) = said.value("backchannel-logout-uri") {
        client = client.backchannel_logout_uri(uri(text, place)?);
    }
    if let Some((text, place)) = said.value("frontchannel-logout-uri") {
        client = client.frontchannel_logout_uri(uri(text, place)?);
    }
    let scopes = said.values("scope").map(|(scope, place)| not_empty(scope, place));
    let scopes = scopes.collect::<Result<Vec<_>, _>>()?;
    if !scopes.is_empty() {
        client = client.allowed_scopes(scopes);
    }
    let consent = if said.of("consent").is_some() { Consent::Remembered } else { Consent::Given };
    Ok(client.consent(consent))
}

/// The value, if there is one.
fn not_empty<'a>(value: &'a str, place: &Place) -> Result<&'a str, ArgumentError> {
    if value.trim().is_empty() {
        return Err(place.wrong("the value is empty", "give one, or leave it out"));
    }
    Ok(value)
}

/// Where a word would have been said.
fn place_of(name: &str) -> Place {
    find(name).map_or_else(|| Place(name.to_owned()), |word: &Word| Place::argument(word))
}
