//! The device authorization endpoint, and the page where a person enters the code (RFC 8628).

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use landfall::Timestamp;
use maud::html;
use serde_json::json;

use super::LocalProvider;
use super::core::Core;
use super::faults::Endpoint;
use super::keys::KeyError;
use super::pages::{self, page};
use super::request::SeenRequest;
use super::state::{Grant, random};
use super::token::{TokenError, json_response};
use crate::lock::lock;

/// Where a person enters a code, below the issuer.
pub(crate) const ACTIVATE: &str = "/activate";
/// What a code is made of: no vowels, and nothing that looks like something else (RFC 8628 §6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// What each "slow down" adds (RFC 8628 §3.5).
const STEP: Duration = Duration::from_secs(5);

/// A code that was asked for.
#[derive(Clone, Debug)]
pub(crate) struct DeviceRequest {
    client_id: String,
    scopes: Vec<String>,
    user_code: String,
    expires: Timestamp,
    interval: Duration,
    asked_at: Option<Timestamp>,
    decision: Decision,
}

#[derive(Clone, Debug)]
enum Decision {
    Waiting,
    Denied,
    /// The number of the grant.
    Allowed(u64),
}

pub(crate) async fn device_authorization(
    State(core): State<Arc<Core>>,
    Extension(seen): Extension<Arc<SeenRequest>>,
) -> Response {
    match core.device_authorization(&seen) {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

/// The page with the form.
pub(crate) async fn activate(
    State(core): State<Arc<Core>>,
    Extension(seen): Extension<Arc<SeenRequest>>,
) -> Response {
    core.activate_page(seen.parameters().one("user_code").unwrap_or_default())
}

/// The form was sent.
pub(crate) async fn decide(
    State(core): State<Arc<Core>>,
    Extension(seen): Extension<Arc<SeenRequest>>,
) -> Response {
    let form = seen.form();
    let code = form.one("user_code").unwrap_or_default();
    let decided = match (form.one("deny"), form.one("person")) {
        (Some(_), _) => Ok(core.deny(code)),
        (None, Some(person)) => core.allow(code, person),
        (None, None) => return core.activate_page(code),
    };
    match decided {
        Ok(true) => said("Done", "You can close this window and go back to your device."),
        Ok(false) => {
            pages::error("unknown_code", &["This code is not known, was used, or has expired.".to_owned()])
        }
        Err(KeyError) => pages::error("server_error", &["The random source failed.".to_owned()]),
    }
}

impl LocalProvider {
    /// Does what somebody does who enters this code and allows it; whether it was waiting.
    ///
    /// # Errors
    /// When the random source fails.
    pub fn allow_device(&self, user_code: &str, subject: &str) -> Result<bool, KeyError> {
        self.core.allow(user_code, subject)
    }

    /// Does what somebody does who enters this code and declines; whether it was waiting.
    pub fn deny_device(&self, user_code: &str) -> bool {
        self.core.deny(user_code)
    }
}

impl Core {
    fn device_authorization(&self, seen: &SeenRequest) -> Result<Response, TokenError> {
        let form = seen.form();
        let client = self.authenticate(seen, &form)?;
        let asked = form.one("scope").unwrap_or("openid").split_whitespace().map(str::to_owned).collect();
        let scopes = client
            .grantable(asked)
            .map_err(|_| TokenError::new("invalid_scope", "not for this application"))?;
        let (device_code, user_code, now) = (random()?, user_code()?, self.clock.now());
        let (lifetime, interval) = (self.options.device_code_lifetime, self.options.device_interval);
        let request = DeviceRequest {
            client_id: client.id,
            scopes,
            user_code: user_code.clone(),
            expires: now.plus(lifetime),
            interval,
            asked_at: None,
            decision: Decision::Waiting,
        };
        {
            let mut state = lock(&self.state);
            state.devices.retain(|_, request| request.expires > now);
            state.devices.insert(device_code.clone(), request);
        }
        let page = format!("{}{ACTIVATE}", self.issuer);
        let mut document = json!({
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": page,
            "verification_uri_complete": format!("{page}?user_code={user_code}"),
            "expires_in": lifetime.as_secs(),
            "interval": interval.as_secs(),
        });
        if let Some(members) = document.as_object_mut() {
            self.edit_json(Endpoint::DeviceAuthorization, &[], members);
        }
        Ok(json_response(&document))
    }

    /// The grant behind a device code, once there is one (RFC 8628 §3.5).
    pub(crate) fn redeem_device_code(&self, client_id: &str, code: &str) -> Result<(u64, Grant), TokenError> {
        let unknown = TokenError::new("invalid_grant", "the device code is unknown or was used");
        let now = self.clock.now();
        let mut state = lock(&self.state);
        let request =
            state.devices.get_mut(code).filter(|request| request.client_id == client_id).ok_or(unknown)?;
        if now >= request.expires {
            return Err(TokenError::new("expired_token", "the device code has expired"));
        }
        let too_soon = request.asked_at.is_some_and(|before| now.since(before) < request.interval);
        request.asked_at = Some(now);
        match request.decision {
            Decision::Waiting if too_soon => {
                request.interval += STEP;
                Err(TokenError::new("slow_down", "asked too soon"))
            }
            Decision::Waiting => {
                Err(TokenError::new("authorization_pending", "nobody has entered the code yet"))
            }
            Decision::Denied => Err(TokenError::new("access_denied", "the person declined")),
            Decision::Allowed(id) => {
                state.devices.remove(code);
                let grant = state.grants.get(&id).cloned().ok_or(unknown)?;
                Ok((id, grant))
            }
        }
    }

    fn allow(&self, user_code: &str, person: &str) -> Result<bool, KeyError> {
        let (person, now) = (self.person(person), self.clock.now());
        let mut state = lock(&self.state);
        let Some(code) = state.waiting_device(user_code, now) else { return Ok(false) };
        let Some(request) = state.devices.get(&code).cloned() else { return Ok(false) };
        let session = state.begin_session(person, now)?;
        let Some(session) = state.sessions.get_mut(&session) else { return Ok(false) };
        session.clients.insert(request.client_id.clone());
        let session = session.clone();
        let grant = state.add_grant(Grant {
            client_id: request.client_id,
            person: session.person,
            scopes: request.scopes,
            sid: session.sid,
            auth_time: session.auth_time,
            level: session.level,
            nonce: None,
            acr: None,
            faults: Vec::new(),
        });
        if let Some(request) = state.devices.get_mut(&code) {
            request.decision = Decision::Allowed(grant);
        }
        Ok(true)
    }

    fn deny(&self, user_code: &str) -> bool {
        let now = self.clock.now();
        let mut state = lock(&self.state);
        let code = state.waiting_device(user_code, now);
        let request = code.and_then(|code| state.devices.get_mut(&code));
        request.map(|request| request.decision = Decision::Denied).is_some()
    }

    fn activate_page(&self, user_code: &str) -> Response {
        let people = lock(&self.people).clone();
        let body = html! {
            h1 { "Connect a device" }
            p.quiet { "Enter the code that your device shows, and who you would like to be." }
            form method="post" action={ (self.prefix) (ACTIVATE) } {
                label { "Code" input type="text" name="user_code" value=(user_code) autocomplete="off"; }
                ul {
                    @for person in &people {
                        li {
                            button.person type="submit" name="person" value=(person.subject) {
                                "Allow as " (person.display_name())
                            }
                        }
                    }
                    li { button type="submit" name="deny" value="1" { "Decline" } }
                }
            }
        };
        page("Connect a device", &body, &pages::Extras::default())
    }
}

impl super::state::State {
    /// The device code that waits under this code, however it was typed.
    fn waiting_device(&self, user_code: &str, now: Timestamp) -> Option<String> {
        let plain = |code: &str| -> String {
            code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
        };
        let wanted = plain(user_code);
        let waits = |request: &DeviceRequest| {
            matches!(request.decision, Decision::Waiting)
                && now < request.expires
                && plain(&request.user_code) == wanted
        };
        self.devices.iter().find(|(_, request)| waits(request)).map(|(code, _)| code.clone())
    }
}

fn said(title: &str, text: &str) -> Response {
    page(title, &html! { h1 { (title) } p { (text) } }, &pages::Extras::default())
}

/// Eight letters, as `WDJB-MJHT`.
fn user_code() -> Result<String, KeyError> {
    let mut bytes = [0; 8];
    rand::fill(&mut bytes)?;
    let letter = |byte: &u8| LETTERS.get(usize::from(byte % 20)).map_or('B', |letter| char::from(*letter));
    let letters: String = bytes.iter().map(letter).collect();
    let (first, second) = letters.split_at(4);
    Ok(format!("{first}-{second}"))
}
