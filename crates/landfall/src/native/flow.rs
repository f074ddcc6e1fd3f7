//! A sign-in without cookies, for an application on somebody's own machine: the same request, the same checks of what
//! comes back, the same verification; who keeps what in between is the application itself.

use std::sync::Arc;

use crate::address::return_to::ReturnTo;
use crate::browser::pending_login::PendingLogin;
use crate::clock::Timestamp;
use crate::context::events::EventKind;
use crate::crypto::secret::Secret;
use crate::error::{Error, ErrorCode};
use crate::flow::exchange::{self, Unredeemed};
use crate::flow::login::{self, LoginStart};
use crate::flow::refresh::{self, Before, Unrefreshed};
use crate::flow::{approval, logout};
use crate::guard::sign_in_wanted::SignInWanted;
use crate::protocol::authorization_response::{self, AuthorizationResponse, Outcome};
use crate::protocol::device::{self, DeviceCode, NotYet};
use crate::protocol::end_session::{self, EndSessionRequest};
use crate::protocol::token::{self, Grant, TokenRequest};
use crate::provider::{retry_later, unreachable};
use crate::relying_party::Inner;
use crate::session::{Session, Tokens};

/// A sign-in that was begun: what is asked for, the `state` it goes out under, and where to.
pub(crate) struct Begun {
    pub(crate) pending: PendingLogin,
    pub(crate) state: String,
    pub(crate) url: String,
}

pub(crate) async fn begin(inner: &Inner, redirect_uri: &str, wanted: SignInWanted) -> Result<Begun, Error> {
    let metadata = inner.provider.metadata().await?;
    let prepared = login::prepare(inner, &start(wanted), redirect_uri)?;
    let state = inner.place(0)?.seals.seal_state(&*inner.entropy, &prepared.pending, None)?;
    let url = login::location(&inner.settings, &metadata, &prepared, &state, false);
    inner.events.tell(EventKind::SignInStarted, None, None);
    Ok(Begun { pending: prepared.pending, state, url })
}

/// Whether a response is the answer to this sign-in.
pub(crate) fn is_answer(begun: &Begun, response: &str) -> bool {
    AuthorizationResponse::parse(response)
        .ok()
        .and_then(|response| response.state().ok().map(|state| is_same(state, &begun.state)))
        .unwrap_or(false)
}

/// Finishes it. The order is that of the callback: `state`, age, `iss`, and only then is the code sent.
pub(crate) async fn finish(inner: &Inner, begun: &Begun, response: &str) -> Result<Session, Error> {
    let pending = &begun.pending;
    let response = AuthorizationResponse::parse(response)?;
    if !is_same(response.state()?, &begun.state) {
        return Err(Error::new(ErrorCode::StateMismatch).detail("state is not that of this sign-in"));
    }
    if pending.is_expired(inner.settings.login_lifetime, inner.clock.now()) {
        return Err(Error::new(ErrorCode::AttemptExpired));
    }
    let metadata = inner.provider.metadata().await?;
    let code = match response.outcome(&pending.issuer, metadata.sends_iss)? {
        Outcome::Code(code) => code,
        Outcome::Refused { error, description } => {
            let description = description.unwrap_or_default();
            return Err(Error::new(authorization_response::refusal(&error))
                .detail(format!("the provider answered {error} {description}")));
        }
    };
    let keys = inner.provider.keys(&metadata).await?;
    let redeemed = exchange::redeem(inner, &metadata, keys, pending, &code).await;
    begin_session(inner, redeemed).await
}

async fn begin_session(
    inner: &Inner,
    redeemed: Result<exchange::Redeemed, Unredeemed>,
) -> Result<Session, Error> {
    let redeemed = match redeemed {
        Ok(redeemed) => redeemed,
        Err(Unredeemed::NotRecent) => return Err(Error::new(ErrorCode::AuthenticationInsufficient)),
        Err(Unredeemed::NotSent(error) | Unredeemed::Failed(error)) => return Err(error),
    };
    match approval::ask(inner, redeemed).await {
        Ok(redeemed) => {
            inner.events.tell(EventKind::SignedIn, Some(redeemed.identity.subject()), None);
            let ends = redeemed.session_expiry.unwrap_or(Timestamp::from_secs(u64::from(u32::MAX)));
            Ok(Session {
                identity: redeemed.identity,
                created_at: redeemed.issued_at,
                expires_at: ends,
                idle_expires_at: ends,
                tokens: Some(redeemed.tokens),
                stored: None,
            })
        }
        Err(refused) => {
            logout::revoke(inner, &refused.tokens).await;
            Err(refused.error)
        }
    }
}

/// New tokens for old ones. `None` where there is no refresh token.
pub(crate) async fn refresh(inner: &Inner, session: &Session) -> Result<Option<Session>, Unrefreshed> {
    let Some(tokens) = session.tokens.clone() else { return Ok(None) };
    let Some(spent) = tokens.refresh.clone() else { return Ok(None) };
    let metadata = inner.provider.metadata().await?;
    let keys = inner.provider.keys(&metadata).await?;
    let before = Before { session: Arc::new(session.clone()), tokens, spent };
    let refreshed = refresh::ask(inner, &before, inner.refreshes.lease(), &metadata, keys).await?;
    let mut session = session.clone();
    session.tokens = Some(refreshed.tokens);
    if let Some(scope) = refreshed.scope {
        session.identity.scope = Some(scope);
    }
    if let Some(ceiling) = refreshed.ceiling {
        session.expires_at = session.expires_at.min(ceiling);
        session.idle_expires_at = session.idle_expires_at.min(ceiling);
    }
    inner.events.tell(EventKind::Refreshed, Some(session.identity.subject()), None);
    Ok(Some(session))
}

/// Where the person's session at the provider ends, if it says so.
pub(crate) async fn end_session_url(
    inner: &Inner,
    session: &Session,
    back: Option<(&str, &str)>,
) -> Option<String> {
    let metadata = inner.provider.metadata_known().await.ok()?;
    let endpoint = metadata.end_session_endpoint.as_ref()?;
    Some(end_session::url(
        endpoint,
        &EndSessionRequest {
            client_id: &inner.settings.client_id,
            id_token_hint: session.tokens.as_ref().map(|tokens| &tokens.id_token),
            logout_hint: session.identity.email().or(Some(session.identity.subject())),
            back,
        },
    ))
}

/// A device code that was asked for.
pub(crate) struct Asked {
    pending: PendingLogin,
    pub(crate) code: DeviceCode,
    pub(crate) expires_at: Timestamp,
}

/// Asks for a device code (RFC 8628 §3.1).
pub(crate) async fn device(inner: &Inner, wanted: SignInWanted) -> Result<Asked, Error> {
    let metadata = inner.provider.metadata().await?;
    let Some(endpoint) = &metadata.device_authorization_endpoint else {
        return Err(Error::new(ErrorCode::MetadataInvalid)
            .detail("the provider's metadata name no device_authorization_endpoint"));
    };
    let pending = login::prepare(inner, &start(wanted), "")?.pending;
    let settings = &inner.settings;
    let mut fields = vec![("scope", pending.scope.as_str())];
    fields.extend(settings.audience.as_deref().map(|audience| ("audience", audience)));
    fields.extend(settings.extra_parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let request = device::request(endpoint, &settings.credentials(), &fields)?;
    let response = inner
        .http
        .send(request)
        .await
        .map_err(|error| unreachable(error, ErrorCode::TokenResponseInvalid))?;
    let code = device::response(&response)?;
    let expires_at = inner.clock.now().plus(code.expires_in);
    inner.events.tell(EventKind::SignInStarted, None, None);
    Ok(Asked { pending, code, expires_at })
}

/// What one question brought.
pub(crate) enum Polled {
    Pending,
    SlowDown,
    /// The code is spent.
    Failed(Error),
    Session(Box<Session>),
}

/// Asks once whether the person is done (RFC 8628 §3.4).
pub(crate) async fn poll(inner: &Inner, asked: &Asked) -> Result<Polled, Error> {
    if inner.clock.now() >= asked.expires_at {
        return Err(Error::new(ErrorCode::AttemptExpired));
    }
    let metadata = inner.provider.metadata().await?;
    // The keys first: what comes is there once.
    let keys = inner.provider.keys(&metadata).await?;
    let credentials = inner.settings.credentials();
    let grant = Grant::Device { code: &asked.code.secret };
    let ask = TokenRequest { endpoint: &metadata.token_endpoint, credentials: &credentials, grant: &grant };
    let response = inner
        .http
        .send(token::request(&ask)?)
        .await
        .map_err(|error| unreachable(error, ErrorCode::ProviderUnreachable))?;
    match device::not_yet(&response) {
        Some(NotYet::Pending) => return Ok(Polled::Pending),
        Some(NotYet::SlowDown) => return Ok(Polled::SlowDown),
        Some(NotYet::Denied) => {
            return Err(Error::new(ErrorCode::SignInDeclined).detail("the provider answered access_denied"));
        }
        Some(NotYet::Expired) => return Err(Error::new(ErrorCode::AttemptExpired)),
        None => {}
    }
    // Trouble on the provider's side says nothing of the code.
    retry_later(&response)?;
    let tokens = token::response(&ask, response)?;
    let redeemed = exchange::believe(inner, &metadata, keys, &asked.pending, tokens, None).await;
    let session = begin_session(inner, redeemed).await;
    Ok(session.map_or_else(Polled::Failed, |session| Polled::Session(Box::new(session))))
}

/// Gives the tokens back.
pub(crate) async fn revoke(inner: &Inner, tokens: &Tokens) {
    logout::revoke(inner, tokens).await;
}

/// Nothing of a web sign-in in it.
fn start(wanted: SignInWanted) -> LoginStart {
    LoginStart {
        base: 0,
        return_to: ReturnTo::root(),
        wanted,
        restarts: 0,
        sent: Vec::new(),
        unasked: false,
        redirect_uri: None,
        asked: None,
    }
}

fn is_same(said: &str, state: &str) -> bool {
    Secret::from(state).matches(said.as_bytes())
}
