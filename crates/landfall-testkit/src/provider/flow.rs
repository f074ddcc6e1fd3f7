//! The way from an authorization request to a code: who it is, at which level, and what they allow.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::response::Response;
use http::header::SET_COOKIE;
use landfall::Timestamp;

use super::authorize::AuthorizationRequest;
use super::core::Core;
use super::faults::Fault;
use super::keys::KeyError;
use super::level::{AuthLevel, Wish};
use super::pages;
use super::people::Person;
use super::request::{Parameters, SeenRequest};
use super::state::{Code, Grant, ProviderSession, random};
use super::troubles;
use crate::lock::lock;

/// An authorization request, and what was decided on its way.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub(crate) request: AuthorizationRequest,
    /// Chosen on the sign-in page, for this sign-in alone.
    faults: Vec<Fault>,
    /// A second factor was asked for, whatever came of it.
    factor_asked: bool,
    /// They have allowed what is asked for.
    allowed: bool,
    /// Nobody is there to be asked anything.
    automatic: bool,
}

/// A page that waits for its form.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    flow: Flow,
    step: Step,
    pub(crate) expires: Timestamp,
}

#[derive(Clone, Debug)]
enum Step {
    /// Who is it? `before` is the session the browser has had.
    SignIn {
        before: Option<String>,
    },
    SecondFactor {
        session: String,
    },
    Consent {
        session: String,
    },
}

/// The form of every page on the way comes here.
pub(crate) async fn sign_in(
    State(core): State<Arc<Core>>,
    Extension(seen): Extension<Arc<SeenRequest>>,
) -> Response {
    let form = seen.form();
    let pending = form.one("transaction").and_then(|id| lock(&core.state).pending.remove(id));
    let now = core.clock.now();
    let Some(pending) = pending.filter(|pending| pending.expires > now) else {
        let lines = ["This sign-in page was used before or is too old. Go back to the application."];
        return pages::error("sign_in_expired", &lines.map(str::to_owned));
    };
    let target = pending.flow.request.target.clone();
    if form.one("deny").is_some() {
        return core.refuse(&target, "access_denied", "the person declined");
    }
    let answered = match pending.step {
        Step::SignIn { before } => core.chosen(pending.flow, before, &form),
        Step::SecondFactor { session } => core.proved(pending.flow, &session, &form),
        Step::Consent { session } => core.go_on(Flow { allowed: true, ..pending.flow }, &session),
    };
    answered.unwrap_or_else(|KeyError| core.refuse(&target, "server_error", "the random source failed"))
}

impl AuthorizationRequest {
    /// Whether this session is recent enough, and may be used without asking who it is.
    fn accepts(&self, session: &ProviderSession, now: Timestamp) -> bool {
        // max_age=0 is prompt=login in other words (OpenID Connect Core §3.1.2.1).
        let recent = |limit: Duration| !limit.is_zero() && now.since(session.auth_time) <= limit;
        !self.prompt.login && self.max_age.is_none_or(recent)
    }
}

impl Core {
    /// Begins with a request that has passed its checks.
    pub(crate) fn begin(
        &self,
        seen: &SeenRequest,
        request: AuthorizationRequest,
    ) -> Result<Response, KeyError> {
        let forced = self.faults.first(|fault| match fault {
            Fault::AuthorizeError { error, description } => Some((error.clone(), description.clone())),
            _ => None,
        });
        if let Some((error, description)) = forced {
            return Ok(self.refuse(&request.target, &error, description.as_deref().unwrap_or_default()));
        }
        let before = seen.cookie(&self.cookie_name).map(str::to_owned);
        let session = before.as_deref().and_then(|id| lock(&self.state).sessions.get(id).cloned());
        let automatic = lock(&self.automatic).clone();
        let now = self.clock.now();
        let goes_on = session.is_some_and(|session| {
            let another = automatic.as_ref().is_some_and(|name| *name != session.person.subject);
            request.accepts(&session, now)
                && !request.prompt.select_account
                && (request.prompt.none || !another)
        });
        let expected = request.login_hint.as_ref().and_then(|hint| lock(&self.expected).get(hint).cloned());
        let (faults, automatically) = (Vec::new(), expected.is_some());
        let flow = Flow { request, faults, factor_asked: false, allowed: false, automatic: automatically };
        if let Some(person) = expected {
            return self.signed_in(flow, None, person);
        }
        match (before, automatic) {
            (Some(session), _) if goes_on => self.go_on(flow, &session),
            _ if flow.request.prompt.none => {
                Ok(self.refuse(&flow.request.target, "login_required", "nobody is signed in at the provider"))
            }
            (before, Some(name)) => self.signed_in(flow, before, self.person(&name)),
            (before, None) => self.ask_who(flow, before),
        }
    }

    fn ask_who(&self, flow: Flow, before: Option<String>) -> Result<Response, KeyError> {
        let people = lock(&self.people).clone();
        let request = flow.request.clone();
        let transaction = self.wait(flow, Step::SignIn { before })?;
        Ok(pages::sign_in(&self.prefix, &request, &people, &transaction))
    }

    /// Keeps the way so far until a form with this transaction comes.
    fn wait(&self, flow: Flow, step: Step) -> Result<String, KeyError> {
        const PATIENCE: Duration = Duration::from_secs(3600);
        let transaction = random()?;
        let now = self.clock.now();
        let mut state = lock(&self.state);
        state.sweep(now);
        state.pending.insert(transaction.clone(), Pending { flow, step, expires: now.plus(PATIENCE) });
        Ok(transaction)
    }

    /// The form of the sign-in page.
    fn chosen(&self, flow: Flow, before: Option<String>, form: &Parameters) -> Result<Response, KeyError> {
        let target = &flow.request.target;
        let faults = form.one("trouble").map(troubles::faults).unwrap_or_default();
        let refusal = faults.iter().find_map(|fault| match fault {
            Fault::AuthorizeError { error, .. } => Some(error.clone()),
            _ => None,
        });
        if let Some(error) = refusal {
            return Ok(self.refuse(target, &error, "chosen on the sign-in page"));
        }
        let name = form.one("person").or_else(|| form.one("name")).map(str::trim).unwrap_or_default();
        if name.is_empty() {
            return Ok(self.refuse(target, "access_denied", "nobody was chosen"));
        }
        self.signed_in(Flow { faults, ..flow }, before, self.person(name))
    }

    /// The form of the second-factor page: a level, or none to go on without.
    fn proved(&self, flow: Flow, session: &str, form: &Parameters) -> Result<Response, KeyError> {
        let level = form.one("level").and_then(AuthLevel::parse);
        if let Some(level) = level.filter(|level| *level <= self.highest_level()) {
            self.raise(session, level);
        }
        self.go_on(Flow { factor_asked: true, ..flow }, session)
    }

    /// It is this person: the session they have had goes on, and anybody else begins a new one beside it.
    fn signed_in(&self, flow: Flow, before: Option<String>, person: Person) -> Result<Response, KeyError> {
        let now = self.clock.now();
        let (session, new) = {
            let mut state = lock(&self.state);
            if state.disabled.contains(&person.subject) || state.deleted.contains(&person.subject) {
                return Ok(self.refuse(&flow.request.target, "access_denied", "the account is disabled"));
            }
            let same = |id: &String| {
                state.sessions.get(id).is_some_and(|session| session.person.subject == person.subject)
            };
            match before.filter(same) {
                Some(id) => {
                    if let Some(session) = state.sessions.get_mut(&id)
                        && !flow.request.accepts(session, now)
                    {
                        // The first factor alone was asked for again.
                        (session.auth_time, session.level) = (now, AuthLevel::Aal1);
                    }
                    (id, false)
                }
                None => (state.begin_session(person, now)?, true),
            }
        };
        let mut response = self.go_on(flow, &session)?;
        let secure = if self.secure { "; Secure" } else { "" };
        let cookie = format!("{}={session}; Path=/; HttpOnly; SameSite=Lax{secure}", self.cookie_name);
        if new && let Ok(cookie) = cookie.parse() {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        Ok(response)
    }

    /// Somebody is signed in: what else has to be asked before there is a code?
    fn go_on(&self, flow: Flow, id: &str) -> Result<Response, KeyError> {
        let Some(session) = lock(&self.state).sessions.get(id).cloned() else {
            return Ok(self.refuse(&flow.request.target, "login_required", "the session has just ended"));
        };
        let automatic = flow.automatic || lock(&self.automatic).is_some();
        if let Wish::Level(level) = flow.request.wish(self.highest_level())
            && session.level < level
            && !flow.factor_asked
        {
            if flow.request.prompt.none {
                let text = "a second factor is needed";
                return Ok(self.refuse(&flow.request.target, "interaction_required", text));
            }
            if !automatic {
                let client = flow.request.target.client_id.clone();
                let step = Step::SecondFactor { session: id.to_owned() };
                let transaction = self.wait(flow, step)?;
                let person = session.person.display_name();
                let offered = (level, self.highest_level());
                return Ok(pages::second_factor(&self.prefix, &client, person, offered, &transaction));
            }
            self.raise(id, level);
        }
        let subject = &session.person.subject;
        let scopes = if flow.allowed { Vec::new() } else { self.scopes_to_ask(&flow.request, subject) };
        if !scopes.is_empty() {
            if flow.request.prompt.none {
                let text = "this person has not allowed all of it";
                return Ok(self.refuse(&flow.request.target, "consent_required", text));
            }
            if !automatic {
                let client = flow.request.target.client_id.clone();
                let transaction = self.wait(flow, Step::Consent { session: id.to_owned() })?;
                let person = session.person.display_name();
                return Ok(pages::consent(&self.prefix, &client, person, &scopes, &transaction));
            }
            if lock(&self.state).refuse_consent {
                return Ok(self.refuse(&flow.request.target, "access_denied", "the person declined"));
            }
        }
        if flow.allowed || !scopes.is_empty() {
            self.remember_consent(&flow.request, subject);
        }
        self.grant_code(flow, id)
    }

    /// A second factor is an authentication, too.
    fn raise(&self, session: &str, level: AuthLevel) {
        if let Some(session) = lock(&self.state).sessions.get_mut(session) {
            session.level = session.level.max(level);
            session.auth_time = self.clock.now();
        }
    }

    fn grant_code(&self, flow: Flow, session: &str) -> Result<Response, KeyError> {
        let code = random()?;
        let now = self.clock.now();
        let Flow { request, faults, .. } = flow;
        let acr = match request.wish(self.highest_level()) {
            Wish::Other(value) => Some(value),
            Wish::Level(_) | Wish::Nothing => None,
        };
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
                level: session.level,
                nonce: request.nonce,
                acr,
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

    pub(crate) fn highest_level(&self) -> AuthLevel {
        *lock(&self.highest_level)
    }

    /// A person by subject; anybody else's name will do too.
    pub(crate) fn person(&self, name: &str) -> Person {
        let known = lock(&self.people).iter().find(|person| person.subject == name).cloned();
        known.unwrap_or_else(|| {
            let words: Vec<String> = name.split_whitespace().map(str::to_lowercase).collect();
            let subject = words.join(".");
            Person::new(subject.clone()).name(name).email(format!("{subject}@example.test"))
        })
    }
}
