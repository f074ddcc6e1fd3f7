//! The signature algorithms, and the kind of key that each takes.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How an ID token is signed (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names are the registered ones")]
pub enum Algorithm {
    EdDsa,
    Es256,
    Es384,
    Es512,
    /// HMAC with the client secret: for clients that have one.
    Hs256,
    Ps256,
    Ps384,
    Ps512,
    #[default]
    Rs256,
    Rs384,
    Rs512,
}

impl Algorithm {
    /// The registered name, as in `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Hs256 => "HS256",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }

    pub(super) fn kind(self) -> Kind {
        match self {
            Self::EdDsa => Kind::Ed25519,
            Self::Es256 => Kind::P256,
            Self::Es384 => Kind::P384,
            Self::Es512 => Kind::P521,
            Self::Hs256 => Kind::Hmac,
            Self::Ps256 | Self::Ps384 | Self::Ps512 | Self::Rs256 | Self::Rs384 | Self::Rs512 => Kind::Rsa,
        }
    }

    /// The left half of the hash of `token` that belongs to this algorithm (OpenID Connect Core §3.1.3.6).
    pub fn token_hash(self, token: &str) -> String {
        let hash = match self {
            Self::Es256 | Self::Hs256 | Self::Ps256 | Self::Rs256 => &digest::SHA256,
            Self::Es384 | Self::Ps384 | Self::Rs384 => &digest::SHA384,
            Self::EdDsa | Self::Es512 | Self::Ps512 | Self::Rs512 => &digest::SHA512,
        };
        let whole = digest::digest(hash, token.as_bytes());
        let half = whole.as_ref().len() / 2;
        URL_SAFE_NO_PAD.encode(whole.as_ref().get(..half).unwrap_or_default())
    }
}

/// What a key is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ed25519,
    Hmac,
    P256,
    P384,
    P521,
    Rsa,
}
