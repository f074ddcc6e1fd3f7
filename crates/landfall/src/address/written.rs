//! A URL as somebody wrote it into a setting: read strictly, and what was probably meant where it is not as it should
//! be.
//!
//! A parser for browsers mends what it reads: `https:\\app` becomes `https://app/`, a tab vanishes, `..` is resolved.
//! What is compared or sent byte for byte, as an issuer and a redirect URI are, would then be another text than the
//! one that was checked. So nothing is mended here; the refusal shows what to write. Quotes and white space come in
//! with files of variables, which some systems read by other rules than a shell.
//!
//! In the order in which they are found:
//!
//! | slip | what the refusal shows |
//! |---|---|
//! | nothing, or quotes around it | the text between the quotes, if that is a URL |
//! | white space, a line's end | the text without, if it stands at the ends alone |
//! | no scheme, or a placeholder left in | the text with `https://`, or none |
//! | a user name, a query, a fragment | the text without |
//! | a spelling that browsers change | the spelling that they make of it |
//!
//! What such a URL has to be beyond that (https, without a path, an issuer's) is for the setting to say.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::error::printable;

/// Why a text is no URL of a site.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Slip {
    /// What is wrong with it, as the beginning of "… in "text"".
    pub(crate) problem: &'static str,
    /// What to write in its place, where that can be told.
    pub(crate) instead: Option<String>,
}

impl Slip {
    /// What to do: write what was meant, or else what the setting itself says.
    pub(crate) fn remedy(self, otherwise: &str) -> String {
        self.instead.map_or_else(|| otherwise.to_owned(), |instead| write(&instead))
    }
}

/// The remedy that shows the very value.
pub(crate) fn write(instead: &str) -> String {
    format!("write {}", printable(instead))
}

/// Reads the absolute http or https URL of a site or a page, as whoever wrote it would read it too: without user name,
/// query and fragment. The case of the host, a default port and a slash at the end are as they like.
///
/// # Errors
/// [`Slip`], with the first thing that is wrong.
pub(crate) fn read(text: &str) -> Result<Url, Slip> {
    look(text, true)
}

/// As [`read`], with suggestions or without: one is looked at itself, and has none.
fn look(text: &str, suggests: bool) -> Result<Url, Slip> {
    let sound = |text: &str| (suggests && look(text, false).is_ok()).then(|| text.to_owned());
    let with_scheme = |text: &str| sound(&with_scheme(text)?);
    let slip = |problem, instead| Err(Slip { problem, instead });
    if text.is_empty() {
        return slip("nothing", None);
    }
    let inner = text.trim();
    if inner.starts_with(is_quote) || inner.ends_with(is_quote) {
        return slip("quotes", sound(inner.trim_matches(is_quote)));
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return slip("white space", sound(inner));
    }
    if text.contains(['{', '}', '<', '>']) {
        return slip("a placeholder that nobody filled in", None);
    }
    let is_whole = text.contains("://");
    let Ok(url) = Url::parse(text) else {
        return if is_whole { slip("no absolute URL", None) } else { slip("no scheme", with_scheme(text)) };
    };
    if !matches!(url.scheme(), "http" | "https") {
        return if is_whole {
            slip("a scheme other than https", None)
        } else {
            slip("no scheme", with_scheme(text))
        };
    }
    if !url.username().is_empty() || url.password().is_some() {
        let mut bare = url;
        let _ = bare.set_username("");
        let _ = bare.set_password(None);
        return slip("a user name or a password", sound(trimmed(&bare)));
    }
    if url.query().is_some() || url.fragment().is_some() {
        let mut bare = url;
        bare.set_query(None);
        bare.set_fragment(None);
        return slip("a query or a fragment", sound(trimmed(&bare)));
    }
    if !is_as_written(text, &url) {
        return slip("a spelling that browsers change", sound(trimmed(&url)));
    }
    Ok(url)
}

/// Whether a URL points at this very machine, where plain http gives nothing away. Of names only `localhost`
/// counts: where another one leads is known when it is resolved.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => Ipv4Addr::is_loopback(&ip),
        Some(Host::Ipv6(ip)) => Ipv6Addr::is_loopback(&ip),
        None => false,
    }
}

/// A text that could not be read, fit for a log: without what stands in front of an `@`, which may be a password.
pub(crate) fn shown(text: &str) -> String {
    let Some((before, host)) = text.rsplit_once('@') else { return printable(text) };
    let scheme = before.find("://").and_then(|end| before.get(..end + 3)).unwrap_or_default();
    printable(&format!("{scheme}...@{host}"))
}

/// With the scheme that was left out, or with the slashes behind it.
fn with_scheme(text: &str) -> Option<String> {
    let rest = ["https:", "http:"].iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text);
    let rest = rest.trim_start_matches('/');
    let url = Url::parse(&format!("https://{rest}")).ok()?;
    let scheme = if is_loopback(&url) { "http" } else { "https" };
    Some(format!("{scheme}://{rest}"))
}

/// Typographic ones too: they come from where text is copied from.
fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}')
}

/// As browsers write it, without the slash of an empty path.
fn trimmed(url: &Url) -> &str {
    if url.path() == "/" { url.as_str().trim_end_matches('/') } else { url.as_str() }
}

/// Whether the text is the URL that was read from it, but for the case of the host or the spelling of its address, a
/// default port, and a slash where there is no path.
fn is_as_written(text: &str, url: &Url) -> bool {
    let Some(rest) = text.strip_prefix(url.scheme()).and_then(|rest| rest.strip_prefix("://")) else {
        return false;
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let default = if url.scheme() == "https" { ":443" } else { ":80" };
    let host = authority.strip_suffix(default).unwrap_or(authority);
    let own = url.host_str().unwrap_or_default();
    let is_own =
        |host: &str| host.eq_ignore_ascii_case(own) || (ip6(host).is_some() && ip6(host) == ip6(own));
    let is_there = match url.port() {
        Some(port) => host.strip_suffix(&format!(":{port}")).is_some_and(is_own),
        None => is_own(host),
    };
    is_there && (path == url.path() || path.is_empty())
}

/// An IPv6 address in brackets, which has many spellings.
fn ip6(host: &str) -> Option<Ipv6Addr> {
    host.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read_or_shown_as_it_was_meant() {
        for good in [
            "https://app.example.com",
            "https://App.example.com/",
            "https://app.example.com:443/a/b",
            "http://[::1]:3000",
            "http://[0:0:0:0:0:0:0:1]:3000",
            "https://app.example.com/a/b/",
            "https://app.example.com/a//b",
            "https://app.example.com/it's",
        ] {
            assert!(read(good).is_ok(), "{good}");
        }
        for (text, problem, instead) in [
            ("", "nothing", None),
            ("\"https://a.example\"", "quotes", Some("https://a.example")),
            ("'https://a.example", "quotes", Some("https://a.example")),
            (" https://a.example", "white space", Some("https://a.example")),
            ("https://a.example/a b", "white space", None),
            ("https://<tenant>.example", "a placeholder that nobody filled in", None),
            ("a.example", "no scheme", Some("https://a.example")),
            ("a.example:8443/x", "no scheme", Some("https://a.example:8443/x")),
            ("localhost:3000", "no scheme", Some("http://localhost:3000")),
            ("https:a.example", "a spelling that browsers change", Some("https://a.example")),
            ("https:\\\\a.example", "a spelling that browsers change", Some("https://a.example")),
            ("HTTPS://a.example", "a spelling that browsers change", Some("https://a.example")),
            ("https://a.example/b/../c", "a spelling that browsers change", Some("https://a.example/c")),
            (
                "https://b\u{fc}cher.example",
                "a spelling that browsers change",
                Some("https://xn--bcher-kva.example"),
            ),
            ("ftp://a.example", "a scheme other than https", None),
            ("https://", "no absolute URL", None),
            ("https://u:p@a.example/b", "a user name or a password", Some("https://a.example/b")),
            ("https://a.example/?x#y", "a query or a fragment", Some("https://a.example")),
        ] {
            let slip = read(text).unwrap_err();
            assert_eq!((slip.problem, slip.instead.as_deref()), (problem, instead), "{text}");
        }
    }

    #[test]
    fn no_password_is_shown() {
        assert_eq!(shown("https://u:hunter2@a.example:x"), "https://...@a.example:x");
        assert_eq!(shown("u:hunter2@a.example"), "...@a.example");
        assert_eq!(shown("https://a.example\n"), "https://a.example?");
        let slip = read("https://u:hunter2@a.example").unwrap_err();
        assert!(!format!("{slip:?}").contains("hunter2") && !slip.remedy("").contains("hunter2"));
    }
}
