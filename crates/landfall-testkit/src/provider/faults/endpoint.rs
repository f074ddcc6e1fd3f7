//! The endpoints of the provider, and where each is.

/// The provider's endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// `/oauth2/authorize`
    Authorize,
    /// `/oauth2/device_authorization`
    DeviceAuthorization,
    /// `/.well-known/openid-configuration`
    Discovery,
    /// `/.well-known/jwks.json`
    Jwks,
    /// `/oauth2/logout`
    Logout,
    /// `/oauth2/revoke`
    Revoke,
    /// `/oauth2/token`
    Token,
    /// `/oauth2/userinfo`
    Userinfo,
}

impl Endpoint {
    pub(crate) const ALL: [Self; 8] = [
        Self::Authorize,
        Self::DeviceAuthorization,
        Self::Discovery,
        Self::Jwks,
        Self::Logout,
        Self::Revoke,
        Self::Token,
        Self::Userinfo,
    ];

    /// Where it is, below the issuer.
    pub fn path(self) -> &'static str {
        match self {
            Self::Authorize => "/oauth2/authorize",
            Self::DeviceAuthorization => "/oauth2/device_authorization",
            Self::Discovery => "/.well-known/openid-configuration",
            Self::Jwks => "/.well-known/jwks.json",
            Self::Logout => "/oauth2/logout",
            Self::Revoke => "/oauth2/revoke",
            Self::Token => "/oauth2/token",
            Self::Userinfo => "/oauth2/userinfo",
        }
    }
}
