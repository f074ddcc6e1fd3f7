//! Starting a sign-in: a pending login for this browser, and the way to the provider.

use crate::auth_level::AuthLevel;
use crate::challenge::{Prompt, SignInWanted};
use crate::cookie::SentCookie;
use crate::decision::Reply;
use crate::error::{Error, ErrorCode};
use crate::events::EventKind;
use crate::pages;
use crate::pending_login::{More, PendingLogin};
use crate::protocol::authorize::{self, AuthorizationRequest, code_challenge};
use crate::protocol::discovery::ProviderMetadata;
use crate::relying_party::Inner;
use crate::return_to::ReturnTo;
use crate::settings::Settings;

/// After so many restarts the person gets a page instead of another trip.
pub(crate) const MAX_RESTARTS: u8 = 2;

/// A sign-in to start.
#[derive(Clone, Debug)]
pub(crate) struct LoginStart {
    pub(crate) base: usize,
    pub(crate) return_to: ReturnTo,
    pub(crate) wanted: SignInWanted,
    pub(crate) restarts: u8,
    pub(crate) sent: Vec<SentCookie>,
    /// Nobody asked for it.
    pub(crate) unasked: bool,
}

/// Starts it, once the provider's metadata are here.
pub(crate) async fn start(inner: &Inner, start: &LoginStart) -> Result<Reply, Error> {
    let metadata = inner.provider.metadata().await?;
    start_with(inner, &metadata, start)
}

/// Starts it with metadata at hand: no I/O.
pub(crate) fn start_with(
    inner: &Inner,
    metadata: &ProviderMetadata,
    start: &LoginStart,
) -> Result<Reply, Error> {
    if start.restarts > MAX_RESTARTS {
        return Err(Error::new(ErrorCode::TooManyAttempts));
    }
    let settings = &inner.settings;
    let place = inner.place(start.base)?;
    let wanted = &start.wanted;
    let max_age = wanted.wish.max_age.or(settings.max_age).map(|age| age.as_secs());
    let classes = Classes::of(wanted, settings);
    let scope = scopes(settings, wanted);
    let pending = PendingLogin {
        attempt: random(inner)?,
        provider: 0,
        issuer: settings.issuer.to_string(),
        issued_at: inner.clock.now().secs(),
        nonce: random(inner)?,
        verifier: random(inner)?,
        redirect_uri: place.redirect_uri.clone(),
        return_to: start.return_to.as_str().to_owned(),
        scope,
        max_age,
        acr: classes.asked,
        acr_essential: classes.essential,
        silent: wanted.wish.prompt == Some(Prompt::None),
        restarts: start.restarts,
        more: More {
            auth_level: wanted.wish.auth_level,
            unasked: start.unasked,
            step_up: wanted.wish.lacking.is_some(),
            scopes: wanted.wish.scopes.clone(),
        },
    };
    let state = place.seals.seal_state(&*inner.entropy, &pending)?;
    let (nonce, verifier) = (pending.nonce_text(), pending.verifier_text());
    let acr_values = pending.acr.join(" ");
    let location = authorize::url(
        &metadata.authorization_endpoint,
        &AuthorizationRequest {
            client_id: &settings.client_id,
            redirect_uri: &pending.redirect_uri,
            scope: &pending.scope,
            state: &state,
            nonce: &nonce,
            code_challenge: &code_challenge(&verifier),
            form_post: settings.form_post,
            audience: settings.audience.as_deref(),
            prompt: wanted.wish.prompt.map(Prompt::name).or(settings.prompt()),
            login_hint: wanted.wish.login_hint.as_deref(),
            ui_locales: wanted.wish.ui_locales.as_deref(),
            max_age,
            acr_values: (!acr_values.is_empty()).then_some(acr_values.as_str()),
            extra: &settings.extra_parameters,
        },
    );
    let mut reply = pages::see_other(&location);
    let cookie =
        place.seals.login_cookie(&*inner.entropy, &place.names, &pending, settings.login_lifetime)?;
    // Name and value; the attributes stay in the browser.
    let added = cookie.split(';').next().unwrap_or_default().len();
    for name in place.seals.to_evict(&start.sent, added, settings.login_lifetime, inner.clock.now()) {
        pages::add_cookie(&mut reply, &place.names.clear(name));
    }
    pages::add_cookie(&mut reply, &cookie);
    inner.events.tell(EventKind::SignInStarted, None, None);
    tracing::debug!(redirect_uri = %pending.redirect_uri, restarts = start.restarts, "sign-in started");
    Ok(reply)
}

/// The authentication context classes of one sign-in.
struct Classes {
    asked: Vec<String>,
    /// One of them has to be met.
    essential: bool,
}

impl Classes {
    fn of(wanted: &SignInWanted, settings: &Settings) -> Self {
        if !wanted.wish.acr_values.is_empty() {
            return Self { asked: wanted.wish.acr_values.clone(), essential: true };
        }
        let mut asked = settings.acr_values.clone();
        // A level is checked as one: whatever class says it, and a higher one does as well.
        let first = wanted.wish.auth_level.map(AuthLevel::name).or(wanted.wish.kept_acr.as_deref());
        if let Some(first) = first
            && !asked.iter().any(|class| class == first)
        {
            asked.insert(0, first.to_owned());
        }
        Self { asked, essential: settings.acr_essential }
    }
}

/// The configured scopes and those of this sign-in.
fn scopes(settings: &Settings, wanted: &SignInWanted) -> String {
    let mut scope = settings.scope.clone();
    for further in &wanted.wish.scopes {
        if !scope.split_ascii_whitespace().any(|known| known == further) {
            scope.push(' ');
            scope.push_str(further);
        }
    }
    scope
}

fn random<const N: usize>(inner: &Inner) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    inner.entropy.fill(&mut bytes)?;
    Ok(bytes)
}
