//! The end-session endpoint (OpenID Connect RP-Initiated Logout 1.0).

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::Response;
use http::Method;
use http::header::SET_COOKIE;

use super::authorize::with_query;
use super::core::Core;
use super::id_token::fingerprint;
use super::pages;
use super::request::SeenRequest;
use super::state::ProviderSession;
use super::webhook::SignOutReason;
use crate::lock::lock;

pub(crate) async fn logout(
    State(core): State<Arc<Core>>,
    Extension(seen): Extension<Arc<SeenRequest>>,
) -> Response {
    match core.logout(&seen) {
        Ok(Outcome::Ask(page)) => page,
        Ok(Outcome::Over { ended, back }) => {
            core.announce(&ended, SignOutReason::UserInitiated).await;
            core.signed_out(back.as_deref(), &core.frames(&ended))
        }
        Err(text) => pages::error("invalid_request", &[text]),
    }
}

enum Outcome {
    /// A page asks the person.
    Ask(Response),
    Over {
        ended: Vec<ProviderSession>,
        /// Where the browser goes on to.
        back: Option<String>,
    },
}

impl Core {
    fn logout(&self, seen: &SeenRequest) -> Result<Outcome, String> {
        let parameters = seen.parameters();
        if let Some(name) = parameters.duplicate() {
            return Err(format!("The parameter {name} is there more than once."));
        }
        let hint = match parameters.one("id_token_hint") {
            Some(token) => {
                let known = lock(&self.state).id_tokens.get(&fingerprint(token)).cloned();
                Some(known.ok_or("The id_token_hint is not an ID token of this provider.")?)
            }
            None => None,
        };
        let client_id = parameters.one("client_id");
        if let (Some(hint), Some(id)) = (&hint, client_id)
            && hint.client_id != id
        {
            return Err("The id_token_hint was issued to another client than client_id names.".to_owned());
        }
        let client_id = client_id.or(hint.as_ref().map(|hint| hint.client_id.as_str()));
        let back = parameters.one("post_logout_redirect_uri");
        if let Some(submitted) = back {
            let client = client_id.and_then(|id| self.client(id));
            let registered = client.map(|client| client.post_logout_redirect_uris).unwrap_or_default();
            if !registered.iter().any(|known| known == submitted) {
                return Err(format!(
                    "The post_logout_redirect_uri is not registered; submitted: {submitted}, registered: {}",
                    registered.join(", ")
                ));
            }
        }
        let cookie = seen.cookie(&self.cookie_name);
        let session = cookie.and_then(|id| lock(&self.state).sessions.get(id).cloned());
        // §6: without a hint anybody may have sent the browser here, so the person is asked.
        let confirmed = seen.method == Method::POST
            && session.as_ref().is_some_and(|session| parameters.one("confirm") == Some(&session.sid));
        if let (None, Some(session), false) = (&hint, &session, confirmed) {
            let kept = ["client_id", "post_logout_redirect_uri", "state"];
            let mut fields: Vec<(&str, &str)> =
                kept.iter().filter_map(|name| Some((*name, parameters.one(name)?))).collect();
            fields.push(("confirm", &session.sid));
            let page = pages::confirm_logout(&self.prefix, session.person.display_name(), &fields);
            return Ok(Outcome::Ask(page));
        }
        let ended = lock(&self.state).end_sessions(|id, session| {
            Some(id) == cookie || hint.as_ref().is_some_and(|hint| hint.sid == session.sid)
        });
        let state = parameters.one("state").map(|state| ("state".to_owned(), state.to_owned()));
        let back = back.map(|uri| with_query(uri, state.as_slice()));
        Ok(Outcome::Over { ended, back })
    }

    /// The addresses that tell the clients of these sessions (OpenID Connect Front-Channel Logout 1.0 §2).
    fn frames(&self, ended: &[ProviderSession]) -> Vec<String> {
        let mut frames = Vec::new();
        for session in ended {
            let said = [("iss".to_owned(), self.issuer.clone()), ("sid".to_owned(), session.sid.clone())];
            let clients = session.clients.iter().filter_map(|id| self.client(id));
            let uris = clients.filter_map(|client| client.frontchannel_logout_uri);
            frames.extend(uris.map(|uri| with_query(&uri, &said)));
        }
        frames
    }

    fn signed_out(&self, back: Option<&str>, frames: &[String]) -> Response {
        let mut response = match back {
            Some(uri) if frames.is_empty() => pages::redirect(uri),
            _ => pages::signed_out(back, frames),
        };
        let cleared = format!("{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax", self.cookie_name);
        if let Ok(cleared) = cleared.parse() {
            response.headers_mut().append(SET_COOKIE, cleared);
        }
        response
    }
}
