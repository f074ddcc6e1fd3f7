//! JSON objects whose member names are unique.
//!
//! A file of its own because the readers of headers, claims and webhooks share it, and because what it prevents is
//! easily overlooked: `serde_json` takes the last of two members of one name, other libraries the first. Where two
//! programs look at one token, say a gateway that checks `iss` and this crate that checks it again, a repeated name
//! would let each see another value.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

/// Reads a JSON object, and refuses one that names a member twice (RFC 7515 §4, RFC 7519 §4).
///
/// Names are compared after their escapes are resolved. Members of inner objects are not looked at: nothing that is
/// decided here depends on them. Depth is bounded by `serde_json`, so that nesting cannot overflow the stack.
///
/// # Errors
/// Anything but one object with unique names and nothing but white space behind it. The error may quote the text:
/// callers drop it and say in their own words what is wrong.
pub(crate) fn unique_object(json: &[u8]) -> Result<Map<String, Value>, serde_json::Error> {
    serde_json::from_slice::<Unique>(json).map(|unique| unique.0)
}

/// An object that was read with [`UniqueVisitor`].
struct Unique(Map<String, Value>);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UniqueVisitor)
    }
}

/// Collects the members one by one and stops at the first name that is there already.
struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Unique, A::Error> {
        let mut map = Map::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("a member is there twice"));
            }
        }
        Ok(Unique(map))
    }
}

#[cfg(test)]
mod tests {
    use super::unique_object;

    #[test]
    fn a_member_that_is_there_twice_is_refused_also_when_written_differently() {
        assert!(unique_object(br#"{"a":1,"b":1}"#).is_ok());
        assert!(unique_object(br#"{"a":1,"a":1}"#).is_err());
        assert!(unique_object(br#"{"a":1,"\u0061":1}"#).is_err());
    }

    #[test]
    fn only_an_object_and_nothing_after_it_is_read() {
        for json in ["", "[]", "1", "null", "\"x\"", "{", "{}x", "{}{}", "\u{feff}{}"] {
            assert!(unique_object(json.as_bytes()).is_err(), "{json:?}");
        }
        assert!(unique_object(&vec![b'['; 100_000]).is_err());
    }
}
