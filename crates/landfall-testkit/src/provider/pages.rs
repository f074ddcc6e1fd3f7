//! The few pages a person sees. Everything from outside is escaped by the template; nothing is loaded from elsewhere.

use aws_lc_rs::digest;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY};
use http::{HeaderValue, StatusCode};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use url::Url;

use super::authorize::AuthorizationRequest;
use super::desk::what_can_be_tried;
use super::level::AuthLevel;
use super::people::Person;
use super::troubles;

const STYLE: &str = include_str!("style.css");
const AUTO_SUBMIT: &str = "document.forms[0].submit()";

/// 303: a POST is followed by a GET.
pub(crate) fn redirect(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match HeaderValue::from_str(to) {
        Ok(location) => {
            response.headers_mut().insert(LOCATION, location);
            response
        }
        Err(_) => {
            error("invalid_request", &["The address to return to cannot stand in a header.".to_owned()])
        }
    }
}

/// 400, and nobody is sent anywhere.
pub(crate) fn error(title: &str, lines: &[String]) -> Response {
    let body = html! {
        h1 { (title) }
        @for line in lines {
            @match line.split_once(": ") {
                Some((name, value)) => p { span.quiet { (name) ":" } br; code { (value) } },
                None => p { (line) },
            }
        }
    };
    let mut response = page(title, &body, &Extras::default());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

pub(crate) fn sign_in(
    prefix: &str,
    request: &AuthorizationRequest,
    people: &[Person],
    transaction: &str,
) -> Response {
    let hint = request.login_hint.as_deref().unwrap_or_default();
    let hinted = |p: &Person| !hint.is_empty() && (p.subject == hint || p.text("email") == Some(hint));
    let typed = if people.iter().any(hinted) { "" } else { hint };
    let body = html! {
        h1 { "Sign in" }
        p.quiet { "to " strong { (request.target.client_id) } ". Who would you like to be?" }
        form method="post" action={ (prefix) "/sign-in" } data-sign-in="" {
            input type="hidden" name="transaction" value=(transaction);
            // The first submit button is the one that Enter in the text field presses.
            button.main type="submit" hidden { "Sign in" }
            ul {
                @for person in people {
                    li {
                        button.person.hinted[hinted(person)] type="submit" name="person" value=(person.subject) {
                            span.initial aria-hidden="true" { (initial(person.display_name())) }
                            span {
                                b { (person.display_name()) }
                                small { (person.text("email").unwrap_or(&person.subject)) }
                            }
                        }
                    }
                }
            }
            h2 { label for="name" { "Somebody else" } }
            div.row {
                input id="name" name="name" value=(typed) placeholder="Any name" autocomplete="off"
                    autocapitalize="words" maxlength="100";
                button.main type="submit" { "Go" }
            }
            button.deny type="submit" name="deny" value="yes" { "Decline" }
            details {
                summary { "See what your application does when something goes wrong" }
                label for="trouble" { "Let this sign-in meet" }
                select id="trouble" name="trouble" {
                    option value="" { "no trouble" }
                    @for (value, label) in troubles::LIST {
                        option value=(value) { (label) }
                    }
                }
                p.quiet { "Then choose a person above." }
            }
            details {
                summary { "What your application can ask for" }
                (what_can_be_tried())
                p.quiet {
                    "To end sessions, disable people and see what was sent to your application, open "
                    a href={ (prefix) "/" } { "the provider's own page" } "."
                }
            }
        }
    };
    page("Sign in", &body, &Extras::default())
}

/// Asks for the level that is wanted, offers all there are, and lets somebody go on without.
pub(crate) fn second_factor(
    prefix: &str,
    client_id: &str,
    person: &str,
    (wanted, highest): (AuthLevel, AuthLevel),
    transaction: &str,
) -> Response {
    let others = highest.up_to().filter(|level| *level > AuthLevel::Aal1 && *level != wanted);
    let body = html! {
        h1 { "Second factor" }
        p.quiet { strong { (client_id) } " wants to be more certain that you are " strong { (person) } "." }
        form.stack method="post" action={ (prefix) "/sign-in" } data-next-step="" {
            input type="hidden" name="transaction" value=(transaction);
            button.main type="submit" name="level" value=(wanted.acr()) { (proof(wanted)) }
            @for level in others {
                button type="submit" name="level" value=(level.acr()) { (proof(level)) }
            }
            button type="submit" name="level" value="none" { "Go on without" }
            button type="submit" name="deny" value="yes" { "Decline" }
        }
    };
    page("Second factor", &body, &Extras::default())
}

/// Asks whether the application may have these scopes.
pub(crate) fn consent(
    prefix: &str,
    client_id: &str,
    person: &str,
    scopes: &[String],
    transaction: &str,
) -> Response {
    let body = html! {
        h1 { "Allow?" }
        p.quiet { strong { (client_id) } " would like to have, of " strong { (person) } ":" }
        ul.plain {
            @for scope in scopes {
                li {
                    code { (scope) }
                    @if let Some(meaning) = meaning(scope) { br; span.quiet { (meaning) } }
                }
            }
        }
        form.stack method="post" action={ (prefix) "/sign-in" } data-next-step="" {
            input type="hidden" name="transaction" value=(transaction);
            button.main type="submit" name="allow" value="yes" { "Allow" }
            button type="submit" name="deny" value="yes" { "Decline" }
        }
    };
    page("Allow?", &body, &Extras::default())
}

fn meaning(scope: &str) -> Option<&'static str> {
    match scope {
        "openid" => Some("Know who you are"),
        "profile" => Some("See your name and picture"),
        "email" => Some("See your e-mail address"),
        "offline_access" => Some("Act for you while you are away"),
        _ => None,
    }
}

fn proof(level: AuthLevel) -> &'static str {
    match level {
        AuthLevel::Aal1 => "Give the password (AAL1)",
        AuthLevel::Aal2 => "Enter a code (AAL2)",
        AuthLevel::Aal3 => "Use a passkey (AAL3)",
    }
}

/// OAuth 2.0 Form Post Response Mode §2: posts itself, or by a button where scripts do not run.
pub(crate) fn form_post(to: &str, parameters: &[(String, String)]) -> Response {
    let body = html! {
        h1 { "Signed in" }
        p.quiet { "You are being sent back to the application." }
        form method="post" action=(to) data-auto-submit="" {
            @for (name, value) in parameters {
                input type="hidden" name=(name) value=(value);
            }
            button.main type="submit" { "Continue" }
        }
        script { (PreEscaped(AUTO_SUBMIT)) }
    };
    page("Signed in", &body, &Extras { script: true, ..Extras::default() })
}

pub(crate) fn confirm_logout(prefix: &str, name: &str, fields: &[(&str, &str)]) -> Response {
    let body = html! {
        h1 { "Sign out?" }
        p { "You are signed in as " strong { (name) } "." }
        form method="post" action={ (prefix) "/oauth2/logout" } {
            @for (name, value) in fields {
                input type="hidden" name=(name) value=(value);
            }
            button.main type="submit" { "Sign out" }
        }
    };
    page("Sign out?", &body, &Extras::default())
}

/// Tells applications in frames, then goes on to `back`, if there is such a place.
pub(crate) fn signed_out(back: Option<&str>, frames: &[String]) -> Response {
    let body = html! {
        h1 { "Signed out" }
        p { "You are signed out of the local provider." }
        @if !frames.is_empty() {
            p.quiet { "These applications are told:" }
            ul.plain {
                @for frame in frames {
                    li { code { (origin(frame)) } }
                }
            }
            @for frame in frames {
                iframe hidden src=(frame) title="Signing out" {}
            }
        }
        @if let Some(back) = back {
            p.quiet { "You are being sent back to the application." }
            a.main href=(back) { "Continue" }
        }
    };
    page("Signed out", &body, &Extras { frames, refresh: back, script: false })
}

/// What a page needs beyond itself.
#[derive(Default)]
pub(crate) struct Extras<'a> {
    frames: &'a [String],
    /// Where it goes on to by itself.
    refresh: Option<&'a str>,
    /// It sends its form.
    script: bool,
}

pub(crate) fn page(title: &str, body: &Markup, extras: &Extras<'_>) -> Response {
    // Long enough for frames to load, short enough to be waited for.
    const PAUSE: &str = "2; url=";
    let whole = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if let Some(target) = extras.refresh {
                    meta http-equiv="refresh" content={ (PAUSE) (target) };
                }
                title { (title) " - local provider" }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                main { (body) }
                footer { "A local OpenID Provider for development and tests. No password is asked for, and nobody here is real." }
            }
        }
    };
    let mut policy = format!(
        "default-src 'none'; style-src {}; img-src data:; base-uri 'none'; frame-ancestors 'none'",
        source_hash(STYLE)
    );
    if extras.script {
        policy.extend(["; script-src ", &source_hash(AUTO_SUBMIT)]);
    }
    if !extras.frames.is_empty() {
        let origins: Vec<String> = extras.frames.iter().map(|frame| origin(frame)).collect();
        policy.extend(["; frame-src ", &origins.join(" ")]);
    }
    let mut response = whole.into_string().into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Ok(policy) = policy.parse() {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn origin(uri: &str) -> String {
    Url::parse(uri).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

fn initial(name: &str) -> String {
    name.chars().next().map(|c| c.to_uppercase().to_string()).unwrap_or_default()
}

/// A hash source (CSP Level 3 §2.3.1).
fn source_hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(digest::digest(&digest::SHA256, text.as_bytes())))
}
