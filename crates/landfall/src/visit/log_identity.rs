//! [`LogIdentity`]: what of a visit belongs into a log line or a rate limit.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Visit;

/// Who is there, for a log line or a rate limit: a digest that tells people apart and names nobody, or `nobody`.
///
/// The digest is keyed (HMAC-SHA256 of issuer and subject, the first 128 bits). It is the same for all sessions of a
/// person, on every instance, after every restart, as long as the first cookie key and the application's name are the
/// same; after a rotation of keys it is another one. Without the key nobody gets from it to the person, nor from a guess
/// at the person to it; and it is no name that a session store has for them.
///
/// It is its own key in a map: `Eq` and `Hash`. All strangers are equal, so limit those by something else.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogIdentity(Option<[u8; 16]>);

impl Visit {
    /// What of this visit belongs into a log line or a rate limit. There is nothing in it that a page could show, so
    /// asking leaves no mark on the answer, as [`signed_in`](Self::signed_in) does: a middleware may ask before every
    /// style sheet.
    ///
    /// It is made when it is asked for, which costs one HMAC.
    ///
    /// ```
    /// fn log(visit: &landfall::Visit, path: &str) {
    ///     println!("{} opens {path}", visit.for_log()); // JcQAxyFuwkPvWRNTUMPGIA opens /, or: nobody opens /
    /// }
    /// ```
    pub fn for_log(&self) -> LogIdentity {
        let known = self.who().zip(self.set_up());
        LogIdentity(known.map(|(who, (context, _))| context.sessions.log_digest(who.identity())))
    }
}

impl LogIdentity {
    /// Whether somebody is signed in.
    pub fn is_somebody(&self) -> bool {
        self.0.is_some()
    }
}

/// The digest as base64url, 22 characters; `nobody` where nobody is signed in.
impl fmt::Display for LogIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(digest) => f.pad(&URL_SAFE_NO_PAD.encode(digest)),
            None => f.pad("nobody"),
        }
    }
}

impl fmt::Debug for LogIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogIdentity({self})")
    }
}
