//! Starting a sign-in: a pending login for this browser, and the way to the provider.

use crate::address::return_to::ReturnTo;
use crate::browser::cookie::SentCookie;
use crate::browser::pending_login::{More, PendingLogin};
use crate::context::events::EventKind;
use crate::context::settings::Settings;
use crate::error::{Error, ErrorCode};
use crate::guard::sign_in_wanted::SignInWanted;
use crate::protocol::auth_level::AuthLevel;
use crate::protocol::authn_request::Prompt;
use crate::protocol::authn_request::Wish;
use crate::protocol::authorize::{self, AuthorizationRequest, code_challenge};
use crate::protocol::discovery::ProviderMetadata;
use crate::relying_party::Inner;
use crate::web::pages;
use crate::web::reply::Reply;

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
    /// Where the answer is to come to, if not to the callback.
    pub(crate) redirect_uri: Option<String>,
    /// The address it is started under, if that is not the base URL's.
    pub(crate) asked: Option<String>,
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
    let redirect_uri = start.redirect_uri.as_ref().unwrap_or(&place.redirect_uri);
    let prepared = prepare(inner, start, redirect_uri)?;
    let pending = &prepared.pending;
    let state = place.seals.seal_state(&*inner.entropy, pending, start.asked.as_deref())?;
    // A route in a page takes no posts.
    let form_post = settings.form_post && start.redirect_uri.is_none();
    let location = location(settings, metadata, &prepared, &state, form_post);
    let mut reply = pages::see_other(&location);
    let cookie = place.seals.login_cookie(&*inner.entropy, &place.names, pending, settings.login_lifetime)?;
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

/// A sign-in that can be asked for.
pub(crate) struct Prepared {
    pub(crate) pending: PendingLogin,
    prompt: Option<String>,
    acr_values: String,
}

/// What is asked for, with a nonce and a verifier of its own.
pub(crate) fn prepare(inner: &Inner, start: &LoginStart, redirect_uri: &str) -> Result<Prepared, Error> {
    let (settings, wanted) = (&inner.settings, &start.wanted);
    // The stricter of the two.
    let max_age = wanted.wish.max_age.into_iter().chain(settings.max_age).min().map(|age| age.as_secs());
    let scope = scopes(settings, &wanted.wish);
    let offline = scope.split_ascii_whitespace().any(|scope| scope == "offline_access");
    if offline && !settings.keeps_tokens {
        return Err(Error::new(ErrorCode::Misconfigured)
            .detail("offline_access without a store: a refresh token is never kept in a cookie"));
    }
    let pending = PendingLogin {
        attempt: random(inner)?,
        provider: 0,
        issuer: settings.issuer.to_string(),
        issued_at: inner.clock.now().secs(),
        nonce: random(inner)?,
        verifier: random(inner)?,
        redirect_uri: redirect_uri.to_owned(),
        return_to: start.return_to.as_str().to_owned(),
        scope,
        max_age,
        acr: wanted.wish.acr_values.clone(),
        acr_essential: !wanted.wish.acr_values.is_empty(),
        silent: wanted.wish.prompt == Some(Prompt::None),
        restarts: start.restarts,
        more: More { wish: (*wanted.wish).clone(), unasked: start.unasked },
    };
    let acr_values = classes(&wanted.wish, settings).join(" ");
    Ok(Prepared { pending, prompt: prompt(wanted.wish.prompt, offline), acr_values })
}

/// The authorization request.
pub(crate) fn location(
    settings: &Settings,
    metadata: &ProviderMetadata,
    prepared: &Prepared,
    state: &str,
    form_post: bool,
) -> String {
    let Prepared { pending, prompt, acr_values } = prepared;
    let (nonce, verifier) = (pending.nonce_text(), pending.verifier_text());
    authorize::url(
        &metadata.authorization_endpoint,
        &AuthorizationRequest {
            client_id: &settings.client_id,
            redirect_uri: &pending.redirect_uri,
            scope: &pending.scope,
            state,
            nonce: &nonce,
            code_challenge: &code_challenge(&verifier),
            form_post,
            audience: settings.audience.as_deref(),
            prompt: prompt.as_deref(),
            login_hint: pending.more.wish.login_hint.as_deref(),
            ui_locales: pending.more.wish.ui_locales.as_deref(),
            max_age: pending.max_age,
            acr_values: (!acr_values.is_empty()).then_some(acr_values.as_str()),
            extra: &settings.extra_parameters,
        },
    )
}

/// The authentication context classes to ask for, the best first. What is demanded of the answer is another matter.
fn classes<'a>(wish: &'a Wish, settings: &'a Settings) -> Vec<&'a str> {
    let level = wish.auth_level.map(AuthLevel::name);
    let wished =
        level.into_iter().chain(wish.kept_acr.as_deref()).chain(wish.acr_values.iter().map(String::as_str));
    // A guard's own classes stand alone, unless the configuration demands one of its own as well.
    let configured = settings.acr_values.iter().map(String::as_str);
    let configured = configured.filter(|_| settings.acr_essential || wish.acr_values.is_empty());
    let mut classes = Vec::new();
    for class in wished.chain(configured) {
        if !classes.contains(&class) {
            classes.push(class);
        }
    }
    classes
}

/// The configured scopes, those of this sign-in, and those that were granted before.
fn scopes(settings: &Settings, wish: &Wish) -> String {
    let mut scope = settings.scope.clone();
    for further in wish.scopes.iter().chain(&wish.kept_scopes) {
        if !scope.split_ascii_whitespace().any(|known| known == further) {
            scope.push(' ');
            scope.push_str(further);
        }
    }
    scope
}

/// A refresh token is given only after consent (OpenID Connect Core §11).
fn prompt(wished: Option<Prompt>, offline: bool) -> Option<String> {
    match wished {
        Some(prompt @ (Prompt::Login | Prompt::SelectAccount)) if offline => {
            Some(format!("{} consent", prompt.name()))
        }
        Some(prompt) => Some(prompt.name().to_owned()),
        None => offline.then(|| "consent".to_owned()),
    }
}

fn random<const N: usize>(inner: &Inner) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    inner.entropy.fill(&mut bytes)?;
    Ok(bytes)
}
