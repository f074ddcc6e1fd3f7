//! What a sign-in carries for the application, from where it begins to the hook: the application's own state, and
//! parameters of the login address.
//!
//! The two are not of one kind. [`AppState`] is the application's word, sealed: nobody else can make one, and it opens for
//! its holder alone. A parameter is whatever stood in the link that somebody followed, and anybody may have worded that.
//! So they are read by two methods, and nothing turns the one into the other.
//!
//! Both travel in the cookie of the pending login, behind what older releases know. App state may also travel in a link of
//! ours, where a browser cannot be sent at once; a link can be handed on, so there it is bound to a session, or to a value
//! in a cookie ([`CookieKind::Browser`]).

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::browser::cookie::{CookieKind, SentCookie};
use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::error::{Error, ErrorCode};

/// The longest app state, in bytes of JSON. Twelve pending logins share 5 KiB.
const MAX_STATE: usize = 512;
/// How long app state is good, from when the application gave it.
pub(crate) const STATE_LIFETIME: Duration = Duration::from_secs(3600);
/// The longest value of a parameter, in bytes. A longer one is left out.
pub(crate) const MAX_PARAMETER: usize = 256;
/// How many parameters an application may name.
pub(crate) const MOST_PARAMETERS: usize = 4;
/// So many cookies that may hold the browser's value are tried. A browser of ours holds one.
const MAX_TRIED: usize = 4;

/// What a sign-in carries. Boxed where it is kept, since most carry nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Carried {
    /// The application's own.
    pub(crate) state: Option<AppState>,
    /// Allow-listed parameters with their values, in the order of the list.
    pub(crate) parameters: Vec<(String, String)>,
}

/// State of the application's. `Debug` leaves its value out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AppState {
    /// JSON.
    value: String,
    /// In seconds since the epoch.
    kept_at: u64,
    /// For whom it is.
    pub(crate) holder: Holder,
}

/// For whom app state opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Holder {
    /// Nobody yet: the application gave it a moment ago.
    Unbound,
    /// Whoever holds the cookie of its attempt. Never in a link.
    Attempt,
    /// The browser that has this session, by the session's name.
    Session([u8; 32]),
    /// The browser that has the value with this digest.
    Browser([u8; 32]),
}

impl AppState {
    /// For nobody yet.
    ///
    /// # Errors
    /// [`ErrorCode::Misconfigured`] when it is no JSON, or longer than 512 bytes as that.
    pub(crate) fn of<T: Serialize>(state: &T) -> Result<Self, Error> {
        let value = serde_json::to_string(state).map_err(|error| {
            Error::new(ErrorCode::Misconfigured).detail("the app state of a sign-in is no JSON").source(error)
        })?;
        if value.len() > MAX_STATE {
            let detail = format!(
                "the app state of a sign-in is {} bytes long as JSON, and {MAX_STATE} fit: keep the rest under a name of \
                 your own, and carry that",
                value.len()
            );
            return Err(Error::new(ErrorCode::Misconfigured).detail(detail));
        }
        Ok(Self { value, kept_at: 0, holder: Holder::Unbound })
    }

    /// The same for this holder, from now on. What is bound already stays as it is.
    pub(crate) fn bound_to(self, holder: Holder, now: Timestamp) -> Self {
        match self.holder {
            Holder::Unbound => Self { kept_at: now.secs(), holder, ..self },
            Holder::Attempt | Holder::Session(_) | Holder::Browser(_) => self,
        }
    }

    /// Whether it may stand in a link: only what a copy of the link does not open.
    pub(crate) fn may_travel(&self) -> bool {
        matches!(self.holder, Holder::Session(_) | Holder::Browser(_))
    }

    /// The same as a new attempt in this browser keeps it; `None` for what is over, or was bound to another browser. Whose
    /// session it is bound to is looked at when the attempt comes back.
    pub(crate) fn for_attempt(self, sent: &[SentCookie], now: Timestamp) -> Option<Self> {
        let state = self.bound_to(Holder::Attempt, now);
        if state.is_over(now) {
            return None;
        }
        match state.holder {
            Holder::Unbound => None,
            Holder::Attempt | Holder::Session(_) => Some(state),
            Holder::Browser(digest) => values(sent)
                .any(|value| browser_digest(value) == digest)
                .then_some(Self { holder: Holder::Attempt, ..state }),
        }
    }

    /// Its JSON, for an attempt that came back to the browser that it was begun in, which had this session; `None` for what
    /// is over, or somebody else's.
    pub(crate) fn opened(&self, session: Option<[u8; 32]>, now: Timestamp) -> Option<&str> {
        let is_holder = match self.holder {
            Holder::Attempt => true,
            Holder::Session(name) => session == Some(name),
            Holder::Unbound | Holder::Browser(_) => false,
        };
        (is_holder && !self.is_over(now)).then_some(self.value.as_str())
    }

    /// Too old, or from a future that a clock set back cannot explain.
    fn is_over(&self, now: Timestamp) -> bool {
        let kept_at = Timestamp::from_secs(self.kept_at);
        now.since(kept_at) > STATE_LIFETIME || kept_at.since(now) > STATE_LIFETIME
    }
}

impl fmt::Debug for AppState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppState").field("holder", &self.holder).finish_non_exhaustive()
    }
}

/// The value that this browser holds already; `None` where it has none, or what it has was not made here.
pub(crate) fn browser_value(sent: &[SentCookie]) -> Option<&str> {
    values(sent).find(|value| URL_SAFE_NO_PAD.decode(value).is_ok_and(|bytes| bytes.len() == 16))
}

/// A value as its cookie holds it.
pub(crate) fn written(value: [u8; 16]) -> String {
    URL_SAFE_NO_PAD.encode(value)
}

/// What a link says of the browser that it is for: it does not tell the value.
pub(crate) fn browser_digest(value: &str) -> [u8; 32] {
    sha256(&[b"browser of app state", value.as_bytes()])
}

fn values(sent: &[SentCookie]) -> impl Iterator<Item = &str> {
    let sent = sent.iter().filter(|cookie| cookie.kind == CookieKind::Browser);
    sent.take(MAX_TRIED).map(|cookie| cookie.value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    #[test]
    fn app_state_has_512_bytes_and_the_error_says_how_many_it_is() {
        assert!(AppState::of(&"x".repeat(510)).is_ok());
        let error = AppState::of(&"x".repeat(511)).unwrap_err();
        assert!(error.operator_detail().unwrap().contains("513 bytes"), "{error:?}");
        assert!(!format!("{:?}", AppState::of(&"secret").unwrap()).contains("secret"));
    }

    #[test]
    fn app_state_opens_for_its_holder_within_an_hour_and_in_a_link_for_one_browser() {
        let state = || AppState::of(&7).unwrap();
        let hour = NOW.plus(STATE_LIFETIME);
        let late = hour.plus(Duration::from_secs(1));
        let attempt = state().for_attempt(&[], NOW).unwrap();
        assert_eq!((attempt.opened(None, hour), attempt.opened(None, late)), (Some("7"), None));
        assert!(!attempt.may_travel() && !state().may_travel());
        let session = state().bound_to(Holder::Session([1; 32]), NOW);
        assert!(session.may_travel());
        let session = session.for_attempt(&[], hour).unwrap();
        assert_eq!(session.opened(Some([1; 32]), hour), Some("7"));
        assert_eq!((session.opened(Some([2; 32]), NOW), session.opened(None, NOW)), (None, None));
        assert!(session.for_attempt(&[], late).is_none());
        let cookie = |value: [u8; 16]| SentCookie {
            kind: CookieKind::Browser,
            name: String::new(),
            value: written(value),
        };
        let browser = state().bound_to(Holder::Browser(browser_digest(&written([3; 16]))), NOW);
        assert_eq!(browser.opened(None, NOW), None, "no attempt has looked at the cookie");
        assert!(browser.clone().for_attempt(&[cookie([4; 16])], NOW).is_none());
        let kept = browser.for_attempt(&[cookie([4; 16]), cookie([3; 16])], NOW).unwrap();
        assert_eq!(kept.opened(None, NOW), Some("7"));
    }
}
