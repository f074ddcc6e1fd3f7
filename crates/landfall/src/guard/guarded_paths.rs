//! Which paths a guard is for, where it stands around more than it guards.
//!
//! A guard on a route has the router's own word for what it guards. One that is given prefixes decides by the path alone,
//! before a router or a file server behind it reads that path in its own way. So it asks what *some* reader could make
//! of the path (`address::readings`), and each doubt is decided for the guard:
//!
//! - [`Under`](GuardedPaths::Under) guards where a reading lies under a prefix.
//! - [`Except`](GuardedPaths::Except) guards unless all of them lie under one: the safer way round, since what was not
//!   thought of is guarded.
//!
//! Where several base URLs are configured, the caller asks for each of their base paths; where none is known, any
//! beginning of a path could be one, and [`hold_below_any_base`](GuardedPaths::hold_below_any_base) is asked: an
//! application whose sign-in is off keeps the guards it has, on the safe side.
//!
//! What cannot be read is guarded by both: bad percent-encoding, what is not UTF-8, control characters, two slashes at
//! the beginning (to a URL parser the next segment is a host).
//!
//! A path that has one reading only ([`is_plain`]), as nearly all have, is compared as it stands, without an
//! allocation. Dot segments are not resolved in one way or another, as readers do not agree on what a segment is
//! (`%2f`, `\`, `//`): the first rule takes any order of what is in such a path, the second one counts the steps up
//! against the fewest steps down.

use percent_encoding::percent_decode_str;

use crate::address::path_prefix::PathPrefix;
use crate::address::readings::{each_reading, is_plain, is_up, name, stays_below};

/// Which paths a guard is for. Paths and prefixes are below the base path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum GuardedPaths {
    /// Every one.
    #[default]
    All,
    /// What some reader could take for one under these.
    Under(Vec<PathPrefix>),
    /// What some reader could take for one that is under none of these.
    Except(Vec<PathPrefix>),
}

impl GuardedPaths {
    /// Whether the guard is for this path: below the base path, percent-encoded as it was sent. `base` is the base
    /// path, empty for none; a reader may find it once more at the beginning.
    pub(crate) fn hold(&self, path: &str, base: &str) -> bool {
        match self {
            Self::All => true,
            Self::Under(prefixes) => could_be_under(prefixes, path, base),
            Self::Except(prefixes) => {
                !prefixes.iter().any(|prefix| prefix.rest(path).is_some_and(stays_below))
            }
        }
    }

    /// As [`Self::hold`], where nobody knows whether there is a base path: any beginning of the path, and of a prefix,
    /// could be one. So a path is guarded as soon as it holds the name that a prefix ends in.
    pub(crate) fn hold_below_any_base(&self, path: &str) -> bool {
        let Self::Under(prefixes) = self else { return self.hold(path, "") };
        let last = |prefix: &PathPrefix| prefix.as_str().rsplit('/').next().unwrap_or_default().to_owned();
        let names: Vec<String> = prefixes.iter().map(last).collect();
        let mut found = false;
        let read = each_reading(path, |reading| {
            check(reading)?;
            let Canonical { path, .. } = Canonical::of(reading);
            found = found || names.iter().any(|name| could_climb_to(name, &path, ""));
            Ok(())
        });
        found || read.is_err()
    }
}

/// Whether some reader takes the path for one under a prefix, or nobody can read it.
fn could_be_under(prefixes: &[PathPrefix], path: &str, base: &str) -> bool {
    is_read_as_under(prefixes, path, base).unwrap_or(true)
}

/// Whether some reader takes the path for one under a prefix; `None` where none was found and it cannot be read to its
/// end. Both are below the base path, which a reader may find once more at the beginning. The token proxy asks, too:
/// what cannot be read it forwards nowhere.
pub(crate) fn is_read_as_under(prefixes: &[PathPrefix], path: &str, base: &str) -> Option<bool> {
    if is_plain(path) {
        return Some(prefixes.iter().any(|prefix| is_at_or_below(prefix.as_str(), path, base)));
    }
    let base = percent_decode_str(base).decode_utf8_lossy();
    let mut found = false;
    let read = each_reading(path, |reading| {
        check(reading)?;
        let Canonical { path, climbs } = Canonical::of(reading);
        let is_under = if climbs { could_climb_to } else { is_at_or_below };
        found = found || prefixes.iter().any(|prefix| is_under(prefix.as_str(), &path, &base));
        Ok(())
    });
    (found || read.is_ok()).then_some(found)
}

/// Whether some reader takes a path for this very page, or nobody can read it. Both are below the base path. A slash at
/// the end says nothing, as some routers have it.
pub(crate) fn could_be(page: &str, path: &str) -> bool {
    let page = page.trim_end_matches('/');
    if is_plain(path) {
        return path.trim_end_matches('/').eq_ignore_ascii_case(page);
    }
    let mut found = false;
    let read = each_reading(path, |reading| {
        check(reading)?;
        let Canonical { path, climbs } = Canonical::of(reading);
        let is_there = if climbs { could_climb_to(page, &path, "") } else { path.eq_ignore_ascii_case(page) };
        found = found || is_there;
        Ok(())
    });
    found || read.is_err()
}

/// A reading with one spelling: no empty segments, no parameters, no backslashes.
struct Canonical {
    path: String,
    /// It holds a step up, which is left out.
    climbs: bool,
}

impl Canonical {
    fn of(reading: &str) -> Self {
        let mut canonical = Self { path: String::with_capacity(reading.len()), climbs: false };
        for segment in reading.split(['/', '\\']) {
            let name = name(segment);
            if is_up(segment) {
                canonical.climbs = true;
            } else if !name.is_empty() {
                canonical.path.push('/');
                canonical.path.push_str(name);
            }
        }
        canonical
    }
}

/// What all readers agree that a path can be checked for.
fn check(reading: &str) -> Result<(), &'static str> {
    let is_slash = |byte: Option<&u8>| matches!(byte, Some(b'/' | b'\\'));
    if !is_slash(reading.as_bytes().first()) || is_slash(reading.as_bytes().get(1)) {
        return Err("begins otherwise than with one slash");
    }
    if reading.chars().any(char::is_control) { Err("holds a control character") } else { Ok(()) }
}

/// Whether a path is at or below a prefix, with or without the base path in front of either, in whatever case.
fn is_at_or_below(prefix: &str, path: &str, base: &str) -> bool {
    let mut inside = path;
    loop {
        if below(prefix, inside).is_some() {
            return true;
        }
        match below(base, inside) {
            Some(deeper) if !base.is_empty() => inside = deeper,
            _ => break,
        }
    }
    without_base(prefix, base).is_some_and(|prefix| below(prefix, path).is_some())
}

/// Whether steps up could lead to the prefix, wherever they are: its segments are there, in their order.
fn could_climb_to(prefix: &str, path: &str, base: &str) -> bool {
    let holds = |prefix: &str| {
        let mut there = path.split('/');
        let mut segments = prefix.split('/').filter(|segment| !segment.is_empty());
        segments.all(|segment| there.any(|other| other.eq_ignore_ascii_case(segment)))
    };
    holds(prefix) || without_base(prefix, base).is_some_and(holds)
}

/// The prefix as it is below the base path, if it was configured with the base path in front.
fn without_base<'p>(prefix: &'p str, base: &str) -> Option<&'p str> {
    if base.is_empty() { None } else { below(base, prefix) }
}

/// What follows a prefix, in whatever case, by whole segments.
fn below<'p>(prefix: &str, path: &'p str) -> Option<&'p str> {
    let (start, rest) = path.split_at_checked(prefix.len())?;
    (start.eq_ignore_ascii_case(prefix) && (rest.is_empty() || rest.starts_with('/'))).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::careless;

    fn prefixes(texts: &[&str]) -> Vec<PathPrefix> {
        texts.iter().map(|text| PathPrefix::parse(text).unwrap()).collect()
    }

    fn under(texts: &[&str]) -> GuardedPaths {
        GuardedPaths::Under(prefixes(texts))
    }

    fn except(texts: &[&str]) -> GuardedPaths {
        GuardedPaths::Except(prefixes(texts))
    }

    #[test]
    fn a_page_is_meant_by_whatever_some_reader_takes_for_it_and_by_what_nobody_can_read() {
        for same in [
            "/login",
            "/LOGIN",
            "/login/",
            "/%6cogin",
            "//login",
            "/login;x=1",
            "/x/../login",
            "/./login",
            "/login%00",
            "login",
        ] {
            assert!(could_be("/login", same) && could_be("/login/", same), "{same}");
        }
        for other in ["/logins", "/login/x", "/", "/log%69ns", "/a/login", "/a%2flogin", "/x/../logins"] {
            assert!(!could_be("/login", other), "{other}");
        }
    }

    #[test]
    fn where_no_base_path_is_known_what_could_be_below_one_is_guarded() {
        let paths = under(&["/admin", "/app/reports"]);
        for guarded in
            ["/admin", "/app/admin/x", "/a/b/ADMIN", "/app%2fadmin", "/app//admin", "/reports", "*", ""]
        {
            assert!(paths.hold_below_any_base(guarded), "{guarded}");
        }
        for open in ["/", "/app/administration", "/app"] {
            assert!(!paths.hold_below_any_base(open), "{open}");
        }
        assert!(except(&["/public"]).hold_below_any_base("/app/public"));
        assert!(!except(&["/public"]).hold_below_any_base("/public/x"));
    }

    #[test]
    fn what_is_under_a_prefix_is_guarded_in_every_spelling() {
        let paths = under(&["/admin", "/reports/internal"]);
        for guarded in [
            "/admin",
            "/admin/",
            "/admin/x",
            "/ADMIN/x",
            "/Admin",
            "//admin",
            "/./admin",
            "/x/../admin",
            "/admin/..",
            "/%61dmin",
            "/%2561dmin",
            "/%41DMIN",
            "/admin%2fx",
            "/admin%252fx",
            "/admin%5cx",
            "/admin\\x",
            "/admin;x",
            "/admin%3bx",
            "/admin%3fx",
            "/admin%23",
            "/admin%20/x",
            "/admin./x",
            "/admin:x",
            "/;/admin",
            "/%2e/admin",
            "/%252e%252e/admin",
            "/x%2fy/%2e%2e/admin",
            "/x\\..\\admin",
            "/%5cadmin",
            "/%EF%BD%81dmin",
            "/adm%C4%B1n",
            "/reports//internal",
            "/reports/x/../internal",
            "/REPORTS%2FINTERNAL",
            // Nobody can read these.
            "",
            "*",
            "admin",
            "/%",
            "/x%zz",
            "/%ff",
            "/%00",
            "/x%0d%0a",
            "/\u{7f}",
            "//evil",
            "/\\evil",
            "/%2f/x",
            "/x%2525252525",
            "/x%c2%85",
        ] {
            assert!(paths.hold(guarded, ""), "{guarded}");
        }
        for open in [
            "/",
            "/x",
            "/administration",
            "/adminx/",
            "/x/admin",
            "/reports",
            "/reports/7",
            "/reports/internals",
            "/a//b",
            "/a%20b/%C3%A4",
            "/x/../y",
            "/x;admin",
            "/x?",
            "/100%25",
        ] {
            assert!(!paths.hold(open, ""), "{open}");
        }
    }

    #[test]
    fn what_is_not_under_an_open_prefix_in_every_reading_is_guarded() {
        let paths = except(&["/public", "/robots.txt"]);
        for open in [
            "/public",
            "/public/",
            "/public/x",
            "/public/x/",
            "/public//x",
            "/public/./x",
            "/public/a/../b",
            "/public/a%20b",
            "/public/a%2fb",
            "/public/%C3%A4.png",
            "/public/a;v=1",
            "/public/a\\b",
            "/robots.txt",
            "/public/%E2%9C%93/x",
            "/public/..x/y",
            "/public/x..",
            "/public/a:b",
            "/public/100%25",
        ] {
            assert!(!paths.hold(open, ""), "{open}");
        }
        for guarded in [
            "/",
            "/x",
            "/publicity",
            "/PUBLIC/x",
            "/%70ublic/x",
            "//public/x",
            "/./public",
            "/x/../public",
            "/public;x",
            "/public%2fx",
            "/public\\x",
            "/public/..",
            "/public/../public/x",
            "/public/../admin",
            "/public/%2e%2e/admin",
            "/public/%252e%252e/admin",
            "/public/..%2fadmin",
            "/public/x/../../admin",
            "/public/x%2f..%2f..",
            "/public//../admin",
            "/public/a//../../admin",
            "/public/a%2fb/%2e%2e/%2e%2e/admin",
            "/public/..;/admin",
            "/public/..%5cadmin",
            "/public/..\\admin",
            "/public/%EF%BC%8E%EF%BC%8E/admin",
            "/public/;/../../admin",
            "/public/....//admin",
            "/public/.%00./admin",
            "/public/%",
            "/public/%ff",
            "/public/%00",
            "/public/x%0a",
            "/public/%25252525252e",
            "/public/.%20./x",
            "/public%3f",
            "/robots.txt/../x",
            "/robots.txtx",
            "",
            "*",
        ] {
            assert!(paths.hold(guarded, ""), "{guarded}");
        }
        assert!(except(&[]).hold("/", "") && GuardedPaths::All.hold("/", ""));
    }

    #[test]
    fn a_path_is_read_with_and_without_the_base_path() {
        let paths = under(&["/admin"]);
        for guarded in ["/admin", "/app/admin", "/APP/admin", "/%61pp/admin", "/app/app/admin", "/app//admin"]
        {
            assert!(paths.hold(guarded, "/app"), "{guarded}");
        }
        assert!(!paths.hold("/apple/admin", "/app") && !paths.hold("/app", "/app"));
        assert!(paths.hold("/%C3%A4/admin", "/%c3%a4"));
        // Written with the base path in front.
        assert!(under(&["/app/admin"]).hold("/admin", "/app") && under(&["/app"]).hold("/x", "/app"));
        assert!(under(&["/app/admin"]).hold("/x/../admin", "/app"));
        assert!(!under(&["/app/admin"]).hold("/x", "/app"));
        assert!(
            !except(&["/public"]).hold("/public/x", "/app") && except(&["/public"]).hold("/app/x", "/app")
        );
    }

    /// Every string of these pieces up to a length, behind and before these: whatever a guard lets through is open to
    /// every reader, however careless.
    #[test]
    fn whatever_is_let_through_is_open_however_it_is_read() {
        let pieces = [
            "/", "..", ".", "%2e", "%2f", "%5c", "\\", "%25", "2e", ";", "x", "admin", "ADMIN", "%00",
            "public",
        ];
        let (mut opened, mut guarded) = (0, 0);
        let (under, except) = (under(&["/admin"]), except(&["/public"]));
        let mut strings = vec![String::new()];
        for _ in 0..3 {
            strings =
                strings.iter().flat_map(|string| pieces.map(|piece| format!("{string}{piece}"))).collect();
            for string in &strings {
                for (head, tail) in
                    [("/", ""), ("/public/", ""), ("/public/x/", "/%2e%2e/admin"), ("/x%2fy", "/../admin")]
                {
                    let path = format!("{head}{string}{tail}");
                    let is_open = [!under.hold(&path, "/app"), !except.hold(&path, "/app")];
                    careless::assert_open(&path, "/app", is_open);
                    for open in is_open {
                        if open { opened += 1 } else { guarded += 1 }
                    }
                }
            }
        }
        assert!(opened > 1_000 && guarded > 10_000, "{opened} were let through, {guarded} were not");
    }
}
