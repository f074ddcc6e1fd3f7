//! What every leg of the trip shares: settings, sites, clients, sessions, and the state that legs leave for each
//! other.
//!
//! A leg is handed the [`Context`], the [`site::Site`] a request came by, and the client it concerns. Nothing
//! here knows of a leg: `flow`, `visit` and `relying_party` import this room, never the other way round. It
//! imports `guard`, `session`, `provider`, `browser` and whatever is below them.
//!
//! What was configured, and what is chosen by it:
//! - [`settings`]: the application's settings, in groups.
//! - [`site`]: one base URL with its cookie names and seals.
//! - [`endpoints`]: the table of our own paths. A new endpoint begins here.
//! - [`site_selection`], [`client_selection`]: which site a request came by, and which client it is for.
//! - [`elsewhere`]: what names no base URL, and may pass all the same.
//! - [`landing`]: where people may land. Every redirect to a page of the application is decided there.
//! - [`sign_in_page`], [`sign_in_query`]: the application's own page for it, and the query that it passes on.
//! - [`csrf`]: the rules of [`guard::fetch_metadata`](crate::guard::fetch_metadata), asked with our own origins.
//!
//! What is read of a request, and how it is answered where it fails:
//! - [`incoming`]: a request, read once.
//! - [`request_origin`]: where it comes from, for whoever audits.
//! - [`not_set_up`]: what is answered where there is no context.
//! - [`refused`], [`error_reply`]: an error with its way on, and how both are told.
//!
//! What legs leave for each other, in the memory of this process:
//! - [`attempts`]: callbacks that came back; [`refreshes`]: refreshes under way.
//! - [`recent_logouts`]: logouts that a sign-in under way must not outlive.
//! - [`kept_forms`], [`turns`]: limits on what anybody can send.
//! - [`session_limit`]: how many sessions one subject may have.
//! - [`mounting`]: whether our own paths come here at all.
//! - [`public_answers`]: what the log has told once.
//!
//! Where the application listens in: [`events`], [`sign_in_hook`], which is told of the trip ([`sign_in_trip`]), is given the
//! [`provider_tokens`] and may add [`application_headers`]; [`logout_hook`], where it keeps sessions of its own. Where it says who it is: [`credentials`].

pub(crate) mod application_headers;
pub(crate) mod attempts;
pub(crate) mod client_selection;
pub(crate) mod credentials;
pub(crate) mod csrf;
pub(crate) mod elsewhere;
pub(crate) mod endpoints;
pub(crate) mod error_reply;
pub(crate) mod events;
pub(crate) mod incoming;
pub(crate) mod kept_forms;
pub(crate) mod landing;
pub(crate) mod logout_hook;
pub(crate) mod mounting;
pub(crate) mod not_set_up;
pub(crate) mod provider_tokens;
pub(crate) mod public_answers;
pub(crate) mod recent_logouts;
pub(crate) mod refreshes;
pub(crate) mod refused;
pub(crate) mod request_origin;
pub(crate) mod session_limit;
pub(crate) mod settings;
pub(crate) mod sign_in_hook;
pub(crate) mod sign_in_page;
pub(crate) mod sign_in_query;
pub(crate) mod sign_in_trip;
pub(crate) mod site;
pub(crate) mod site_selection;
pub(crate) mod turns;

use std::sync::Arc;

use bytes::Bytes;

use self::attempts::Attempts;
use self::credentials::Credentials;
use self::events::Events;
use self::kept_forms::KeptForms;
use self::logout_hook::LogoutHook;
use self::mounting::Mounting;
use self::public_answers::PublicAnswers;
use self::recent_logouts::ProviderLogouts;
use self::refreshes::Refreshes;
use self::settings::Settings;
use self::sign_in_hook::Hook;
use self::site::Sites;
use self::turns::AllTurns;
use crate::address::mismatch::LoggedMismatches;
use crate::clock::{Clock, Entropy};
use crate::error::{Error, ErrorCode, Names};
use crate::provider::clients::Clients;
use crate::runtime::Runtime;
use crate::session::SessionKeeper;
use crate::web::reply::{BodyError, NeedsBody, Reply, Waiting};

/// One relying party, from the inside: made once by the builder, shared by every request, never changed.
///
/// What does change is behind the types of its fields, each of which can be asked by many requests at once.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) settings: Settings,
    /// One for each base URL.
    pub(crate) sites: Sites,
    /// The registrations at providers, with what is known of them: metadata and keys.
    pub(crate) clients: Clients,
    /// Finds, begins and ends sessions, with a store or without.
    pub(crate) sessions: SessionKeeper,
    pub(crate) attempts: Attempts,
    pub(crate) refreshes: Refreshes,
    pub(crate) events: Events,
    /// The application's say in a sign-in; `None` where it has none, and everybody who is verified gets a
    /// session.
    pub(crate) sign_in_hook: Option<Hook>,
    /// Where the application ends sessions of its own when the provider ends one; `None` where it has none.
    pub(crate) logout_hook: Option<LogoutHook>,
    /// The application's say in credentials that come with a request; `None` where cookies alone say who is there.
    pub(crate) credentials: Option<Credentials>,
    pub(crate) provider_logouts: ProviderLogouts,
    pub(crate) kept_forms: KeptForms,
    /// Where what strangers can send takes turns.
    pub(crate) turns: AllTurns,
    /// The addresses that were explained in the log: each is explained once.
    pub(crate) logged_mismatches: LoggedMismatches,
    /// Whether our own paths come here.
    pub(crate) mounting: Mounting,
    /// The routes whose answers were made private though they said `public`: each is told once.
    pub(crate) public_answers: PublicAnswers,
    /// What each setting is called where this application sets it: every text for the operator is spelled by it.
    pub(crate) names: Names,
    /// What time it is. Nothing here asks the operating system; tests move this one.
    pub(crate) clock: Arc<dyn Clock>,
    /// Where nonces, verifiers and names come from.
    pub(crate) entropy: Arc<dyn Entropy>,
    /// Where work with I/O runs.
    pub(crate) runtime: Runtime,
}

impl Context {
    /// A step that reads a body first, of so many bytes at most and within the body timeout. `next` gets the
    /// body, or why it did not come whole.
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

/// The error of a call whose runtime is gone: it was shut down while work was under way, or the work panicked.
/// Where a whole reply is wanted, [`pages::runtime_gone`](crate::web::pages::runtime_gone) is it.
pub(crate) fn no_runtime() -> Error {
    Error::new(ErrorCode::Misconfigured).detail("the runtime is gone")
}
