//! What some reader could take a path for: as it was sent, decoded, and decoded again.
//!
//! A path is read by whoever comes behind us with a parser of its own: a router, a file server, an upstream behind
//! another proxy. Whether it may go there is decided here, once, by what every one of them could read; nothing is
//! repaired. The token proxy refuses what two readers could take for two places; a guard by paths asks for a sign-in
//! where one of them would open what is guarded; a destination is given up where one of them finds it beside the base
//! path.
//!
//! 1. The path as it is, then each decoding of it, up to [`DECODINGS`].
//! 2. Where it is not ASCII all through, the same once more with look-alikes folded ([`look_alikes`]): a full-width dot
//!    is a dot to some file systems and some frameworks.
//!
//! What cannot be read at all (a percent sign that encodes nothing, what is not UTF-8, what is encoded over and over)
//! is an error, which callers take for the worst. It knows no prefix and no setting: see
//! [`path_prefix`](super::path_prefix).

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_normalizer::uts46::Uts46MapperBorrowed;
use percent_encoding::percent_decode_str;

/// How often a path may be encoded on top of itself; nobody who means well does it twice.
const DECODINGS: usize = 4;

/// Asks `rule` about everything that a reader could take this path for, or this segment of one.
///
/// # Errors
/// What is wrong with it: the first objection of `rule`'s, or that it cannot be read.
pub(crate) fn each_reading(
    path: &str,
    mut rule: impl FnMut(&str) -> Result<(), &'static str>,
) -> Result<(), &'static str> {
    if path.split('%').skip(1).any(|rest| !starts_with_hex(rest)) {
        return Err("holds a percent sign that encodes nothing");
    }
    let is_ascii = each_decoding(path, str::to_owned, &mut rule)?;
    if is_ascii { Ok(()) } else { each_decoding(path, look_alikes, &mut rule).map(drop) }
}

/// Asks about the path as it is and after each decoding; whether the last is ASCII all through. `fold` is what a
/// reader does to it besides.
fn each_decoding(
    path: &str,
    fold: fn(&str) -> String,
    rule: &mut impl FnMut(&str) -> Result<(), &'static str>,
) -> Result<bool, &'static str> {
    let mut reading = fold(path);
    rule(&reading)?;
    for _ in 0..DECODINGS {
        if !reading.split('%').skip(1).any(starts_with_hex) {
            return Ok(reading.is_ascii());
        }
        let decoded = percent_decode_str(&reading).decode_utf8().map_err(|_| "is not UTF-8")?;
        reading = fold(&decoded);
        rule(&reading)?;
    }
    Err("is encoded over and over")
}

/// With every character that some reader takes for another one in that one's place: by compatibility (NFKC), by case,
/// and without those that are not shown (UTS 46 §4).
fn look_alikes(text: &str) -> String {
    let plain = ComposingNormalizerBorrowed::new_nfkc().normalize(text).to_uppercase();
    // The two joiners mean something in names of hosts, and nothing in those of files.
    let shown = plain.chars().filter(|char| !matches!(char, '\u{200c}' | '\u{200d}'));
    Uts46MapperBorrowed::new().map_normalize(shown).collect()
}

/// What a segment is to a reader that cuts parameters off before it looks, or trims. One that decodes before it reads
/// the rest as an address finds a query or a fragment there.
pub(crate) fn without_parameters(segment: &str) -> &str {
    segment.split([';', '?', '#']).next().unwrap_or_default().trim()
}

/// Whether some reader takes this segment for `.` or `..`.
pub(crate) fn is_dots(segment: &str) -> bool {
    matches!(without_parameters(segment), "." | "..")
}

/// Whether what follows a prefix stays below it, however it is read: a guard's open prefix, or a base path.
///
/// Every step up counts, and of steps down those alone that every reader takes: a plain name between two slashes as they
/// were sent.
pub(crate) fn stays_below(rest: &str) -> bool {
    if rest.is_empty() || is_plain(rest) {
        return true;
    }
    let mut depth = 0_usize;
    // Nothing is before the first slash.
    for segment in rest.split('/') {
        let (mut ups, mut is_name) = (0, true);
        let read = each_reading(segment, |reading| {
            if reading.chars().any(char::is_control) {
                return Err("holds a control character");
            }
            ups = ups.max(reading.split(['/', '\\']).filter(|part| is_up(part)).count());
            is_name = is_name && !reading.contains(['/', '\\']) && !name(reading).is_empty();
            Ok(())
        });
        let after = match (read, ups) {
            (Err(_), _) => None,
            (Ok(()), 0) => Some(depth + usize::from(is_name)),
            (Ok(()), ups) => depth.checked_sub(ups),
        };
        match after {
            Some(after) => depth = after,
            None => return false,
        }
    }
    true
}

/// The name that some file system finds in a segment: Windows drops dots at its end, and what follows a colon is no
/// part of it. Empty where it finds none.
pub(crate) fn name(segment: &str) -> &str {
    let segment = without_parameters(segment);
    segment.split(':').next().unwrap_or_default().trim_end_matches(['.', ' '])
}

/// Whether some reader takes this segment for a step up: also what is one when another reader has taken `../` out.
pub(crate) fn is_up(segment: &str) -> bool {
    let segment = without_parameters(segment);
    let dots = segment.bytes().filter(|byte| *byte == b'.').count();
    dots > 1 && segment.bytes().all(|byte| matches!(byte, b'.' | b' '))
}

/// Whether a path has one reading only: ASCII that nobody decodes, cuts off or trims, and no empty segments, dot
/// segments or dots at the end of one.
pub(crate) fn is_plain(path: &str) -> bool {
    let mut before = None;
    for byte in path.bytes() {
        let is_sound = match byte {
            b'/' => !matches!(before, Some(b'/' | b'.')),
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=@".contains(&byte),
        };
        if !is_sound {
            return false;
        }
        before = Some(byte);
    }
    path.starts_with('/') && before != Some(b'.')
}

/// Whether two hexadecimal digits follow the percent sign.
fn starts_with_hex(text: &str) -> bool {
    let mut bytes = text.bytes();
    let mut is_hex = || bytes.next().is_some_and(|byte| byte.is_ascii_hexdigit());
    is_hex() && is_hex()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(path: &str) -> Result<Vec<String>, &'static str> {
        let mut readings = Vec::new();
        each_reading(path, |reading| {
            readings.push(reading.to_owned());
            Ok(())
        })?;
        Ok(readings)
    }

    #[test]
    fn a_path_is_read_as_sent_and_after_each_decoding() {
        assert_eq!(readings("/a;b").unwrap(), ["/a;b"]);
        assert_eq!(readings("/%2561%2f").unwrap(), ["/%2561%2f", "/%61/", "/a/"]);
    }

    #[test]
    fn look_alikes_are_read_as_what_they_look_like() {
        for (path, like) in [
            ("/%EF%BC%8E%EF%BC%8E/x", "/../x"),
            ("/%E2%80%A5", "/.."),
            ("/\u{ff0e}\u{ff0e}", "/.."),
            ("/%EF%BD%81dmin", "/admin"),
            ("/adm%C4%B1n", "/admin"),
            ("/%C5%BFecret", "/secret"),
            ("/ad%E2%80%8Cm%C2%ADin", "/admin"),
            ("/%EF%BC%852e", "/."),
        ] {
            let readings = readings(path).unwrap();
            assert!(readings.iter().any(|reading| reading.to_lowercase() == like), "{path}: {readings:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        for path in ["/%", "/%2", "/%zz", "/%u002e", "/%ff", "/%c0%af", "/%25ff", "/%25252525252e"] {
            assert!(readings(path).is_err(), "{path}");
        }
    }
}
