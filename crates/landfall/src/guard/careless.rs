//! Readers of paths that are more careless than those in use, for tests and the fuzzer: what an attacker hopes to find
//! behind a guard.
//!
//! Written from the attacker's side, and on purpose in another way than the rules that it tries
//! (`guarded_paths`): each reader is one way through all choices, and does what it does to the end.

use percent_encoding::percent_decode_str;

/// What one reader does to a path, in this order.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is one habit, and every set of them is a reader")]
struct Reader {
    /// How often it decodes.
    decodings: usize,
    /// It leaves encoded slashes alone, as URL parsers and some routers do.
    keeps_slashes: bool,
    /// It takes a backslash for a slash.
    backslash: bool,
    /// It cuts parameters off each segment.
    parameters: bool,
    /// It takes several slashes for one.
    folds: bool,
    /// It resolves dot segments.
    resolves: bool,
}

impl Reader {
    /// All of them.
    fn all() -> impl Iterator<Item = Self> {
        (0..96_usize).map(|number| {
            let bit = |bit: usize| (number / 3) & (1 << bit) != 0;
            Self {
                decodings: number % 3,
                keeps_slashes: bit(0),
                backslash: bit(1),
                parameters: bit(2),
                folds: bit(3),
                resolves: bit(4),
            }
        })
    }

    /// The segments that it finds.
    fn segments(self, path: &str) -> Vec<String> {
        let mut text = path.to_owned();
        for _ in 0..self.decodings {
            if self.keeps_slashes {
                text = text.replace("%2f", "%252f").replace("%2F", "%252F");
            }
            text = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        }
        if self.backslash {
            text = text.replace('\\', "/");
        }
        let mut segments: Vec<String> = Vec::new();
        for segment in text.strip_prefix('/').unwrap_or(&text).split('/') {
            let segment =
                if self.parameters { segment.split(';').next().unwrap_or_default() } else { segment };
            match segment {
                "" if self.folds => {}
                "." if self.resolves => {}
                ".." if self.resolves => _ = segments.pop(),
                _ => segments.push(segment.to_owned()),
            }
        }
        segments
    }
}

/// Tries whether a path that guards let through, one with `/admin` guarded and one with `/public` open, is what they took
/// it for, to every reader.
///
/// # Panics
/// When a reader finds something guarded there.
pub(crate) fn assert_open(path: &str, base: &str, [under, except]: [bool; 2]) {
    if !under && !except {
        return;
    }
    let base = base.trim_start_matches('/');
    for reader in Reader::all() {
        let segments = reader.segments(path);
        let first = segments.first().map_or("", String::as_str);
        let behind_base = if first.eq_ignore_ascii_case(base) { segments.get(1) } else { None };
        let is_admin = |segment: &str| segment.eq_ignore_ascii_case("admin");
        let is_guarded = is_admin(first) || behind_base.is_some_and(|second| is_admin(second));
        assert!(!under || !is_guarded, "{path:?} is under /admin to {reader:?}");
        assert!(!except || first == "public", "{path:?} is beside /public to {reader:?}");
    }
}
