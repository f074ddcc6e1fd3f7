//! Redeeming a code: the token exchange, the ID token, and userinfo where that is asked for.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::browser::pending_login::PendingLogin;
use crate::clock::Timestamp;
use crate::context::settings::Userinfo;
use crate::error::{Error, ErrorCode};
use crate::flow::token_endpoint;
use crate::protocol::access_token;
use crate::protocol::discovery::ProviderMetadata;
use crate::protocol::id_token::{self, Expectations, IdTokenClaims, Rejection};
use crate::protocol::jwks::KeySet;
use crate::protocol::token::{Grant, TokenSet};
use crate::protocol::userinfo;
use crate::provider::unreachable;
use crate::relying_party::Inner;
use crate::session::{Identity, Scopes, Tokens};

/// What a code was worth.
#[derive(Debug)]
pub(crate) struct Redeemed {
    pub(crate) identity: Identity,
    /// Every claim, for the application's hook, if there is one.
    pub(crate) claims: Map<String, Value>,
    pub(crate) tokens: Tokens,
    /// When the provider issued the ID token, by its own clock.
    pub(crate) issued_at: Timestamp,
    /// When the provider wants the session to end.
    pub(crate) session_expiry: Option<Timestamp>,
}

/// Why a code was worth nothing.
#[derive(Debug)]
pub(crate) enum Unredeemed {
    /// It was not sent: it can be sent later.
    NotSent(Error),
    /// The person was authenticated too long ago.
    NotRecent,
    /// Everything else.
    Failed(Error),
}

impl From<Error> for Unredeemed {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Sends the code to the provider that the pending login names, once, and believes nothing that comes back
/// before it is verified.
pub(crate) async fn redeem(
    inner: &Inner,
    metadata: &ProviderMetadata,
    keys: Arc<KeySet>,
    pending: &PendingLogin,
    code: &str,
) -> Result<Redeemed, Unredeemed> {
    let verifier = pending.verifier_text();
    let grant = Grant::Code { code, redirect_uri: &pending.redirect_uri, verifier: &verifier };
    let tokens = match token_endpoint::ask(inner, metadata, grant).await.map_err(Error::from) {
        Err(error) if error.code() == ErrorCode::ProviderUnreachable => {
            return Err(Unredeemed::NotSent(error));
        }
        answer => answer?,
    };
    believe(inner, metadata, keys, pending, tokens, Some(&pending.nonce_text())).await
}

/// Believes what the token endpoint gave once it is verified. A sign-in without a browser has no nonce to come back.
pub(crate) async fn believe(
    inner: &Inner,
    metadata: &ProviderMetadata,
    keys: Arc<KeySet>,
    pending: &PendingLogin,
    tokens: TokenSet,
    nonce: Option<&str>,
) -> Result<Redeemed, Unredeemed> {
    let (verified, keys) = match verify(inner, &keys, pending, &tokens, nonce) {
        Err(Rejection::UnknownKey) => {
            let keys = inner.provider.keys_beyond(metadata, &keys).await?;
            (verify(inner, &keys, pending, &tokens, nonce), keys)
        }
        verified => (verified, keys),
    };
    let claims = match verified {
        Err(Rejection::NotRecent) => return Err(Unredeemed::NotRecent),
        verified => verified.map_err(Error::from)?,
    };
    let settings = &inner.settings;
    if settings.acr_essential && !claims.acr.as_ref().is_some_and(|acr| settings.acr_values.contains(acr)) {
        return Err(Unredeemed::Failed(Rejection::AcrUnmet.into()));
    }
    let (mut identity, all) = identity(inner, metadata, pending, &tokens, &claims).await?;
    if inner.settings.read_access_token {
        add_what_the_access_token_says(inner, &keys, &tokens, &mut identity);
    }
    if pending.more.wish.auth_level.is_some_and(|level| identity.auth_level().is_none_or(|has| has < level)) {
        return Err(Unredeemed::Failed(
            Error::new(ErrorCode::AuthenticationInsufficient)
                .detail("the authentication is below the level asked for"),
        ));
    }
    let now = inner.clock.now();
    let tokens = Tokens {
        access: tokens.access,
        obtained_at: now,
        access_expires_at: now.plus(tokens.expires_in),
        refresh: tokens.refresh,
        id_token: tokens.id_token.ok_or(Error::new(ErrorCode::TokenResponseInvalid))?,
    };
    Ok(Redeemed {
        identity,
        claims: all,
        tokens,
        issued_at: claims.issued_at,
        session_expiry: claims.session_expiry,
    })
}

/// Where the ID token does not say it.
fn add_what_the_access_token_says(inner: &Inner, keys: &KeySet, tokens: &TokenSet, identity: &mut Identity) {
    let settings = &inner.settings;
    let expect = Expectations {
        issuer: &settings.issuer,
        client_id: &settings.client_id,
        trusted_audiences: &settings.trusted_audiences,
        algorithms: &settings.algorithms,
        client_secret: None,
        leeway: settings.leeway,
        now: inner.clock.now(),
        nonce: None,
        access_token: None,
        max_age: None,
        acr: None,
    };
    let Some(said) = access_token::read(tokens.access.expose(), keys, &expect, &identity.subject) else {
        tracing::debug!("the access token says nothing that can be believed");
        return;
    };
    identity.auth_level = identity.auth_level.or(said.auth_level);
    identity.sid = identity.sid.take().or(said.sid);
}

fn verify(
    inner: &Inner,
    keys: &KeySet,
    pending: &PendingLogin,
    tokens: &TokenSet,
    nonce: Option<&str>,
) -> Result<IdTokenClaims, Rejection> {
    let settings = &inner.settings;
    let credentials = settings.credentials();
    let id_token = tokens.id_token.as_ref().map_or("", |token| token.expose());
    id_token::verify(
        id_token,
        keys,
        &Expectations {
            issuer: &pending.issuer,
            client_id: &settings.client_id,
            trusted_audiences: &settings.trusted_audiences,
            algorithms: &settings.algorithms,
            client_secret: credentials.secret.as_ref(),
            leeway: settings.leeway,
            now: inner.clock.now(),
            nonce,
            access_token: Some(tokens.access.expose()),
            max_age: pending.max_age.map(Duration::from_secs),
            acr: (pending.acr_essential && !pending.acr.is_empty()).then_some(&pending.acr),
        },
    )
}

/// Who it is: the ID token, and userinfo where that is asked for.
async fn identity(
    inner: &Inner,
    metadata: &ProviderMetadata,
    pending: &PendingLogin,
    tokens: &TokenSet,
    claims: &IdTokenClaims,
) -> Result<(Identity, Map<String, Value>), Error> {
    let settings = &inner.settings;
    let scope = tokens.scope.as_deref().unwrap_or(&pending.scope);
    let mut all = claims.all.clone();
    let wanted = match settings.userinfo {
        Userinfo::Always => true,
        Userinfo::Never => false,
        Userinfo::Auto => userinfo::is_promised(scope, &all),
    };
    match &metadata.userinfo_endpoint {
        Some(endpoint) if wanted => {
            let request = userinfo::request(endpoint, &tokens.access)?;
            let answer = match inner.http.send(request).await {
                Ok(response) => userinfo::response(&response, &claims.subject),
                Err(error) => Err(unreachable(error, ErrorCode::UserinfoInvalid)),
            };
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
    let issuer = Arc::clone(&settings.issuer);
    // The application's hook sees every claim, the session keeps some.
    let every = if inner.sign_in_hook.is_some() { all.clone() } else { Map::new() };
    let identity =
        Identity::from_claims(issuer, claims, all, scopes, &settings.role_claim, settings.kept_claims());
    Ok((identity, every))
}
