//! Sealing: what the browser or a store keeps for us, it can neither read nor change.
//!
//! Format, before base64url: version (1 byte), key id (1), nonce (12), AES-256-GCM ciphertext and tag.
//! Every purpose has a subkey of its own (HKDF-SHA256, RFC 5869), so a value sealed for one never opens for another.
//!
//! Keys form a ring. The first one seals, every one opens: a key is rotated by putting a new one in front and taking
//! the old one out once what it sealed has run out. The key id in the value picks the key without trying all; where two
//! keys have one id, both are tried.
//!
//! Additional data binds a value to its place: the cookie's name, or the record's key. So a browser that moves a value
//! to another cookie, or somebody who copies a record over another, has a value that does not open.
//!
//! Opening never fails loudly. What does not open is [`Opened::Garbage`], whatever the reason: an attacker learns
//! nothing from a difference, and there is nothing for the visitor to mend. Only a version byte of a later release is
//! told apart.

use std::borrow::Cow;
use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce};
use aws_lc_rs::{hkdf, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::clock::Entropy;
use crate::error::{ConfigError, Error, ErrorCode};

/// The form of what is inside a sealed value, as its first byte says it.
///
/// A release that does not know the form finds nobody in it, whatever it would make of what is inside. So a form of its
/// own is for what an older release would take for more, or for less, than it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// What every release reads.
    First = 1,
    /// A session that no provider began. Its number is bound into the seal, so that nobody calls it the first.
    Local = 2,
}

/// The version byte of what every release reads.
const VERSION: u8 = Form::First as u8;
/// The last that this release writes.
const NEWEST: u8 = Form::Local as u8;
/// Version bytes that a later release may write. Anything above is not ours.
const LAST_VERSION: u8 = 31;
/// How many bytes a sealed value is longer than its plaintext: version, key id, nonce and tag.
const OVERHEAD: usize = 2 + NONCE_LEN + 16;

/// A key for cookies and records: 32 random bytes.
///
/// Every instance of an application has the same ones, in the same order. Whoever has one of them can make a session
/// for anybody, so they belong where other secrets are. `Debug` shows nothing of one, and it is overwritten when
/// dropped.
///
/// ```
/// use landfall::CookieKey;
///
/// let key = CookieKey::generate()?;
/// assert!(CookieKey::parse("AAAA").is_err()); // too short
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct CookieKey(Zeroizing<[u8; 32]>);

impl CookieKey {
    /// Takes 32 bytes from a random source.
    ///
    /// # Errors
    /// When the bytes are plainly not random: fewer than twelve different values among them.
    pub fn new(bytes: [u8; 32]) -> Result<Self, ConfigError> {
        let mut seen = [false; 256];
        for byte in bytes {
            if let Some(slot) = seen.get_mut(usize::from(byte)) {
                *slot = true;
            }
        }
        if seen.iter().filter(|seen| **seen).count() < 12 {
            return Err(ConfigError::new("cookie_keys", "a key is not random", MAKE_ONE));
        }
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// Reads a key as it was made: 32 bytes written as base64url or base64 (43 characters; padding may follow), or in
    /// hexadecimal (64 digits). White space around it is left out.
    ///
    /// # Errors
    /// When it is none of these, not 32 bytes long, or plainly not random. No error shows a part of it.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let wrong = |problem: String, remedy| ConfigError::new("cookie_keys", problem, remedy);
        let text = text.trim();
        if text.starts_with(['"', '\'']) || text.ends_with(['"', '\'']) {
            return Err(wrong("a key in quotes".to_owned(), "write it without them"));
        }
        let bytes = decode(text).ok_or_else(|| wrong("a key is not base64url".to_owned(), MAKE_ONE))?;
        let length = bytes.len();
        let bytes: [u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| wrong(format!("a key is not 32 bytes long, but {length}"), MAKE_ONE))?;
        Self::new(bytes)
    }

    /// Makes a new key from the operating system's random source.
    ///
    /// # Errors
    /// When that source fails.
    pub fn generate() -> Result<Self, ConfigError> {
        let mut bytes = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(bytes.as_mut_slice())
            .map_err(|_| ConfigError::new("cookie_keys", "the random source failed", "give a key"))?;
        Ok(Self(bytes))
    }

    /// The key as base64url, to put into a secret store or `LANDFALL_COOKIE_KEYS`.
    ///
    /// ```
    /// use landfall::CookieKey;
    ///
    /// let text = CookieKey::generate()?.to_base64url();
    /// assert_eq!(CookieKey::parse(&text)?.to_base64url(), text);
    /// # Ok::<(), landfall::ConfigError>(())
    /// ```
    pub fn to_base64url(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.as_slice())
    }

    /// The pseudorandom key that every subkey is expanded from: HKDF-Extract (RFC 5869 §2.2), done here once. The
    /// library's own does it again with each key that is expanded.
    fn extract(&self) -> hkdf::Prk {
        let salt = hmac::Key::new(hmac::HMAC_SHA256, b"landfall");
        hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, hmac::sign(&salt, self.0.as_slice()).as_ref())
    }
}

/// The bytes that a key is written as. Sixty-four hexadecimal digits would be base64url, too, of bytes that are too many.
fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        return text.as_bytes().chunks(2).map(pair).collect::<Option<Vec<u8>>>().map(Zeroizing::new);
    }
    let in_urls = |letter| match letter {
        '+' => '-',
        '/' => '_',
        letter => letter,
    };
    let text: Zeroizing<String> = Zeroizing::new(text.trim_end_matches('=').chars().map(in_urls).collect());
    URL_SAFE_NO_PAD.decode(text.as_bytes()).ok().map(Zeroizing::new)
}

/// The cookie keys as subkeys are expanded from them, for what is derived again and again.
pub(crate) struct Ring {
    /// Each key's id and what is expanded, the newest first.
    keys: Vec<(u8, hkdf::Prk)>,
}

impl Ring {
    /// Of these keys, the one to seal with first.
    ///
    /// # Errors
    /// [`ErrorCode::Misconfigured`] when the library refuses to derive a key.
    pub(crate) fn new(keys: &[CookieKey]) -> Result<Self, Error> {
        let keys = keys.iter().map(|key| {
            let prk = key.extract();
            Ok((key_id(&prk)?, prk))
        });
        Ok(Self { keys: keys.collect::<Result<_, Error>>()? })
    }

    /// Derives a purpose's keys. `context` separates issuers, clients, origins and sessions.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn sealer(&self, purpose: &str, context: &[&[u8]]) -> Result<Sealer, Error> {
        let label = info(purpose, context);
        let keys = self.keys.iter().map(|(id, prk)| {
            let label = [label.as_slice()];
            let okm = prk.expand(&label, &AES_256_GCM).map_err(|_| broken())?;
            Ok((*id, LessSafeKey::new(okm.into())))
        });
        Ok(Sealer { keys: keys.collect::<Result<_, Error>>()? })
    }

    /// A keyed digest (HMAC-SHA256) for every key, the first key's first: what is stored under an older key can still
    /// be found.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn digests(&self, purpose: &str, parts: &[&[u8]]) -> Result<Vec<[u8; 32]>, Error> {
        let digests = self.keys.iter().map(|(_, prk)| {
            let label = [purpose.as_bytes()];
            let okm = prk.expand(&label, hmac::HMAC_SHA256).map_err(|_| broken())?;
            let tag = hmac::sign(&hmac::Key::from(okm), &info("", parts));
            tag.as_ref().try_into().map_err(|_| broken())
        });
        digests.collect()
    }
}

impl Ring {
    /// A key for digests of one purpose that are made again and again: derived once, of the first key alone.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn digest_key(&self, purpose: &str) -> Result<DigestKey, Error> {
        let (_, prk) = self.keys.first().ok_or_else(broken)?;
        let label = [purpose.as_bytes()];
        let okm = prk.expand(&label, hmac::HMAC_SHA256).map_err(|_| broken())?;
        Ok(DigestKey(hmac::Key::from(okm)))
    }
}

impl Ring {
    /// Keys for tags of one purpose that are made and compared again and again: one of each key of the ring, the first
    /// key's first. `context` separates as in [`Self::sealer`].
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn tag_keys(&self, purpose: &str, context: &[&[u8]]) -> Result<Vec<TagKey>, Error> {
        let label = info(purpose, context);
        let keys = self.keys.iter().map(|(_, prk)| {
            let label = [label.as_slice()];
            let okm = prk.expand(&label, hmac::HMAC_SHA256).map_err(|_| broken())?;
            Ok(TagKey(hmac::Key::from(okm)))
        });
        keys.collect()
    }
}

/// What [`Ring::tag_keys`] derives.
pub(crate) struct TagKey(hmac::Key);

impl TagKey {
    /// The length of a tag in bytes: half of the digest, as RFC 2104 §5 allows. Whoever guesses has to ask for each try.
    pub(crate) const LENGTH: usize = 16;

    /// The tag (HMAC-SHA256) of a message whose length is the same every time: nothing marks where it ends. It allocates
    /// nothing.
    pub(crate) fn tag<const N: usize>(&self, message: &[u8; N]) -> [u8; Self::LENGTH] {
        hmac::sign(&self.0, message).as_ref().first_chunk().copied().unwrap_or_default()
    }
}

impl fmt::Debug for TagKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TagKey([redacted])")
    }
}

/// What [`Ring::digest_key`] derives.
pub(crate) struct DigestKey(hmac::Key);

impl DigestKey {
    /// The first 128 bits of the keyed digest (HMAC-SHA256) of these parts.
    pub(crate) fn digest(&self, parts: &[&[u8]]) -> [u8; 16] {
        let tag = hmac::sign(&self.0, &info("", parts));
        tag.as_ref().first_chunk().copied().unwrap_or_default()
    }
}

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestKey([redacted])")
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring").field("keys", &self.keys.len()).finish()
    }
}

/// The remedy in every error about a key.
pub(crate) const MAKE_ONE: &str = "make one with: openssl rand -base64 32";

impl fmt::Debug for CookieKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CookieKey([redacted])")
    }
}

/// What came out of opening a sealed value.
#[derive(Debug)]
pub(crate) enum Opened {
    /// The plaintext, and whether the first key of the ring sealed it. Where it did not, the value should be sealed
    /// anew before the old key is taken out of the ring.
    Plain { bytes: Zeroizing<Vec<u8>>, current: bool },
    /// Not sealed by us for this purpose, or changed.
    Garbage,
    /// Sealed by a later release, by its version byte alone: not for us to read, nor to delete.
    LaterVersion,
}

impl Opened {
    /// The plaintext, if there is one.
    pub(crate) fn plain(self) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::Plain { bytes, .. } => Some(bytes),
            Self::Garbage | Self::LaterVersion => None,
        }
    }
}

/// Seals and opens for one purpose, with every key of the ring.
///
/// The sealers of a base URL are derived when the relying party is built, that of a stored session when its record is
/// opened or written.
pub(crate) struct Sealer {
    /// Each key's id and the subkey for this purpose, in the order of the ring.
    keys: Vec<(u8, LessSafeKey)>,
}

impl Sealer {
    /// Derives the purpose's keys once. `context` separates issuers, clients, origins and sessions.
    ///
    /// # Errors
    /// [`ErrorCode::Misconfigured`] when the library refuses to derive a key.
    pub(crate) fn derive(ring: &[CookieKey], purpose: &str, context: &[&[u8]]) -> Result<Self, Error> {
        Ring::new(ring)?.sealer(purpose, context)
    }

    /// Seals with the first key and a random nonce, as bytes. `aad` is not part of the result: it has to be known when
    /// the value is opened.
    ///
    /// # Errors
    /// When the random source fails, or there is no key.
    pub(crate) fn seal_bytes(
        &self,
        entropy: &dyn Entropy,
        aad: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, Error> {
        self.seal_bytes_as(Form::First, entropy, aad, plain)
    }

    /// As [`Self::seal_bytes`], in this form.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn seal_bytes_as(
        &self,
        form: Form,
        entropy: &dyn Entropy,
        aad: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let (id, key) = self.keys.first().ok_or_else(broken)?;
        let aad = &*bound(form as u8, aad);
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce)?;
        let mut out = Vec::with_capacity(OVERHEAD + plain.len());
        out.extend_from_slice(&[form as u8, *id]);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(plain);
        let (_, body) = out.split_at_mut(2 + NONCE_LEN);
        let tag = key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), body)
            .map_err(|_| broken())?;
        out.extend_from_slice(tag.as_ref());
        Ok(out)
    }

    /// As [`Self::seal_bytes`], as base64url text: for cookies and parameters.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn seal(&self, entropy: &dyn Entropy, aad: &[u8], plain: &[u8]) -> Result<String, Error> {
        self.seal_as(Form::First, entropy, aad, plain)
    }

    /// As [`Self::seal`], in this form.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn seal_as(
        &self,
        form: Form,
        entropy: &dyn Entropy,
        aad: &[u8],
        plain: &[u8],
    ) -> Result<String, Error> {
        Ok(URL_SAFE_NO_PAD.encode(self.seal_bytes_as(form, entropy, aad, plain)?))
    }

    /// Opens base64url text. Text that is not exactly what an encoder would write is garbage.
    pub(crate) fn open(&self, aad: &[u8], text: &[u8]) -> Opened {
        match URL_SAFE_NO_PAD.decode(text) {
            Ok(bytes) => self.open_bytes(aad, &bytes),
            Err(_) => Opened::Garbage,
        }
    }

    /// Opens bytes, for the `aad` that they were sealed with. Its cost grows with the length of the value alone.
    pub(crate) fn open_bytes(&self, aad: &[u8], sealed: &[u8]) -> Opened {
        let [version, id, rest @ ..] = sealed else { return Opened::Garbage };
        if !(VERSION..=NEWEST).contains(version) {
            return if (VERSION..=LAST_VERSION).contains(version) {
                Opened::LaterVersion
            } else {
                Opened::Garbage
            };
        }
        let Some((nonce, body)) = rest.split_first_chunk::<NONCE_LEN>() else { return Opened::Garbage };
        let aad = &*bound(*version, aad);
        for (index, (_, key)) in self.keys.iter().enumerate().filter(|(_, (own, _))| own == id) {
            let mut body = Zeroizing::new(body.to_vec());
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let length = match key.open_in_place(nonce, Aad::from(aad), &mut body) {
                Ok(plain) => plain.len(),
                Err(_) => continue,
            };
            body.truncate(length);
            return Opened::Plain { bytes: body, current: index == 0 };
        }
        Opened::Garbage
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("keys", &self.keys.len()).finish()
    }
}

/// Whether a text has the form of a sealed value: long enough, and of a version of ours. It opens nothing and proves
/// nothing, since anybody can write such a text.
pub(crate) fn looks_sealed(text: &[u8]) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| {
        bytes.len() > OVERHEAD
            && bytes.first().is_some_and(|version| (VERSION..=LAST_VERSION).contains(version))
    })
}

/// Additional data with the version in it, but for the first version's, which every release knows without.
fn bound(version: u8, aad: &[u8]) -> Cow<'_, [u8]> {
    if version == VERSION { Cow::Borrowed(aad) } else { Cow::Owned([aad, &[version]].concat()) }
}

/// Each part with its length in front, so that no two lists of parts read the same.
fn info(purpose: &str, context: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in [purpose.as_bytes()].iter().chain(context) {
        out.extend_from_slice(&(part.len() as u64).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// The length that a key id is expanded to.
struct OneByte;

impl hkdf::KeyType for OneByte {
    fn len(&self) -> usize {
        1
    }
}

/// Tells keys apart without a place in a list, so that a key keeps its id when another is put before it.
fn key_id(prk: &hkdf::Prk) -> Result<u8, Error> {
    let mut id = [0];
    prk.expand(&[b"key id"], OneByte).and_then(|okm| okm.fill(&mut id)).map_err(|_| broken())?;
    let [id] = id;
    Ok(id)
}

/// Nothing that input could bring about: a library that does not work.
fn broken() -> Error {
    Error::new(ErrorCode::Misconfigured).detail("the cryptographic library refused an operation")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEntropy;

    fn sealer(ring: &[CookieKey], purpose: &str, client: &str) -> Sealer {
        Sealer::derive(ring, purpose, &[client.as_bytes()]).unwrap()
    }

    fn opens(sealer: &Sealer, aad: &[u8], text: &str) -> Option<bool> {
        match sealer.open(aad, text.as_bytes()) {
            Opened::Plain { current, .. } => Some(current),
            _ => None,
        }
    }

    #[test]
    fn the_first_version_is_sealed_as_every_release_reads_it_and_a_later_one_is_bound_to_its_number() {
        assert_eq!(*bound(VERSION, b"name"), *b"name");
        assert_eq!(*bound(VERSION + 1, b"name"), [b"name".as_slice(), &[VERSION + 1]].concat());
    }

    #[test]
    fn a_sealed_value_opens_for_its_purpose_client_and_name_alone() {
        let ring = [CookieKey::generate().unwrap()];
        let text = sealer(&ring, "session", "a").seal(&SystemEntropy, b"name", b"hello").unwrap();
        assert_eq!(opens(&sealer(&ring, "session", "a"), b"name", &text), Some(true));
        assert_eq!(opens(&sealer(&ring, "pending", "a"), b"name", &text), None, "another purpose");
        assert_eq!(opens(&sealer(&ring, "session", "b"), b"name", &text), None, "another client");
        assert_eq!(opens(&sealer(&ring, "session", "a"), b"other", &text), None, "another cookie name");
    }

    #[test]
    fn a_flipped_bit_anywhere_is_refused() {
        let sealer = sealer(&[CookieKey::generate().unwrap()], "session", "a");
        let sealed = sealer.seal_bytes(&SystemEntropy, b"", b"hello").unwrap();
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert!(sealer.open_bytes(b"", &changed).plain().is_none(), "byte {position}");
        }
    }

    #[test]
    fn no_value_of_one_form_opens_as_one_of_another() {
        let sealer = sealer(&[CookieKey::generate().unwrap()], "session", "a");
        for (form, other) in [(Form::First, Form::Local), (Form::Local, Form::First)] {
            let mut sealed = sealer.seal_bytes_as(form, &SystemEntropy, b"name", b"hello").unwrap();
            assert_eq!(sealer.open_bytes(b"name", &sealed).plain().unwrap().as_slice(), b"hello");
            sealed[0] = other as u8;
            assert!(sealer.open_bytes(b"name", &sealed).plain().is_none(), "{form:?} as {other:?}");
        }
    }

    /// As the release before local sessions looked at a value: one version, and anything up to the last of a later one.
    fn read_by_the_release_before(sealer: &Sealer, aad: &[u8], sealed: &[u8]) -> Opened {
        match sealed {
            [1, ..] => sealer.open_bytes(aad, sealed),
            [2..=31, ..] => Opened::LaterVersion,
            _ => Opened::Garbage,
        }
    }

    #[test]
    fn the_release_before_local_sessions_finds_nobody_in_one() {
        let sealer = sealer(&[CookieKey::generate().unwrap()], "session", "a");
        let seal = |form| sealer.seal_bytes_as(form, &SystemEntropy, b"name", b"hello").unwrap();
        let read = |sealed: &[u8]| read_by_the_release_before(&sealer, b"name", sealed);
        assert!(read(&seal(Form::First)).plain().is_some());
        let mut local = seal(Form::Local);
        assert!(matches!(read(&local), Opened::LaterVersion));
        // Nor in one that somebody called by the number it knows.
        local[0] = Form::First as u8;
        assert!(matches!(read(&local), Opened::Garbage));
    }

    #[test]
    fn an_old_key_still_opens_and_says_that_it_is_old() {
        let old = CookieKey::generate().unwrap();
        let new = CookieKey::generate().unwrap();
        let text = sealer(std::slice::from_ref(&old), "s", "c").seal(&SystemEntropy, b"", b"x").unwrap();
        assert_eq!(opens(&sealer(&[new.clone(), old], "s", "c"), b"", &text), Some(false));
        assert_eq!(opens(&sealer(&[new], "s", "c"), b"", &text), None);
    }

    #[test]
    fn what_is_expanded_is_what_hkdf_gives() {
        let key = CookieKey::generate().unwrap();
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"landfall").extract(key.0.as_slice());
        let expanded = |prk: &hkdf::Prk| {
            let mut out = [0; 32];
            prk.expand(&[b"info"], hkdf::HKDF_SHA256).unwrap().fill(&mut out).unwrap();
            out
        };
        assert_eq!(expanded(&key.extract()), expanded(&prk));
    }

    #[test]
    fn a_value_of_a_later_version_is_told_apart_from_garbage() {
        let sealer = sealer(&[CookieKey::generate().unwrap()], "s", "c");
        let mut sealed = sealer.seal_bytes(&SystemEntropy, b"", b"x").unwrap();
        sealed[0] = NEWEST + 1;
        assert!(matches!(sealer.open_bytes(b"", &sealed), Opened::LaterVersion));
        assert!(looks_sealed(URL_SAFE_NO_PAD.encode(&sealed).as_bytes()));
        for text in [&b"%%%"[..], b"", b"AQ", b"{\"sub\":\"admin\"}", &[b'_'; 60]] {
            assert!(!looks_sealed(text), "{text:?}");
        }
        assert!(matches!(sealer.open(b"", b"%%%"), Opened::Garbage));
        assert!(matches!(sealer.open(b"", b"{\"sub\":\"admin\"}"), Opened::Garbage));
    }

    /// A key that is the same in every run: its bytes are 0 to 31.
    fn known() -> CookieKey {
        CookieKey::new(std::array::from_fn(|at| u8::try_from(at).unwrap())).unwrap()
    }

    #[test]
    fn a_keys_id_is_derived_from_it_and_the_first_thing_after_the_version() {
        // HKDF-Expand (RFC 5869) by another program.
        let sealed = sealer(&[known()], "s", "c").seal_bytes(&SystemEntropy, b"", b"x").unwrap();
        assert_eq!(sealed[..2], [1, 78]);
    }

    #[test]
    fn what_is_sealed_of_nothing_does_not_look_sealed_and_of_one_byte_it_does() {
        let sealer = sealer(&[known()], "s", "c");
        let long = [b'x'; 200];
        for (plain, looks) in [(&b""[..], false), (b"x", true), (&long, true)] {
            let text = sealer.seal(&SystemEntropy, b"", plain).unwrap();
            assert_eq!(looks_sealed(text.as_bytes()), looks, "{}", plain.len());
        }
    }

    #[test]
    fn digests_and_tags_differ_by_purpose_parts_and_key() {
        let (one, two) = (known(), CookieKey::generate().unwrap());
        let ring = Ring::new(&[one.clone(), two.clone()]).unwrap();
        let other = Ring::new(&[two]).unwrap();
        let digests = ring.digests("p", &[b"ab", b"c"]).unwrap();
        assert_eq!((digests.len(), digests[1]), (2, other.digests("p", &[b"ab", b"c"]).unwrap()[0]));
        let digest = |purpose, parts: &[&[u8]]| ring.digest_key(purpose).unwrap().digest(parts);
        assert_eq!(digest("p", &[b"ab", b"c"]), digests[0][..16]);
        let tag = |purpose, context: &[&[u8]], key: usize, message| {
            ring.tag_keys(purpose, context).unwrap()[key].tag(message)
        };
        let made = [
            digest("p", &[b"ab", b"c"]),
            digest("p", &[b"a", b"bc"]),
            digest("p", &[b"abc"]),
            digest("q", &[b"ab", b"c"]),
            digests[1][..16].try_into().unwrap(),
            tag("p", &[b"c"], 0, b"message"),
            tag("p", &[b"d"], 0, b"message"),
            tag("q", &[b"c"], 0, b"message"),
            tag("p", &[b"c"], 1, b"message"),
            tag("p", &[b"c"], 0, b"massage"),
        ];
        assert_eq!(std::collections::BTreeSet::from(made).len(), made.len());
        assert_eq!(ring.tag_keys("p", &[]).unwrap().len(), 2);
    }

    #[test]
    fn nothing_shows_a_key() {
        let ring = Ring::new(&[known()]).unwrap();
        let shown = format!(
            "{:?} {:?} {:?} {:?} {:?}",
            known(),
            ring,
            ring.sealer("p", &[]).unwrap(),
            ring.digest_key("p").unwrap(),
            ring.tag_keys("p", &[]).unwrap()
        );
        let expected = "CookieKey([redacted]) Ring { keys: 1 } Sealer { keys: 1 } DigestKey([redacted]) [TagKey([redacted])]";
        assert_eq!(shown, expected);
    }

    #[test]
    fn weak_keys_are_refused() {
        let of = |values: usize| CookieKey::new(std::array::from_fn(|at| u8::try_from(at % values).unwrap()));
        assert!(of(11).is_err() && of(12).is_ok());
        assert!(CookieKey::new([0; 32]).is_err());
        assert!(CookieKey::parse("c2hvcnQ").is_err());
        assert!(CookieKey::parse("").is_err());
        assert!(!format!("{:?}", CookieKey::generate().unwrap()).contains("0x"));
    }

    #[test]
    fn a_key_is_read_in_whatever_way_it_was_made_and_no_error_shows_it() {
        let key = CookieKey::generate().unwrap();
        let hex = key.0.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        let standard = base64::engine::general_purpose::STANDARD.encode(key.0.as_slice());
        for text in [hex.to_ascii_uppercase(), hex, format!(" {standard}\n"), key.to_base64url()] {
            assert_eq!(CookieKey::parse(&text).unwrap().to_base64url(), key.to_base64url());
        }
        // All of its letters are hexadecimal digits as well.
        assert!(CookieKey::parse("0123456789abcdefABCDEF0123456789abcdefABCDc").is_ok());
        for (bad, problem) in [
            (format!("\"{standard}\""), "a key in quotes"),
            (format!("{standard}'"), "a key in quotes"),
            (format!("\"{standard}"), "a key in quotes"),
            (
                format!("{}_", "0123456789abcdef".repeat(4).split_at(63).0),
                "a key is not 32 bytes long, but 48",
            ),
            ("correct-horse-batter".to_owned(), "a key is not 32 bytes long, but 15"),
            ("correct horse".to_owned(), "a key is not base64url"),
        ] {
            let error = CookieKey::parse(&bad).unwrap_err();
            assert_eq!((error.problem.as_str(), error.setting.as_str()), (problem, "cookie_keys"));
            assert!(!error.to_string().contains(bad.trim_matches('"')), "{error}");
        }
    }
}
