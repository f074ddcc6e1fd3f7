//! A form that somebody posted who has to sign in first: what the browser keeps of it, and when it is worth keeping.
//!
//! A session that runs out while somebody writes would cost them what they wrote. So the form is kept across the
//! sign-in and then offered on a page, to be sent once by the person's own click; it is never sent for them. This file
//! knows the cookie; `flow::kept_form` says when one is written and read.
//!
//! A small form travels inside the cookie. A larger one is kept in the store ([`crate::session`], the stash), and the
//! cookie holds the id that opens it. Where neither can be done the form is not kept, and the sign-in starts without
//! it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::browser::cookie::{CookieKind, CookieNames, SentCookie};
use crate::browser::pending_login::AttemptSeals;
use crate::clock::{Entropy, Timestamp};
use crate::error::{Error, ErrorCode};
use crate::web::form::{decode, pairs};

/// The largest form that travels in its cookie, in bytes, its target included: with the other cookies it has to pass a
/// proxy in front.
pub(crate) const MAX_IN_COOKIE: usize = 2048;
/// How many kept forms a browser may hold.
const MAX_FORMS: usize = 4;
/// How long all of their cookies may be together, names and values, in bytes.
const MAX_BYTES: usize = 3072;
/// A form of more fields is not kept: each of them becomes an element of the page that offers it.
const MAX_FIELDS: usize = 1000;

/// What the cookie holds, sealed.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeptForm {
    /// In seconds since the epoch.
    pub(crate) kept_at: u64,
    /// Path and query that it was posted to, as browsers see them. Looked at again before the form is offered: what an
    /// older release sealed may be no place to land today.
    pub(crate) target: String,
    pub(crate) kept_in: KeptIn,
}

/// Where the form itself is.
#[derive(Serialize, Deserialize)]
pub(crate) enum KeptIn {
    /// In the cookie, as it was sent.
    Cookie(String),
    /// In the store, under this id, written as a session's id is. Whoever reads it can open what is kept.
    Store(String),
}

impl KeptForm {
    /// The Set-Cookie value. `id` becomes part of the cookie's name, by which the page that offers the form finds it.
    ///
    /// # Errors
    /// When it cannot be written or sealed.
    pub(crate) fn cookie(
        &self,
        entropy: &dyn Entropy,
        (names, seals): (&CookieNames, &AttemptSeals),
        id: &[u8; 16],
        lifetime: Duration,
    ) -> Result<String, Error> {
        let name = names.attempt(CookieKind::Form, id);
        let plain = postcard::to_allocvec(self).map_err(|error| {
            Error::new(ErrorCode::Misconfigured).detail("a sealed value could not be written").source(error)
        })?;
        let value = seals.form.seal(entropy, name.as_bytes(), &plain)?;
        Ok(names.set(&name, &value, lifetime))
    }

    /// Opens such a cookie; `None` where it is not ours, was changed, or stands under another's name.
    pub(crate) fn open(seals: &AttemptSeals, cookie: &SentCookie) -> Option<Self> {
        let plain = seals.form.open(cookie.name.as_bytes(), cookie.value.as_bytes()).plain()?;
        postcard::from_bytes(&plain).ok()
    }

    /// Whether it was kept longer ago than a sign-in may take.
    pub(crate) fn is_expired(&self, lifetime: Duration, now: Timestamp) -> bool {
        now.since(Timestamp::from_secs(self.kept_at)) > lifetime
    }
}

/// Which cookies of kept forms have to go so that one more of `added` bytes fits: the oldest. Gives their names, to be
/// cleared. A cookie that does not open counts as the oldest of all.
pub(crate) fn to_evict<'a>(seals: &AttemptSeals, sent: &'a [SentCookie], added: usize) -> Vec<&'a str> {
    let forms = sent.iter().filter(|cookie| cookie.kind == CookieKind::Form);
    let mut held: Vec<_> =
        forms.map(|cookie| (KeptForm::open(seals, cookie).map_or(0, |form| form.kept_at), cookie)).collect();
    held.sort_by_key(|(kept_at, _)| *kept_at);
    let length = |cookie: &SentCookie| cookie.name.len() + cookie.value.len();
    let (mut count, mut bytes) =
        (held.len(), added + held.iter().map(|(_, cookie)| length(cookie)).sum::<usize>());
    let mut evicted = Vec::new();
    for (_, cookie) in held {
        if count < MAX_FORMS && bytes <= MAX_BYTES {
            break;
        }
        count -= 1;
        bytes -= length(cookie);
        evicted.push(cookie.name.as_str());
    }
    evicted
}

/// The fields of a form, decoded; `None` where they cannot be written down again exactly as they came.
///
/// The form is sent again from a page, as fields that a browser encodes. One that is not UTF-8, not well encoded or
/// holds a NUL would arrive as something else than was posted, so it is not kept at all.
pub(crate) fn fields(form: &str) -> Option<Vec<(String, String)>> {
    let fields: Option<Vec<_>> = pairs(form)
        .map(|(name, value)| {
            let (name, value) = (decode(name)?, decode(value)?);
            // A page holds no such character.
            (!value.contains('\0') && !name.contains('\0')).then(|| (name.into_owned(), value.into_owned()))
        })
        .collect();
    fields.filter(|fields| fields.len() <= MAX_FIELDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_kept_only_if_it_can_be_sent_again_as_it_was() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(fields("a=1&b=%26+x&&c"), Some(vec![pair("a", "1"), pair("b", "& x"), pair("c", "")]));
        for form in ["a=%ff", "a=%zz", "%=1", "a=%00"] {
            assert_eq!(fields(form), None, "{form}");
        }
        assert_eq!(fields(&"a=1&".repeat(1001)), None);
    }
}
