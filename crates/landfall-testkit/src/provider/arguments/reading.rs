//! Arguments, read one by one.

use std::ffi::OsString;
use std::path::Path;

use lexopt::{Arg, Parser};

use super::error::ArgumentError;
use super::file;
use super::said::{AllSaid, Place};
use super::words::{CONFIG, Word, find, help, nearest};

/// Everything that the arguments say, with what the file that they name says besides.
pub(super) fn read(arguments: impl Iterator<Item = OsString>) -> Result<AllSaid, ArgumentError> {
    let mut parser = Parser::from_args(arguments.collect::<Vec<_>>());
    let mut said = AllSaid::default();
    let mut before: Option<&'static Word> = None;
    while let Some(argument) = parser.next().map_err(|error| unreadable(before, &error))? {
        let word = match argument {
            Arg::Long("help") | Arg::Short('h') => return Err(ArgumentError::Help(help())),
            Arg::Long(name) => find(name).ok_or_else(|| unknown(name))?,
            Arg::Short(letter) => {
                let place = format!("-{letter}");
                return Err(ArgumentError::wrong(place, "there are no short arguments", TRY_HELP));
            }
            Arg::Value(value) => return Err(unexpected(before, &value.to_string_lossy())),
        };
        let place = Place::argument(word);
        let value = if word.is_switch() { None } else { Some(value(&mut parser, word, &place)?) };
        said.add(word, value, place)?;
        before = Some(word);
    }
    if let Some((path, place)) = said.value(CONFIG) {
        let file = file::read(Path::new(path), place)?;
        said.complete(file);
    }
    Ok(said)
}

/// What to do where nothing better can be said.
const TRY_HELP: &str = "--help lists what there is";

/// The value behind a word. What begins with two dashes is the next word, and no value.
fn value(parser: &mut Parser, word: &Word, place: &Place) -> Result<String, ArgumentError> {
    let missing = || place.wrong("its value is missing", format!("write {}", word.example()));
    let value = if let Some(value) = parser.optional_value() {
        value
    } else {
        let mut rest = parser.raw_args().map_err(|_| missing())?;
        rest.next_if(|next| !next.to_string_lossy().starts_with("--")).ok_or_else(missing)?
    };
    value.into_string().map_err(|_| place.wrong("its value is not UTF-8", "write it in UTF-8"))
}

fn unknown(name: &str) -> ArgumentError {
    let remedy = match nearest(name) {
        Some(word) => format!("did you mean --{}?", word.name),
        None => TRY_HELP.to_owned(),
    };
    ArgumentError::wrong(format!("--{name}"), "there is no such argument", remedy)
}

/// A value that belongs to no word. Behind a secret it may be the secret's other half.
fn unexpected(before: Option<&'static Word>, value: &str) -> ArgumentError {
    match before {
        Some(word) if word.secret => ArgumentError::wrong(
            word.argument(),
            "more than one value behind it (not shown, it may belong to the secret)",
            "put quotes around a secret with spaces",
        ),
        Some(word) if word.is_switch() => ArgumentError::wrong(
            word.argument(),
            format!("takes no value, and {value:?} is behind it"),
            "leave it out",
        ),
        Some(word) => ArgumentError::wrong(
            word.argument(),
            format!("takes one value, and {value:?} is behind it"),
            if word.many {
                format!("write {} again for one more, and quotes around spaces", word.argument())
            } else {
                "put quotes around a value with spaces".to_owned()
            },
        ),
        None => ArgumentError::wrong(
            format!("{value:?}"),
            "an argument begins with two dashes",
            format!("{TRY_HELP}; a file is --{CONFIG} FILE"),
        ),
    }
}

/// What the reader itself refuses: a value for a switch.
fn unreadable(before: Option<&'static Word>, error: &lexopt::Error) -> ArgumentError {
    match before {
        Some(word) => ArgumentError::wrong(word.argument(), "takes no value", "leave it out"),
        None => ArgumentError::wrong("the arguments", error.to_string(), TRY_HELP),
    }
}
