//! Why claims, or what an application kept with a session, do not fit its type: the field and the kinds, never a value.
//!
//! What serde says of a misfit may quote the value, which is somebody's data, so none of it can go into a log. Here the
//! value is read once more, by a deserializer whose errors hold nothing but what the type itself says (its fields, what
//! it expects) and of which kind the value was. It runs where the reading has failed already; what it does not
//! understand stays "does not fit".

use std::fmt;

use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

use super::identity::is_always_kept;
use crate::error::{Error, ErrorCode};

/// Why a value does not fit a type.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// Where in the value, the innermost name first.
    path: Vec<String>,
    why: Why,
}

/// What is wrong at the end of the path.
#[derive(Debug, PartialEq, Eq)]
enum Why {
    /// The type has this field, and the value does not.
    Missing(&'static str),
    /// In words that hold no value.
    Other(String),
}

/// Why these claims do not fit the type; `None` where that cannot be told. Their names may be told.
fn misfit<T: DeserializeOwned>(claims: Value) -> Option<Misfit> {
    T::deserialize(Reader { value: claims, names: Names::All }).err()
}

/// The same of what an application kept itself: its names may be somebody's, but for the fields of a struct.
pub(crate) fn misfit_of_data<T: DeserializeOwned>(data: Value) -> Option<Misfit> {
    T::deserialize(Reader { value: data, names: Names::Hidden }).err()
}

/// Where claims come from, which says what to do about one that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClaimsOf {
    /// A sign-in: all that the provider sent.
    SignIn,
    /// A session in a store, which keeps all of them.
    StoredSession,
    /// A session in its cookie, which keeps those that are named.
    SealedSession,
}

/// The error of claims that do not fit a type: what is missing and how it comes there, or what does not fit. It holds no
/// value of theirs.
///
/// What to do about a claim that is missing depends on where the claims were:
///
/// - in a sealed cookie, which keeps a few: name it in `keep_claims`, unless it is one of those few;
/// - anywhere else all that came is there: the provider did not send it, and a scope or userinfo may bring it.
///
/// A field that is missing deeper inside is named by its path alone: nobody can ask for a part of a claim.
pub(crate) fn claims_error<T: DeserializeOwned>(claims: Map<String, Value>, of: ClaimsOf) -> Error {
    let misfit = misfit::<T>(Value::Object(claims));
    let whose = if of == ClaimsOf::SignIn { "of the sign-in" } else { "kept at sign-in" };
    let mut detail = format!("the claims {whose} do not fit {}", std::any::type_name::<T>());
    if let Some(misfit) = &misfit {
        detail.extend([": ", misfit.to_string().as_str()]);
    }
    if let Some(name) = misfit.as_ref().and_then(Misfit::missing) {
        let way = match of {
            ClaimsOf::SealedSession if !is_always_kept(name) => format!(
                "; without a `store` a session keeps the claims that `keep_claims` names: add {name:?} there, from the \
                 next sign-in on it is kept, if the provider sends it"
            ),
            _ => "; the provider did not send it: ask for the scope that brings it (`scopes`), see `userinfo`, or let \
                  the field be an Option"
                .to_owned(),
        };
        detail.push_str(&way);
    }
    Error::new(ErrorCode::Misconfigured).detail(detail)
}

impl Misfit {
    /// The claim that is missing, where it is one of the value's own and not one deeper inside.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        match self.why {
            Why::Missing(name) if self.path.is_empty() => Some(name),
            _ => None,
        }
    }

    /// For what is told in words.
    fn other(why: impl Into<String>) -> Self {
        Self { path: Vec::new(), why: Why::Other(why.into()) }
    }

    /// The same, one level further out.
    fn within(mut self, name: String) -> Self {
        self.path.push(name);
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            let path: Vec<_> = self.path.iter().rev().map(String::as_str).collect();
            write!(f, "{}: ", path.join("."))?;
        }
        match &self.why {
            Why::Missing(name) => write!(f, "{name:?} is missing"),
            Why::Other(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Misfit {}

/// What serde knows of an error beyond its words.
impl de::Error for Misfit {
    /// Somebody's own words, which may hold anything.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::other("the type itself refuses it")
    }

    /// A text where a list is expected, say: `expected` is the type's own word.
    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::other(format!("{} where {expected} is expected", kind(found)))
    }

    /// Of the right kind, and out of range.
    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::other(format!("{} that is not {expected}", kind(found)))
    }

    /// A tuple or an array of another length.
    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        Self::other(format!("{length} elements where {expected} is expected"))
    }

    /// The name that was sent is a value, so only those that the type knows are told.
    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::other(format!("a value that is none of {}", expected.join(", ")))
    }

    /// The name that was sent may be of anybody's choice, so only those that the type knows are told.
    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self::other(format!("a field beyond {}, and the type denies unknown ones", expected.join(", ")))
    }

    /// The field's name is the type's own.
    fn missing_field(field: &'static str) -> Self {
        Self { path: Vec::new(), why: Why::Missing(field) }
    }

    /// The field's name is the type's own.
    fn duplicate_field(field: &'static str) -> Self {
        Self::other(format!("{field:?} is there twice"))
    }
}

/// Of which kind a value is, without the value.
fn kind(found: de::Unexpected<'_>) -> &'static str {
    match found {
        de::Unexpected::Bool(_) => "true or false",
        de::Unexpected::Unsigned(_) | de::Unexpected::Signed(_) | de::Unexpected::Float(_) => "a number",
        de::Unexpected::Char(_) | de::Unexpected::Str(_) => "a text",
        de::Unexpected::Unit | de::Unexpected::Option => "null",
        de::Unexpected::Seq => "an array",
        de::Unexpected::Map => "an object",
        _ => "something else",
    }
}

/// Which names of an object may be told.
#[derive(Clone, Copy)]
enum Names {
    /// All: those of claims.
    All,
    /// The fields of a struct. Another name deeper inside may be somebody's.
    Of(&'static [&'static str]),
    /// None.
    Hidden,
}

/// A value to be read.
struct Reader {
    value: Value,
    /// Which of its names may be told, if it is an object.
    names: Names,
}

impl Reader {
    /// One further inside.
    fn inner(value: Value) -> Self {
        Self { value, names: Names::Hidden }
    }
}

impl<'de> Deserializer<'de> for Reader {
    type Error = Misfit;

    /// By what the value is. A number is the smallest kind that holds it, as in `serde_json`.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => visitor.visit_u64(number),
                (_, Some(number), _) => visitor.visit_i64(number),
                (.., Some(number)) => visitor.visit_f64(number),
                _ => Err(Misfit::other("a number that is too large")),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(values) => visitor.visit_seq(Elements { values: values.into_iter(), at: 0 }),
            Value::Object(object) => visitor.visit_map(Fields::of(object, self.names)),
        }
    }

    /// `null` is none, as in `serde_json`.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    /// The fields of a struct are the type's own words, so a path may name them.
    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        if matches!(self.names, Names::Hidden) {
            self.names = Names::Of(fields);
        }
        self.deserialize_any(visitor)
    }

    /// A text names the variant alone, an object the variant with what it holds.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self.value {
            Value::String(name) => visitor.visit_enum(IntoDeserializer::<Misfit>::into_deserializer(name)),
            Value::Object(object) => {
                visitor.visit_enum(MapAccessDeserializer::new(Fields::of(object, Names::Hidden)))
            }
            _ => Err(Misfit::other("neither a text nor an object where one of several is expected")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

/// The elements of an array.
struct Elements {
    values: std::vec::IntoIter<Value>,
    at: usize,
}

impl<'de> SeqAccess<'de> for Elements {
    type Error = Misfit;

    /// The place in the array stands in the path.
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit> {
        let Some(value) = self.values.next() else { return Ok(None) };
        let at = self.at;
        self.at += 1;
        seed.deserialize(Reader::inner(value)).map(Some).map_err(|misfit| misfit.within(at.to_string()))
    }
}

/// The fields of an object.
struct Fields {
    left: serde_json::map::IntoIter,
    names: Names,
    /// The name that was read last, with its value.
    next: Option<(String, Value)>,
}

impl Fields {
    /// The fields of this object, before the first is read.
    fn of(object: Map<String, Value>, names: Names) -> Self {
        Self { left: object.into_iter(), names, next: None }
    }
}

impl<'de> MapAccess<'de> for Fields {
    type Error = Misfit;

    /// The name is kept for the path of what stands behind it.
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Misfit> {
        let Some((name, value)) = self.left.next() else { return Ok(None) };
        let key = Key(name.clone());
        self.next = Some((name, value));
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        let (name, value) = self.next.take().unwrap_or_default();
        seed.deserialize(Reader::inner(value)).map_err(|misfit| {
            let told = match self.names {
                Names::All => true,
                Names::Of(fields) => fields.contains(&name.as_str()),
                Names::Hidden => false,
            };
            misfit.within(if told { crate::error::printable(&name) } else { "*".to_owned() })
        })
    }
}

/// A name, read as JSON's names are: as a text, or as the number or the word that is written in it.
struct Key(String);

impl Key {
    /// A whole number, if one is written in it; what the type makes of a text otherwise.
    fn number<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match (self.0.parse(), self.0.parse()) {
            (Ok(number), _) => visitor.visit_u64(number),
            (_, Ok(number)) => visitor.visit_i64(number),
            _ => visitor.visit_string(self.0),
        }
    }
}

/// The methods of all kinds of whole numbers: one reading serves them all.
macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
            self.number(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Key {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_string(self.0)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_some(self)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0.parse() {
            Ok(word) => visitor.visit_bool(word),
            Err(_) => visitor.visit_string(self.0),
        }
    }

    numbers! { deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        StringDeserializer::<Misfit>::new(self.0).deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier
        ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "it is read, or not")]
    struct Member {
        sub: String,
        groups: Vec<String>,
        level: Option<u8>,
        plan: Option<Plan>,
        address: Option<BTreeMap<String, Address>>,
    }

    #[derive(Debug, Deserialize)]
    enum Plan {
        Free,
        Paid,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "it is read, or not")]
    struct Address {
        city: String,
    }

    fn said(value: Value) -> String {
        let found = misfit::<Member>(value).unwrap().to_string();
        assert!(!found.contains("PLANTED"), "{found}");
        found
    }

    #[test]
    fn a_missing_claim_is_named_and_a_wrong_one_told_by_its_kind_and_no_value_is_shown() {
        let missing = misfit::<Member>(json!({"sub": "PLANTED"})).unwrap();
        assert_eq!(
            (missing.missing(), missing.to_string().as_str()),
            (Some("groups"), "\"groups\" is missing")
        );
        for (value, why) in [
            (json!({"sub": 7, "groups": []}), "sub: a number where a string is expected"),
            (json!({"sub": "a", "groups": "PLANTED"}), "groups: a text where a sequence is expected"),
            (
                json!({"sub": "a", "groups": ["b", {"PLANTED": 1}]}),
                "groups.1: an object where a string is expected",
            ),
            (json!({"sub": "a", "groups": [], "level": 700}), "level: a number that is not u8"),
            (
                json!({"sub": "a", "groups": [], "plan": "PLANTED"}),
                "plan: a value that is none of Free, Paid",
            ),
            (
                json!({"sub": "a", "groups": [], "plan": ["PLANTED"]}),
                "plan: neither a text nor an object where one of several is expected",
            ),
            (json!({"sub": "a", "groups": [], "address": {"PLANTED": {}}}), "address.*: \"city\" is missing"),
            (
                json!({"sub": "a", "groups": [], "address": {"PLANTED": {"city": 1}}}),
                "address.*.city: a number where a string is expected",
            ),
            (json!("PLANTED"), "a text where struct Member is expected"),
        ] {
            assert_eq!(said(value), why);
        }
        assert_eq!(misfit::<Member>(json!({"sub": "a", "groups": [], "plan": "Free", "more": 1})), None);
        assert_eq!(
            misfit::<Member>(json!({"sub": "a", "groups": [], "address": {"x": {}}})).unwrap().missing(),
            None
        );
    }

    #[test]
    fn a_claim_that_is_missing_is_told_with_the_way_to_have_it() {
        let detail = |of| {
            let claims = Map::from_iter([("sub".to_owned(), json!("PLANTED"))]);
            claims_error::<Member>(claims, of).operator_detail().unwrap().to_owned()
        };
        let sealed = detail(ClaimsOf::SealedSession);
        assert!(
            sealed.contains("\"groups\" is missing")
                && sealed.contains("`keep_claims` names: add \"groups\""),
            "{sealed}"
        );
        for of in [ClaimsOf::SignIn, ClaimsOf::StoredSession] {
            let detail = detail(of);
            assert!(detail.contains("did not send it") && !detail.contains("keep_claims"), "{detail}");
        }
        let nameless = claims_error::<BTreeMap<String, u8>>(
            Map::from_iter([("a".to_owned(), json!("PLANTED"))]),
            ClaimsOf::SignIn,
        );
        let detail = nameless.operator_detail().unwrap();
        assert!(detail.ends_with(": a: a text where u8 is expected"), "{detail}");
    }

    #[test]
    fn what_a_type_says_in_its_own_words_is_not_repeated() {
        #[derive(Debug)]
        struct Own;
        impl<'de> Deserialize<'de> for Own {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Err(de::Error::custom(String::deserialize(from)?))
            }
        }
        assert_eq!(misfit::<Own>(json!("PLANTED")).unwrap().to_string(), "the type itself refuses it");
    }

    #[test]
    fn names_that_are_no_texts_are_read_as_json_reads_them_and_those_of_data_are_not_told() {
        #[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
        struct TenantId(String);
        #[derive(Debug, Deserialize)]
        #[allow(dead_code, reason = "read, and not looked at")]
        struct Employee {
            grants: BTreeMap<TenantId, Vec<String>>,
            years: BTreeMap<u16, bool>,
            department: String,
        }
        let found = misfit::<Employee>(json!({"grants": {"PLANTED": []}, "years": {"2026": true}})).unwrap();
        assert_eq!(found.missing(), Some("department"), "{found}");
        let data = misfit_of_data::<BTreeMap<String, u64>>(json!({"PLANTED@example.com": "a"})).unwrap();
        assert!(!data.to_string().contains("PLANTED"), "{data}");
    }
}
