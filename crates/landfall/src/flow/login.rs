//! Starting a sign-in: a pending login for this browser, and the way to the provider.
//!
//! This is the authorization request of the code flow (OpenID Connect Core §3.1.2.1) with PKCE (RFC 7636).
//! Whatever the answer will be held against is fixed here and kept in the browser's cookie, sealed.
//!
//! 1. The provider's metadata, from memory where they are fresh.
//! 2. What is asked for: scopes, age and classes, of the configuration and of this sign-in ([`prepare`]).
//! 3. An attempt of its own: id, nonce and verifier, so that tabs do not overwrite each other.
//! 4. `state`, sealed: it names the attempt and the destination and authenticates nobody.
//! 5. The cookie of the pending login. Old ones go where there are too many.
//! 6. A 303 to the authorization endpoint ([`location`]).
//!
//! What goes where:
//!
//! | | cookie | `state` | request |
//! |---|---|---|---|
//! | attempt, client, time, restarts | yes | yes | |
//! | nonce | yes | | yes |
//! | PKCE verifier | yes | | its digest |
//! | redirect URI, scopes, age, classes | yes | | yes |
//! | destination | yes | unless it is long | |
//! | app state, parameters of the application's | yes | | |
//!
//! Where metadata are at hand none of it is I/O, and the reply is ready at once. What comes back is for
//! [`callback`](crate::flow::callback). A native application prepares and locates in the same way, and keeps the
//! pending login in its memory.

use std::sync::Arc;

use crate::address::return_to::ReturnTo;
use crate::browser::carried::{AppState, Carried};
use crate::browser::cookie::SentCookie;
use crate::browser::pending_login::{PendingLogin, PendingLoginV2};
use crate::context::Context;
use crate::context::events::EventKind;
use crate::context::incoming::RequestFacts;
use crate::context::site::Site;
use crate::error::{Error, ErrorCode};
use crate::guard::request_kind::RequestKind;
use crate::guard::sign_in_wanted::SignInWanted;
use crate::protocol::auth_level::AuthLevel;
use crate::protocol::authn_request::{AuthnRequest, Prompt};
use crate::protocol::authorization_request::{self, AuthorizationRequest, code_challenge};
use crate::protocol::discovery::ProviderMetadata;
use crate::provider::client::Client;
use crate::provider::client_settings::ClientSettings;
use crate::runtime::under_way::Work;
use crate::web::pages::{self, runtime_gone};
use crate::web::reply::{Reply, Waiting};

/// How often a trip may be started anew by itself. After that the person gets a page: provider and application do
/// not agree, and a redirect loop would hide it.
pub(crate) const MAX_RESTARTS: u8 = 2;

/// A sign-in to start. What is not said is as in [`LoginStart::new`].
#[derive(Clone, Debug)]
pub(crate) struct LoginStart {
    /// The base URL that the browser is at, and will come back to.
    pub(crate) site: Arc<Site>,
    /// With which client.
    pub(crate) client: Arc<Client>,
    /// Where the person lands. It is looked at once more on the way back.
    pub(crate) return_to: ReturnTo,
    /// What to ask for beyond the configuration.
    pub(crate) wanted: SignInWanted,
    /// How many trips of this sign-in there were before.
    pub(crate) restarts: u8,
    /// The attempts' cookies that the browser holds.
    pub(crate) sent: Vec<SentCookie>,
    /// How long another cookie is that goes out with the same answer, in bytes: it takes room as well.
    pub(crate) beside: usize,
    /// Nobody asked for it: if it comes to nothing, the page is shown as it is.
    pub(crate) silent: bool,
    /// Where the answer is to come to; `None` for the callback.
    pub(crate) redirect_uri: Option<String>,
    /// The address it is started under, if that is not the base URL's. It travels in `state`, so that a callback
    /// whose cookie is lost can name both.
    pub(crate) requested_address: Option<String>,
}

impl LoginStart {
    /// A sign-in with this client that ends at `return_to`, and asks for nothing beyond what is configured.
    pub(crate) fn new(
        client: &Arc<Client>,
        site: &Arc<Site>,
        return_to: ReturnTo,
        sent: &[SentCookie],
    ) -> Self {
        Self {
            site: Arc::clone(site),
            client: Arc::clone(client),
            return_to,
            wanted: SignInWanted::new(),
            restarts: 0,
            sent: sent.to_vec(),
            beside: 0,
            silent: false,
            redirect_uri: None,
            requested_address: None,
        }
    }

    /// The answer where it could not be started: a page of ours, or the application's own sign-in page. Another try leads
    /// to the same destination.
    pub(crate) fn refuse(&self, context: &Context, error: Error, kind: RequestKind) -> Reply {
        let (return_to, redirect_uri) = (Some(&self.return_to), self.redirect_uri.as_deref());
        let reference = context.reference();
        context.refuse_sign_in(&reference, &error.into(), kind, &self.site, return_to, redirect_uri)
    }
}

/// Starts a sign-in for a person who opens a page. Its answer comes to the callback, unless to a route of a
/// single-page application (`redirect_uri`).
///
/// Where the metadata are fresh the reply is ready at once. A failure is a reply, too: whoever awaits this has
/// nothing left to decide.
pub(crate) fn begin(
    context: &Arc<Context>,
    facts: &RequestFacts,
    wanted: SignInWanted,
    return_to: ReturnTo,
    redirect_uri: Option<String>,
) -> Waiting<Reply> {
    if let Some(mismatch) = facts.mismatch() {
        context.logged_mismatches.log(mismatch);
    }
    let kind = facts.kind;
    let client = match context.client_for_login() {
        Ok(client) => client,
        Err(error) => {
            let reply = context.refuse(error, kind, &facts.site, Some(&return_to));
            return Box::pin(std::future::ready(reply));
        }
    };
    let start = LoginStart {
        wanted,
        redirect_uri,
        requested_address: facts.mismatch().map(|mismatch| mismatch.requested.clone()),
        ..LoginStart::new(client, &facts.site, return_to, &facts.attempts)
    };
    if let Some(metadata) = start.client.metadata_now() {
        let reply =
            start_with(context, &metadata, &start).unwrap_or_else(|error| start.refuse(context, error, kind));
        return Box::pin(std::future::ready(reply));
    }
    let this = Arc::clone(context);
    let work = move |_| async move {
        let started = self::start(&this, &start).await;
        started.unwrap_or_else(|error| start.refuse(&this, error, kind))
    };
    // Nobody is served by it but whoever waits: the next one asks the provider anew.
    context.runtime.run_until_left(context.runtime.enter(Work::Other), work, runtime_gone)
}

/// Starts it, once the provider's metadata are here. For legs that start another trip themselves.
///
/// # Errors
/// When the metadata cannot be had, and those of [`start_with`].
pub(crate) async fn start(context: &Context, start: &LoginStart) -> Result<Reply, Error> {
    let metadata = start.client.metadata().await?;
    start_with(context, &metadata, start)
}

/// Starts it with metadata at hand: no I/O.
///
/// # Errors
/// [`ErrorCode::TooManyAttempts`] after [`MAX_RESTARTS`], those of [`prepare`], and a pending login that does not
/// fit a cookie.
fn start_with(context: &Context, metadata: &ProviderMetadata, start: &LoginStart) -> Result<Reply, Error> {
    if start.restarts > MAX_RESTARTS {
        return Err(Error::new(ErrorCode::TooManyAttempts));
    }
    let LoginStart { site, client, .. } = start;
    let lifetime = context.settings.timeouts.login;
    let redirect_uri = start.redirect_uri.clone().unwrap_or_else(|| client.redirect_uri(&site.base));
    let prepared = prepare(context, start, redirect_uri)?;
    let pending = &prepared.pending;
    let state = site.seals.seal_state(&*context.entropy, pending, start.requested_address.as_deref())?;
    // A route in a page takes no posts.
    let form_post = client.settings.form_post && start.redirect_uri.is_none();
    let location = location(client, metadata, &prepared, &state, form_post);
    let mut reply = pages::see_other(&location);
    let cookie = site.seals.login_cookie(&*context.entropy, &site.names, pending, lifetime)?;
    // Name and value; the attributes stay in the browser.
    let added = cookie.split(';').next().unwrap_or_default().len();
    for name in site.seals.to_evict(&start.sent, (added, start.beside), lifetime, context.clock.now()) {
        pages::add_cookie(&mut reply, &site.names.clear(name));
    }
    pages::add_cookie(&mut reply, &cookie);
    context.events.tell(EventKind::SignInStarted, None, None);
    tracing::debug!(redirect_uri = %pending.redirect_uri, restarts = start.restarts, "sign-in started");
    Ok(reply)
}

/// A sign-in that can be asked for: what will be kept of it, and what only the request says.
pub(crate) struct Prepared {
    /// What the answer will be held against. It goes into the cookie.
    pub(crate) pending: PendingLogin,
    /// The `prompt` parameter; `None` to send none.
    prompt: Option<String>,
    /// The `acr_values` parameter; empty to send none.
    acr_values: String,
}

/// What is asked for, with a nonce and a verifier of its own.
///
/// Of two limits of age the stricter holds. Classes are demanded of the answer only where this sign-in names
/// them; the configuration's are demanded by [`code_exchange`](crate::flow::code_exchange).
///
/// # Errors
/// [`ErrorCode::Misconfigured`] for `offline_access` where no tokens are kept, [`ErrorCode::RandomnessFailed`].
pub(crate) fn prepare(
    context: &Context,
    start: &LoginStart,
    redirect_uri: String,
) -> Result<Prepared, Error> {
    let (settings, request) = (&start.client.settings, &start.wanted.request);
    // The stricter of the two.
    let max_age = request.max_age.into_iter().chain(settings.max_age).min().map(|age| age.as_secs());
    let scope = scopes(&start.client.scope, request);
    let offline = scope.split_ascii_whitespace().any(|scope| scope == "offline_access");
    if offline && !context.settings.keeps_tokens {
        return Err(Error::new(ErrorCode::Misconfigured)
            .detail("offline_access without a store: a refresh token is never kept in a cookie"));
    }
    let pending = PendingLogin {
        attempt: context.random()?,
        client: start.client.number,
        issuer: start.client.issuer.to_string(),
        issued_at: context.clock.now().secs(),
        nonce: context.random()?,
        verifier: context.random()?,
        redirect_uri,
        return_to: start.return_to.as_str().to_owned(),
        scope,
        max_age,
        acr: request.acr_values.clone(),
        acr_essential: !request.acr_values.is_empty(),
        prompt_none: request.prompt == Some(Prompt::None),
        restarts: start.restarts,
        v2: PendingLoginV2 { request: (**request).clone(), silent: start.silent },
        carried: carried(context, start),
    };
    let acr_values = classes(request, settings).join(" ");
    Ok(Prepared { pending, prompt: prompt(request.prompt, offline), acr_values })
}

/// What the attempt keeps for the application: its parameters, and app state that is this browser's.
fn carried(context: &Context, start: &LoginStart) -> Option<Box<Carried>> {
    let mut carried = start.wanted.carried.clone()?;
    let mine = |state: AppState| state.for_attempt(&start.sent, context.clock.now());
    carried.state = carried.state.take().and_then(mine);
    Some(carried)
}

/// The authorization request as a URL (OpenID Connect Core §3.1.2.1). The verifier stays here; its digest goes
/// along.
pub(crate) fn location(
    client: &Client,
    metadata: &ProviderMetadata,
    prepared: &Prepared,
    state: &str,
    form_post: bool,
) -> String {
    let Prepared { pending, prompt, acr_values } = prepared;
    let (nonce, verifier) = (pending.nonce_text(), pending.verifier_text());
    authorization_request::url(
        &metadata.authorization_endpoint,
        &AuthorizationRequest {
            client_id: &client.id,
            redirect_uri: &pending.redirect_uri,
            scope: &pending.scope,
            state,
            nonce: &nonce,
            code_challenge: &code_challenge(&verifier),
            form_post,
            audience: client.settings.audience.as_deref(),
            prompt: prompt.as_deref(),
            login_hint: pending.v2.request.login_hint.as_deref(),
            ui_locales: pending.v2.request.ui_locales.as_deref(),
            max_age: pending.max_age,
            acr_values: (!acr_values.is_empty()).then_some(acr_values.as_str()),
            extra: &client.settings.extra_parameters,
        },
    )
}

/// The authentication context classes to ask for, the best first and each once. What is demanded of the answer is
/// another matter: see [`prepare`].
///
/// 1. The level that is wanted, by its name.
/// 2. The class that the session has, so that a step up in another respect does not lose it.
/// 3. The classes that this sign-in names.
/// 4. Those of the configuration, unless the third are there and the configuration only wishes for its own.
fn classes<'a>(request: &'a AuthnRequest, settings: &'a ClientSettings) -> Vec<&'a str> {
    let level = request.auth_level.map(AuthLevel::name);
    let wished = level
        .into_iter()
        .chain(request.kept_acr.as_deref())
        .chain(request.acr_values.iter().map(String::as_str));
    // A guard's own classes stand alone, unless the configuration demands one of its own as well.
    let configured = settings.acr_values.iter().map(String::as_str);
    let configured = configured.filter(|_| settings.acr_essential || request.acr_values.is_empty());
    let mut classes = Vec::new();
    for class in wished.chain(configured) {
        if !classes.contains(&class) {
            classes.push(class);
        }
    }
    classes
}

/// The configured scopes, those of this sign-in, and those that were granted before, each once. Leaving out what
/// was granted would take it away.
fn scopes(configured: &str, request: &AuthnRequest) -> String {
    let mut scope = configured.to_owned();
    for further in request.scopes.iter().chain(&request.kept_scopes) {
        if !scope.split_ascii_whitespace().any(|known| known == further) {
            scope.push(' ');
            scope.push_str(further);
        }
    }
    scope
}

/// The `prompt` parameter. A refresh token is given only after consent (OpenID Connect Core §11), so
/// `offline_access` asks for it, unless nothing may be shown.
fn prompt(wished: Option<Prompt>, offline: bool) -> Option<String> {
    match wished {
        Some(prompt @ (Prompt::Login | Prompt::SelectAccount)) if offline => {
            Some(format!("{} consent", prompt.name()))
        }
        Some(prompt) => Some(prompt.name().to_owned()),
        None => offline.then(|| "consent".to_owned()),
    }
}
