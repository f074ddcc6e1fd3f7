//! A value that the application keeps in the browser from one request to another.
//!
//! A passkey's challenge, a mailed link's secret: what comes back is believed only in the browser that it was made for.
//! It is sealed into a cookie of its own, one for each type of the application's, so that two kinds of attempt do not
//! take each other's place. That it is taken once is for the server to know: a browser can keep a copy.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::browser::cookie::{CookieKind, CookieNames, SentCookie};
use crate::browser::pending_login::AttemptSeals;
use crate::clock::{Entropy, Timestamp};
use crate::crypto::digest::sha256;
use crate::error::{Error, ErrorCode};

/// The longest value, in bytes of JSON.
pub(crate) const MAX_VALUE: usize = 1024;
/// How many of them a browser keeps at once.
const MOST: usize = 4;

/// A value as it is sealed into its cookie.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeptValue {
    /// In seconds since the epoch.
    pub(crate) kept_at: u64,
    /// Random: by it the server knows that it was taken.
    pub(crate) id: [u8; 16],
    /// JSON: the application's types are not for postcard to know.
    pub(crate) value: String,
}

/// The name of the cookie for values of this type.
pub(crate) fn cookie_name(names: &CookieNames, type_name: &str) -> String {
    let digest = sha256(&[type_name.as_bytes()]);
    names.attempt(CookieKind::Kept, digest.first_chunk().unwrap_or(&[0; 16]))
}

impl KeptValue {
    /// The value for the cookie of this name.
    ///
    /// # Errors
    /// When the value is too long, or cannot be sealed.
    pub(crate) fn seal(
        &self,
        entropy: &dyn Entropy,
        seals: &AttemptSeals,
        name: &str,
    ) -> Result<String, Error> {
        if self.value.len() > MAX_VALUE {
            let detail = format!("an attempt's value of {} bytes, where {MAX_VALUE} fit", self.value.len());
            return Err(Error::new(ErrorCode::Misconfigured).detail(detail));
        }
        let plain = postcard::to_allocvec(self).map_err(|error| {
            Error::new(ErrorCode::Misconfigured).detail("a sealed value could not be written").source(error)
        })?;
        seals.kept.seal(entropy, name.as_bytes(), &plain)
    }

    /// Opens a cookie of this kind. `None` when it was not sealed by us, for this base URL and this type.
    pub(crate) fn open(seals: &AttemptSeals, cookie: &SentCookie) -> Option<Self> {
        let plain = seals.kept.open(cookie.name.as_bytes(), cookie.value.as_bytes()).plain()?;
        postcard::from_bytes(&plain).ok()
    }

    /// Whether it is over, after `lifetime`. Another instance's clock may be ahead, by no more than that.
    pub(crate) fn is_over(&self, lifetime: Duration, now: Timestamp) -> bool {
        let kept_at = Timestamp::from_secs(self.kept_at);
        now.since(kept_at) > lifetime || kept_at.since(now) > lifetime
    }

    /// What the server remembers of one that was taken.
    pub(crate) fn taken_name(&self) -> [u8; 32] {
        sha256(&[b"kept value", &self.id])
    }
}

/// Which cookies make room for one more of this name: the oldest, and what does not open.
pub(crate) fn to_evict<'a>(seals: &AttemptSeals, sent: &'a [SentCookie], name: &str) -> Vec<&'a str> {
    let others = sent.iter().filter(|cookie| cookie.kind == CookieKind::Kept && cookie.name != name);
    let mut held: Vec<_> = others
        .map(|cookie| (KeptValue::open(seals, cookie).map_or(0, |kept| kept.kept_at), cookie))
        .collect();
    held.sort_by_key(|(kept_at, _)| *kept_at);
    let too_many = (held.len() + 1).saturating_sub(MOST);
    held.into_iter().take(too_many).map(|(_, cookie)| cookie.name.as_str()).collect()
}
