//! SHA-256 (FIPS 180-4), the one digest of everything that is named, compared or derived here.
//!
//! Not for what has to be proved: whoever can guess the input can make the digest. Indexes of subjects are keyed, in
//! [`super::seal::Ring::digests`].

use aws_lc_rs::digest::{Context, SHA256};

/// The digest of these parts, one behind the other.
///
/// Parts of varying length run into each other: whoever has several puts their lengths, or a byte that none of them
/// holds, between.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

/// The first bytes of the digest of a text: enough to tell values of one browser apart, not to prove anything.
pub(crate) fn short<const N: usize>(text: &str) -> [u8; N] {
    sha256(&[text.as_bytes()]).first_chunk().copied().unwrap_or([0; N])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_digested_as_one() {
        // FIPS 180-4, the example "abc".
        let abc = [0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea];
        assert_eq!(sha256(&[b"a", b"", b"bc"])[..8], abc);
        assert_eq!(short::<8>("abc"), abc);
    }
}
