//! Which header holds credentials, and who could have put it there.

use crate::error::{ConfigError, printable};

/// The setting, in errors.
const SETTING: &str = "on_credentials";
/// Schemes that a browser adds by itself once it has been given a password, a ticket or a key, whoever's page it is on: the
/// registered ones that a user agent answers (IANA HTTP Authentication Schemes), and what Windows calls its own.
const BY_BROWSERS: [&str; 12] = [
    "basic",
    "concealed",
    "digest",
    "hoba",
    "kerberos",
    "mutual",
    "negotiate",
    "nego2",
    "ntlm",
    "privatetoken",
    "scram-sha-1",
    "scram-sha-256",
];
/// Headers that are read for something else.
const TAKEN: [&str; 9] = [
    "authorization",
    "cookie",
    "host",
    "origin",
    "referer",
    "accept",
    "user-agent",
    "forwarded",
    "content-type",
];

/// Where a request carries credentials: a scheme of the `Authorization` header (RFC 9110 §11.6.2), or a header of its own.
///
/// | given as | counts | checked for other sites' requests |
/// |---|---|---|
/// | `"Bearer"`, `"Token"`, a scheme of one's own | always | no: a page's script has to set it itself |
/// | `"Basic"`, `"Digest"`, `"Negotiate"` and what else browsers add by themselves | not from a browser, unless [`danger::from_browsers`](crate::danger::from_browsers) says so | as a cookie is |
/// | [`header`](Self::header) | from a trusted proxy alone | as a cookie is |
/// | [`secret_header`](Self::secret_header) | always | as a cookie is |
///
/// ```
/// use landfall::CredentialScheme;
///
/// let schemes = ["Bearer".into(), CredentialScheme::header("X-Remote-User")];
/// # let _: [CredentialScheme; 2] = schemes;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialScheme {
    /// In lower case: the scheme's, or the header's.
    pub(crate) name: String,
    pub(crate) carrier: Carrier,
    /// Whether it counts where a browser sent it.
    pub(crate) from_browsers: bool,
}

/// What holds the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// `Authorization`, behind the scheme's name.
    Authorization,
    /// A header that says who it is, so that whoever can set it is anybody: a trusted proxy's word.
    ProxyHeader,
    /// A header whose value is a secret.
    SecretHeader,
}

impl CredentialScheme {
    /// A scheme of the `Authorization` header, such as `Bearer`; a string stands for the same.
    pub fn authorization(name: impl Into<String>) -> Self {
        Self::new(name.into(), Carrier::Authorization)
    }

    /// A header that a proxy in front writes once it knows who it is, such as `X-Remote-User`. Its value is no secret, so it
    /// counts only where the connection comes from one of
    /// [`trusted_proxies`](crate::RelyingPartyBuilder::trusted_proxies); the proxy has to take out what comes from outside.
    pub fn header(name: impl Into<String>) -> Self {
        Self::new(name.into(), Carrier::ProxyHeader)
    }

    /// A header whose value nobody can guess or make, such as `X-Api-Key`, or a proxy's signed word that the hook verifies.
    pub fn secret_header(name: impl Into<String>) -> Self {
        Self::new(name.into(), Carrier::SecretHeader)
    }

    fn new(mut name: String, carrier: Carrier) -> Self {
        name.make_ascii_lowercase();
        let is_browsers = carrier == Carrier::Authorization && BY_BROWSERS.contains(&name.as_str());
        Self { name, carrier, from_browsers: !is_browsers }
    }

    /// Whether a browser or a proxy may add it by itself, so that another site's page makes it come along.
    pub(crate) fn comes_by_itself(&self) -> bool {
        self.carrier != Carrier::Authorization || BY_BROWSERS.contains(&self.name.as_str())
    }

    /// Whether these can be looked at, all of them.
    ///
    /// # Errors
    /// None at all, one that is no token (RFC 9110 §5.6.2), one that is there twice, a header that is read for something
    /// else, and one that takes a trusted proxy where nobody is trusted.
    pub(crate) fn check(schemes: &[Self], trusts_proxies: bool) -> Result<(), ConfigError> {
        let wrong = |problem: String, remedy: &str| Err(ConfigError::new(SETTING, problem, remedy));
        if schemes.is_empty() {
            return wrong(
                "no scheme, so nothing would be looked at".to_owned(),
                "name one, such as \"Bearer\"",
            );
        }
        for (at, scheme) in schemes.iter().enumerate() {
            let name = printable(&scheme.name);
            if scheme.name.is_empty() || !scheme.name.bytes().all(is_token) {
                return wrong(
                    format!("{name:?} is no scheme and no header's name"),
                    "write the name alone, such as \"Bearer\"",
                );
            }
            let is_header = scheme.carrier != Carrier::Authorization;
            if is_header && (TAKEN.contains(&scheme.name.as_str()) || scheme.name.starts_with("sec-")) {
                return wrong(
                    format!("{name:?} is a header with a meaning of its own"),
                    "name the scheme for what is in Authorization",
                );
            }
            let same = |other: &Self| {
                other.name == scheme.name && is_header == (other.carrier != Carrier::Authorization)
            };
            if schemes.iter().skip(at + 1).any(same) {
                return wrong(format!("{name:?} is there twice"), "name it once");
            }
            if scheme.carrier == Carrier::ProxyHeader && !trusts_proxies {
                return wrong(
                    format!("{name:?} counts from trusted proxies alone, and there are none"),
                    "name the proxy by `trusted_proxies`; if the value is a secret, say CredentialScheme::secret_header",
                );
            }
        }
        Ok(())
    }
}

impl From<&str> for CredentialScheme {
    fn from(name: &str) -> Self {
        Self::authorization(name)
    }
}

impl From<String> for CredentialScheme {
    fn from(name: String) -> Self {
        Self::authorization(name)
    }
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Whether a text can stand in `WWW-Authenticate`, or is empty.
///
/// # Errors
/// When it holds what no header may.
pub(crate) fn check_challenge(challenge: &str) -> Result<(), ConfigError> {
    if challenge.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Ok(());
    }
    let remedy = "write it in printable ASCII: Basic realm=\"shop\", charset=\"UTF-8\"";
    Err(ConfigError::new(SETTING, "the challenge can stand in no header", remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_script_has_to_set_is_told_from_what_comes_by_itself_in_any_case_of_letters() {
        for by_itself in ["Basic", "BASIC", "digest", "Negotiate", "NTLM"] {
            let scheme = CredentialScheme::from(by_itself);
            assert!(scheme.comes_by_itself() && !scheme.from_browsers, "{by_itself}");
        }
        for by_script in ["Bearer", "Token", "Hoster", "DPoP"] {
            let scheme = CredentialScheme::from(by_script);
            assert!(!scheme.comes_by_itself() && scheme.from_browsers, "{by_script}");
        }
        assert!(CredentialScheme::header("X-Remote-User").comes_by_itself());
        assert!(CredentialScheme::secret_header("X-Api-Key").comes_by_itself());
    }

    #[test]
    fn what_could_never_count_or_counts_as_something_else_is_refused_with_a_remedy() {
        let header = CredentialScheme::header;
        for (schemes, trusts_proxies) in [
            (vec![], true),
            (vec!["".into()], true),
            (vec!["Bearer x".into()], true),
            (vec!["Bearer".into(), "bearer".into()], true),
            (vec![header("Cookie")], true),
            (vec![header("Authorization")], true),
            (vec![header("Sec-Fetch-Site")], true),
            (vec![header("X-Remote-User")], false),
            (vec![header("X-Key"), CredentialScheme::secret_header("x-key")], true),
        ] {
            let error = CredentialScheme::check(&schemes, trusts_proxies).unwrap_err();
            assert!(error.setting == "on_credentials" && !error.remedy.is_empty(), "{schemes:?}");
        }
        let good = ["Basic".into(), "Bearer".into(), header("Bearer")];
        assert!(CredentialScheme::check(&good, true).is_ok());
        assert!(check_challenge("Basic realm=\"a\"").is_ok() && check_challenge("Basic\r\nx: y").is_err());
    }
}
