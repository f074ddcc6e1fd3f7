//! What every endpoint of the provider works on.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use landfall::Clock;
use serde_json::{Map, Value};

use super::clients::Client;
use super::delivery::Courier;
use super::faults::{Endpoint, Fault, Faults};
use super::hold::Doors;
use super::keys::{Algorithm, KeyRing};
use super::level::{AuthLevel, LevelClaim};
use super::people::Person;
use super::request::SeenRequest;
use super::state::State;
use super::webhook::{Webhook, WebhookForm};
use crate::lock::lock;

/// What all ways in share.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) issuer: String,
    /// The issuer's path, without a slash at its end.
    pub(super) prefix: String,
    pub(super) secure: bool,
    pub(super) cookie_name: String,
    /// In every form of the desk, so that no other site's page can decide anything.
    pub(super) desk_token: String,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) options: Options,
    pub(super) clients: Mutex<Vec<Client>>,
    pub(super) people: Mutex<Vec<Person>>,
    pub(super) automatic: Mutex<Option<String>>,
    /// Who is signed in without a page where a request has this `login_hint`.
    pub(super) expected: Mutex<HashMap<String, Person>>,
    pub(super) highest_level: Mutex<AuthLevel>,
    pub(super) keys: Mutex<KeyRing>,
    pub(super) state: Mutex<State>,
    pub(super) faults: Faults,
    pub(super) doors: Doors,
    pub(super) courier: Courier,
    pub(super) log: Mutex<Vec<SeenRequest>>,
    pub(super) down: AtomicBool,
}

/// What the builder decides for good.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) access_token_lifetime: Duration,
    pub(super) claims_in_id_token: bool,
    pub(super) code_lifetime: Duration,
    pub(super) device_code_lifetime: Duration,
    pub(super) device_interval: Duration,
    pub(super) id_token_lifetime: Duration,
    pub(super) iss_parameter: bool,
    pub(super) level_claim: LevelClaim,
    pub(super) webhooks: Vec<Webhook>,
    pub(super) webhook_form: WebhookForm,
}

impl Core {
    /// Lets those faults change a JSON answer that are about this endpoint.
    pub(super) fn edit_json(&self, at: Endpoint, chosen: &[Fault], document: &mut Map<String, Value>) {
        let edits = chosen.iter().filter_map(|fault| fault.edits_json(at));
        for edit in edits.chain(self.faults.every(|fault| fault.edits_json(at))) {
            edit(document);
        }
    }

    pub(super) fn remember(&self, seen: SeenRequest) {
        const MANY: usize = 10_000;
        let mut log = lock(&self.log);
        if log.len() >= MANY {
            log.drain(..MANY / 2);
        }
        log.push(seen);
    }

    pub(super) fn algorithms(&self) -> Vec<Algorithm> {
        lock(&self.clients).iter().map(|client| client.algorithm).collect()
    }
}
