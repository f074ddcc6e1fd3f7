//! The same words from a TOML file.

use std::path::Path;

use super::error::ArgumentError;
use super::said::{AllSaid, Place};

/// What the file says.
#[cfg(not(feature = "toml"))]
pub(super) fn read(_path: &Path, place: &Place) -> Result<AllSaid, ArgumentError> {
    Err(place.wrong(
        "this program reads no files",
        "build landfall-testkit with its feature `toml`, or say it in arguments",
    ))
}

/// What the file says.
#[cfg(feature = "toml")]
pub(super) fn read(path: &Path, place: &Place) -> Result<AllSaid, ArgumentError> {
    use super::words::{CONFIG, find, nearest};

    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| place.wrong(format!("{name} cannot be read ({error})"), "name a TOML file"))?;
    let table: toml::Table = text.parse().map_err(|error| malformed(&name, &text, &error))?;
    let mut said = AllSaid::default();
    for (key, value) in table {
        let place = Place::file(&key, &name);
        let Some(word) = find(&key).filter(|word| word.name != CONFIG) else {
            let remedy = match nearest(&key).filter(|word| word.name != CONFIG) {
                Some(word) => format!("did you mean {}?", word.name),
                None => "--help lists the words".to_owned(),
            };
            return Err(place.wrong("there is no such word", remedy));
        };
        match value {
            toml::Value::Boolean(yes) if word.is_switch() => {
                if yes {
                    said.add(word, None, place)?;
                }
            }
            _ if word.is_switch() => {
                return Err(place.wrong("neither true nor false", "write true, or leave it out"));
            }
            toml::Value::Array(values) if word.many => {
                for value in values {
                    said.add(word, Some(one(word, value, &place)?), place.clone())?;
                }
            }
            value => said.add(word, Some(one(word, value, &place)?), place)?,
        }
    }
    Ok(said)
}

/// One value as an argument would say it.
#[cfg(feature = "toml")]
fn one(word: &super::words::Word, value: toml::Value, place: &Place) -> Result<String, ArgumentError> {
    match value {
        toml::Value::String(text) => Ok(text),
        toml::Value::Integer(number) => Ok(number.to_string()),
        other => {
            let lists = if word.many { ", or a list of them" } else { "" };
            let kind = other.type_str();
            Err(place.wrong(format!("a {kind} is no value here"), format!("write text in quotes{lists}")))
        }
    }
}

/// What is no TOML, with its line's number and without the line: there may be a secret on it.
#[cfg(feature = "toml")]
fn malformed(name: &str, text: &str, error: &toml::de::Error) -> ArgumentError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    // The first line alone: the others may repeat the text.
    let message = error.message().lines().next().unwrap_or_default();
    ArgumentError::wrong(
        format!("{name}, line {line}"),
        format!("no TOML ({message})"),
        "write WORD = \"VALUE\"",
    )
}
