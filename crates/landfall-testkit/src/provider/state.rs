//! What the provider remembers between requests.

use std::collections::{BTreeSet, HashMap};

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use landfall::Timestamp;

use super::device::DeviceRequest;
use super::faults::Fault;
use super::flow::Pending;
use super::keys::KeyError;
use super::level::AuthLevel;
use super::people::Person;

/// Everything, by the unguessable value it is asked for with.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) pending: HashMap<String, Pending>,
    pub(crate) sessions: HashMap<String, ProviderSession>,
    pub(crate) codes: HashMap<String, Code>,
    pub(crate) devices: HashMap<String, DeviceRequest>,
    pub(crate) grants: HashMap<u64, Grant>,
    pub(crate) access_tokens: HashMap<String, (u64, Timestamp)>,
    pub(crate) refresh_tokens: HashMap<String, RefreshToken>,
    pub(crate) id_tokens: HashMap<Vec<u8>, IssuedIdToken>,
    /// The scopes a person has granted a client, by subject and client.
    pub(crate) consents: HashMap<(String, String), BTreeSet<String>>,
    pub(crate) refuse_consent: bool,
    pub(crate) disabled: BTreeSet<String>,
    pub(crate) deleted: BTreeSet<String>,
    next_grant: u64,
    next_session: u64,
}

/// Somebody signed in at the provider, in one browser.
#[derive(Clone, Debug)]
pub(crate) struct ProviderSession {
    pub(crate) person: Person,
    pub(crate) sid: String,
    pub(crate) auth_time: Timestamp,
    pub(crate) level: AuthLevel,
    /// Which of all the sessions, counted from the first.
    pub(crate) number: u64,
    /// The clients that were signed in to.
    pub(crate) clients: BTreeSet<String>,
}

/// What was allowed at one sign-in, and everything issued on its strength.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) person: Person,
    pub(crate) scopes: Vec<String>,
    pub(crate) sid: String,
    pub(crate) auth_time: Timestamp,
    pub(crate) level: AuthLevel,
    pub(crate) nonce: Option<String>,
    /// What was asked for that is no level.
    pub(crate) acr: Option<String>,
    /// Chosen on the sign-in page, for this sign-in alone.
    pub(crate) faults: Vec<Fault>,
}

#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) grant: u64,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    pub(crate) expires: Timestamp,
    pub(crate) used: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct RefreshToken {
    pub(crate) grant: u64,
    pub(crate) used: bool,
}

/// What an `id_token_hint` is worth.
#[derive(Clone, Debug)]
pub(crate) struct IssuedIdToken {
    pub(crate) client_id: String,
    pub(crate) sid: String,
}

impl State {
    pub(crate) fn add_grant(&mut self, grant: Grant) -> u64 {
        self.next_grant += 1;
        self.grants.insert(self.next_grant, grant);
        self.next_grant
    }

    /// Begins a session and says what its cookie holds.
    pub(crate) fn begin_session(&mut self, person: Person, now: Timestamp) -> Result<String, KeyError> {
        const MANY: u64 = 4096;
        let id = random()?;
        let sid = format!("ses_{}", random()?.get(..22).unwrap_or_default());
        self.next_session += 1;
        let number = self.next_session;
        let (level, clients) = (AuthLevel::Aal1, BTreeSet::new());
        let session = ProviderSession { person, sid, auth_time: now, level, number, clients };
        self.sessions.insert(id.clone(), session);
        if number.is_multiple_of(MANY) {
            self.sessions.retain(|_, session| session.number > number - MANY);
        }
        Ok(id)
    }

    /// Ends the sessions that are chosen, and says which they were.
    pub(crate) fn end_sessions(
        &mut self,
        chosen: impl Fn(&str, &ProviderSession) -> bool,
    ) -> Vec<ProviderSession> {
        self.sessions.extract_if(|id, session| chosen(id, session)).map(|(_, session)| session).collect()
    }

    /// Ends the sessions of one person, says which they were, and takes back everything that was granted in their
    /// name.
    pub(crate) fn sign_out(&mut self, subject: &str) -> Vec<ProviderSession> {
        let theirs = |(id, grant): (&u64, &Grant)| (grant.person.subject == subject).then_some(*id);
        let grants: BTreeSet<u64> = self.grants.iter().filter_map(theirs).collect();
        self.grants.retain(|id, _| !grants.contains(id));
        self.access_tokens.retain(|_, (of, _)| !grants.contains(of));
        self.end_sessions(|_, session| session.person.subject == subject)
    }

    /// Takes back a grant and with it every token of its family.
    pub(crate) fn revoke(&mut self, grant: u64) {
        self.grants.remove(&grant);
        self.access_tokens.retain(|_, (of, _)| *of != grant);
    }

    /// Forgets what has run out, when there is much of it: a provider may run for days.
    pub(crate) fn sweep(&mut self, now: Timestamp) {
        const MANY: usize = 4096;
        if self.pending.len() > MANY {
            self.pending.retain(|_, pending| pending.expires > now);
        }
        if self.codes.len() > MANY {
            self.codes.retain(|_, code| code.expires > now);
        }
        if self.access_tokens.len() > MANY {
            self.access_tokens.retain(|_, (_, expires)| *expires > now);
        }
        if self.id_tokens.len() > MANY {
            self.id_tokens.clear();
        }
        if self.grants.len() > MANY {
            let kept: std::collections::HashSet<u64> = (self.access_tokens.values().map(|(grant, _)| *grant))
                .chain(self.codes.values().map(|code| code.grant))
                .chain(self.refresh_tokens.values().map(|token| token.grant))
                .collect();
            self.grants.retain(|id, _| kept.contains(id));
            let grants = &self.grants;
            self.refresh_tokens.retain(|_, token| grants.contains_key(&token.grant));
        }
    }
}

/// 256 bits nobody can guess, in base64url.
pub(crate) fn random() -> Result<String, KeyError> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
