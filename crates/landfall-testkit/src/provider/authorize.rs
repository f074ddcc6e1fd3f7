//! The authorization endpoint and the sign-in it leads to (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::response::Response;

use super::clients::Client;
use super::core::Core;
use super::faults::Fault;
use super::keys::KeyError;
use super::pages;
use super::request::{Parameters, SeenRequest};
use crate::lock::lock;

/// An authorization request that has passed its checks.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizationRequest {
    pub(crate) target: Target,
    pub(crate) scopes: Vec<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: String,
    pub(crate) acr_values: Vec<String>,
    pub(crate) login_hint: Option<String>,
    pub(crate) prompt: Prompt,
    pub(crate) max_age: Option<Duration>,
}

/// Where the answer goes. Once this is known, errors go there too.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) form_post: bool,
}

/// What pages have to be shown, or must not (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a value of the parameter, and most go together")]
pub(crate) struct Prompt {
    pub(crate) none: bool,
    pub(crate) login: bool,
    pub(crate) consent: bool,
    pub(crate) select_account: bool,
}

/// An error for the application, by redirect.
struct Refused(&'static str, String);

pub(crate) async fn authorize(
    State(core): State<Arc<Core>>,
    Extension(seen): Extension<Arc<SeenRequest>>,
) -> Response {
    let parameters = seen.parameters();
    let target = match core.target(&parameters) {
        Ok(target) => target,
        Err((title, lines)) => return pages::error(title, &lines),
    };
    let checked = check(&parameters, target.clone()).and_then(|request| core.within_allowed_scopes(request));
    let answered = match checked {
        Ok(request) => core.begin(&seen, request),
        Err(refused) => Ok(core.refuse(&target, refused.0, &refused.1)),
    };
    answered.unwrap_or_else(|KeyError| core.refuse(&target, "server_error", "the random source failed"))
}

impl Core {
    /// Who asks, and where the answer goes: while these are in doubt nobody is sent anywhere.
    fn target(&self, parameters: &Parameters) -> Result<Target, (&'static str, Vec<String>)> {
        for name in ["client_id", "redirect_uri", "state", "response_mode"] {
            if parameters.repeats(name) {
                return Err((
                    "invalid_request",
                    vec![format!("The parameter {name} is there more than once.")],
                ));
            }
        }
        let client_id = parameters.one("client_id").unwrap_or_default();
        let Some(client) = self.client(client_id) else {
            return Err(("invalid_client", vec![format!("No client is registered as: {client_id}")]));
        };
        let submitted = parameters.one("redirect_uri").unwrap_or_default();
        if !client.knows_redirect_uri(submitted) {
            let registered = client.redirect_uris.join(", ");
            let lines = vec![
                "The redirect URI is not one of those registered for this application.".to_owned(),
                format!("submitted: {submitted}"),
                format!("registered: {registered}"),
            ];
            tracing::warn!(client_id, submitted, registered, "invalid_redirect_uri");
            return Err(("invalid_redirect_uri", lines));
        }
        Ok(Target {
            client_id: client.id,
            redirect_uri: submitted.to_owned(),
            state: parameters.one("state").map(str::to_owned),
            form_post: parameters.one("response_mode") == Some("form_post"),
        })
    }

    fn within_allowed_scopes(&self, request: AuthorizationRequest) -> Result<AuthorizationRequest, Refused> {
        let Some(client) = self.client(&request.target.client_id) else {
            return Err(Refused("unauthorized_client", "the client is gone".to_owned()));
        };
        match client.grantable(request.scopes.clone()) {
            Ok(scopes) => Ok(AuthorizationRequest { scopes, ..request }),
            Err(scope) => {
                let text = format!("this application may not ask for the scope {scope}");
                Err(Refused("invalid_scope", text))
            }
        }
    }

    pub(crate) fn refuse(&self, target: &Target, error: &str, description: &str) -> Response {
        let mut parameters = vec![("error".to_owned(), error.to_owned())];
        if !description.is_empty() {
            parameters.push(("error_description".to_owned(), description.to_owned()));
        }
        self.answer(target, parameters, &[])
    }

    /// The authorization response, to the redirect URI just as it was submitted.
    pub(crate) fn answer(
        &self,
        target: &Target,
        mut parameters: Vec<(String, String)>,
        faults: &[Fault],
    ) -> Response {
        parameters.extend(target.state.clone().map(|state| ("state".to_owned(), state)));
        if self.options.iss_parameter {
            parameters.push(("iss".to_owned(), self.issuer.clone()));
        }
        let edits = |fault: &Fault| match fault {
            Fault::Callback(edit) => Some(edit.clone()),
            _ => None,
        };
        for edit in faults.iter().filter_map(edits).chain(self.faults.every(edits)) {
            edit(&mut parameters);
        }
        if target.form_post {
            return pages::form_post(&target.redirect_uri, &parameters);
        }
        pages::redirect(&with_query(&target.redirect_uri, &parameters))
    }

    pub(crate) fn client(&self, id: &str) -> Option<Client> {
        lock(&self.clients).iter().find(|client| client.id == id).cloned()
    }
}

/// The checks whose failure the application hears of.
fn check(parameters: &Parameters, target: Target) -> Result<AuthorizationRequest, Refused> {
    let refuse = |error, text: &str| Err(Refused(error, text.to_owned()));
    if let Some(name) = parameters.duplicate() {
        return Err(Refused("invalid_request", format!("{name} is there more than once")));
    }
    if parameters.one("request").is_some() {
        return refuse("request_not_supported", "request objects are not supported");
    }
    if parameters.one("request_uri").is_some() {
        return refuse("request_uri_not_supported", "request_uri is not supported");
    }
    if parameters.one("response_type") != Some("code") {
        return refuse("unsupported_response_type", "response_type must be code");
    }
    if !matches!(parameters.one("response_mode"), None | Some("query" | "form_post")) {
        return refuse("invalid_request", "response_mode must be query or form_post");
    }
    let Some(challenge) = parameters.one("code_challenge") else {
        return refuse("pkce_required", "code_challenge is missing");
    };
    if parameters.one("code_challenge_method") != Some("S256") {
        return refuse("invalid_request", "code_challenge_method must be S256");
    }
    if challenge.len() != 43 || !challenge.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) {
        return refuse("invalid_request", "code_challenge is not a SHA-256 hash in base64url");
    }
    let prompts: Vec<&str> = parameters.one("prompt").unwrap_or_default().split_whitespace().collect();
    let known = |prompt: &&str| matches!(*prompt, "none" | "login" | "consent" | "select_account");
    let prompt = Prompt {
        none: prompts.contains(&"none"),
        login: prompts.contains(&"login"),
        consent: prompts.contains(&"consent"),
        select_account: prompts.contains(&"select_account"),
    };
    if !prompts.iter().all(known) || (prompt.none && prompts.len() > 1) {
        return refuse("invalid_request", "prompt has values that do not go together");
    }
    let max_age = match parameters.one("max_age").map(str::parse) {
        None => None,
        Some(Ok(seconds)) => Some(Duration::from_secs(seconds)),
        Some(Err(_)) => return refuse("invalid_request", "max_age is not a number"),
    };
    let words = |name: &str| -> Vec<String> {
        parameters.one(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    };
    Ok(AuthorizationRequest {
        target,
        scopes: words("scope"),
        nonce: parameters.one("nonce").map(str::to_owned),
        challenge: challenge.to_owned(),
        acr_values: words("acr_values"),
        login_hint: parameters.one("login_hint").map(str::to_owned),
        prompt,
        max_age,
    })
}

/// `uri` with these parameters behind whatever query it has. Nothing else in it is touched.
pub(crate) fn with_query(uri: &str, parameters: &[(String, String)]) -> String {
    if parameters.is_empty() {
        return uri.to_owned();
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let joint = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{joint}{query}")
}
