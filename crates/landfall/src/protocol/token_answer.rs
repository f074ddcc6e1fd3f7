//! What the token endpoint answers (RFC 6749 §5.1 and §5.2), read in one pass.
//!
//! Apart from [`token`](super::token) because this file says what stands there, and that one whether it is good. An
//! answer is read once, whatever it turns out to be: an error, tokens, or both. Text is borrowed from the body where
//! it holds no escapes, so that a token is copied once, into its [`Secret`](crate::crypto::secret::Secret).

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The members that mean something to us; all others are ignored (RFC 6749 §5.1). [`Answer`] keeps them in this order.
const KNOWN: [&str; 7] =
    ["access_token", "error", "expires_in", "id_token", "refresh_token", "scope", "token_type"];

/// An answer of the token endpoint, as it stands. It holds tokens, so there is no `Debug`.
#[derive(Default)]
pub(super) struct Answer<'a> {
    /// As in [`KNOWN`].
    members: [Member<'a>; KNOWN.len()],
    /// Which of them are there more than once. The first counts, for nothing but to refuse the answer.
    repeated: [bool; KNOWN.len()],
}

/// A member of the answer.
#[derive(Default)]
pub(super) enum Member<'a> {
    /// Not there, or null, which says as little.
    #[default]
    Absent,
    /// A string.
    Text(Cow<'a, str>),
    /// A number, taken for seconds: it saturates, and what lies below zero is zero.
    Seconds(u64),
    /// Anything else.
    Other,
}

impl<'a> Answer<'a> {
    /// Reads a body. `None` where it is not one JSON object with nothing behind it.
    pub(super) fn read(body: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// The member of this name.
    ///
    /// # Errors
    /// Where it is there more than once: first or last would be a guess.
    pub(super) fn member(&self, name: &str) -> Result<&Member<'a>, Repeated> {
        let mut all = KNOWN.iter().zip(&self.members).zip(&self.repeated);
        match all.find(|((known, _), _)| **known == name) {
            Some((_, true)) => Err(Repeated),
            Some(((_, member), false)) => Ok(member),
            None => Ok(&Member::Absent),
        }
    }

    /// The name of a member that is there more than once, if there is one.
    pub(super) fn repeated(&self) -> Option<&'static str> {
        KNOWN.iter().zip(self.repeated).find_map(|(name, repeated)| repeated.then_some(*name))
    }

    /// The code of an error answer (RFC 6749 §5.2); `None` for an answer that says none, or two.
    pub(super) fn error(&self) -> Option<&str> {
        match self.member("error") {
            Ok(Member::Text(code)) => Some(code),
            _ => None,
        }
    }
}

/// A member is there more than once.
#[derive(Debug)]
pub(super) struct Repeated;

impl<'de> Deserialize<'de> for Answer<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AnswerVisitor)
    }
}

/// Takes one object apart: the members that are known, each the first time it comes. One that comes again is noted and
/// skipped, so that [`Answer::repeated`] can refuse the whole; one that is not known is skipped without being built.
struct AnswerVisitor;

impl<'de> Visitor<'de> for AnswerVisitor {
    type Value = Answer<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Answer<'de>, A::Error> {
        let mut answer = Answer::default();
        let mut seen = [false; KNOWN.len()];
        while let Some(Name(name)) = access.next_key()? {
            let places = answer.members.iter_mut().zip(&mut answer.repeated).zip(&mut seen);
            match KNOWN.iter().zip(places).find(|(known, _)| **known == name) {
                Some((_, ((member, _), seen))) if !*seen => {
                    *seen = true;
                    *member = access.next_value()?;
                }
                Some((_, ((_, repeated), _))) => {
                    *repeated = true;
                    access.next_value::<IgnoredAny>()?;
                }
                None => {
                    access.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(answer)
    }
}

/// The name of a member, its escapes resolved.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Member<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberVisitor)
    }
}

/// Takes whatever value a member has. Lists and objects are walked to their end and thrown away: what no member of ours
/// can be need not be kept, and serde bounds how deep they go.
struct MemberVisitor;

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = Member<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Member::Absent)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Member::Other)
    }

    fn visit_u64<E>(self, seconds: u64) -> Result<Self::Value, E> {
        Ok(Member::Seconds(seconds))
    }

    fn visit_i64<E>(self, seconds: i64) -> Result<Self::Value, E> {
        Ok(Member::Seconds(u64::try_from(seconds).unwrap_or_default()))
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturation is wanted")]
    fn visit_f64<E>(self, seconds: f64) -> Result<Self::Value, E> {
        Ok(if seconds.is_finite() { Member::Seconds(seconds as u64) } else { Member::Other })
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Member::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Member::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        while access.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Member::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        while access.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Member::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Member};

    #[test]
    fn an_answer_is_one_object_and_nothing_behind_it() {
        for body in ["", "[]", "[\"invalid_grant\"]", "null", "{", "{}x", "{}{}", "\u{feff}{}"] {
            assert!(Answer::read(body.as_bytes()).is_none(), "{body:?}");
        }
        assert!(Answer::read(&vec![b'['; 100_000]).is_none());
        assert!(Answer::read(format!("{{\"scope\":{}", "[".repeat(100_000)).as_bytes()).is_none());
    }

    #[test]
    fn a_member_that_is_there_twice_is_none_also_when_written_differently() {
        for body in [r#"{"error":"a","error":"a"}"#, r#"{"error":"a","\u0065rror":null}"#] {
            let answer = Answer::read(body.as_bytes()).unwrap();
            assert_eq!((answer.error(), answer.repeated()), (None, Some("error")), "{body}");
            assert!(answer.member("error").is_err());
        }
        assert!(Answer::read(br#"{"x":1,"x":2}"#).unwrap().repeated().is_none(), "nobody looks at these");
    }

    #[test]
    fn a_value_is_text_or_seconds_or_nothing() {
        let seconds = |value: &str| {
            let body = format!("{{\"expires_in\":{value}}}");
            match Answer::read(body.as_bytes()).unwrap().member("expires_in").unwrap() {
                Member::Seconds(seconds) => Some(*seconds),
                _ => None,
            }
        };
        for (value, expected) in [("300", 300), ("300.9", 300), ("-1", 0), ("-0.5", 0), ("1e300", u64::MAX)] {
            assert_eq!(seconds(value), Some(expected), "{value}");
        }
        for value in ["null", "true", "\"300\"", "[300]", "{\"a\":300}"] {
            assert_eq!(seconds(value), None, "{value}");
        }
        let escaped = Answer::read(br#"{"error":"inv\u0061lid"}"#).unwrap();
        assert_eq!(escaped.error(), Some("invalid"));
        assert_eq!(Answer::read(br#"{"error":["invalid_grant"]}"#).unwrap().error(), None);
    }
}
