//! Which credentials a request brought, found without I/O, and which of them count.
//!
//! In the order of the schemes as they were configured: of several in one request the first that the application has
//! something to say of counts. What does not count is as if it were not there: a header that takes a trusted proxy and did
//! not come from one, and what a browser added by itself where that was not switched on, since a link can plant it
//! (`https://name:password@host/`).

use super::hook::CredentialsRequest;
use super::scheme::{Carrier, CredentialScheme};
use super::{Credentials, NotTaken};
use crate::address::trusted_proxies::TrustedProxies;
use crate::context::incoming::Incoming;
use crate::error::{Error, ErrorCode};
use crate::guard::fetch_metadata;

/// One of them, on its way to the hook.
#[derive(Debug)]
pub(crate) struct Brought {
    /// What the hook is shown.
    pub(crate) request: CredentialsRequest,
    /// What an answer is remembered under.
    pub(crate) digest: [u8; 32],
    /// Whether a browser or a proxy may have added it by itself.
    pub(crate) comes_by_itself: bool,
}

/// The same, borrowed from the request.
pub(crate) struct Seen<'a> {
    scheme: &'a CredentialScheme,
    value: &'a [u8],
    /// What an answer is remembered under.
    pub(crate) digest: [u8; 32],
}

impl Seen<'_> {
    /// Whether a browser or a proxy may have added it by itself.
    pub(crate) fn comes_by_itself(&self) -> bool {
        self.scheme.comes_by_itself()
    }

    /// With what the hook is shown of the request.
    ///
    /// # Errors
    /// [`ErrorCode::CredentialsRefused`] for what is no text.
    pub(crate) fn owned(&self, incoming: &Incoming<'_>) -> Result<Brought, NotTaken> {
        let value = std::str::from_utf8(self.value).map_err(|_| self.refused("is no UTF-8"))?;
        Ok(Brought {
            request: CredentialsRequest::new(&self.scheme.name, value, incoming),
            digest: self.digest,
            comes_by_itself: self.comes_by_itself(),
        })
    }

    fn refused(&self, what: &str) -> NotTaken {
        let scheme = &self.scheme.name;
        let error = Error::new(ErrorCode::CredentialsRefused).detail(format!("{scheme} {what}"));
        NotTaken { error, scheme: Some(scheme.as_str().into()) }
    }
}

impl Credentials {
    /// What the request brought, in the order in which the hook is asked. Usually nothing, and then nothing is allocated.
    ///
    /// # Errors
    /// [`ErrorCode::CredentialsRefused`] where one header is there twice: whose they are would be a guess.
    pub(crate) fn seen<'a>(
        &'a self,
        incoming: &Incoming<'a>,
        proxies: &TrustedProxies,
        cross_site: &[String],
    ) -> Result<Vec<Seen<'a>>, NotTaken> {
        let (view, mut all) = (incoming.view, Vec::new());
        let mut authorization = Lines::default();
        view.header_values("authorization", &mut |line| authorization.note(line));
        for scheme in &self.settings.schemes {
            let mut lines = Lines::default();
            let value = match scheme.carrier {
                Carrier::Authorization => {
                    let ours = &mut |line| lines.note_some(behind(&scheme.name, line));
                    view.header_values("authorization", ours);
                    lines.several |= authorization.several;
                    lines.first
                }
                Carrier::ProxyHeader | Carrier::SecretHeader => {
                    view.header_values(&scheme.name, &mut |line| lines.note(line));
                    // A proxy that knows nobody may write the header all the same.
                    lines.first.map(<[u8]>::trim_ascii).filter(|value| !value.is_empty() || lines.several)
                }
            };
            let Some(value) = value else { continue };
            let counts = match scheme.carrier {
                Carrier::ProxyHeader => proxies.is_from_named_proxy(view),
                _ => scheme.from_browsers || !is_a_browser(incoming),
            };
            if !counts || (scheme.comes_by_itself() && is_kept_back(incoming, cross_site)) {
                continue;
            }
            let kind = [scheme.carrier as u8];
            let site = (incoming.site.session_seal.site as u64).to_be_bytes();
            let digest = self.answers.digest(&[&kind, scheme.name.as_bytes(), &site, value]);
            let seen = Seen { scheme, value, digest };
            if lines.several {
                return Err(seen.refused("is there twice"));
            }
            all.push(seen);
        }
        Ok(all)
    }
}

/// Whether a browser sent the request, for all that is known: it says so by Fetch Metadata or an `Origin`, wants a page, or
/// calls itself one. Silence is no proof by plain http, but no browser leaves its `User-Agent` out.
pub(crate) fn is_a_browser(incoming: &Incoming<'_>) -> bool {
    let calls_itself_one =
        || incoming.view.header("user-agent").is_some_and(|agent| agent.starts_with(b"Mozilla/"));
    incoming.signs.is_a_browsers() || calls_itself_one()
}

/// What `SameSite=Lax` keeps a session's cookie from, and nothing else keeps from what comes by itself: parts of another
/// site's page (a frame, an image, a script), and its posts where those are let through.
fn is_kept_back(incoming: &Incoming<'_>, cross_site: &[String]) -> bool {
    let signs = &incoming.signs;
    if signs.site != Some(b"cross-site".as_slice()) {
        return false;
    }
    if fetch_metadata::is_checked(incoming.method, signs.websocket) {
        cross_site.iter().any(|open| open == incoming.path)
    } else {
        signs.is_no_navigation()
    }
}

/// The first line of a header, and whether there are more.
#[derive(Clone, Copy, Default)]
struct Lines<'a> {
    first: Option<&'a [u8]>,
    several: bool,
}

impl<'a> Lines<'a> {
    fn note_some(&mut self, line: Option<&'a [u8]>) {
        if let Some(line) = line {
            self.note(line);
        }
    }

    fn note(&mut self, line: &'a [u8]) {
        self.several |= self.first.is_some();
        self.first.get_or_insert(line);
    }
}

/// What stands behind a scheme (RFC 9110 §11.4); `None` where the line is of another.
fn behind<'a>(scheme: &str, line: &'a [u8]) -> Option<&'a [u8]> {
    let line = line.trim_ascii();
    let (name, rest) = line.split_at_checked(scheme.len())?;
    let ends = rest.first().is_none_or(|byte| matches!(byte, b' ' | b'\t'));
    (ends && name.eq_ignore_ascii_case(scheme.as_bytes())).then(|| rest.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_is_a_whole_word_in_any_case() {
        for line in ["Bearer abc", "bearer abc", "BEARER   abc ", " Bearer\tabc"] {
            assert_eq!(behind("bearer", line.as_bytes()), Some(&b"abc"[..]), "{line}");
        }
        assert_eq!(behind("bearer", b"Bearer"), Some(&b""[..]));
        for other in ["Bearers abc", "Bear abc", "Basic abc", "", "abc"] {
            assert_eq!(behind("bearer", other.as_bytes()), None, "{other}");
        }
    }
}
