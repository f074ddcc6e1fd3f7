//! Credentials that come with a request: API tokens, passwords of DAV and git clients, a name that a proxy writes.
//!
//! What they prove is the application's to say: its hook ([`hook`]) gives an identity, nothing, or a refusal. Here is what
//! surrounds that: which headers are looked at ([`scheme`], [`brought`]), what is remembered of an answer ([`answers`]), and
//! how many are looked at at once. When the hook is asked, how long it may take and what of its answer is believed is in
//! `flow/credentials.rs`; what becomes of the request in `relying_party/credentials.rs`.
//!
//! One rule holds where both come: whom the hook names is there, and the cookie is not read. Where it says nothing, the
//! header is not there.

pub(crate) mod answers;
pub(crate) mod brought;
pub(crate) mod hook;
pub(crate) mod scheme;

use std::time::Duration;

use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use tokio::sync::broadcast;

use self::answers::Answers;
use self::hook::CredentialsHook;
use self::scheme::CredentialScheme;
use super::Context;
use super::incoming::RequestFacts;
use super::turns::Turns;
use crate::clock::Entropy;
use crate::error::{Error, ErrorCode};
use crate::session::SubjectId;
use crate::web::pages;
use crate::web::reply::Reply;

/// How long the application may look at credentials. Whoever sent them is waiting.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(5);
/// How many forgotten subjects an open connection may be behind before it is ended as well.
const FORGOTTEN: usize = 256;

/// What the application configured, as the builder takes it.
#[derive(Debug)]
pub(crate) struct CredentialsSettings {
    /// Which headers are looked at; of several in one request the first in this order counts.
    pub(crate) schemes: Vec<CredentialScheme>,
    /// For `WWW-Authenticate`; empty for none.
    pub(crate) challenge: String,
    pub(crate) hook: CredentialsHook,
    /// How long the hook may take. Default: 15 seconds.
    pub(crate) patience: Duration,
    /// How long a request waits until the hook can be asked. Default: 5 seconds.
    pub(crate) turn: Duration,
}

impl CredentialsSettings {
    pub(crate) fn new(schemes: Vec<CredentialScheme>, challenge: String, hook: CredentialsHook) -> Self {
        Self { schemes, challenge, hook, patience: PATIENCE, turn: TURN }
    }
}

/// Credentials as they are looked at by one relying party.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) settings: CredentialsSettings,
    /// What the application said a moment ago, where it let that be remembered.
    pub(crate) answers: Answers,
    /// The hook is asked by so many at once.
    pub(crate) turns: Turns,
    /// Tells open connections whose credentials were forgotten.
    forgotten: broadcast::Sender<SubjectId>,
}

impl Credentials {
    /// With nothing remembered.
    ///
    /// # Errors
    /// When the random source fails.
    pub(crate) fn new(settings: CredentialsSettings, entropy: &dyn Entropy) -> Result<Self, Error> {
        let turns = Turns::new(settings.turn, "credentials come faster than the application looks at them");
        let forgotten = broadcast::channel(FORGOTTEN).0;
        Ok(Self { answers: Answers::new(entropy)?, turns, forgotten, settings })
    }

    /// Forgets what was remembered of somebody, and tells who waits for that.
    pub(crate) fn forget(&self, subject: &SubjectId) {
        self.answers.forget(subject);
        // An error says that nobody waits.
        let _ = self.forgotten.send(subject.clone());
    }

    /// Hears from now on whose credentials are forgotten.
    pub(crate) fn forgotten(&self) -> broadcast::Receiver<SubjectId> {
        self.forgotten.subscribe()
    }
}

/// The refusal of what takes a session, to somebody who is here by credentials.
pub(crate) fn needs_session(detail: &str) -> Error {
    Error::new(ErrorCode::SessionRequired).detail(format!("by credentials, and {detail}"))
}

impl Context {
    /// What a 401 asks of whoever brought nothing and is no browser: the application's challenge, in place of the one that
    /// names the cookie. A browser never sees it, since it would ask its person for a password by a window of its own.
    pub(crate) fn ask_for_credentials(&self, facts: &RequestFacts, reply: &mut Reply) {
        let challenge = self.credentials.as_ref().map(|credentials| credentials.settings.challenge.as_str());
        if let Some(challenge) = challenge.filter(|challenge| facts.is_program && !challenge.is_empty()) {
            pages::put(reply, WWW_AUTHENTICATE, challenge);
        }
    }

    /// The refusal of a request because of the credentials in it, or of what it asks for in their name.
    pub(crate) fn refuse_credentials(&self, error: Error, facts: &RequestFacts) -> Reply {
        let mut reply = self.refuse(error, facts.kind, &facts.site, None);
        if reply.status() == StatusCode::UNAUTHORIZED {
            self.ask_for_credentials(facts, &mut reply);
        }
        match facts.caller.and_then(|caller| self.origin_of(caller)) {
            Some(origin) => pages::for_caller(reply, Some(origin)),
            None => reply,
        }
    }
}
