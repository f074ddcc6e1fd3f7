//! The cookies: their names, their attributes, and how they are found in a request.
//!
//! Every Set-Cookie value of this crate is written by [`CookieNames::set`] or [`CookieNames::clear`], so the attributes
//! stand in one place: `Path=/`, `HttpOnly`, `SameSite=Lax`, `Max-Age`, no `Domain`, and `Secure` under TLS (RFC
//! 6265bis §4.1.2); the session's may be `Strict`. None is `SameSite=None`: an answer that the provider posts is led to a
//! GET of ours, which is sent the Lax cookies. A POST from another site brings none of them, so it sets none: nobody
//! could count what is there. Values are sealed elsewhere; nothing here opens one.
//!
//! | cookie | holds | lasts |
//! |---|---|---|
//! | `session` | a sealed session, or the id of a stored one with a tag of ours | as long as the session may |
//! | `arrived` | that a link of another site was followed once more, where the session's is `Strict` | ten seconds |
//! | `returning` | from when on a silent sign-in may be tried; plain digits | 30 days |
//! | `login.<attempt>` | a [pending login](super::pending_login::PendingLogin) | as long as a sign-in may take |
//! | `spent.<attempt>` | the [mark](super::pending_login::Spent) of a finished one | ten minutes |
//! | `form.<id>` | a [kept form](super::kept_form::KeptForm) | as long as a sign-in may take |
//! | `failure` | what the [failure](super::sign_in_failure::SignInFailure) in an address is bound to; random | ten minutes |
//! | `browser` | what [app state](super::carried::AppState) in a link is bound to; random | an hour |

use std::fmt::{self, Write as _};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::{Cookie, SameSite};

use crate::address::base_url::BaseUrl;
use crate::clock::Timestamp;
use crate::crypto::application_name::ApplicationName;
use crate::crypto::digest::sha256;

/// Browsers ignore a cookie whose name and value are longer together (RFC 6265bis §5.7).
pub(crate) const MAX_COOKIE: usize = 4096;
/// 400 days, the longest a browser keeps a cookie (RFC 6265bis §5.5).
const MAX_AGE: Duration = Duration::from_secs(34_560_000);

/// What stands before the seconds, the last of the attributes.
const MAX_AGE_ATTRIBUTE: &str = "; Max-Age=";

/// The names under one base URL.
///
/// With TLS they carry the `__Host-` prefix, which keeps sibling hosts and plain http from setting them; without TLS it
/// cannot be had. `__Host-` cookies are for every path, and cookies ignore ports (RFC 6265 §8.5): where two applications
/// may share a host (a base path, a port that is not the scheme's own, no TLS), a short digest of the application's name
/// and its base URL keeps them apart. So none is called as one with TLS is, and none of theirs is read there.
#[derive(Clone, Debug)]
pub(crate) struct CookieNames {
    /// What all of them begin with.
    stem: String,
    /// The session's whole name. The others with an attempt are stems: a dot and the attempt's id follow.
    pub(crate) session: String,
    returning: String,
    login: String,
    spent: String,
    form: String,
    kept: String,
    failure: String,
    browser: String,
    /// What stands behind every value, up to the seconds of `Max-Age`.
    attributes: String,
    /// The same for the session's cookie.
    session_attributes: String,
    /// Whether the session's cookie is set without a `Max-Age`.
    session_ends_with_browser: bool,
    /// The mark of a browser that was led once more to where a link of another site led it.
    arrived: String,
}

/// What the application says of its session's cookie. The other cookies are ours alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct SessionCookieSettings {
    /// What stands behind the prefix in its name; `None` for `landfall-session`.
    pub(crate) name: Option<String>,
    /// Whether it ends with the browser: it has no `Max-Age` then.
    pub(crate) is_non_persistent: bool,
    /// Whether it is `SameSite=Strict`: no request that another site begins carries it, a link included.
    pub(crate) is_strict: bool,
}

impl SessionCookieSettings {
    /// Why its name is none; `None` for a good one. What begins with `landfall-` could be another cookie of ours, and
    /// what begins with `__` a prefix that browsers read (RFC 6265bis §4.1.3).
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let name = self.name.as_deref()?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let lower = name.to_ascii_lowercase();
        if name.is_empty() {
            Some("an empty name")
        } else if name.len() > 64 || !name.bytes().all(is_plain) {
            Some("a name that is not of 64 letters, digits, - and _ at most")
        } else if lower.starts_with("__") {
            Some("a name with a prefix, which is put in front by itself")
        } else if lower.starts_with("landfall-") {
            Some("a name that begins as those of the other cookies")
        } else {
            None
        }
    }
}

/// What a cookie of one attempt is for. Each attempt has cookies of its own, so that tabs do not overwrite each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CookieKind {
    /// A pending login.
    Login,
    /// The mark of a finished one, which tells a callback that comes twice from one that is replayed.
    Spent,
    /// A form that somebody posted who has to sign in first.
    Form,
    /// A value that the application keeps for a request of this browser's.
    Kept,
    /// What a failure in the address of the sign-in page is bound to. One a browser: its name is the whole name.
    Failure,
    /// What app state in a link is bound to. One a browser, as the one before.
    Browser,
}

/// How long a page that was led once more is not led again.
const ARRIVED: Duration = Duration::from_secs(10);
/// How long a browser is known as one that was signed in here, counted from the last time that this was written.
const RETURNING: Duration = Duration::from_secs(30 * 24 * 60 * 60);

impl CookieNames {
    /// The names for this application under this base URL.
    pub(crate) fn new(
        application: &ApplicationName,
        base: &BaseUrl,
        session: &SessionCookieSettings,
    ) -> Self {
        let prefix = if base.secure { "__Host-" } else { "" };
        let suffix = if base.secure && base.path.is_empty() && base.explicit_port().is_none() {
            String::new()
        } else {
            let digest = sha256(&[&application.context(&[base.literal.as_bytes()]).join(&b'\n')]);
            format!("-{}", URL_SAFE_NO_PAD.encode(digest.get(..6).unwrap_or_default()))
        };
        let stem = format!("{prefix}landfall-");
        let name = |what: &str| format!("{stem}{what}{suffix}");
        Self {
            session: match &session.name {
                Some(own) => format!("{prefix}{own}{suffix}"),
                None => name("session"),
            },
            session_ends_with_browser: session.is_non_persistent,
            arrived: name("arrived"),
            returning: name("returning"),
            login: name("login"),
            spent: name("spent"),
            form: name("form"),
            kept: name("kept"),
            failure: name("failure"),
            browser: name("browser"),
            stem,
            attributes: attributes(base.secure, SameSite::Lax),
            session_attributes: attributes(
                base.secure,
                if session.is_strict { SameSite::Strict } else { SameSite::Lax },
            ),
        }
    }

    /// The name of an attempt's cookie. It is also bound into the seal, so that a value works under its own name only.
    pub(crate) fn attempt(&self, kind: CookieKind, attempt: &[u8; 16]) -> String {
        format!("{}.{}", self.stem(kind), URL_SAFE_NO_PAD.encode(attempt))
    }

    /// What kind of attempt's cookie a name is; `None` for every other name. The value may still be anything.
    pub(crate) fn kind(&self, name: &str) -> Option<CookieKind> {
        if name == self.failure {
            return Some(CookieKind::Failure);
        }
        if name == self.browser {
            return Some(CookieKind::Browser);
        }
        let kinds = [CookieKind::Login, CookieKind::Spent, CookieKind::Form, CookieKind::Kept];
        kinds.into_iter().find(|kind| {
            name.strip_prefix(self.stem(*kind))
                .and_then(|rest| rest.strip_prefix('.'))
                .is_some_and(|id| id.len() == 22)
        })
    }

    /// A Set-Cookie value that sets a cookie, for 400 days at most. `name` and `value` must be such as need no
    /// escaping: ours are base64url and digits.
    pub(crate) fn set(&self, name: &str, value: &str, max_age: Duration) -> String {
        format(name, value, &self.attributes, max_age.min(MAX_AGE).as_secs())
    }

    /// A Set-Cookie value that sets the session's cookie. It is kept until then, or until the browser ends where that is
    /// what the application wants.
    pub(crate) fn set_session(&self, value: &str, max_age: Duration) -> String {
        let seconds = max_age.min(MAX_AGE).as_secs();
        let mut line = format(&self.session, value, &self.session_attributes, seconds);
        if self.session_ends_with_browser
            && let Some(at) = line.rfind(MAX_AGE_ATTRIBUTE)
        {
            line.truncate(at);
        }
        line
    }

    /// A Set-Cookie value that takes the session's cookie away.
    pub(crate) fn clear_session(&self) -> String {
        format(&self.session, "", &self.session_attributes, 0)
    }

    /// A Set-Cookie value that marks a browser which is led once more to the page that it asked for.
    pub(crate) fn arrived(&self) -> String {
        self.set(&self.arrived, "1", ARRIVED)
    }

    /// A Set-Cookie value that marks a browser as one that was signed in here, and says from when on it may be
    /// signed in silently. It proves nothing and opens nothing.
    pub(crate) fn returning_at(&self, next: Timestamp) -> String {
        self.set(&self.returning, &next.secs().to_string(), RETURNING)
    }

    /// A Set-Cookie value that takes the mark of [`Self::returning_at`] away, after a sign-out.
    pub(crate) fn not_returning(&self) -> String {
        self.clear(&self.returning)
    }

    /// A Set-Cookie value that holds what the failure in an address is bound to.
    pub(crate) fn failure(&self, secret: &str, lifetime: Duration) -> String {
        self.set(&self.failure, secret, lifetime)
    }

    /// A Set-Cookie value that holds what app state in a link is bound to.
    pub(crate) fn browser(&self, value: &str, lifetime: Duration) -> String {
        self.set(&self.browser, value, lifetime)
    }

    /// A Set-Cookie value that removes a cookie, with the attributes it was set with: with another path it would be
    /// another cookie, and a browser rejects a `__Host-` name without `Secure`.
    pub(crate) fn clear(&self, name: &str) -> String {
        format(name, "", &self.attributes, 0)
    }

    /// The name of an attempt's cookie up to the dot.
    fn stem(&self, kind: CookieKind) -> &str {
        match kind {
            CookieKind::Login => &self.login,
            CookieKind::Spent => &self.spent,
            CookieKind::Form => &self.form,
            CookieKind::Kept => &self.kept,
            CookieKind::Failure => &self.failure,
            CookieKind::Browser => &self.browser,
        }
    }
}

/// A whole line, in one allocation.
fn format(name: &str, value: &str, attributes: &str, seconds: u64) -> String {
    // Twenty digits at most.
    let mut line = String::with_capacity(name.len() + value.len() + attributes.len() + 21);
    line.extend([name, "=", value, attributes]);
    // Writing to a string does not fail.
    let _ = write!(line, "{seconds}");
    line
}

/// The one place where attributes are written, for every base URL.
fn attributes(secure: bool, same_site: SameSite) -> String {
    let line = Cookie::build(("", ""))
        .path("/")
        .http_only(true)
        .secure(secure)
        .same_site(same_site)
        .max_age(cookie::time::Duration::ZERO)
        .to_string();
    // Without the empty name and value, and without the seconds.
    line.trim_start_matches('=').trim_end_matches('0').to_owned()
}

/// Calls `each` with the name and value of every cookie in a line of the Cookie header, in order.
///
/// Names are compared exactly by whoever looks for one; quotes have no meaning (RFC 6265bis §5.6), so no cookie can
/// swallow its neighbours. A pair without `=` is passed over. Bytes are given as they came: whoever needs text has to
/// ask for it.
pub(crate) fn each_cookie<'a>(line: &'a [u8], mut each: impl FnMut(&'a [u8], &'a [u8])) {
    let mut rest = line;
    while !rest.is_empty() {
        let (pair, next) = halves(rest, b';').unwrap_or((rest, b""));
        if let Some((name, value)) = halves(pair.trim_ascii(), b'=') {
            each(name, value);
        }
        rest = next;
    }
}

/// Whether a Set-Cookie line of the application's names a cookie of ours: any that begins with `landfall-`, with a prefix
/// or without, or one of these names of sessions. Case does not count, since prefixes are compared so.
///
/// A line without a name sets a cookie that is sent as its value alone, and that may read as a name and a value.
pub(crate) fn names_one_of_ours(line: &[u8], sessions: &[&str]) -> bool {
    let pair = line.split(|byte| *byte == b';').next().unwrap_or_default();
    let begins = pair.iter().position(|byte| !matches!(byte, b'=' | b' ' | b'\t'));
    let pair = begins.and_then(|at| pair.get(at..)).unwrap_or_default();
    let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii().to_ascii_lowercase();
    let bare = [b"__host-".as_slice(), b"__secure-"].iter().find_map(|prefix| name.strip_prefix(*prefix));
    bare.unwrap_or(&name).starts_with(b"landfall-")
        || sessions.iter().any(|session| session.as_bytes().eq_ignore_ascii_case(&name))
}

/// What stands before and after the first such byte.
fn halves(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let (before, after) = bytes.split_at_checked(memchr::memchr(at, bytes)?)?;
    Some((before, after.get(1..).unwrap_or_default()))
}

/// An attempt's cookie as it was sent.
#[derive(Clone)]
pub(crate) struct SentCookie {
    /// By its name.
    pub(crate) kind: CookieKind,
    /// The whole name: the additional data of the seal, and what is cleared.
    pub(crate) name: String,
    /// Still sealed, and perhaps not by us. `Debug` leaves it out.
    pub(crate) value: String,
}

impl fmt::Debug for SentCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentCookie").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// How many session cookies of one request are looked at. A browser of ours holds one. More appear where another
/// program on the host set some; the bound keeps a request with hundreds of them from costing as many openings or
/// loads.
const MAX_SESSIONS: usize = 4;

/// The cookies of ours in a request.
#[derive(Default)]
pub(crate) struct SentCookies<'a> {
    /// The values of the session cookies, in the order in which they were sent: usually one. There are more where
    /// another program on the host has set cookies of this name. Values longer than any cookie are left out.
    pub(crate) sessions: [Option<&'a [u8]>; MAX_SESSIONS],
    /// From when on this browser may be signed in silently, if it was signed in before. It is not sealed: a browser
    /// that changes it can only bring a trip to the provider forward, or put it off.
    pub(crate) returning: Option<Timestamp>,
    /// Whether it was led once more a moment ago.
    pub(crate) arrived: bool,
    /// The cookies of attempts and kept forms. Usually none, and then nothing is allocated.
    pub(crate) attempts: Vec<SentCookie>,
}

impl<'a> SentCookies<'a> {
    /// The session cookies alone, as somebody kept them.
    pub(crate) fn of_sessions(sessions: &'a [Vec<u8>]) -> Self {
        let mut sent = Self::default();
        for (slot, value) in sent.sessions.iter_mut().zip(sessions) {
            *slot = Some(value);
        }
        sent
    }

    /// Takes the cookies of ours in a line of the Cookie header into account, without opening any. There may be
    /// several lines: see [`RequestView::header_values`](crate::web::request::RequestView::header_values).
    pub(crate) fn read(&mut self, line: &'a [u8], names: &CookieNames) {
        each_cookie(line, |name, value| {
            if name == names.session.as_bytes() {
                if value.len() <= MAX_COOKIE
                    && let Some(free) = self.sessions.iter_mut().find(|slot| slot.is_none())
                {
                    *free = Some(value);
                }
                return;
            }
            // Most cookies are the application's own, and end here.
            if !name.starts_with(names.stem.as_bytes()) {
                return;
            }
            if name == names.arrived.as_bytes() {
                self.arrived = true;
            } else if name == names.returning.as_bytes() {
                let seconds = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                self.returning = seconds.map(Timestamp::from_secs);
            } else if let (Ok(name), Ok(value)) = (std::str::from_utf8(name), std::str::from_utf8(value))
                && let Some(kind) = names.kind(name)
            {
                self.attempts.push(SentCookie { kind, name: name.to_owned(), value: value.to_owned() });
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(application: &str, url: &str) -> CookieNames {
        let (application, url) =
            (ApplicationName::given(application), BaseUrl::with_plain_http(url).unwrap());
        CookieNames::new(&application, &url, &SessionCookieSettings::default())
    }

    #[test]
    fn a_name_of_the_applications_own_is_none_of_ours_and_no_prefix() {
        let problem = |name: &str| {
            SessionCookieSettings { name: Some(name.to_owned()), ..SessionCookieSettings::default() }
                .problem()
        };
        for good in ["sid", "my_app-session", "A1", "landfall"] {
            assert_eq!(problem(good), None, "{good}");
        }
        let long = "x".repeat(65);
        for bad in
            ["", "a b", "a=b", "a;b", "a.b", "ä", "__Host-sid", "__secure-sid", "Landfall-login", &long]
        {
            assert!(problem(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn applications_that_share_a_host_do_not_share_cookies() {
        assert_eq!(names("a", "https://example.com").session, "__Host-landfall-session");
        let under_paths = [names("a", "https://example.com/one"), names("a", "https://example.com/two")];
        assert!(under_paths.iter().all(|names| names.session.starts_with("__Host-landfall-session-")));
        assert_ne!(under_paths[0].session, under_paths[1].session);
        let on_ports = [names("a", "https://example.com:8443"), names("a", "https://example.com:9443")];
        assert_ne!(on_ports[0].session, on_ports[1].session);
        assert_ne!(on_ports[0].session, names("a", "https://example.com").session);
        assert_eq!(names("a", "https://example.com:443").session, "__Host-landfall-session");
        let on_loopback = [names("a", "http://localhost:3000"), names("a", "http://localhost:3001")];
        assert_ne!(on_loopback[0].session, on_loopback[1].session);
        let without_tls = [names("a", "http://shop.lan"), names("a", "http://shop.lan:3000")];
        assert_ne!(without_tls[0].session, without_tls[1].session);
        for names in &without_tls {
            assert!(names.session.starts_with("landfall-session-"), "{}", names.session);
            assert!(!names.set_session("x", Duration::MAX).contains("Secure"));
        }
        let attempt = on_loopback[0].attempt(CookieKind::Login, &[7; 16]);
        assert_eq!(on_loopback[0].kind(&attempt), Some(CookieKind::Login));
        assert_eq!(on_loopback[1].kind(&attempt), None);
    }

    #[test]
    fn a_cookie_is_kept_for_400_days_at_most_and_cleared_with_the_attributes_it_was_set_with() {
        let names = names("a", "https://example.com");
        let set = names.set("x", "v", Duration::MAX);
        assert!(set.contains("Max-Age=34560000"), "{set}");
        let attributes = |text: &str| {
            text.split("; ")
                .skip(1)
                .filter(|a| !a.starts_with("Max-Age"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(attributes(&set), attributes(&names.clear("x")));
    }
}
