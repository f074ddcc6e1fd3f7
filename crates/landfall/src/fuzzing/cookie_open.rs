//! What comes back from a browser in its cookies.
//!
//! Three readings of the same bytes, since each layer must hold by itself:
//!
//! 1. As a sealed value: nothing opens that was not sealed with the key, and no value has two spellings.
//! 2. As what is inside: a record, a pending login, a mark. It is read by whoever holds the key, perhaps by another
//!    release, so it must not panic, and must be written back as it was read.
//! 3. As a Cookie header: no cookie is found that is not there.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::address::base_url::BaseUrl;
use crate::browser::cookie::{CookieKind, CookieNames, SentCookies, SessionCookieSettings, each_cookie};
use crate::browser::pending_login::{PendingLogin, Spent, State};
use crate::clock::{Entropy, EntropyError};
use crate::crypto::application_name::ApplicationName;
use crate::crypto::seal::{CookieKey, Sealer};
use crate::session::{ClientRef, record};

/// The cookie that values are sealed for. Under another name they must not open.
const NAME: &[u8] = b"__Host-landfall-session";
/// Where the nonce stands in a sealed value.
const NONCE: std::ops::Range<usize> = 2..14;

/// One key in every run, so that the seeds can hold values that open.
static SEALER: LazyLock<Option<Sealer>> = LazyLock::new(|| {
    let key = std::array::from_fn(|at| u8::try_from(at).unwrap_or_default());
    Sealer::derive(&[CookieKey::new(key).ok()?], "session", &[b"fuzzer"]).ok()
});

/// Reads `data` as a sealed value, as a plaintext and as a Cookie header. What opens was sealed with the key and no
/// byte of it is changed.
///
/// # Panics
/// When something opens that must not, or is read in two ways.
pub fn cookie_open(data: &[u8]) {
    assert!(SEALER.is_some());
    let Some(sealer) = SEALER.as_ref() else { return };
    if let Some(plain) = sealer.open(NAME, data).plain() {
        let nonce = Nonce(
            URL_SAFE_NO_PAD
                .decode(data)
                .ok()
                .and_then(|bytes| bytes.get(NONCE).and_then(|nonce| nonce.try_into().ok())),
        );
        let again = sealer.seal(&nonce, NAME, &plain).ok();
        assert_eq!(again.as_deref().map(str::as_bytes), Some(data), "opened, but not sealed with this key");
        as_plaintext(&plain);
    }
    as_plaintext(data);
    sealed_and_changed(sealer, data);
    as_header(data);
}

/// Whatever was sealed opens; with any byte changed, or under another name, it does not.
fn sealed_and_changed(sealer: &Sealer, data: &[u8]) {
    let nonce = Nonce(Some([7; 12]));
    let bytes = sealer.seal_bytes(&nonce, NAME, data).unwrap_or_default();
    let opened = sealer.open_bytes(NAME, &bytes).plain();
    assert_eq!(opened.as_deref().map(Vec::as_slice), Some(data));
    assert!(sealer.open_bytes(b"__Host-landfall-login", &bytes).plain().is_none());
    let first = usize::from(data.first().copied().unwrap_or_default());
    let mut changed = bytes;
    let at = first % changed.len();
    if let Some(byte) = changed.get_mut(at) {
        *byte ^= data.last().copied().unwrap_or_default() | 1;
    }
    assert!(sealer.open_bytes(NAME, &changed).plain().is_none(), "byte {at} was changed");
}

/// What is read is written back so that it is read again as it was.
fn as_plaintext(data: &[u8]) {
    let client = ClientRef { issuer: Arc::from("https://op.example"), client_id: Arc::from("app") };
    if let Some(session) = record::read(data, Some(&client)) {
        let written = record::write(&session).ok();
        let again = written.as_ref().and_then(|bytes| record::read(bytes, Some(&client)));
        let again = again.and_then(|session| record::write(&session).ok());
        assert_eq!(written, again);
        let _ = session.identity.claims();
    }
    let _ = postcard::from_bytes::<PendingLogin>(data);
    let _ = postcard::from_bytes::<Spent>(data);
    let _ = postcard::from_bytes::<State>(data);
}

/// No cookie is found that is not there, and every value lies within the header. Of cookies that name an attempt,
/// only the kinds that do are told.
fn as_header(data: &[u8]) {
    let names = BaseUrl::parse("https://app.example.com").map(|base| {
        let (name, settings) = (ApplicationName::given("fuzzer"), SessionCookieSettings::default());
        CookieNames::new(&name, &base, &settings)
    });
    let Ok(names) = names else { return };
    let mut count = 0;
    each_cookie(data, |name, value| {
        count += 1;
        assert!(!name.contains(&b'=') && !name.contains(&b';') && !value.contains(&b';'));
    });
    assert!(count < data.split(|byte| *byte == b'=').count());
    let mut sent = SentCookies::default();
    sent.read(data, &names);
    for cookie in sent.attempts {
        assert_eq!(names.kind(&cookie.name), Some(cookie.kind));
        let of_attempts = [CookieKind::Login, CookieKind::Spent, CookieKind::Form, CookieKind::Kept];
        let of_browsers = [CookieKind::Failure, CookieKind::Browser];
        assert!(of_attempts.contains(&cookie.kind) || of_browsers.contains(&cookie.kind));
        let text = format!("{}={}", cookie.name, cookie.value);
        assert!(String::from_utf8_lossy(data).contains(&text));
    }
}

/// Randomness that gives the nonce that a value was sealed with, so that it can be sealed again; it fails where
/// there is none.
#[derive(Debug)]
struct Nonce(Option<[u8; 12]>);

impl Entropy for Nonce {
    fn fill(&self, dest: &mut [u8]) -> Result<(), EntropyError> {
        let nonce = self.0.ok_or_else(EntropyError::new)?;
        dest.copy_from_slice(nonce.get(..dest.len()).ok_or_else(EntropyError::new)?);
        Ok(())
    }
}
