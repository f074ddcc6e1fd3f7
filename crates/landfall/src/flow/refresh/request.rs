//! One call for new tokens, and what of its answer is believed.
//!
//! It is apart from the order of a refresh because a native application asks in the same way and has neither
//! lease nor store. What comes back is verified as OpenID Connect Core §12.2 has it:
//!
//! 1. The refresh token is sent once, within the time that is left.
//! 2. An ID token that comes along must be about the same sign-in: issuer, subject, and the rest of §12.2.
//! 3. The scope may only narrow (RFC 6749 §6).
//! 4. The refresh token that came, or the old one, is kept for the next time.

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
use crate::protocol::jws::JwsError;
use crate::protocol::token::{TokenGrant, TokenSet};
use crate::provider::client::Client;
use crate::provider::key_lookups::TokenSource;
use crate::session::{Refreshed, Session, Tokens};

/// What there is before a refresh: the answer is held against it.
pub(crate) struct Before {
    /// The session, for its subject and what it was granted.
    pub(crate) session: Arc<Session>,
    /// The tokens it has now. Their ID token stays: it names the session at the sign-out.
    pub(crate) tokens: Tokens,
    /// The refresh token that will be spent.
    pub(crate) spent: Secret<String>,
}

/// Why a refresh brought nothing. The first ends the session, the second does not.
pub(crate) enum RefreshError {
    /// It never will: the provider says that the refresh token is no good, or the answer was somebody else's.
    Over(Error),
    /// It may another time: the provider was not reached, was in trouble, or refused us.
    Failed(Error),
}

impl From<Error> for RefreshError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Asks the provider once, and believes nothing that comes back before it is verified.
///
/// `left` bounds the call: it must not outlast the lease under which it is made. `metadata` and `keys` are handed
/// in, so that nothing has to be fetched once the refresh token was sent, unless the provider changed its keys.
///
/// # Errors
/// [`RefreshError`].
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

/// Holds an ID token that came along against the sign-in's own. Gives the session's end, if it names one; without
/// an ID token there is nothing to check (§12.2 leaves it to the provider).
///
/// # Errors
/// [`RefreshError::Over`] where it does not hold: whose tokens these are is not known, none of them is kept, and
/// those before are spent. A key that is not known, while no newer ones can be had, is no such case: the ID token
/// is then left aside.
async fn check_id_token(
    context: &Context,
    client: &Client,
    metadata: &ProviderMetadata,
    keys: Arc<KeySet>,
    before: &Before,
    tokens: &TokenSet,
) -> Result<Option<Timestamp>, RefreshError> {
    let Some(id_token) = &tokens.id_token else { return Ok(None) };
    let mark = client.key_mark();
    let verified = match verify(context, client, &keys, id_token, before, tokens) {
        Err(Rejection::NotVerified(why)) => {
            let fits = |keys: &KeySet| {
                let verified = verify(context, client, keys, id_token, before, tokens);
                !matches!(verified, Err(Rejection::NotVerified(_)))
            };
            match client.newer_keys(metadata, mark, TokenSource::TokenEndpoint, fits).await {
                Ok(newer) => verify(context, client, &newer, id_token, before, tokens),
                // The keys cannot be had anew just now. The access token came from the provider all the same;
                // nothing of the ID token is believed.
                Err(error) if why == JwsError::UnknownKey => {
                    let code = error.code().name();
                    tracing::warn!(code, %error, "a refreshed ID token names a key that is not known yet: it is left aside");
                    return Ok(None);
                }
                Err(_) => Err(Rejection::NotVerified(why)),
            }
        }
        verified => verified,
    };
    verified.map(|claims| claims.session_expiry).map_err(|error| RefreshError::Over(error.into()))
}

/// The rules of OpenID Connect Core §12.2. Nonce, age and class are the sign-in's matter, and are not asked for
/// again.
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

/// Of the scopes that the answer names, those that were granted before: a refresh may narrow and never widens
/// (RFC 6749 §6).
fn narrowed(scope: &str, session: &Session) -> String {
    let granted: Vec<_> = session.identity.scopes().collect();
    let kept: Vec<_> = scope.split_ascii_whitespace().filter(|scope| granted.contains(scope)).collect();
    kept.join(" ")
}
