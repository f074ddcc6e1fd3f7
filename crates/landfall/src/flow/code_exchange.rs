//! The code exchange: the call to the token endpoint, the ID token, and userinfo where that is asked for.
//!
//! What comes for a code is believed in this order, and each step may end it (OpenID Connect Core §3.1.3):
//!
//! 1. The code is sent, with the PKCE verifier (RFC 7636 §4.5) and the redirect URI of the pending login.
//! 2. The ID token is verified (§3.1.3.7): signature, issuer, audience, times, nonce, `at_hash`, age and class. A
//!    key that is not known may be a new one, so the keys are asked for once more, at once.
//! 3. The class that the configuration demands is held against it.
//! 4. Userinfo is fetched where it is wanted, and must be about this subject (§5.3.2).
//! 5. What the access token says is added, where the application chose to read it. This step never fails.
//! 6. The level that was asked for is held against what there is now.
//!
//! Only then are there an [`Identity`] and [`Tokens`]. This leg begins no session and sets no cookie. It is used
//! by the callback and by native sign-ins; a device code, which has no nonce, comes in at [`verify_tokens`].
//!
//! Read beside it: [`protocol::id_token`](crate::protocol::id_token) for the rules of the second step,
//! [`protocol::userinfo`](crate::protocol::userinfo) for those of the fourth, and
//! [`callback`](crate::flow::callback) for what a failure means for the browser.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::browser::pending_login::PendingLogin;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::{Error, ErrorCode};
use crate::flow::token_endpoint;
use crate::protocol::access_token;
use crate::protocol::discovery::ProviderMetadata;
use crate::protocol::id_token::{self, ExpectedIdToken, IdTokenClaims, Rejection};
use crate::protocol::jwks::KeySet;
use crate::protocol::token::{TokenGrant, TokenSet};
use crate::protocol::userinfo;
use crate::provider::client::Client;
use crate::provider::client_settings::Userinfo;
use crate::provider::key_lookups::TokenSource;
use crate::session::{Identity, Scopes, Tokens};

/// What came for a code, verified. Whoever holds one may begin a session with it.
#[derive(Debug)]
pub(crate) struct CodeExchange {
    /// Who it is, with the claims that a session keeps.
    pub(crate) identity: Identity,
    /// Every claim of ID token and userinfo, for the application's hook; empty where there is none.
    pub(crate) claims: Map<String, Value>,
    /// What the token endpoint gave; the session keeps them where there is a store.
    pub(crate) tokens: Tokens,
    /// When the provider issued the ID token, by its own clock.
    pub(crate) issued_at: Timestamp,
    /// When the provider wants the session to end; `None` where it does not say.
    pub(crate) session_expiry: Option<Timestamp>,
}

/// Why nothing came for a code. The callback treats each in its own way.
#[derive(Debug)]
pub(crate) enum CodeExchangeError {
    /// The provider could not be reached, so the code was not sent: it can be sent later.
    NotSent(Error),
    /// The person was authenticated longer ago than `max_age` allows. Another trip may help.
    NotRecent,
    /// Everything else. The code was sent, or may have been.
    Failed(Error),
}

impl From<Error> for CodeExchangeError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Sends the code to the provider that the pending login names, once, and believes nothing that comes back before
/// it is verified.
///
/// `metadata` and `keys` are handed in because they must be at hand before the code is sent: it cannot be sent
/// twice. That it is sent once is up to the caller. `client` is the one of the pending login; nothing here
/// chooses.
///
/// # Errors
/// [`CodeExchangeError`].
pub(crate) async fn exchange_code(
    context: &Context,
    client: &Client,
    metadata: &ProviderMetadata,
    keys: Arc<KeySet>,
    pending: &PendingLogin,
    code: &str,
) -> Result<CodeExchange, CodeExchangeError> {
    let verifier = pending.verifier_text();
    let grant = TokenGrant::Code { code, redirect_uri: &pending.redirect_uri, verifier: &verifier };
    let tokens = match token_endpoint::request_tokens(client, metadata, grant).await.map_err(Error::from) {
        Err(error) if error.code() == ErrorCode::ProviderUnreachable => {
            return Err(CodeExchangeError::NotSent(error));
        }
        answer => answer?,
    };
    verify_tokens(context, client, metadata, keys, pending, tokens, Some(&pending.nonce_text())).await
}

/// Believes what the token endpoint gave once it is verified: steps 2 to 6 above.
///
/// `nonce` is `None` for a sign-in without a browser, where no nonce was sent that could come back. `tokens` have come
/// just now: keys that are fetched from here on are newer than they are.
///
/// # Errors
/// [`CodeExchangeError::NotRecent`], and [`CodeExchangeError::Failed`]; never `NotSent`.
pub(crate) async fn verify_tokens(
    context: &Context,
    client: &Client,
    metadata: &ProviderMetadata,
    keys: Arc<KeySet>,
    pending: &PendingLogin,
    tokens: TokenSet,
    nonce: Option<&str>,
) -> Result<CodeExchange, CodeExchangeError> {
    let mark = client.key_mark();
    let (verified, keys) = match verify(context, client, &keys, pending, &tokens, nonce) {
        // A key may be a second old.
        Err(Rejection::NotVerified(_)) => {
            let fits = |keys: &KeySet| {
                let verified = verify(context, client, keys, pending, &tokens, nonce);
                !matches!(verified, Err(Rejection::NotVerified(_)))
            };
            let keys = client.newer_keys(metadata, mark, TokenSource::TokenEndpoint, fits).await?;
            (verify(context, client, &keys, pending, &tokens, nonce), keys)
        }
        verified => (verified, keys),
    };
    let mut claims = match verified {
        Err(Rejection::NotRecent) => return Err(CodeExchangeError::NotRecent),
        verified => verified.map_err(Error::from)?,
    };
    let settings = &client.settings;
    if settings.acr_essential && !claims.acr.as_ref().is_some_and(|acr| settings.acr_values.contains(acr)) {
        return Err(CodeExchangeError::Failed(Rejection::AcrUnmet.into()));
    }
    let (mut identity, all) = identity(context, client, metadata, pending, &tokens, &mut claims).await?;
    if client.settings.read_access_token {
        add_what_the_access_token_says(context, client, &keys, &tokens, &mut identity);
    }
    if pending.v2.request.auth_level.is_some_and(|level| identity.auth_level().is_none_or(|has| has < level))
    {
        return Err(CodeExchangeError::Failed(
            Error::new(ErrorCode::AuthenticationInsufficient)
                .detail("the authentication is below the level asked for"),
        ));
    }
    let now = context.clock.now();
    let tokens = Tokens {
        access: tokens.access,
        obtained_at: now,
        access_expires_at: now.plus(tokens.expires_in),
        refresh: tokens.refresh,
        id_token: tokens.id_token.ok_or(Error::new(ErrorCode::TokenResponseInvalid))?,
    };
    Ok(CodeExchange {
        identity,
        claims: all,
        tokens,
        issued_at: claims.issued_at,
        session_expiry: claims.session_expiry,
    })
}

/// Takes level and session name from an access token that is a JWT (RFC 9068), where the ID token does not say
/// them.
///
/// The access token is for an API and opaque to its client, so it is read only if the application chose to,
/// verified by the provider's keys, and for this subject. One that does not hold is no failure.
fn add_what_the_access_token_says(
    context: &Context,
    client: &Client,
    keys: &KeySet,
    tokens: &TokenSet,
    identity: &mut Identity,
) {
    let rules = client.token_rules(context.settings.timeouts.leeway, context.clock.now());
    let Some(said) = access_token::read(tokens.access.expose(), keys, &rules, &identity.subject) else {
        tracing::debug!("the access token says nothing that can be believed");
        return;
    };
    identity.auth_level = identity.auth_level.or(said.auth_level);
    identity.sid = identity.sid.take().or(said.sid);
}

/// Holds the ID token against what was asked for (OpenID Connect Core §3.1.3.7). What is expected comes from
/// three places:
///
/// - The client: issuer, audience, algorithms, and its secret as the key of HS256, where that is allowed.
/// - The pending login: nonce and age; classes only where this sign-in named them.
/// - The response itself: the access token, for `at_hash`.
///
/// A response without an ID token is verified as an empty one, and so refused.
fn verify(
    context: &Context,
    client: &Client,
    keys: &KeySet,
    pending: &PendingLogin,
    tokens: &TokenSet,
    nonce: Option<&str>,
) -> Result<IdTokenClaims, Rejection> {
    let credentials = client.credentials();
    let id_token = tokens.id_token.as_ref().map_or("", |token| token.expose());
    id_token::verify(
        id_token,
        keys,
        &ExpectedIdToken {
            rules: client.token_rules(context.settings.timeouts.leeway, context.clock.now()),
            client_secret: credentials.secret.as_ref(),
            nonce,
            access_token: Some(tokens.access.expose()),
            max_age: pending.max_age.map(Duration::from_secs),
            acr: (pending.acr_essential && !pending.acr.is_empty()).then_some(&pending.acr),
        },
    )
}

/// Who it is: the ID token, and userinfo where that is asked for. Gives the identity and every claim, which are taken
/// out of `claims`.
///
/// With [`Userinfo::Auto`] it is fetched where the scopes promise claims that the ID token lacks; a failure there
/// is logged, and the sign-in goes on. An answer about another subject always ends it. Where the ID token and
/// userinfo both name a claim the ID token's stands, since it is signed.
///
/// The scopes are those that the token endpoint names as granted; where it names none they are those that were
/// asked for (RFC 6749 §5.1).
///
/// # Errors
/// Those of userinfo, where the configuration asks for it always; [`ErrorCode::MetadataInvalid`] where there is
/// then no such endpoint.
async fn identity(
    context: &Context,
    client: &Client,
    metadata: &ProviderMetadata,
    pending: &PendingLogin,
    tokens: &TokenSet,
    claims: &mut IdTokenClaims,
) -> Result<(Identity, Map<String, Value>), Error> {
    let settings = &client.settings;
    let scope = tokens.scope.as_deref().unwrap_or(&pending.scope);
    let mut all = std::mem::take(&mut claims.all);
    let wanted = match settings.userinfo {
        Userinfo::Always => true,
        Userinfo::Never => false,
        Userinfo::Auto => userinfo::is_promised(scope, &all),
    };
    match &metadata.userinfo_endpoint {
        Some(endpoint) if wanted => {
            let request = userinfo::request(endpoint, &tokens.access)?;
            let answer = client.send(request, ErrorCode::UserinfoInvalid).await;
            let answer = answer.and_then(|response| userinfo::response(&response, &claims.subject));
            match answer {
                Ok(more) => userinfo::merge(&mut all, more),
                Err(error)
                    if settings.userinfo == Userinfo::Auto
                        && error.code() != ErrorCode::UserinfoSubjectMismatch =>
                {
                    tracing::warn!(code = error.code().name(), %error, "userinfo is missing; the sign-in goes on without it");
                }
                Err(error) => return Err(error),
            }
        }
        None if settings.userinfo == Userinfo::Always => {
            return Err(Error::new(ErrorCode::MetadataInvalid).detail("there is no userinfo_endpoint"));
        }
        _ => {}
    }
    let scopes = Scopes { requested: &pending.scope, granted: scope };
    let issuer = Arc::clone(&client.issuer);
    // The application's hook sees every claim, the session keeps some.
    let every = if context.sign_in_hook.is_some() { all.clone() } else { Map::new() };
    let roles = client.roles(&all, context.clock.now());
    let identity = Identity::from_claims(issuer, claims, all, scopes, roles, context.settings.kept_claims());
    Ok((identity, every))
}
