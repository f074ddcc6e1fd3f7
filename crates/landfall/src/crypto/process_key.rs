//! A key that lives and ends with this process: for what is remembered here under a digest, and told to nobody.

use std::fmt;

use aws_lc_rs::hmac;
use zeroize::Zeroize as _;

use crate::clock::Entropy;
use crate::error::Error;

/// Makes keyed digests (HMAC-SHA256). Without the key, which is written nowhere, nobody can try guesses against one.
pub(crate) struct ProcessKey(hmac::Key);

impl ProcessKey {
    /// A new one.
    ///
    /// # Errors
    /// [`ErrorCode::RandomnessFailed`](crate::ErrorCode::RandomnessFailed).
    pub(crate) fn generate(entropy: &dyn Entropy) -> Result<Self, Error> {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        bytes.zeroize();
        Ok(Self(key))
    }

    /// The digest of these parts. Each is preceded by its length, so that they do not run into each other.
    pub(crate) fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        digest
    }
}

impl fmt::Debug for ProcessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProcessKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEntropy;

    #[test]
    fn nothing_of_the_key_is_printed() {
        assert_eq!(format!("{:?}", ProcessKey::generate(&SystemEntropy).unwrap()), "ProcessKey");
    }

    #[test]
    fn parts_do_not_run_into_each_other_and_every_key_is_another() {
        let [one, other] = [(); 2].map(|()| ProcessKey::generate(&SystemEntropy).unwrap());
        assert_eq!(one.digest(&[b"ab", b"c"]), one.digest(&[b"ab", b"c"]));
        assert_ne!(one.digest(&[b"ab", b"c"]), one.digest(&[b"a", b"bc"]));
        assert_ne!(one.digest(&[b"ab"]), other.digest(&[b"ab"]));
    }
}
