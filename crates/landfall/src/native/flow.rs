//! A sign-in without cookies, for an application on somebody's own machine: the request, the checks of what comes back
//! and the verification are those of the web's; who keeps what in between is the application itself.
//!
//! It stands beside `flow`, not in it, since it is another order of the same steps: nothing is resumed from a cookie,
//! nothing is healed by another trip, and there is no session to find or to replace. What is shared is called there:
//! `login::prepare`, `code_exchange`, `approval`, `refresh::ask`, `logout::revoke`.
//!
//! The checks of an answer come in the callback's order (see [`finish`]). A device has none to check; its order is
//!
//! 1. ask for a device code and show the person's half of it,
//! 2. ask the token endpoint again and again, with the keys at hand each time: the tokens come once,
//! 3. verify them as after a callback, but for the nonce, which nothing carried.
//!
//! Everything is at the first client: a native application has no `state` to read another one's number from.

use std::sync::Arc;

use crate::address::return_to::ReturnTo;
use crate::browser::pending_login::PendingLogin;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::context::events::EventKind;
use crate::context::sign_in_hook::Outcome;
use crate::context::sign_in_trip::SignInTrip;
use crate::crypto::secret::Secret;
use crate::error::{Error, ErrorCode};
use crate::flow::approval::{self, Approved};
use crate::flow::code_exchange::{CodeExchange, CodeExchangeError, exchange_code, verify_tokens};
use crate::flow::login::{self, LoginStart};
use crate::flow::logout;
use crate::flow::refresh::{self, Before, RefreshError};
use crate::guard::sign_in_wanted::SignInWanted;
use crate::protocol::authorization_response::{self, AuthorizationOutcome, AuthorizationResponse};
use crate::protocol::device::{self, DeviceCode, NotYet};
use crate::protocol::token::{self, TokenGrant, TokenRequest};
use crate::provider::client::{Client, retry_later};
use crate::session::Session;

/// A sign-in that was begun: what is asked for, the `state` it goes out under, and where to.
pub(crate) struct StartedSignIn {
    /// Nonce, PKCE verifier and what was asked for. In memory: no cookie carries it.
    pub(crate) pending: PendingLogin,
    /// As it went out. It is sealed like the web's, but only compared here, never opened.
    pub(crate) state: String,
    /// The authorization request, to be opened in the system's browser (RFC 8252 §4.1).
    pub(crate) url: String,
}

/// Words the authorization request, with an attempt of its own.
///
/// # Errors
/// When the metadata cannot be had, or the random source fails.
pub(crate) async fn begin(
    context: &Context,
    redirect_uri: &str,
    wanted: SignInWanted,
) -> Result<StartedSignIn, Error> {
    let client = context.client_for_login()?;
    let metadata = client.metadata().await?;
    let prepared = login::prepare(context, &start(context, client, wanted), redirect_uri.to_owned())?;
    let state = context.sites.first().seals.seal_state(&*context.entropy, &prepared.pending, None)?;
    let url = login::location(client, &metadata, &prepared, &state, false);
    context.events.tell(EventKind::SignInStarted, None, None);
    Ok(StartedSignIn { pending: prepared.pending, state, url })
}

/// Whether a response is the answer to this sign-in: it has exactly its `state`. A malformed one is the answer to none.
pub(crate) fn is_answer(started: &StartedSignIn, response: &str) -> bool {
    AuthorizationResponse::parse(response)
        .ok()
        .and_then(|response| response.state().ok().map(|state| is_same(state, &started.state)))
        .unwrap_or(false)
}

/// Finishes it. The order is that of the callback:
///
/// 1. `state` is that of this sign-in, compared in constant time.
/// 2. It has not taken longer than a sign-in may.
/// 3. `iss` is the provider that was asked (RFC 9207 §2.4), and the answer is a code and not a refusal.
/// 4. The keys are fetched: a code that was sent cannot be sent again when they turn out to be missing.
/// 5. The code is sent, and what comes for it verified.
/// 6. The application's hook is asked.
///
/// # Errors
/// What fails first of these. From step 5 on, the code is spent.
pub(crate) async fn finish(
    context: &Context,
    started: &StartedSignIn,
    response: &str,
) -> Result<Session, Error> {
    let client = context.client_for_login()?;
    let pending = &started.pending;
    let response = AuthorizationResponse::parse(response)?;
    if !is_same(response.state()?, &started.state) {
        return Err(Error::new(ErrorCode::StateMismatch).detail("state is not that of this sign-in"));
    }
    if pending.is_expired(context.settings.timeouts.login, context.clock.now()) {
        return Err(Error::new(ErrorCode::AttemptExpired));
    }
    let metadata = client.metadata().await?;
    let code = match response.outcome(&pending.issuer, metadata.sends_iss)? {
        AuthorizationOutcome::Code(code) => code,
        AuthorizationOutcome::Refused { error, description } => {
            let description = description.unwrap_or_default();
            return Err(Error::new(authorization_response::refusal(&error))
                .detail(format!("the provider answered {error} {description}")));
        }
    };
    let keys = client.keys(&metadata).await?;
    let exchanged = exchange_code(context, client, &metadata, keys, pending, &code).await;
    begin_session(context, exchanged).await
}

/// Asks the application's hook about a verified sign-in, and makes a session of it that no store knows.
///
/// The session lasts as long as the provider lets it: there is no cookie to expire, and the person's own device keeps
/// it. Where the hook turns somebody away, their tokens are given back to the provider.
async fn begin_session(
    context: &Context,
    exchanged: Result<CodeExchange, CodeExchangeError>,
) -> Result<Session, Error> {
    let client = context.client_for_login()?;
    let exchange = match exchanged {
        Ok(exchange) => exchange,
        Err(CodeExchangeError::NotRecent) => return Err(Error::new(ErrorCode::AuthenticationInsufficient)),
        Err(CodeExchangeError::NotSent(error) | CodeExchangeError::Failed(error)) => return Err(error),
    };
    match approval::call_sign_in_hook(context, exchange, SignInTrip::default()).await {
        Ok(Approved { exchange, outcome: Outcome::Answer(_), .. }) => {
            logout::revoke(client, &exchange.tokens).await;
            let detail = "the application's hook answers a browser, and a native application has none that would take it";
            Err(Error::new(ErrorCode::ApplicationFailed).detail(detail))
        }
        Ok(Approved { exchange, outcome: Outcome::Session, .. }) => {
            context.events.tell(EventKind::SignedIn, Some(&exchange.identity.subject_id()), None);
            let ends = exchange.session_expiry.unwrap_or(Timestamp::from_secs(u64::from(u32::MAX)));
            Ok(Session {
                identity: exchange.identity,
                created_at: exchange.issued_at,
                expires_at: ends,
                idle_expires_at: ends,
                tokens: Some(exchange.tokens),
                client_id: Some(Arc::clone(&client.id)),
                stored: None,
                method: None,
                sealed_id: None,
                is_by_credentials: false,
            })
        }
        Err(rejected) => {
            logout::revoke(client, &rejected.tokens).await;
            Err(rejected.error)
        }
    }
}

/// New tokens for old ones. `None` where there is no refresh token.
///
/// No lease is taken: one process has the grant, and its caller asks one at a time.
///
/// # Errors
/// [`RefreshError::Over`] where the provider refuses the token or sends what cannot be believed; else
/// [`RefreshError::Failed`].
pub(crate) async fn refresh(context: &Context, session: &Session) -> Result<Option<Session>, RefreshError> {
    let client = context.client_for_login()?;
    let Some(tokens) = session.tokens.clone() else { return Ok(None) };
    let Some(spent) = tokens.refresh.clone() else { return Ok(None) };
    let metadata = client.metadata().await?;
    let keys = client.keys(&metadata).await?;
    let before = Before { session: Arc::new(session.clone()), tokens, spent };
    let refreshed =
        refresh::ask(context, client, &before, context.refreshes.lease(), &metadata, keys).await?;
    let mut session = session.clone();
    session.tokens = Some(refreshed.tokens);
    if let Some(scope) = refreshed.scope {
        session.identity.scope = Some(scope);
    }
    if let Some(ceiling) = refreshed.ceiling {
        session.expires_at = session.expires_at.min(ceiling);
        session.idle_expires_at = session.idle_expires_at.min(ceiling);
    }
    context.events.tell(EventKind::Refreshed, Some(&session.identity.subject_id()), None);
    Ok(Some(session))
}

/// A device code that was asked for.
pub(crate) struct DeviceSignIn {
    /// What was asked for, for the verification of what comes. Its nonce and PKCE verifier go unused: the device grant
    /// has no place for them, and the device code itself never leaves this process but for the provider.
    pending: PendingLogin,
    /// What the person is shown, and the secret that the token endpoint is asked with.
    pub(crate) code: DeviceCode,
    /// By our clock, from when the code came.
    pub(crate) expires_at: Timestamp,
}

/// Asks for a device code (RFC 8628 §3.1). The request names scopes, audience and the client's further parameters.
///
/// # Errors
/// [`ErrorCode::MetadataInvalid`] where the provider has no such endpoint; else what the call or its answer fails with.
pub(crate) async fn device(context: &Context, wanted: SignInWanted) -> Result<DeviceSignIn, Error> {
    let client = context.client_for_login()?;
    let metadata = client.metadata().await?;
    let Some(endpoint) = &metadata.device_authorization_endpoint else {
        return Err(Error::new(ErrorCode::MetadataInvalid)
            .detail("the provider's metadata name no device_authorization_endpoint"));
    };
    let pending = login::prepare(context, &start(context, client, wanted), String::new())?.pending;
    let settings = &client.settings;
    let mut fields = vec![("scope", pending.scope.as_str())];
    fields.extend(settings.audience.as_deref().map(|audience| ("audience", audience)));
    fields.extend(settings.extra_parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let request = device::request(endpoint, &client.credentials(), &fields)?;
    let response = client.send(request, ErrorCode::TokenResponseInvalid).await?;
    let code = device::response(&client.issuer, &response)?;
    let expires_at = context.clock.now().plus(code.expires_in);
    context.events.tell(EventKind::SignInStarted, None, None);
    Ok(DeviceSignIn { pending, code, expires_at })
}

/// What one question brought.
pub(crate) enum DeviceAnswer {
    /// `authorization_pending`: the person is not done.
    Pending,
    /// `slow_down`: from now on, five seconds longer between two questions.
    SlowDown,
    /// The provider gave tokens, so the code is spent; but they were not believed, or the application turned the person
    /// away.
    Failed(Error),
    /// The person is signed in.
    Session(Box<Session>),
}

/// Asks once whether the person is done (RFC 8628 §3.4). How often, and how long, is for the caller.
///
/// # Errors
/// [`ErrorCode::SignInDeclined`] and [`ErrorCode::AttemptExpired`] are final. Trouble on the way to the provider says
/// nothing of the code, which may be asked about again.
pub(crate) async fn poll(context: &Context, sign_in: &DeviceSignIn) -> Result<DeviceAnswer, Error> {
    let client = context.client_for_login()?;
    if context.clock.now() >= sign_in.expires_at {
        return Err(Error::new(ErrorCode::AttemptExpired));
    }
    let metadata = client.metadata().await?;
    // The keys first: what comes is there once.
    let keys = client.keys(&metadata).await?;
    let credentials = client.credentials();
    let grant = TokenGrant::Device { code: &sign_in.code.secret };
    let ask = TokenRequest { endpoint: &metadata.token_endpoint, credentials: &credentials, grant: &grant };
    let response = client.send(token::request(&ask)?, ErrorCode::ProviderUnreachable).await?;
    match device::not_yet(&response) {
        Some(NotYet::Pending) => return Ok(DeviceAnswer::Pending),
        Some(NotYet::SlowDown) => return Ok(DeviceAnswer::SlowDown),
        Some(NotYet::Denied) => {
            return Err(Error::new(ErrorCode::SignInDeclined).detail("the provider answered access_denied"));
        }
        Some(NotYet::Expired) => return Err(Error::new(ErrorCode::AttemptExpired)),
        None => {}
    }
    // Trouble on the provider's side says nothing of the code.
    retry_later(&response)?;
    let tokens = token::response(&ask, &response)?;
    let exchanged = verify_tokens(context, client, &metadata, keys, &sign_in.pending, tokens, None).await;
    let session = begin_session(context, exchanged).await;
    Ok(session.map_or_else(DeviceAnswer::Failed, |session| DeviceAnswer::Session(Box::new(session))))
}

/// The start of a sign-in with nothing of the web's in it: no page to land on, and no cookies that were sent.
fn start(context: &Context, client: &Arc<Client>, wanted: SignInWanted) -> LoginStart {
    LoginStart { wanted, ..LoginStart::new(client, context.sites.first(), ReturnTo::root(), &[]) }
}

/// Compared in constant time: a listener on loopback can be asked by any program on the machine, as often as it likes.
fn is_same(said: &str, state: &str) -> bool {
    Secret::from(state).matches(said.as_bytes())
}
