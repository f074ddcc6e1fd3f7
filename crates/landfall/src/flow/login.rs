//! Starting a sign-in: a pending login for this browser, and the way to the provider.

use crate::challenge::{Prompt, SignInWanted};
use crate::cookie::SentCookie;
use crate::decision::Reply;
use crate::error::{Error, ErrorCode};
use crate::events::EventKind;
use crate::pages;
use crate::pending_login::PendingLogin;
use crate::protocol::authorize::{self, AuthorizationRequest, code_challenge};
use crate::protocol::discovery::ProviderMetadata;
use crate::relying_party::Inner;
use crate::return_to::ReturnTo;

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
    let max_age = wanted.max_age.or(settings.max_age).map(|age| age.as_secs());
    let asked_acr = if wanted.acr_values.is_empty() { &settings.acr_values } else { &wanted.acr_values };
    let pending = PendingLogin {
        attempt: random(inner)?,
        provider: 0,
        issuer: settings.issuer.to_string(),
        issued_at: inner.clock.now().secs(),
        nonce: random(inner)?,
        verifier: random(inner)?,
        redirect_uri: place.redirect_uri.clone(),
        return_to: start.return_to.as_str().to_owned(),
        scope: settings.scope.clone(),
        max_age,
        acr: asked_acr.clone(),
        acr_essential: settings.acr_essential || !wanted.acr_values.is_empty(),
        silent: wanted.prompt == Some(Prompt::None),
        restarts: start.restarts,
    };
    let state = place.seals.seal_state(&*inner.entropy, &pending)?;
    let (nonce, verifier) = (pending.nonce_text(), pending.verifier_text());
    let acr_values = asked_acr.join(" ");
    let location = authorize::url(
        &metadata.authorization_endpoint,
        &AuthorizationRequest {
            client_id: &settings.client_id,
            redirect_uri: &pending.redirect_uri,
            scope: &settings.scope,
            state: &state,
            nonce: &nonce,
            code_challenge: &code_challenge(&verifier),
            form_post: settings.form_post,
            audience: settings.audience.as_deref(),
            prompt: wanted.prompt.map(Prompt::name).or(settings.prompt()),
            login_hint: wanted.login_hint.as_deref(),
            ui_locales: wanted.ui_locales.as_deref(),
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

fn random<const N: usize>(inner: &Inner) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    inner.entropy.fill(&mut bytes)?;
    Ok(bytes)
}
