//! How a session is written, into the cookie itself or into a record: postcard with fixed fields.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::identity::Identity;
use super::{Session, Tokens};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorCode};
use crate::secret::Secret;

/// Borrowed while writing and reading, so that nothing is copied twice.
#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    subject: &'a str,
    name: Option<&'a str>,
    email: Option<&'a str>,
    email_verified: bool,
    scope: Option<&'a str>,
    acr: Option<&'a str>,
    auth_time: Option<u64>,
    sid: Option<&'a str>,
    claims: &'a str,
    created_at: u64,
    expires_at: u64,
    idle_expires_at: u64,
    tokens: Option<WireTokens<'a>>,
}

#[derive(Serialize, Deserialize)]
struct WireTokens<'a> {
    access: &'a str,
    access_expires_at: u64,
    refresh: Option<&'a str>,
    id_token: &'a str,
}

pub(crate) fn write(session: &Session) -> Result<zeroize::Zeroizing<Vec<u8>>, Error> {
    let identity = &session.identity;
    let wire = Wire {
        subject: &identity.subject,
        name: identity.name.as_deref(),
        email: identity.email.as_deref(),
        email_verified: identity.email_verified,
        scope: identity.scope.as_deref(),
        acr: identity.acr.as_deref(),
        auth_time: identity.auth_time.map(Timestamp::secs),
        sid: identity.sid.as_deref(),
        claims: &identity.claims,
        created_at: session.created_at.millis(),
        expires_at: session.expires_at.millis(),
        idle_expires_at: session.idle_expires_at.millis(),
        tokens: session.tokens.as_ref().map(|tokens| WireTokens {
            access: tokens.access.expose(),
            access_expires_at: tokens.access_expires_at.millis(),
            refresh: tokens.refresh.as_ref().map(|token| token.expose().as_str()),
            id_token: tokens.id_token.expose(),
        }),
    };
    postcard::to_allocvec(&wire).map(zeroize::Zeroizing::new).map_err(|error| {
        Error::new(ErrorCode::Misconfigured).detail("a session could not be written").source(error)
    })
}

/// `None` when the bytes are no session of this format.
pub(crate) fn read(bytes: &[u8], issuer: &Arc<str>) -> Option<Session> {
    let wire: Wire<'_> = postcard::from_bytes(bytes).ok()?;
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Some(Session {
        identity: Identity {
            issuer: Arc::clone(issuer),
            subject: wire.subject.to_owned(),
            name: owned(wire.name),
            email: owned(wire.email),
            email_verified: wire.email_verified,
            scope: owned(wire.scope),
            acr: owned(wire.acr),
            auth_time: wire.auth_time.map(Timestamp::from_secs),
            sid: owned(wire.sid),
            claims: wire.claims.to_owned(),
        },
        created_at: Timestamp::from_millis(wire.created_at),
        expires_at: Timestamp::from_millis(wire.expires_at),
        idle_expires_at: Timestamp::from_millis(wire.idle_expires_at),
        tokens: wire.tokens.map(|tokens| Tokens {
            access: Secret::from(tokens.access),
            access_expires_at: Timestamp::from_millis(tokens.access_expires_at),
            refresh: tokens.refresh.map(Secret::from),
            id_token: Secret::from(tokens.id_token),
        }),
        stored: None,
    })
}
