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

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use tokio::sync::Notify;

use self::answers::Answers;
use self::hook::CredentialsHook;
#[cfg(feature = "reqwest")]
use self::scheme::Carrier;
use self::scheme::CredentialScheme;
use super::Context;
use super::events::{EventKind, Told, WayIn};
use super::incoming::RequestFacts;
use super::request_origin::RequestOrigin;
use super::turns::Turns;
use crate::clock::{Entropy, Timestamp};
use crate::error::{Error, ErrorCode};
use crate::session::{EndReason, SubjectId};
use crate::web::pages;
use crate::web::reply::Reply;

/// How long the application may look at credentials. Whoever sent them is waiting.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(5);
/// How many forgotten subjects are known at most. Whose credentials were taken before the oldest of them was forgotten
/// is ended as well, since nobody can tell.
const FORGOTTEN: usize = 4_096;

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

#[cfg(feature = "reqwest")]
impl CredentialsSettings {
    /// The headers of their own that are looked at.
    pub(crate) fn header_names(&self) -> impl Iterator<Item = &str> {
        let own = self.schemes.iter().filter(|scheme| scheme.carrier != Carrier::Authorization);
        own.map(|scheme| scheme.name.as_str())
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
    /// Who was forgotten, and when.
    forgotten: Mutex<Forgotten>,
    /// Wakes whoever waits for that.
    told: Notify,
}

impl Credentials {
    /// With nothing remembered.
    ///
    /// # Errors
    /// When the random source fails.
    pub(crate) fn new(settings: CredentialsSettings, entropy: &dyn Entropy) -> Result<Self, Error> {
        let turns = Turns::new(settings.turn, "credentials come faster than the application looks at them");
        let forgotten = Mutex::default();
        Ok(Self { answers: Answers::new(entropy)?, turns, forgotten, told: Notify::new(), settings })
    }

    /// Forgets what was remembered of somebody, and tells who waits for that.
    pub(crate) fn forget(&self, subject: &SubjectId, now: Timestamp) {
        self.answers.forget(subject);
        let mut forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        forgotten.subjects.push_back((now, subject.clone()));
        if forgotten.subjects.len() > FORGOTTEN
            && let Some((at, _)) = forgotten.subjects.pop_front()
        {
            forgotten.unknown_before = forgotten.unknown_before.max(Some(at));
        }
        drop(forgotten);
        self.told.notify_waiters();
    }

    /// Waits until somebody is forgotten whose credentials were taken at this moment; done at once where that happened
    /// meanwhile.
    pub(crate) async fn until_forgotten(&self, subject: &SubjectId, taken_at: Timestamp) -> EndReason {
        loop {
            // Made before the look, so that it hears of what is forgotten in between.
            let told = self.told.notified();
            if let Some(why) = self.why_forgotten(subject, taken_at) {
                return why;
            }
            told.await;
        }
    }

    fn why_forgotten(&self, subject: &SubjectId, taken_at: Timestamp) -> Option<EndReason> {
        let forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        if forgotten.subjects.iter().any(|(at, who)| *at >= taken_at && who == subject) {
            return Some(EndReason::Application);
        }
        forgotten.unknown_before.is_some_and(|at| at >= taken_at).then_some(EndReason::Elsewhere)
    }
}

/// Who was forgotten in this process, the last behind the others.
#[derive(Debug, Default)]
struct Forgotten {
    subjects: VecDeque<(Timestamp, SubjectId)>,
    /// Nothing is known any more of who was forgotten up to here.
    unknown_before: Option<Timestamp>,
}

/// The refusal of what takes a session, to somebody who is here by credentials.
pub(crate) fn needs_session(detail: &str) -> Error {
    Error::new(ErrorCode::SessionRequired).detail(format!("by credentials, and {detail}"))
}

/// Why credentials were not taken, on the way to the answer and to whoever audits.
#[derive(Debug)]
pub(crate) struct NotTaken {
    pub(crate) error: Error,
    /// Of which scheme they were, where that is what failed.
    pub(crate) scheme: Option<Box<str>>,
}

impl From<Error> for NotTaken {
    fn from(error: Error) -> Self {
        Self { error, scheme: None }
    }
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
    pub(crate) fn refuse_credentials(
        &self,
        not_taken: impl Into<NotTaken>,
        facts: &RequestFacts,
        origin: Option<&RequestOrigin>,
    ) -> Reply {
        let NotTaken { error, scheme } = not_taken.into();
        let reference = self.reference();
        self.tell_of_refused(&error, scheme, origin, &reference);
        let mut reply = self.refuse_as(&reference, &error.into(), facts.kind, &facts.site, None, None);
        if reply.status() == StatusCode::UNAUTHORIZED {
            self.ask_for_credentials(facts, &mut reply);
        }
        match facts.caller.and_then(|caller| self.origin_of(caller)) {
            Some(origin) => pages::for_caller(reply, Some(origin)),
            None => reply,
        }
    }

    /// Tells the application's listener of credentials that were refused, and of nothing else that fails with them. Nobody
    /// is known by them: not even the name of the Basic scheme is told, since anybody may have written it.
    pub(crate) fn tell_of_refused(
        &self,
        error: &Error,
        scheme: Option<Box<str>>,
        origin: Option<&RequestOrigin>,
        reference: &str,
    ) {
        if error.code() == ErrorCode::CredentialsRefused && self.events.are_heard() {
            let way = WayIn::Credentials(scheme.unwrap_or_default());
            let kind = EventKind::CredentialsRefused(error.code());
            let told = Told { origin, reference: Some(reference), ..Told::new(kind, way) };
            self.events.tell_of(&told, self.clock.now());
        }
    }
}
