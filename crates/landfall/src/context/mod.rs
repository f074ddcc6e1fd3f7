//! What every leg of the trip shares: settings, sites, clients, sessions, and the state that legs leave for each other.
//!
//! A leg is handed the [`Context`], the [`site::Site`] a request came by, and the client it concerns. Nothing here
//! knows of a leg.

pub(crate) mod attempts;
pub(crate) mod csrf;
pub(crate) mod destinations;
pub(crate) mod endpoints;
pub(crate) mod events;
pub(crate) mod incoming;
pub(crate) mod kept_forms;
pub(crate) mod logout_queue;
pub(crate) mod provider_logouts;
pub(crate) mod refreshes;
pub(crate) mod refusal;
pub(crate) mod refused;
pub(crate) mod select;
pub(crate) mod settings;
pub(crate) mod sign_in_hook;
pub(crate) mod site;

use std::sync::Arc;

use bytes::Bytes;

use self::attempts::Attempts;
use self::events::Events;
use self::kept_forms::KeptForms;
use self::logout_queue::LogoutQueue;
use self::provider_logouts::ProviderLogouts;
use self::refreshes::Refreshes;
use self::settings::Settings;
use self::sign_in_hook::Hook;
use self::site::Sites;
use crate::address::mismatch::LoggedMismatches;
use crate::clock::{Clock, Entropy};
use crate::error::{Error, ErrorCode};
use crate::provider::clients::Clients;
use crate::runtime::Runtime;
use crate::session::SessionKeeper;
use crate::web::reply::{BodyError, NeedsBody, Reply, Waiting};

/// One relying party, from the inside.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) settings: Settings,
    pub(crate) sites: Sites,
    pub(crate) clients: Clients,
    pub(crate) sessions: SessionKeeper,
    pub(crate) attempts: Attempts,
    pub(crate) refreshes: Refreshes,
    pub(crate) events: Events,
    pub(crate) sign_in_hook: Option<Hook>,
    pub(crate) provider_logouts: ProviderLogouts,
    pub(crate) kept_forms: KeptForms,
    pub(crate) logout_queue: LogoutQueue,
    /// The addresses that were explained in the log.
    pub(crate) logged_mismatches: LoggedMismatches,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) runtime: Runtime,
}

impl Context {
    /// A step that reads a body first, of so many bytes at most.
    pub(crate) fn needs_body(
        &self,
        limit: usize,
        next: impl FnOnce(Result<Bytes, BodyError>) -> Waiting<Reply> + Send + 'static,
    ) -> NeedsBody {
        NeedsBody::new(limit, self.runtime.timer(self.settings.timeouts.body), next)
    }

    /// Bytes that nobody can guess.
    ///
    /// # Errors
    /// [`ErrorCode::RandomnessFailed`].
    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes)?;
        Ok(bytes)
    }
}

/// What is left to say where the runtime that would have done the work is gone.
pub(crate) fn runtime_gone() -> Error {
    Error::new(ErrorCode::Misconfigured).detail("the runtime is gone")
}
