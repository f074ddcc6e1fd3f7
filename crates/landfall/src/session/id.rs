//! The value of a stored session's cookie: 256 random bits, half a name, half a key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::store::RecordKey;
use crate::clock::{Entropy, EntropyError};
use crate::crypto::digest::sha256;
use crate::crypto::secret::Secret;

/// What a browser holds of a stored session. The store sees a digest of one half and nothing of the other.
#[derive(Clone, Debug)]
pub(crate) struct SessionId(Secret<[u8; 32]>);

/// The length of the value as text.
pub(crate) const TEXT_LENGTH: usize = 43;

impl SessionId {
    pub(crate) fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes)?;
        Ok(Self(Secret::new(bytes)))
    }

    /// `None` for whatever is not exactly such a value.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        if text.len() != TEXT_LENGTH {
            return None;
        }
        // One byte more than there is: the decoder wants room for a rounded-up length.
        let mut bytes = [0; 33];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        bytes.get(..length)?.try_into().ok().map(|bytes| Self(Secret::new(bytes)))
    }

    pub(crate) fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.expose())
    }

    /// The name of the record.
    pub(crate) fn record_key(&self) -> RecordKey {
        RecordKey(sha256(&[self.halves().0]))
    }

    /// The half that goes into the record's sealing key.
    pub(crate) fn secret_half(&self) -> &[u8] {
        self.halves().1
    }

    /// Whether two are the same, in constant time.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.matches(other.0.expose())
    }

    fn halves(&self) -> (&[u8], &[u8]) {
        self.0.expose().split_at(16)
    }
}
