//! How strongly somebody has proved who they are (NIST SP 800-63B, in IntelliAuth's words).

use super::authorize::AuthorizationRequest;

/// An authentication assurance level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AuthLevel {
    /// One factor.
    Aal1,
    /// Two factors.
    Aal2,
    /// A factor that cannot be phished.
    Aal3,
}

/// Which claim of the ID token says the level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LevelClaim {
    /// `acr: "aal2"`
    #[default]
    Acr,
    /// `auth_level: "AAL2"`
    AuthLevel,
}

impl AuthLevel {
    const ALL: [Self; 3] = [Self::Aal1, Self::Aal2, Self::Aal3];

    /// The level in small letters, as in `acr`.
    pub fn acr(self) -> &'static str {
        match self {
            Self::Aal1 => "aal1",
            Self::Aal2 => "aal2",
            Self::Aal3 => "aal3",
        }
    }

    /// The level in capitals, as in `auth_level`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aal1 => "AAL1",
            Self::Aal2 => "AAL2",
            Self::Aal3 => "AAL3",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.acr().eq_ignore_ascii_case(text))
    }

    /// This level and those below.
    pub(crate) fn up_to(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |level| *level <= self)
    }

    /// The methods that lead there (RFC 8176, and IntelliAuth's names).
    pub(crate) fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Aal1 => &["pwd"],
            Self::Aal2 => &["pwd", "totp"],
            Self::Aal3 => &["pwd", "webauthn"],
        }
    }
}

/// What `acr_values` comes to: a wish, which a provider fulfils as far as it can (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Nothing,
    Level(AuthLevel),
    /// Something that is no level: it is taken for fulfilled.
    Other(String),
}

impl AuthorizationRequest {
    /// The first value that can be fulfilled; where all are levels above `highest`, as much as there is.
    pub(crate) fn wish(&self, highest: AuthLevel) -> Wish {
        let wishes = self.acr_values.iter().map(|value| match AuthLevel::parse(value) {
            Some(level) => Wish::Level(level),
            None => Wish::Other(value.clone()),
        });
        let within = |wish: &Wish| !matches!(wish, Wish::Level(level) if *level > highest);
        let fallback = if self.acr_values.is_empty() { Wish::Nothing } else { Wish::Level(highest) };
        wishes.into_iter().find(within).unwrap_or(fallback)
    }
}
