//! The value of a stored session's cookie: 256 random bits, half a name, half a key, and a tag that says they are ours.
//!
//! The two halves are for two different attackers:
//!
//! 1. The first half, digested, is the record's key. Whoever reads the store learns digests, and no cookie can be made
//!    from a digest.
//! 2. The second half never reaches the store. It goes into the key that the session is sealed with, so that a session
//!    in a copy of the store cannot be opened without its cookie, even by somebody who has the application's keys.
//!
//! The tag is for a third one, who makes ids up: HMAC-SHA256 (RFC 2104), cut to 128 bits, with keys of the ring for this
//! application under this base URL. What has no tag of ours is nobody's, and that is known without the store: to guess
//! is to compute, here, and no instance asks anybody for it.
//!
//! | bytes | what they are |
//! |---|---|
//! | 0–15 | names the record |
//! | 16–31 | seals the record |
//! | 32–47 | the tag over both |
//!
//! [`SessionIds`] is the one way from text to an id, and back. [`seals`](super::seals) derives the record's key, and
//! [`stash`](super::stash) names what it keeps by such an id as well.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use quick_cache::sync::Cache;

use super::store::RecordKey;
use crate::clock::{Entropy, EntropyError};
use crate::crypto::digest::sha256;
use crate::crypto::seal::{CookieKey, Ring, TagKey};
use crate::crypto::secret::{Secret, same_bytes};
use crate::error::Error;

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

/// The length of the value as text: 48 bytes as base64url, which needs no padding.
///
/// No sealed session is that short, so the length alone tells the two kinds of cookie apart.
pub(crate) const TEXT_LENGTH: usize = 64;
/// How many bytes of the value are random.
const RANDOM: usize = 32;
/// Where the half that names the record ends, and the one that seals it begins.
const HALF: usize = 16;

impl SessionId {
    /// A new one.
    ///
    /// # Errors
    /// When the random source fails. There is then no session: nothing weaker takes its place.
    pub(crate) fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let mut bytes = [0; RANDOM];
        entropy.fill(&mut bytes)?;
        Ok(Self::of(bytes))
    }

    fn of(bytes: [u8; RANDOM]) -> Self {
        let (name, _) = bytes.split_at(HALF);
        Self { key: RecordKey(sha256(&[name])), whole: Secret::new(bytes) }
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

/// An id as a cookie brought it.
#[derive(Clone, Debug)]
pub(crate) struct ReadId {
    pub(crate) id: SessionId,
    /// Whether the first key of the ring made the tag. Where it did not, the cookie should be written anew before that
    /// key is taken out of the ring.
    pub(crate) is_current: bool,
}

/// Writes ids and reads them, for one application under one base URL.
///
/// The keys are derived once, and reading is part of every request with a stored session: what was read a while ago is
/// known by its text, so that the next request with the same cookie computes neither tag nor digest. Nothing that
/// somebody made up is ever among it.
pub(crate) struct SessionIds {
    /// The keys of the tag, in the order of the ring.
    keys: Vec<TagKey>,
    /// Texts that were read, by their ends: half of a tag, and more.
    known: Cache<[u8; 32], Known>,
}

/// A text that was read, and what it says.
#[derive(Clone)]
struct Known {
    text: Secret<[u8; TEXT_LENGTH]>,
    read: ReadId,
}

/// How many texts are known at most: as many as there are sessions in the near cache.
const KNOWN: usize = 10_000;

impl SessionIds {
    /// With keys of this ring. `context` separates applications, base URLs and cookies.
    ///
    /// # Errors
    /// When no key can be derived.
    pub(crate) fn derive(ring: &[CookieKey], context: &[&[u8]]) -> Result<Self, Error> {
        Ok(Self { keys: Ring::new(ring)?.tag_keys("session id", context)?, known: Cache::new(KNOWN) })
    }

    /// The cookie's value, with the first key's tag. It is as good as the session itself: it goes into a Set-Cookie
    /// header or into something sealed, and nowhere else.
    pub(crate) fn write(&self, id: &SessionId) -> String {
        let random = id.whole.expose();
        // Without a key nothing is sealed either; what is then written is read by nobody.
        let tag = self.keys.first().map(|key| key.tag(random)).unwrap_or_default();
        let mut bytes = [0; RANDOM + TagKey::LENGTH];
        let (front, back) = bytes.split_at_mut(RANDOM);
        front.copy_from_slice(random);
        back.copy_from_slice(&tag);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads the value of a cookie; `None` for whatever was not written here, with one of these keys. It may still be of
    /// a session that is over.
    ///
    /// It costs a MAC for each key of the ring at most, and no I/O.
    pub(crate) fn read(&self, text: &[u8]) -> Option<ReadId> {
        let text: &[u8; TEXT_LENGTH] = text.try_into().ok()?;
        let end = text.last_chunk()?;
        // The end finds it, and the whole of it has to be the same.
        if let Some(known) = self.known.get(end).filter(|known| known.text.matches(text)) {
            return Some(known.read);
        }
        let bytes = decode(text)?;
        let (random, tag) = bytes.split_first_chunk::<RANDOM>()?;
        let number = self.keys.iter().position(|key| same_bytes(&key.tag(random), tag))?;
        let read = ReadId { id: SessionId::of(*random), is_current: number == 0 };
        self.known.insert(*end, Known { text: Secret::new(*text), read: read.clone() });
        Some(read)
    }
}

impl std::fmt::Debug for SessionIds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionIds").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

/// Whether a text has the form of an id. It proves nothing, since anybody can write one.
pub(crate) fn looks_like_an_id(text: &[u8]) -> bool {
    decode(text).is_some()
}

/// The bytes of such a text: of the right length, in the one way that an encoder would write it.
fn decode(text: &[u8]) -> Option<[u8; RANDOM + TagKey::LENGTH]> {
    if text.len() != TEXT_LENGTH {
        return None;
    }
    let mut bytes = [0; RANDOM + TagKey::LENGTH];
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    (length == bytes.len()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEntropy;

    fn ids(ring: &[&CookieKey], context: &str) -> SessionIds {
        let ring: Vec<_> = ring.iter().map(|key| (*key).clone()).collect();
        SessionIds::derive(&ring, &[context.as_bytes()]).unwrap()
    }

    #[test]
    fn an_id_is_read_with_any_key_of_the_ring_and_says_whether_it_was_the_first() {
        let [old, new] = [(), ()].map(|()| CookieKey::generate().unwrap());
        let id = SessionId::generate(&SystemEntropy).unwrap();
        let text = ids(&[&old], "a").write(&id);
        assert_eq!(text.len(), TEXT_LENGTH);
        let read = |ids: SessionIds| ids.read(text.as_bytes()).map(|read| (read.id.is(&id), read.is_current));
        assert_eq!(read(ids(&[&old], "a")), Some((true, true)));
        assert_eq!(read(ids(&[&old, &new], "a")), Some((true, true)));
        assert_eq!(read(ids(&[&new, &old], "a")), Some((true, false)));
        assert_eq!(read(ids(&[&new], "a")), None, "the old key is gone");
        assert_eq!(read(ids(&[&old], "b")), None, "another application, or another base URL");
        assert_eq!(read(ids(&[], "a")), None);
    }

    #[test]
    fn a_text_that_was_read_vouches_for_no_other_and_for_no_other_base_url() {
        let key = CookieKey::generate().unwrap();
        let (here, there) = (ids(&[&key], "a"), ids(&[&key], "b"));
        let text = here.write(&SessionId::generate(&SystemEntropy).unwrap());
        for _ in 0..2 {
            assert!(here.read(text.as_bytes()).is_some_and(|read| read.is_current));
            assert!(there.read(text.as_bytes()).is_none());
            for at in 0..TEXT_LENGTH {
                let mut changed = text.clone().into_bytes();
                changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
                assert!(here.read(&changed).is_none(), "byte {at}");
            }
        }
        assert_eq!(here.known.len(), 1, "what was made up is not remembered");
        assert_eq!(there.known.len(), 0);
    }

    #[test]
    fn the_first_half_names_the_record_and_the_second_seals_it() {
        let bytes: [u8; RANDOM] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let id = SessionId::of(bytes);
        assert_eq!(id.record_key(), RecordKey(sha256(&[&bytes[..16]])));
        assert_eq!(id.secret_half(), &bytes[16..]);
        let mut other = bytes;
        other[31] ^= 1;
        let other = SessionId::of(other);
        assert!(other.record_key() == id.record_key() && !other.is(&id) && id.is(&id.clone()));
    }

    #[test]
    fn an_id_with_any_byte_flipped_is_no_id() {
        let ids = ids(&[&CookieKey::generate().unwrap()], "a");
        let text = ids.write(&SessionId::generate(&SystemEntropy).unwrap());
        let bytes = decode(text.as_bytes()).unwrap();
        for (at, bit) in (0..bytes.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut changed = bytes;
            changed[at] ^= 1 << bit;
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert!(ids.read(changed.as_bytes()).is_none(), "bit {bit} of byte {at}");
        }
        for strange in
            [&text[1..], &format!("{text}A"), &"A".repeat(TEXT_LENGTH), &"=".repeat(TEXT_LENGTH), ""]
        {
            assert!(ids.read(strange.as_bytes()).is_none(), "{strange}");
        }
        assert!(ids.read(text.as_bytes()).is_some());
        assert!(looks_like_an_id(text.as_bytes()) && looks_like_an_id("A".repeat(TEXT_LENGTH).as_bytes()));
        assert!(
            !looks_like_an_id(&text.as_bytes()[1..]) && !looks_like_an_id("=".repeat(TEXT_LENGTH).as_bytes())
        );
    }
}
