//! An opened session: who it is of, how long it lasts, where it is stored, and the tokens that are kept with it.
//!
//! These are values without behaviour: what opens them is in `seals.rs` and `record.rs`, what changes them in
//! `renewal.rs`. A session is shared between requests behind an `Arc` and never changed in place: a change is a clone
//! with another version, which the store takes or refuses.

use std::sync::Arc;

use bytes::Bytes;

use super::id::SessionId;
use super::identity::Identity;
use super::store::RecordKey;
use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::crypto::secret::Secret;

/// An opened session: read from its cookie or from its record, and believed.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// Who it is of, as the provider said at sign-in and the application's hook left it.
    pub(crate) identity: Identity,
    /// When the person signed in, by the provider's clock where it said so: logout tokens are of that clock, too.
    pub(crate) created_at: Timestamp,
    /// From when on it is over, whatever happens.
    pub(crate) expires_at: Timestamp,
    /// From when on it is over unless it is renewed before.
    pub(crate) idle_expires_at: Timestamp,
    /// Which client at the identity's issuer began it; `None` where no provider did. Its tokens are only ever sent to
    /// that client's provider.
    pub(crate) client_id: Option<Arc<str>>,
    /// Kept in a store alone, never in a cookie.
    pub(crate) tokens: Option<Tokens>,
    /// Where it is stored; `None` for one that lives in its cookie.
    pub(crate) stored: Option<Stored>,
    /// How the application says that it authenticated the person, in a word of RFC 8176 §2; `None` where a provider did.
    pub(crate) method: Option<Box<str>>,
    /// What one that lives in its cookie was called when it was begun; `None` where a release before this one did.
    pub(crate) sealed_id: Option<SealedId>,
    /// Whether it is none: somebody is here by credentials, for one request. Such a value stays inside
    /// [`Somebody`](super::Somebody).
    pub(crate) is_by_credentials: bool,
}

/// The name of a session that lives in its cookie: random, and the same through every renewal. It opens nothing, and
/// nobody is shown it; by it this process knows that a session has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SealedId(pub(crate) [u8; 16]);

/// Where a session is stored, and which version of it was read.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    /// The whole id, as the cookie holds it: to seal the record again takes the half that the store does not know.
    pub(crate) id: SessionId,
    /// The version that was read. A change is taken only if the store still has this one.
    pub(crate) version: u64,
    /// The administrative part of the record, sealed. Kept so that a renewal can carry the label over.
    pub(crate) admin: Bytes,
}

/// What the token endpoint gave, at sign-in or at the last refresh.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    /// The access token. Opaque here: only its API may say what is in it.
    pub(crate) access: Secret<String>,
    /// When it came, by our clock.
    pub(crate) obtained_at: Timestamp,
    /// When the access token expires, by our clock.
    pub(crate) access_expires_at: Timestamp,
    /// `None` where the provider gave none: when the access token is over, a sign-in is wanted.
    pub(crate) refresh: Option<Secret<String>>,
    /// The ID token of the sign-in, to be given back as a hint at sign-out. A refresh leaves it as it is: it holds the
    /// nonce, and every later ID token is compared with it.
    pub(crate) id_token: Secret<String>,
}

/// A client at its issuer, as a record names it.
///
/// It stands here in place of the provider's room, which a session must not import: names are all that is compared.
#[derive(Clone, Debug)]
pub(crate) struct ClientRef {
    /// The issuer identifier.
    pub(crate) issuer: Arc<str>,
    /// The client id at that issuer.
    pub(crate) client_id: Arc<str>,
}

impl Session {
    /// The key of its record; `None` for one that lives in its cookie.
    pub(crate) fn record_key(&self) -> Option<RecordKey> {
        self.stored.as_ref().map(|stored| stored.id.record_key())
    }

    /// The name of one that lives in its cookie. Where it was given none, it is what no renewal changes: whose it is, when
    /// it was begun and when it ends.
    pub(crate) fn sealed_id(&self) -> SealedId {
        self.sealed_id.unwrap_or_else(|| {
            let times = [self.created_at, self.expires_at].map(|at| at.millis().to_be_bytes());
            let digest = sha256(&[times.as_flattened(), self.identity.subject.as_bytes()]);
            SealedId(*digest.first_chunk().unwrap_or(&[0; 16]))
        })
    }

    /// What it is known by as long as it lives, whatever renews it: its record's key, or for one that lives in its cookie a
    /// digest of its id.
    pub(crate) fn name(&self) -> [u8; 32] {
        self.record_key().map_or_else(|| sha256(&[&self.sealed_id().0]), |key| key.0)
    }

    /// Half of its [`name`](Self::name), for what remembers many.
    pub(super) fn short_name(&self) -> [u8; 16] {
        *self.name().first_chunk().unwrap_or(&[0; 16])
    }

    /// Whether one of its two ends has come. From that moment on it must not be served.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        now >= self.expires_at || now >= self.idle_expires_at
    }
}
