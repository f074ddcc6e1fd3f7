//! The authorization endpoint and the sign-in it leads to (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::response::Response;
use http::header::SET_COOKIE;
use landfall::Timestamp;

use super::clients::Client;
use super::faults::Fault;
use super::keys::KeyError;
use super::pages;
use super::people::Person;
use super::request::{Parameters, SeenRequest};
use super::state::{Code, Grant, random};
use super::{Core, lock, troubles};

/// An authorization request that has passed its checks.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizationRequest {
    pub(crate) target: Target,
    pub(crate) scopes: Vec<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: String,
    pub(crate) acr: Option<String>,
    pub(crate) login_hint: Option<String>,
    prompt: Prompt,
    max_age: Option<Duration>,
}

/// Where the answer goes. Once this is known, errors go there too.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) form_post: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prompt {
    Ask,
    None,
    Unsaid,
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
    let answered = match check(&parameters, target.clone()) {
        Ok(request) => core.proceed(&seen, request),
        Err(refused) => Ok(core.refuse(&target, refused.0, &refused.1)),
    };
    answered.unwrap_or_else(|KeyError| core.refuse(&target, "server_error", "the random source failed"))
}

/// The sign-in page's form comes here.
pub(crate) async fn sign_in(
    State(core): State<Arc<Core>>,
    Extension(seen): Extension<Arc<SeenRequest>>,
) -> Response {
    let form = seen.form();
    let pending = form.one("transaction").and_then(|id| lock(&core.state).pending.remove(id));
    let now = core.clock.now();
    let Some((request, _)) = pending.filter(|(_, expires)| *expires > now) else {
        let lines = ["This sign-in page was used before or is too old. Go back to the application."];
        return pages::error("sign_in_expired", &lines.map(str::to_owned));
    };
    let target = request.target.clone();
    let faults = form.one("trouble").map(troubles::faults).unwrap_or_default();
    if form.one("deny").is_some() {
        return core.refuse(&target, "access_denied", "the person declined");
    }
    let refusal = faults.iter().find_map(|fault| match fault {
        Fault::AuthorizeError { error, .. } => Some(error.clone()),
        _ => None,
    });
    if let Some(error) = refusal {
        return core.refuse(&target, &error, "chosen on the sign-in page");
    }
    let Some(name) = form.one("person").or_else(|| form.one("name")).map(str::trim).filter(|n| !n.is_empty())
    else {
        return core.refuse(&target, "access_denied", "nobody was chosen");
    };
    core.sign_in_now(request, core.person(name), faults)
        .unwrap_or_else(|KeyError| core.refuse(&target, "server_error", "the random source failed"))
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

    fn proceed(&self, seen: &SeenRequest, request: AuthorizationRequest) -> Result<Response, KeyError> {
        let forced = self.faults.first(|fault| match fault {
            Fault::AuthorizeError { error, description } => Some((error.clone(), description.clone())),
            _ => None,
        });
        if let Some((error, description)) = forced {
            return Ok(self.refuse(&request.target, &error, description.as_deref().unwrap_or_default()));
        }
        let now = self.clock.now();
        let cookie = seen.cookie(&self.cookie_name).unwrap_or_default();
        let session = lock(&self.state).sessions.get(cookie).cloned();
        let fresh = session.filter(|session| {
            request.prompt != Prompt::Ask
                && request.max_age.is_none_or(|limit| now.since(session.auth_time) <= limit)
        });
        let automatic = lock(&self.automatic).clone();
        match (fresh, automatic) {
            (Some(_), None) => self.grant_code(request, cookie, Vec::new()),
            (Some(session), Some(name))
                if request.prompt == Prompt::None || session.person.subject == name =>
            {
                self.grant_code(request, cookie, Vec::new())
            }
            _ if request.prompt == Prompt::None => {
                Ok(self.refuse(&request.target, "login_required", "nobody is signed in at the provider"))
            }
            (_, Some(name)) => self.sign_in_now(request, self.person(&name), Vec::new()),
            (None, None) => self.ask(request, now),
        }
    }

    fn ask(&self, request: AuthorizationRequest, now: Timestamp) -> Result<Response, KeyError> {
        const PATIENCE: Duration = Duration::from_secs(3600);
        let transaction = random()?;
        let people = lock(&self.people).clone();
        let page = pages::sign_in(&self.prefix, &request, &people, &transaction);
        let mut state = lock(&self.state);
        state.sweep(now);
        state.pending.insert(transaction, (request, now.plus(PATIENCE)));
        Ok(page)
    }

    /// A new provider session, and the answer.
    fn sign_in_now(
        &self,
        request: AuthorizationRequest,
        person: Person,
        faults: Vec<Fault>,
    ) -> Result<Response, KeyError> {
        let id = lock(&self.state).begin_session(person, self.clock.now())?;
        let mut response = self.grant_code(request, &id, faults)?;
        let secure = if self.secure { "; Secure" } else { "" };
        let cookie = format!("{}={id}; Path=/; HttpOnly; SameSite=Lax{secure}", self.cookie_name);
        if let Ok(cookie) = cookie.parse() {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        Ok(response)
    }

    fn grant_code(
        &self,
        request: AuthorizationRequest,
        session: &str,
        faults: Vec<Fault>,
    ) -> Result<Response, KeyError> {
        let code = random()?;
        let now = self.clock.now();
        let target = request.target;
        let edits: Vec<Fault> = faults.iter().filter(|f| matches!(f, Fault::Callback(_))).cloned().collect();
        {
            let mut state = lock(&self.state);
            state.sweep(now);
            let Some(session) = state.sessions.get_mut(session) else {
                return Ok(self.refuse(&target, "login_required", "the session has just ended"));
            };
            session.clients.insert(target.client_id.clone());
            let session = session.clone();
            let grant = state.add_grant(Grant {
                client_id: target.client_id.clone(),
                person: session.person,
                scopes: request.scopes,
                sid: session.sid,
                auth_time: session.auth_time,
                nonce: request.nonce,
                acr: request.acr,
                faults,
            });
            let record = Code {
                grant,
                client_id: target.client_id.clone(),
                redirect_uri: target.redirect_uri.clone(),
                challenge: request.challenge,
                expires: now.plus(self.options.code_lifetime),
                used: false,
            };
            state.codes.insert(code.clone(), record);
        }
        Ok(self.answer(&target, vec![("code".to_owned(), code)], &edits))
    }

    fn refuse(&self, target: &Target, error: &str, description: &str) -> Response {
        let mut parameters = vec![("error".to_owned(), error.to_owned())];
        if !description.is_empty() {
            parameters.push(("error_description".to_owned(), description.to_owned()));
        }
        self.answer(target, parameters, &[])
    }

    /// The authorization response, to the redirect URI just as it was submitted.
    fn answer(&self, target: &Target, mut parameters: Vec<(String, String)>, faults: &[Fault]) -> Response {
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

    /// A person by subject; anybody else's name will do too.
    fn person(&self, name: &str) -> Person {
        let known = lock(&self.people).iter().find(|person| person.subject == name).cloned();
        known.unwrap_or_else(|| {
            let words: Vec<String> = name.split_whitespace().map(str::to_lowercase).collect();
            let subject = words.join(".");
            Person::new(subject.clone()).name(name).email(format!("{subject}@example.test"))
        })
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
    let prompt = match prompts.as_slice() {
        [] => Prompt::Unsaid,
        ["none"] => Prompt::None,
        some if some.iter().all(|p| matches!(*p, "login" | "consent" | "select_account")) => Prompt::Ask,
        _ => return refuse("invalid_request", "prompt has values that do not go together"),
    };
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
        acr: words("acr_values").into_iter().next(),
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
