//! The algorithms a token may be signed with (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2).
//!
//! Apart from [`jws`](super::jws), which uses them, because an application names them too:
//! `RelyingPartyBuilder::id_token_algorithms`. Each is pinned to a [`KeyType`], which is what keeps a public RSA
//! key from being taken for the secret of an HMAC (RFC 8725 §2.1).

use std::fmt;

use aws_lc_rs::digest;

/// An algorithm a token may be signed with. There is no `none`, and none can be added.
///
/// `Display` and [`name`](Self::name) give the registered name. `EdDSA` and `Ed25519` (RFC 9864) are one value here,
/// since Ed25519 is the only curve of the two that is supported.
///
/// ```
/// use landfall::SigningAlgorithm;
///
/// assert_eq!(SigningAlgorithm::parse("RS256"), Some(SigningAlgorithm::Rs256));
/// assert_eq!(SigningAlgorithm::parse("rs256"), None); // names are case-sensitive
/// assert_eq!(SigningAlgorithm::parse("none"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256: what a provider uses unless told otherwise (OpenID Connect Core §3.1.3.7).
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// Ed25519, by the name `EdDSA` (RFC 8037) or `Ed25519` (RFC 9864).
    EdDsa,
    /// HMAC with SHA-256, keyed with the client secret, never with a key of the provider's.
    Hs256,
}

/// The kind of key an algorithm is pinned to: a key of another kind is never tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyType {
    /// RSA, for all six of RS and PS. A JWK may narrow it to one of them by its `alg`.
    Rsa,
    /// The curve of ES256.
    P256,
    /// The curve of ES384.
    P384,
    /// The curve of ES512. It has 521 bits, not 512.
    P521,
    /// The curve of EdDSA. Ed448 is not supported.
    Ed25519,
    /// The client secret; no key of a JWKS is of this kind.
    Secret,
}

impl SigningAlgorithm {
    /// Reads the registered name. Names are case-sensitive; an unknown one, `none` included, is `None`.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "PS256" => Self::Ps256,
            "PS384" => Self::Ps384,
            "PS512" => Self::Ps512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "ES512" => Self::Es512,
            "EdDSA" | "Ed25519" => Self::EdDsa,
            "HS256" => Self::Hs256,
            _ => return None,
        })
    }

    /// The registered name, as it stands in a token's header and in the provider's metadata.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
        }
    }

    /// Which kind of key verifies it.
    pub(crate) const fn key_type(self) -> KeyType {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => KeyType::Rsa,
            Self::Es256 => KeyType::P256,
            Self::Es384 => KeyType::P384,
            Self::Es512 => KeyType::P521,
            Self::EdDsa => KeyType::Ed25519,
            Self::Hs256 => KeyType::Secret,
        }
    }

    /// The digest of `at_hash` (OpenID Connect Core §3.1.3.6): the one of the ID token's own algorithm. Ed25519
    /// hashes with SHA-512 inside, so that is taken; the specification does not say.
    pub(crate) fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Rs256 | Self::Ps256 | Self::Es256 | Self::Hs256 => &digest::SHA256,
            Self::Rs384 | Self::Ps384 | Self::Es384 => &digest::SHA384,
            Self::Rs512 | Self::Ps512 | Self::Es512 | Self::EdDsa => &digest::SHA512,
        }
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::SigningAlgorithm;

    #[test]
    fn every_name_reads_back_as_itself() {
        for name in [
            "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256",
        ] {
            assert_eq!(SigningAlgorithm::parse(name).unwrap().to_string(), name);
        }
    }

    #[test]
    fn none_and_its_spellings_are_no_algorithm() {
        for name in
            ["none", "None", "NONE", "nOnE", " none", "none ", "none\0", "", "rs256", "RS257", "HS384"]
        {
            assert_eq!(SigningAlgorithm::parse(name), None, "{name:?}");
        }
    }
}
