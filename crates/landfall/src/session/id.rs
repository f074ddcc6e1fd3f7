//! The value of a stored session's cookie: 256 random bits, half a name, half a key.
//!
//! The two halves are for two different attackers:
//!
//! 1. The first half, digested, is the record's key. Whoever reads the store learns digests, and no cookie can be made
//!    from a digest.
//! 2. The second half never reaches the store. It goes into the key that the session is sealed with, so that a session
//!    in a copy of the store cannot be opened without its cookie, even by somebody who has the application's keys.
//!
//! [`seals`](super::seals) derives that key, and [`stash`](super::stash) names what it keeps by such an id as well.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::store::RecordKey;
use crate::clock::{Entropy, EntropyError};
use crate::crypto::digest::sha256;
use crate::crypto::secret::Secret;

/// What a browser holds of a stored session. The store sees a digest of one half and nothing of the other.
///
/// A new one is drawn at every sign-in, so a session that was planted in a browser beforehand (session fixation) never
/// becomes the session of whoever signs in.
#[derive(Clone, Debug)]
pub(crate) struct SessionId {
    whole: Secret<[u8; 32]>,
    /// Worked out once: a request asks for it at every step.
    key: RecordKey,
}

/// The length of the value as text: 32 bytes as base64url without padding.
///
/// No sealed session is that short, so the length alone tells the two kinds of cookie apart.
pub(crate) const TEXT_LENGTH: usize = 43;
/// Where the half that names the record ends, and the one that seals it begins.
const HALF: usize = 16;

impl SessionId {
    /// A new one.
    ///
    /// # Errors
    /// When the random source fails. There is then no session: nothing weaker takes its place.
    pub(crate) fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes)?;
        Ok(Self::of(bytes))
    }

    /// Reads the value of a cookie; `None` for whatever is not exactly such a value. It may still be of no session.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        if text.len() != TEXT_LENGTH {
            return None;
        }
        // One byte more than there is: the decoder wants room for a rounded-up length.
        let mut bytes = [0; 33];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        bytes.get(..length)?.try_into().ok().map(Self::of)
    }

    fn of(bytes: [u8; 32]) -> Self {
        let (name, _) = bytes.split_at(HALF);
        Self { key: RecordKey(sha256(&[name])), whole: Secret::new(bytes) }
    }

    /// The cookie's value. It is as good as the session itself: it goes into a Set-Cookie header or into something
    /// sealed, and nowhere else.
    pub(crate) fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.whole.expose())
    }

    /// The name of the record: the digest of the first half.
    pub(crate) fn record_key(&self) -> RecordKey {
        self.key
    }

    /// The half that goes into the record's sealing key, and is not known to the store.
    pub(crate) fn secret_half(&self) -> &[u8] {
        self.whole.expose().split_at(HALF).1
    }

    /// Whether two are the same, in constant time.
    ///
    /// Two ids with the same first half have one record key. Where a copy was found by the key alone, the whole id has
    /// to be compared before the copy is served.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.whole.matches(other.whole.expose())
    }
}
