//! What kept somebody from signing in, sealed into the address of the application's own sign-in page.
//!
//! The page is the application's, so the failure has to travel to it. In the open it would be a sentence that any
//! link can word ("your account is locked, call this number"), shown on the page where people type passwords. So it is
//! sealed, and it opens in one browser alone: a cookie holds a value that nobody can guess, and value and base URL are
//! bound into the seal. It is good for [`LIFETIME`].
//!
//! One cookie for all of them: the next failure's takes its place, so a page can fill no header with them, and what
//! another tab was told before is not told again when it is reloaded.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::browser::cookie::{CookieKind, CookieNames, SentCookie};
use crate::clock::{Entropy, Timestamp};
use crate::crypto::seal::Sealer;
use crate::error::{Error, ErrorCode};

/// How long a failure is told to the browser that it happened in.
pub(crate) const LIFETIME: Duration = Duration::from_secs(600);
/// The longest sentence, in bytes: it travels in an address, beside a destination.
const MAX_SENTENCE: usize = 600;
/// So many cookies of this name are tried. A browser of ours holds one.
const MAX_TRIED: usize = 4;
/// What the bound text begins with. Changed, what browsers hold is told no more.
const AAD: &[u8] = b"sign-in failure";

/// What kept somebody from signing in, as the application's own sign-in page may tell it; see
/// [`Visit::sign_in_failure`](crate::Visit::sign_in_failure).
///
/// It is what a page of ours would have said, and no more: nothing of it is a secret, or anybody's words but ours and
/// those of [`Declined::because`](crate::Declined::because).
///
/// ```
/// fn told(visit: &landfall::Visit) -> String {
///     match visit.sign_in_failure() {
///         // Whatever is put on a page has to be escaped: a template does.
///         Some(failure) => format!("{} (reference {})", failure.sentence(), failure.reference()),
///         None => String::new(),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInFailure {
    code: String,
    reference: String,
    sentence: String,
}

impl SignInFailure {
    /// Of an error that the log has under this reference.
    pub(crate) fn of(error: &Error, reference: &str) -> Self {
        let sentence = error.sentence();
        let mut end = sentence.len().min(MAX_SENTENCE);
        while !sentence.is_char_boundary(end) {
            end -= 1;
        }
        Self {
            code: error.code().public_code().to_owned(),
            reference: reference.to_owned(),
            sentence: sentence.get(..end).unwrap_or_default().to_owned(),
        }
    }

    /// The code, as problem documents give it to outsiders: `sign_in_declined`, `temporarily_unavailable`. To choose
    /// words of the application's own by, in whatever language; most reasons share `sign_in_failed`.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What the log has it under, and what a person can quote.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// A sentence for the person: that of [`Declined::because`](crate::Declined::because) where the application's
    /// hook said it (at most 600 bytes of it), else the one of the page that ours would be. It is plain text.
    pub fn sentence(&self) -> &str {
        &self.sentence
    }

    /// Seals it for this browser; gives the parameter's value, and the Set-Cookie value that it opens with.
    ///
    /// # Errors
    /// When there is no randomness, or it cannot be sealed.
    pub(crate) fn seal(
        &self,
        sealer: &Sealer,
        (names, base_url): (&CookieNames, &str),
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<(String, String), Error> {
        let mut secret = [0; 16];
        entropy.fill(&mut secret)?;
        let secret = URL_SAFE_NO_PAD.encode(secret);
        let plain = postcard::to_allocvec(&(now.secs(), self)).map_err(|error| {
            Error::new(ErrorCode::Misconfigured).detail("a failure could not be written").source(error)
        })?;
        let sealed = sealer.seal(entropy, &bound_to(base_url, &secret), &plain)?;
        Ok((sealed, names.failure(&secret, LIFETIME)))
    }

    /// What [`Self::seal`] sealed under this base URL, for this browser, and not too long ago; `None` for anything else.
    pub(crate) fn open(
        sealed: &str,
        sent: &[SentCookie],
        sealer: &Sealer,
        base_url: &str,
        now: Timestamp,
    ) -> Option<Self> {
        let cookies = sent.iter().filter(|cookie| cookie.kind == CookieKind::Failure).take(MAX_TRIED);
        let open =
            |cookie: &SentCookie| sealer.open(&bound_to(base_url, &cookie.value), sealed.as_bytes()).plain();
        let plain = cookies.into_iter().find_map(open)?;
        let (told_at, failure): (u64, Self) = postcard::from_bytes(&plain).ok()?;
        let told_at = Timestamp::from_secs(told_at);
        (now.since(told_at) <= LIFETIME && told_at.since(now) <= LIFETIME).then_some(failure)
    }
}

/// What the seal is bound to. The length in front keeps the two texts apart.
fn bound_to(base_url: &str, secret: &str) -> Vec<u8> {
    let length = (base_url.len() as u64).to_be_bytes();
    [AAD, &length, base_url.as_bytes(), secret.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sentence_is_cut_between_two_characters() {
        let error = Error::new(ErrorCode::SignInRejected).says("ä".repeat(301) + "x");
        let failure = SignInFailure::of(&error, "ref");
        assert_eq!(failure.sentence(), "ä".repeat(300));
        assert_eq!((failure.code(), failure.reference()), ("sign_in_rejected", "ref"));
    }
}
