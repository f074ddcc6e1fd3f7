//! One call for new tokens, and what of its answer is believed.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::context::Context;
use crate::crypto::secret::Secret;
use crate::error::{Error, ErrorCode};
use crate::flow::token_endpoint::{self, TokenError};
use crate::protocol::discovery::ProviderMetadata;
use crate::protocol::id_token::{self, ExpectedIdToken, IdTokenClaims, Original, Rejection};
use crate::protocol::jwks::KeySet;
use crate::protocol::token::{TokenGrant, TokenSet};
use crate::provider::client::Client;
use crate::session::{Refreshed, Session, Tokens};

/// What there is before a refresh.
pub(crate) struct Before {
    pub(crate) session: Arc<Session>,
    pub(crate) tokens: Tokens,
    /// The refresh token that will be spent.
    pub(crate) spent: Secret<String>,
}

/// Why a refresh brought nothing.
pub(crate) enum RefreshError {
    /// It never will.
    Over(Error),
    /// It may another time.
    Failed(Error),
}

impl From<Error> for RefreshError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Asks the provider once, and believes nothing that comes back before it is verified.
pub(crate) async fn ask(
    context: &Context,
    client: &Client,
    before: &Before,
    left: Duration,
    metadata: &ProviderMetadata,
    keys: Arc<KeySet>,
) -> Result<Refreshed, RefreshError> {
    let answer =
        token_endpoint::request_tokens(client, metadata, TokenGrant::Refresh { token: &before.spent });
    let tokens = match tokio::time::timeout(left, answer).await {
        Ok(Err(TokenError::InvalidGrant(error))) => return Err(RefreshError::Over(error)),
        Ok(answer) => answer.map_err(Error::from)?,
        Err(_) => return Err(Error::new(ErrorCode::ProviderTimeout).into()),
    };
    let ceiling = check_id_token(context, client, metadata, keys, before, &tokens).await?;
    let obtained_at = context.clock.now();
    Ok(Refreshed {
        scope: tokens.scope.map(|scope| narrowed(&scope, &before.session)),
        ceiling,
        tokens: Tokens {
            access: tokens.access,
            obtained_at,
            access_expires_at: obtained_at.plus(tokens.expires_in),
            // A provider that does not rotate sends none: the one there is stays good (RFC 6749 §6).
            refresh: tokens.refresh.or_else(|| Some(before.spent.clone())),
            // That of the sign-in stays: it names the session at sign-out, and holds the nonce.
            id_token: before.tokens.id_token.clone(),
        },
    })
}

/// An ID token that comes along must be about the same sign-in. Gives the session's end, if it names one.
async fn check_id_token(
    context: &Context,
    client: &Client,
    metadata: &ProviderMetadata,
    keys: Arc<KeySet>,
    before: &Before,
    tokens: &TokenSet,
) -> Result<Option<Timestamp>, RefreshError> {
    let Some(id_token) = &tokens.id_token else { return Ok(None) };
    let verified = match verify(context, client, &keys, id_token, before, tokens) {
        Err(Rejection::UnknownKey) => {
            let newer = client.keys_beyond(metadata, &keys).await.unwrap_or_else(|_| Arc::clone(&keys));
            if Arc::ptr_eq(&newer, &keys) {
                // The keys cannot be had anew just now. The access token came from the provider all the same;
                // nothing of the ID token is believed.
                tracing::warn!("a refreshed ID token names a key that is not known yet: it is left aside");
                return Ok(None);
            }
            verify(context, client, &newer, id_token, before, tokens)
        }
        verified => verified,
    };
    // Whose tokens these are is not known: none of them is kept, and those before are spent.
    verified.map(|claims| claims.session_expiry).map_err(|error| RefreshError::Over(error.into()))
}

fn verify(
    context: &Context,
    client: &Client,
    keys: &KeySet,
    id_token: &Secret<String>,
    before: &Before,
    tokens: &TokenSet,
) -> Result<IdTokenClaims, Rejection> {
    let credentials = client.credentials();
    let original = Original {
        subject: before.session.identity.subject(),
        auth_time: before.session.identity.auth_time(),
        token: &before.tokens.id_token,
    };
    let expect = ExpectedIdToken {
        rules: client.token_rules(context.settings.timeouts.leeway, context.clock.now()),
        client_secret: credentials.secret.as_ref(),
        nonce: None,
        access_token: Some(tokens.access.expose()),
        max_age: None,
        acr: None,
    };
    id_token::verify_refreshed(id_token.expose(), keys, &expect, &original)
}

/// A refresh may narrow what was granted and never widens it (RFC 6749 §6).
fn narrowed(scope: &str, session: &Session) -> String {
    let granted: Vec<_> = session.identity.scopes().collect();
    let kept: Vec<_> = scope.split_ascii_whitespace().filter(|scope| granted.contains(scope)).collect();
    kept.join(" ")
}
