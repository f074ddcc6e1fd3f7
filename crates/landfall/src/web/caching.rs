//! What an answer says to caches (RFC 9111), read and made to say that it is for one person.
//!
//! A shared cache stands between many people and the application, often where the application does not see it. What
//! lets it keep an answer:
//!
//! - `public`, `s-maxage` and `must-revalidate` say so; without a word, a lifetime or the status will do (§3).
//! - `private` without an argument forbids it, whatever else is there. With one it forbids to keep some headers alone
//!   (§5.2.2.7).
//! - `no-store` forbids it, unless `must-understand` stands beside it (§5.2.2.3).
//! - A header of the cache's own stands above all that: CDN-Cache-Control and its like (RFC 9213 §2.2), and the older
//!   names that [`is_for_shared_caches`] knows.
//!
//! Nothing here knows who is there. Whether an answer is one person's is for its owner to say: `visit` for an
//! application's, `token_proxy` for an upstream's.

use super::reply::CacheControl;

/// What an answer says to caches, as far as it matters for whom it may be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a word that is there, or is not")]
pub(crate) struct Said {
    /// `public`: for everybody.
    pub(crate) public: bool,
    /// `s-maxage`: how long a shared cache may keep it.
    s_maxage: bool,
    /// `private`, of the whole answer.
    private: bool,
    /// `private` with an argument, of a few headers.
    private_in_part: bool,
    no_store: bool,
    must_understand: bool,
    /// A header for shared caches that lets them keep it.
    pub(crate) lets_a_shared_cache: bool,
}

impl Said {
    /// Takes in one header of the answer. `name` is in lower case.
    pub(crate) fn note(&mut self, name: &str, value: &[u8]) {
        if name == "cache-control" {
            self.note_line(value);
        } else if is_for_shared_caches(name) {
            let mut own = Self::default();
            own.note_line(value);
            self.lets_a_shared_cache |= !own.keeps_shared_caches_out();
        }
    }

    /// Takes in one line, of Cache-Control or of a header for shared caches.
    ///
    /// A line with a quote in it protects nothing: a careless reader finds words in it that a careful one does not.
    fn note_line(&mut self, line: &[u8]) {
        let protects = !line.contains(&b'"');
        directives(line).for_each(|directive| self.note_directive(directive, protects));
    }

    fn note_directive(&mut self, directive: &[u8], protects: bool) {
        let (name, argument) = name_of(directive);
        let is = |wanted: &[u8]| name.eq_ignore_ascii_case(wanted);
        self.public |= is(b"public") && !argument;
        // With an argument it is nobody's word, and it goes when the answer is one person's.
        self.s_maxage |= is(b"s-maxage") || (is(b"public") && argument);
        self.private |= protects && is(b"private") && !argument;
        self.private_in_part |= is(b"private") && argument;
        self.no_store |= protects && is(b"no-store") && !argument;
        self.must_understand |= is(b"must-understand");
    }

    /// Whether no shared cache may keep it, however it reads this.
    pub(crate) fn keeps_shared_caches_out(self) -> bool {
        let contradicts = self.is_shared_by_cache_control() || self.private_in_part;
        !contradicts && (self.private || (self.no_store && !self.must_understand))
    }

    /// Whether anything in it is addressed to shared caches, and lets them keep the answer.
    pub(crate) fn is_shared(self) -> bool {
        self.is_shared_by_cache_control() || self.lets_a_shared_cache
    }

    fn is_shared_by_cache_control(self) -> bool {
        self.public || self.s_maxage
    }
}

/// Whether a header is read by shared caches alone, in place of Cache-Control. In lower case.
pub(crate) fn is_for_shared_caches(name: &str) -> bool {
    // RFC 9213 §3.1: CDN-Cache-Control, and those that a cache calls after itself.
    (name.ends_with("cache-control") && name != "cache-control")
        || matches!(name, "surrogate-control" | "edge-control" | "x-accel-expires")
}

/// A Cache-Control header rewritten for one person: the author's word on how long, ours on for whom.
#[derive(Debug, Default)]
pub(crate) struct ForOnePerson {
    /// What stays, each with a comma behind it.
    kept: String,
    no_store: bool,
    is_unreadable: bool,
}

impl ForOnePerson {
    /// Takes in one line of it. Several are one list (RFC 9110 §5.3).
    pub(crate) fn note(&mut self, line: &[u8]) {
        let Ok(line) = std::str::from_utf8(line) else {
            self.is_unreadable = true;
            return;
        };
        // A quoted list of names is for caches that keep half an answer.
        self.is_unreadable |= line.contains('"');
        for directive in line.split(',').map(|directive| directive.trim().to_ascii_lowercase()) {
            match directive.split('=').next().unwrap_or_default().trim() {
                "no-store" => self.no_store = true,
                "" | "public" | "private" | "s-maxage" | "proxy-revalidate" => {}
                _ => {
                    self.kept.push_str(&directive);
                    self.kept.push_str(", ");
                }
            }
        }
    }

    /// The header. Where nothing was said about how long, the answer may be kept and must be asked for again; what
    /// cannot be read says nothing.
    pub(crate) fn finish(self) -> CacheControl {
        if self.no_store {
            CacheControl::NoStore
        } else if self.is_unreadable || self.kept.is_empty() {
            CacheControl::Private
        } else {
            CacheControl::Amended(self.kept + "private")
        }
    }
}

/// The directives of a line. A quoted argument with a comma in it comes in pieces, as a careless cache reads it. A line
/// that is no text says nothing.
fn directives(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let line = if std::str::from_utf8(line).is_ok() { line } else { &[] };
    line.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// A directive's name, and whether it has an argument.
fn name_of(directive: &[u8]) -> (&[u8], bool) {
    match directive.split(|byte| *byte == b'=').next() {
        Some(name) if name.len() < directive.len() => (name.trim_ascii(), true),
        _ => (directive, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(headers: &[(&str, &str)]) -> Said {
        let mut said = Said::default();
        for (name, value) in headers {
            said.note(name, value.as_bytes());
        }
        said
    }

    #[test]
    fn what_keeps_shared_caches_out_is_private_or_no_store_and_nothing_against_it() {
        for (value, expected) in [
            ("private", true),
            ("Private, max-age=60", true),
            ("max-age=60 , private", true),
            ("no-store", true),
            ("no-store, max-age=0", true),
            ("", false),
            ("no-cache", false),
            ("max-age=60", false),
            ("public, max-age=60", false),
            ("s-maxage=60", false),
            ("private, public", false),
            ("private, s-maxage=60", false),
            ("no-store, public", false),
            ("must-understand, no-store, max-age=60", false),
            ("private=\"set-cookie\", max-age=60", false),
            ("private=\"a, b\"", false),
            ("private, private=x", false),
            ("x-private, no-storex", false),
        ] {
            assert_eq!(said(&[("cache-control", value)]).keeps_shared_caches_out(), expected, "{value}");
        }
        assert!(!said(&[]).keeps_shared_caches_out());
        let lines = [("cache-control", "max-age=60"), ("cache-control", "private")];
        assert!(said(&lines).keeps_shared_caches_out());
    }

    #[test]
    fn a_header_for_shared_caches_is_known_by_its_name_and_lets_them_keep_what_it_does_not_forbid() {
        for (name, value, expected) in [
            ("cdn-cache-control", "max-age=60", true),
            ("acme-cache-control", "max-age=60", true),
            ("surrogate-control", "max-age=60", true),
            ("edge-control", "max-age=60", true),
            ("x-accel-expires", "60", true),
            ("cdn-cache-control", "no-store", false),
            ("cdn-cache-control", "private", false),
            ("cdn-cache-control", "private, public", true),
            ("x-cache", "max-age=60", false),
            ("expires", "Thu, 01 Jan 2037 00:00:00 GMT", false),
        ] {
            assert_eq!(said(&[(name, value)]).is_shared(), expected, "{name}: {value}");
        }
        assert!(said(&[("cache-control", "public")]).public);
        assert!(said(&[("cache-control", "s-maxage=5")]).is_shared());
        assert!(!said(&[("cache-control", "max-age=5")]).is_shared());
    }

    #[test]
    fn how_long_stays_and_for_whom_goes() {
        for (lines, rewritten) in [
            (&["public, max-age=31536000, immutable"][..], "max-age=31536000, immutable, private"),
            (&["s-maxage=60, max-age=5, must-revalidate"], "max-age=5, must-revalidate, private"),
            (&["max-age=60", "public"], "max-age=60, private"),
            (&["public"], "private, no-cache"),
            (&[""], "private, no-cache"),
            (&["private=\"x\", max-age=60"], "private, no-cache"),
            (&["no-cache=\"x\", no-store"], "no-store"),
            (&["must-understand, no-store, max-age=60"], "no-store"),
        ] {
            let mut rewriting = ForOnePerson::default();
            for line in lines {
                rewriting.note(line.as_bytes());
            }
            assert_eq!(rewriting.finish().as_str(), rewritten, "{lines:?}");
        }
        let mut garbage = ForOnePerson::default();
        garbage.note(b"max-age=60, \xff");
        assert_eq!(garbage.finish(), CacheControl::Private);
    }
}
