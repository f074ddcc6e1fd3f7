//! What a browser must bring back to the callback: the pending login in its cookie, and `state`.
//!
//! The cookie holds what must stay between this browser and us: nonce, PKCE verifier, redirect URI. `state`
//! travels through the provider; it is sealed, recognisably ours, and holds attempt, time and return-to, so
//! that the destination survives a lost cookie. On its own it authenticates nobody.
//!
//! What is made and when:
//!
//! 1. At login: a [`PendingLogin`] in a cookie named after the attempt, and a [`State`] in the authorization request.
//! 2. At the callback: `state` is opened first. It names the attempt, and so the cookie. Only a browser that has the
//!    cookie can go on, which is what keeps a stranger's answer out (login CSRF, RFC 9700 §4.7; RFC 6749 §10.12).
//! 3. Once the code is sent: the pending login is cleared and a [`Spent`] marker set, so that a reload lands where the
//!    first answer did, and another code under the same `state` is refused.
//!
//! All of them may be read by another release during an update. So fields are only added, and only behind the rest:
//! [`PendingLogin::v2`], what it carries, [`State::requested_address`] and [`Spent::v2`] are written as values of their own
//! behind the struct.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::browser::carried::Carried;
use crate::browser::cookie::{CookieKind, CookieNames, MAX_COOKIE, SentCookie};
use crate::clock::{Entropy, Timestamp};
use crate::crypto::digest;
use crate::crypto::seal::Sealer;
use crate::error::{Error, ErrorCode};
use crate::protocol::authn_request::AuthnRequest;

/// What every `state` of ours begins with, so that one can be told from a parameter of the application's own.
const STATE_PREFIX: &str = "lf1.";
/// A destination longer than this, in bytes, stays out of `state`: authorization URLs have limits of their own. The
/// cookie has it all the same.
const MAX_RETURN_TO_IN_STATE: usize = 1024;
/// How many pending logins a browser may hold: tabs that sign in at the same time have one each.
const MAX_PENDING: usize = 12;
/// How long the cookies of all pending logins may be together, in bytes: servers bound the headers of a request.
const MAX_PENDING_BYTES: usize = 5 * 1024;
/// How long they may be with marks and kept forms, in bytes. Many servers take 8 KiB a line, and a session has to fit, too.
const MAX_BYTES: usize = 6 * 1024;
/// How many marks of finished attempts a browser may hold.
const MAX_SPENT: usize = 8;
/// How long the mark of a finished attempt lasts.
pub(crate) const SPENT_LIFETIME: Duration = Duration::from_secs(600);

/// What the cookie of a sign-in under way holds. It is believed as it is, since only we can have sealed it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PendingLogin {
    /// Names this sign-in among those of the browser, and its cookies. Random, and no secret.
    pub(crate) attempt: [u8; 16],
    /// Which client, by its number.
    pub(crate) client: u8,
    /// Whom it was sent to. An answer with another `iss` is refused (mix-up, RFC 9207 §2.4).
    pub(crate) issuer: String,
    /// In seconds since the epoch, by our clock.
    pub(crate) issued_at: u64,
    /// Ties the ID token to this browser's request (OpenID Connect Core §3.1.2.1).
    pub(crate) nonce: [u8; 32],
    /// Ties the code to this browser's request (RFC 7636).
    pub(crate) verifier: [u8; 32],
    /// As it was sent, byte for byte: the token endpoint wants it again (RFC 6749 §4.1.3).
    pub(crate) redirect_uri: String,
    /// Where the browser lands.
    pub(crate) return_to: String,
    /// The scopes that were asked for, with spaces between.
    pub(crate) scope: String,
    /// How old the authentication may be, in seconds; checked when the ID token comes.
    pub(crate) max_age: Option<u64>,
    /// The classes of which the answer must have one, where `acr_essential` says so.
    pub(crate) acr: Vec<String>,
    pub(crate) acr_essential: bool,
    /// Nothing was to be shown to the person.
    pub(crate) prompt_none: bool,
    /// How many trips of this sign-in came before, so that healing one does not become a loop.
    pub(crate) restarts: u8,
    /// Behind the rest: a release that does not know it leaves it, and does without it.
    #[serde(skip)]
    pub(crate) v2: PendingLoginV2,
    /// What it carries for the application, behind all of that; written only where there is something.
    #[serde(skip)]
    pub(crate) carried: Option<Box<Carried>>,
}

/// What the second version of a pending login added.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct PendingLoginV2 {
    /// What it asks for: kept so that a trip that has to be made again asks for the same.
    pub(crate) request: AuthnRequest,
    /// Nobody asked for this sign-in: if it comes to nothing, the page is shown as it is.
    pub(crate) silent: bool,
}

/// What `state` holds: enough to answer a callback whose cookie is lost with something better than a dead end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Which pending login it belongs to.
    pub(crate) attempt: [u8; 16],
    /// Which client, by its number.
    pub(crate) client: u8,
    /// In seconds since the epoch, as in the pending login.
    pub(crate) issued_at: u64,
    pub(crate) restarts: u8,
    /// Where the browser lands; `None` for one too long for an authorization URL.
    pub(crate) return_to: Option<String>,
    /// The address it was started under, if that is not the base URL's. Behind the rest: a release that does not know
    /// it leaves it.
    #[serde(skip)]
    pub(crate) requested_address: Option<String>,
}

/// The mark of an attempt whose code was sent, whatever came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spent {
    pub(crate) attempt: [u8; 16],
    /// A digest of the code: the same code again is a reload, another one a replay.
    pub(crate) code: [u8; 16],
    /// In seconds since the epoch.
    pub(crate) finished_at: u64,
    /// Whether a session was begun. Several such marks for one page, and still nobody signed in, are a loop.
    pub(crate) signed_in: bool,
    /// A digest of where it landed, by which such a loop is told.
    pub(crate) target: [u8; 8],
    /// Behind the rest, and written only where it says something.
    #[serde(skip)]
    pub(crate) v2: SpentV2,
}

/// What the second version of a mark added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SpentV2 {
    /// Where it landed, if that is not where the attempt was going. It is looked at once more.
    pub(crate) landed_at: Option<String>,
    /// Whether the application answered itself, so that no session of ours is to be found.
    pub(crate) is_answered: bool,
}

impl PendingLogin {
    /// The nonce as it stands in the authorization request, and has to stand in the ID token.
    pub(crate) fn nonce_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.nonce)
    }

    /// The PKCE verifier: 43 characters (RFC 7636 §4.1).
    pub(crate) fn verifier_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.verifier)
    }

    /// Whether the sign-in has taken longer than it may.
    pub(crate) fn is_expired(&self, lifetime: Duration, now: Timestamp) -> bool {
        is_expired(self.issued_at, lifetime, now)
    }
}

impl State {
    /// Whether the sign-in that it went out with has taken longer than it may.
    pub(crate) fn is_expired(&self, lifetime: Duration, now: Timestamp) -> bool {
        is_expired(self.issued_at, lifetime, now)
    }
}

/// Too old, or from a future that a clock set back cannot explain.
fn is_expired(issued_at: u64, lifetime: Duration, now: Timestamp) -> bool {
    let issued_at = Timestamp::from_secs(issued_at);
    now.since(issued_at) > lifetime || issued_at.since(now) > lifetime
}

/// The digest of a code by which a repeated callback is told from a replay.
pub(crate) fn code_digest(code: &str) -> [u8; 16] {
    digest::short(code)
}

/// The digest of a destination by which a loop is told.
pub(crate) fn target_digest(target: &str) -> [u8; 8] {
    digest::short(target)
}

/// Whether a `state` is shaped like ours; what it says is another question.
pub(crate) fn looks_like_ours(state: &str) -> bool {
    state.starts_with(STATE_PREFIX)
}

/// Seals and opens what the browser keeps of attempts, under one base URL. Each purpose has keys of its own, so that a
/// cookie of one kind never opens as another, however a browser moves values about.
#[derive(Debug)]
pub(crate) struct AttemptSeals {
    pub(crate) login: Sealer,
    pub(crate) state: Sealer,
    pub(crate) spent: Sealer,
    /// For an answer that the provider posted, on its way to the GET; the callback's own format.
    pub(crate) post: Sealer,
    /// For [`KeptForm`](super::kept_form::KeptForm).
    pub(crate) form: Sealer,
    /// For [`KeptValue`](super::kept_value::KeptValue).
    pub(crate) kept: Sealer,
}

impl AttemptSeals {
    /// The `state` of an authorization request. `requested_address` is where the browser started, if that is not the
    /// base URL's.
    ///
    /// # Errors
    /// When it cannot be written or sealed.
    pub(crate) fn seal_state(
        &self,
        entropy: &dyn Entropy,
        pending: &PendingLogin,
        requested_address: Option<&str>,
    ) -> Result<String, Error> {
        let fits = pending.return_to.len() <= MAX_RETURN_TO_IN_STATE;
        let state = State {
            attempt: pending.attempt,
            client: pending.client,
            issued_at: pending.issued_at,
            restarts: pending.restarts,
            return_to: fits.then(|| pending.return_to.clone()),
            requested_address: None,
        };
        Ok(format!(
            "{STATE_PREFIX}{}",
            self.state.seal(entropy, STATE_PREFIX.as_bytes(), &write(&(state, requested_address))?)?
        ))
    }

    /// Opens a `state`; `None` where it was not sealed by us under this base URL. It may be old, and anybody's.
    pub(crate) fn open_state(&self, state: &str) -> Option<State> {
        let sealed = state.strip_prefix(STATE_PREFIX)?;
        let plain = self.state.open(STATE_PREFIX.as_bytes(), sealed.as_bytes()).plain()?;
        let (mut state, rest): (State, _) = postcard::take_from_bytes(&plain).ok()?;
        if !rest.is_empty() {
            state.requested_address = postcard::take_from_bytes(rest).ok()?.0;
        }
        Some(state)
    }

    /// The Set-Cookie value of a pending login.
    ///
    /// # Errors
    /// [`ErrorCode::RequestMalformed`] where it does not fit a cookie, as with a destination that is far too long; and
    /// when it cannot be written or sealed.
    pub(crate) fn login_cookie(
        &self,
        entropy: &dyn Entropy,
        names: &CookieNames,
        pending: &PendingLogin,
        lifetime: Duration,
    ) -> Result<String, Error> {
        let name = names.attempt(CookieKind::Login, &pending.attempt);
        let mut plain = write(&(pending, &pending.v2))?;
        if let Some(carried) = &pending.carried {
            plain.extend(write(carried)?);
        }
        let value = self.login.seal(entropy, name.as_bytes(), &plain)?;
        if name.len() + value.len() > MAX_COOKIE {
            return Err(
                Error::new(ErrorCode::RequestMalformed).detail("the pending login does not fit a cookie")
            );
        }
        Ok(names.set(&name, &value, lifetime))
    }

    /// Opens the cookie of a pending login; `None` where it is not ours or stands under another attempt's name.
    pub(crate) fn open_login(&self, cookie: &SentCookie) -> Option<PendingLogin> {
        let plain = self.login.open(cookie.name.as_bytes(), cookie.value.as_bytes()).plain()?;
        let (mut pending, rest): (PendingLogin, _) = postcard::take_from_bytes(&plain).ok()?;
        if !rest.is_empty() {
            let (v2, rest) = postcard::take_from_bytes(rest).ok()?;
            pending.v2 = v2;
            // What another release carries in another form is not there; the sign-in goes on without.
            pending.carried = postcard::from_bytes(rest).ok();
        }
        Some(pending)
    }

    /// The Set-Cookie value of a spent marker.
    ///
    /// # Errors
    /// When it cannot be written or sealed.
    pub(crate) fn spent_cookie(
        &self,
        entropy: &dyn Entropy,
        names: &CookieNames,
        spent: &Spent,
    ) -> Result<String, Error> {
        let name = names.attempt(CookieKind::Spent, &spent.attempt);
        let mut plain = write(spent)?;
        if spent.v2 != SpentV2::default() {
            plain.extend(write(&spent.v2)?);
        }
        let value = self.spent.seal(entropy, name.as_bytes(), &plain)?;
        Ok(names.set(&name, &value, SPENT_LIFETIME))
    }

    /// Opens a spent marker; `None` where it is not ours. Its age is for the caller to judge.
    pub(crate) fn open_spent(&self, cookie: &SentCookie) -> Option<Spent> {
        let plain = self.spent.open(cookie.name.as_bytes(), cookie.value.as_bytes()).plain()?;
        let (mut spent, rest): (Spent, _) = postcard::take_from_bytes(&plain).ok()?;
        spent.v2 = postcard::from_bytes(rest).unwrap_or_default();
        Some(spent)
    }

    /// Which of the cookies sent have to go so that one more pending login of `added` bytes fits: those that are no use
    /// any more, then the oldest. Gives their names, to be cleared. `beside` is how long another cookie is that goes out
    /// with the same answer.
    ///
    /// The oldest go, and not the new one is refused: a browser whose tabs were left behind must still be able to sign
    /// in. Spent markers are bounded by their own number, with room for one more, and kept forms by theirs; what both
    /// take is left out of what pending logins may have, since anybody's page can open another of those.
    pub(crate) fn to_evict<'a>(
        &self,
        sent: &'a [SentCookie],
        (added, beside): (usize, usize),
        lifetime: Duration,
        now: Timestamp,
    ) -> Vec<&'a str> {
        let length = |cookie: &SentCookie| cookie.name.len() + cookie.value.len();
        let mut others = beside;
        let mut evicted = Vec::new();
        let mut alive = Vec::new();
        let mut spent = Vec::new();
        for cookie in sent {
            match cookie.kind {
                CookieKind::Login => {
                    match self.open_login(cookie).filter(|login| !login.is_expired(lifetime, now)) {
                        Some(login) => alive.push((login.issued_at, cookie)),
                        None => evicted.push(cookie.name.as_str()),
                    }
                }
                CookieKind::Spent => match self.open_spent(cookie) {
                    Some(mark) => spent.push((mark.finished_at, cookie)),
                    None => evicted.push(cookie.name.as_str()),
                },
                // They make room for themselves.
                CookieKind::Form | CookieKind::Kept | CookieKind::Failure | CookieKind::Browser => {
                    others += length(cookie);
                }
            }
        }
        alive.sort_by_key(|(issued_at, _)| *issued_at);
        spent.sort_by_key(|(finished_at, _)| *finished_at);
        let too_many = (spent.len() + 1).saturating_sub(MAX_SPENT);
        others += spent.iter().skip(too_many).map(|(_, cookie)| length(cookie)).sum::<usize>();
        evicted.extend(spent.into_iter().take(too_many).map(|(_, cookie)| cookie.name.as_str()));
        let limit = MAX_BYTES.saturating_sub(others).min(MAX_PENDING_BYTES);
        let mut bytes = added + alive.iter().map(|(_, cookie)| length(cookie)).sum::<usize>();
        let mut count = alive.len();
        for (_, cookie) in alive {
            if count < MAX_PENDING && bytes <= limit {
                break;
            }
            count -= 1;
            bytes -= length(cookie);
            evicted.push(&cookie.name);
        }
        evicted
    }
}

fn write<T: Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    postcard::to_allocvec(value).map_err(|error| {
        Error::new(ErrorCode::Misconfigured).detail("a sealed value could not be written").source(error)
    })
}
