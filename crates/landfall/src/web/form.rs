//! Queries and forms: the one reader of their pairs, their media types and their bodies.
//!
//! `application/x-www-form-urlencoded`, as the URL Standard writes it. What cannot be decoded is no value: two
//! readers that repair it differently would see two requests. For the same reason nobody here chooses among several
//! values of one name: [`parameter`] takes one that is there once, and [`values`] shows all of them to a caller
//! with a rule of its own.

use std::borrow::Cow;

use bytes::Bytes;

use crate::error::{Error, ErrorCode};
use crate::web::reply::BodyError;
use crate::web::request::RequestView;

/// Every name and value, in order and as they were sent. A name without `=` has an empty value; empty pairs are
/// left out.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// A name or a value as it was meant, read strictly: a percent sign must lead two hexadecimal digits, and the bytes must
/// be UTF-8. `None` for anything else.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+') || !byte.is_ascii()) {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                out.push(u8::try_from(high * 16 + low).ok()?);
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

/// Every value of a parameter, in order; `None` for one that cannot be decoded.
pub(crate) fn values<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = Option<Cow<'a, str>>> {
    pairs(text)
        .filter(move |(key, _)| decode(key).is_some_and(|key| key == name))
        .map(|(_, value)| decode(value))
}

/// The value of a parameter, if it is there once and can be read. Twice is as if it were not there (RFC 6749 §3.1).
pub(crate) fn parameter(text: &str, name: &str) -> Option<String> {
    let mut values = values(text, name);
    let value = values.next()?;
    if values.next().is_some() { None } else { value.map(Cow::into_owned) }
}

/// Whether the request says that its body is a form, whatever parameters follow the media type.
pub(crate) fn is_form(view: &dyn RequestView) -> bool {
    is_of_type(view, b"application/x-www-form-urlencoded")
}

/// Whether the request says that its body is JSON. A page of another site cannot say so without being asked first
/// (a preflight of CORS).
pub(crate) fn is_json(view: &dyn RequestView) -> bool {
    is_of_type(view, b"application/json")
}

/// Compares the media type without its parameters, in any case (RFC 9110 §8.3.1).
fn is_of_type(view: &dyn RequestView, wanted: &[u8]) -> bool {
    essence(view.header("content-type").unwrap_or_default()).eq_ignore_ascii_case(wanted)
}

/// The media type in a Content-Type header, without its parameters.
pub(crate) fn essence(content_type: &[u8]) -> &[u8] {
    content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

/// A body that came whole.
///
/// `broken` is the code for one that did not, since that means something else at each endpoint.
///
/// # Errors
/// [`ErrorCode::BodyTooLarge`] beyond the limit; `broken` for a body that ended too early, or did not come in time.
pub(crate) fn whole(body: Result<Bytes, BodyError>, broken: ErrorCode) -> Result<Bytes, Error> {
    body.map_err(|error| match error {
        BodyError::TooLarge => Error::new(ErrorCode::BodyTooLarge),
        BodyError::TooSlow => Error::new(broken).detail("the body did not come in time"),
        BodyError::Incomplete => Error::new(broken).detail("the body ended before its end"),
    })
}

/// A form as text.
///
/// # Errors
/// As [`whole`], and [`ErrorCode::RequestMalformed`] for what is no UTF-8.
pub(crate) fn text(body: Result<Bytes, BodyError>) -> Result<String, Error> {
    let body = whole(body, ErrorCode::RequestMalformed)?;
    String::from_utf8(body.to_vec())
        .map_err(|_| Error::new(ErrorCode::RequestMalformed).detail("the form is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_counts_if_it_is_there_once_and_can_be_read() {
        for (text, expected) in [
            ("a=1", Some("1")),
            ("x=2&%61=1+%2b&b", Some("1 +")),
            ("a", Some("")),
            ("&&a=1&", Some("1")),
            ("a=1&a=1", None),
            ("a=1&%61=1", None),
            ("a=%ff", None),
            ("a=%zz", None),
            ("a=%", None),
            ("b=1", None),
            ("", None),
        ] {
            assert_eq!(parameter(text, "a").as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_media_type_is_what_stands_before_its_parameters() {
        assert_eq!(essence(b" application/json ; charset=utf-8"), b"application/json");
        assert_eq!(essence(b""), b"");
    }
}
