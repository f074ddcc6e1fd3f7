//! Where a person goes after the sign-in: a path of this application, and nothing else.
//!
//! A destination comes out of a link that anybody can write, and the browser follows it right after a sign-in: an
//! open redirect there lends the application's name to a phishing page (RFC 9700 §4.11.1). So the check stands in a
//! type, and nothing that redirects to a destination takes a string.
//!
//! How [`ReturnTo::parse`] looks at it:
//!
//! 1. Length, a slash at the beginning, and no byte that a browser drops or reads as a slash.
//! 2. Resolved as a browser does (URL Standard), it stays within the origin.
//! 3. It still does when a proxy or a handler decodes its path again, up to three times, or folds look-alike
//!    characters (NFKC).
//! 4. What is kept is the resolved text, so that browser and check mean the same.
//!
//! It does not know which paths the application has; one that is not there is a 404 like any other. Query and
//! fragment are carried, not understood.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use icu_normalizer::ComposingNormalizerBorrowed;
use percent_encoding::percent_decode_str;
use url::{Position, Url};

/// The longest destination, in bytes, before and after it is normalised. It travels in cookies and in `state`.
const MAX_LENGTH: usize = 2048;
/// How often a careless reader further on may decode the path once more without being led astray.
const DECODINGS: usize = 3;
/// Stands for the application's origin. Which one it is does not matter, only that it is not left.
static ORIGIN: LazyLock<Result<Url, url::ParseError>> =
    LazyLock::new(|| Url::parse("https://return-to.invalid/"));

/// A destination within this application: a path, with query and fragment, that no browser takes for an address of
/// another site.
///
/// A value of this type starts with exactly one `/`, is percent-encoded ASCII, and can stand in a `Location` header
/// as it is. There is no way to make one that leaves the origin: not by `//host` or `/\host`, not by dot segments,
/// control characters, encoded slashes or look-alike characters.
///
/// ```
/// use landfall::ReturnTo;
///
/// assert_eq!(ReturnTo::parse("/reports/../dashboard?tab=2#top")?.as_str(), "/dashboard?tab=2#top");
/// assert!(ReturnTo::parse("//evil.example").is_err());
/// assert!(ReturnTo::parse("https://app.example.com/").is_err());
/// # Ok::<(), landfall::ReturnToError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReturnTo(String);

/// Why a destination is refused. None of them repeats it.
///
/// ```
/// use landfall::{ReturnTo, ReturnToError};
///
/// assert_eq!(ReturnTo::parse("dashboard"), Err(ReturnToError::NotAPath));
/// assert_eq!(ReturnTo::parse("/%2F/evil.example"), Err(ReturnToError::Elsewhere));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReturnToError {
    /// It holds a space, a backslash or a control character, plainly or after its path is decoded.
    #[error("a destination must not hold spaces, backslashes or control characters")]
    Character,
    /// The bytes of the query value are not UTF-8.
    #[error("a destination must be UTF-8")]
    Encoding,
    /// It leads away from this application, or would if it were read less carefully.
    #[error("a destination must stay within this application")]
    Elsewhere,
    /// It does not start with a slash.
    #[error("a destination must be a path that starts with a slash")]
    NotAPath,
    /// It is longer than 2048 bytes.
    #[error("a destination must not be longer than 2048 bytes")]
    TooLong,
}

impl ReturnTo {
    /// Reads a destination: a path with query and fragment, already taken out of whatever carried it.
    ///
    /// # Errors
    /// When it is not a path of this application, or not safely one.
    pub fn parse(destination: &str) -> Result<Self, ReturnToError> {
        if destination.len() > MAX_LENGTH {
            return Err(ReturnToError::TooLong);
        }
        if !destination.starts_with('/') {
            return Err(ReturnToError::NotAPath);
        }
        // Browsers drop some of these and read a backslash as a slash, so the checks below would see another text.
        if destination.bytes().any(|byte| byte <= b' ' || byte == 0x7f || byte == b'\\') {
            return Err(ReturnToError::Character);
        }
        let url = resolve(destination)?;
        check_decoded(url.path())?;

        let mut text = url.path().to_owned();
        for (mark, part) in [('?', url.query()), ('#', url.fragment())] {
            if let Some(part) = part.filter(|part| !part.is_empty()) {
                text.push(mark);
                text.push_str(part);
            }
        }
        if text.len() > MAX_LENGTH {
            return Err(ReturnToError::TooLong);
        }
        Ok(Self(text))
    }

    /// Reads a destination from the raw value of a query parameter: what stands between `=` and `&`, still encoded.
    ///
    /// ```
    /// use landfall::ReturnTo;
    ///
    /// assert_eq!(ReturnTo::parse_query_value("%2Freports%3Ftab%3D2")?.as_str(), "/reports?tab=2");
    /// # Ok::<(), landfall::ReturnToError>(())
    /// ```
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and when the value does not decode to UTF-8.
    pub fn parse_query_value(raw: &str) -> Result<Self, ReturnToError> {
        if raw.len() > MAX_LENGTH * 3 {
            return Err(ReturnToError::TooLong);
        }
        let spaced = raw.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| ReturnToError::Encoding)?;
        Self::parse(&decoded)
    }

    /// The application's root, `/`.
    pub fn root() -> Self {
        Self(String::from("/"))
    }

    /// The destination as it is sent: normalised, percent-encoded ASCII, starting with one slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ReturnTo {
    fn default() -> Self {
        Self::root()
    }
}

impl fmt::Display for ReturnTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<&str> for ReturnTo {
    type Error = ReturnToError;

    fn try_from(destination: &str) -> Result<Self, ReturnToError> {
        Self::parse(destination)
    }
}

/// Resolves as a browser does. A text that does not parse is refused: a browser might still go somewhere with it.
fn resolve(path: &str) -> Result<Url, ReturnToError> {
    let Ok(base) = &*ORIGIN else { return Err(ReturnToError::Elsewhere) };
    let url = base.join(path).map_err(|_| ReturnToError::Elsewhere)?;
    // Scheme, host and port; with a name or a password between them it is another text.
    let stays = url[..Position::BeforePath] == base[..Position::BeforePath]
        && !path.starts_with("//")
        // `/.//host` stays as a whole URL, but not when its path is sent alone.
        && !url.path().starts_with("//");
    if stays { Ok(url) } else { Err(ReturnToError::Elsewhere) }
}

/// Checks what a path becomes when a proxy or a handler decodes it again, folds look-alike characters, or both.
///
/// Each reading is made of the one before. So where one brings nothing new, neither do those that would follow, and
/// what would be checked has been checked.
fn check_decoded(path: &str) -> Result<(), ReturnToError> {
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    let (mut plain, mut folded) = (path.to_owned(), path.to_owned());
    for reading in 0..DECODINGS {
        let decoded = decode(&plain).into_owned();
        let normalized = nfkc.normalize(&decode(&folded)).into_owned();
        if reading > 0 && decoded == plain && normalized == folded {
            break;
        }
        (plain, folded) = (decoded, normalized);
        check_reading(&plain)?;
        if folded != plain {
            check_reading(&folded)?;
        }
    }
    Ok(())
}

/// Decodes once. A broken sequence becomes U+FFFD, which means nothing in a path.
fn decode(path: &str) -> Cow<'_, str> {
    percent_decode_str(path).decode_utf8_lossy()
}

/// Checks a path as some reader may come to see it.
fn check_reading(path: &str) -> Result<(), ReturnToError> {
    if path.chars().any(char::is_control) {
        return Err(ReturnToError::Character);
    }
    // A mark that came out of the decoding is part of the path here.
    let path = if path.contains(['?', '#']) {
        Cow::Owned(path.replace('?', "%3F").replace('#', "%23"))
    } else {
        Cow::Borrowed(path)
    };
    resolve(&path)?;
    // White space beside the first slash is what some readers trim.
    if path.contains(char::is_whitespace) {
        resolve(&path.replace(char::is_whitespace, ""))?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "return_to_tests.rs"]
mod tests;
