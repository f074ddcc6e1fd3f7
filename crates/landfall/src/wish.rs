//! A wish for a sign-in on its way through a link: a script, htmx or a person follows the link later, and what
//! was asked for is still asked for. It is sealed, so the login address takes wishes from nobody else.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::auth_level::AuthLevel;
use crate::challenge::{Lacking, Prompt, SignInWanted};
use crate::clock::Entropy;
use crate::seal::Sealer;

const AAD: &[u8] = b"wish";
/// A link that grows longer loses its wish: the page asks again.
const MAX_WISH: usize = 1024;

/// As it is sealed: fields are only ever added at the end, and what an older release wrote is no wish.
#[derive(Serialize, Deserialize)]
struct Wire {
    prompt: Option<Prompt>,
    login_hint: Option<String>,
    ui_locales: Option<String>,
    max_age: Option<u64>,
    acr_values: Vec<String>,
    auth_level: Option<u8>,
    scopes: Vec<String>,
    lacking: Option<Lacking>,
    kept_acr: Option<String>,
}

/// The wish as the value of a parameter; `None` where there is nothing to wish for.
pub(crate) fn seal(wanted: &SignInWanted, sealer: &Sealer, entropy: &dyn Entropy) -> Option<String> {
    let plain = SignInWanted { return_to: wanted.return_to.clone(), ..SignInWanted::new() };
    if *wanted == plain {
        return None;
    }
    let wire = Wire {
        prompt: wanted.prompt,
        login_hint: wanted.login_hint.clone(),
        ui_locales: wanted.ui_locales.clone(),
        max_age: wanted.max_age.map(|age| age.as_secs()),
        acr_values: wanted.acr_values.clone(),
        auth_level: wanted.auth_level.map(AuthLevel::number),
        scopes: wanted.scopes.clone(),
        lacking: wanted.lacking,
        kept_acr: wanted.kept_acr.clone(),
    };
    let bytes = postcard::to_allocvec(&wire).ok().filter(|bytes| bytes.len() <= MAX_WISH)?;
    sealer.seal(entropy, AAD, &bytes).ok()
}

/// What `seal` sealed.
pub(crate) fn open(text: &str, sealer: &Sealer) -> Option<SignInWanted> {
    let plain = sealer.open(AAD, text.as_bytes()).plain()?;
    let wire: Wire = postcard::from_bytes(&plain).ok()?;
    Some(SignInWanted {
        prompt: wire.prompt,
        login_hint: wire.login_hint,
        ui_locales: wire.ui_locales,
        max_age: wire.max_age.map(Duration::from_secs),
        acr_values: wire.acr_values,
        auth_level: wire.auth_level.and_then(AuthLevel::from_number),
        scopes: wire.scopes,
        return_to: None,
        lacking: wire.lacking,
        kept_acr: wire.kept_acr,
    })
}
