//! A person in one argument: `ada:name=Ada Lovelace,role=admin`.

use serde_json::Value;

use super::error::ArgumentError;
use super::said::Place;
use crate::provider::Person;

/// The claim that `role` goes into, which Landfall reads roles from unless it is told otherwise.
const ROLES: &str = "roles";

/// Reads a subject, and behind a colon what is said of it.
pub(super) fn person(text: &str, place: &Place) -> Result<Person, ArgumentError> {
    let (subject, claims) = text.split_once(':').unwrap_or((text, ""));
    let subject = subject.trim();
    if subject.is_empty() {
        let problem = format!("{text:?} names nobody");
        return Err(place.wrong(problem, "begin with the subject, as ada:role=admin"));
    }
    let mut said: Vec<(&str, Vec<&str>)> = Vec::new();
    for pair in claims.split(',').filter(|pair| !pair.trim().is_empty()) {
        let Some((name, value)) = pair.split_once('=').map(|(name, value)| (name.trim(), value.trim()))
        else {
            let problem = format!("{pair:?} of {subject} is no claim");
            return Err(
                place.wrong(problem, "write it as CLAIM=VALUE, with commas between, as role=admin,role=dev")
            );
        };
        if name.is_empty() {
            let problem = format!("a claim of {subject} has no name: {pair:?}");
            return Err(place.wrong(problem, "write it as CLAIM=VALUE"));
        }
        let name = if name == "role" { ROLES } else { name };
        match said.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => said.push((name, vec![value])),
        }
    }
    Ok(said.into_iter().fold(Person::new(subject), add))
}

/// A claim with one value, or a list. Names and addresses bring with them what belongs to them.
fn add(person: Person, (name, values): (&str, Vec<&str>)) -> Person {
    match (name, values.as_slice()) {
        ("name", [name]) => person.name(*name),
        ("email", [address]) => person.email(*address),
        (ROLES, roles) => person.claim(ROLES, roles.to_vec()),
        (name, [one]) => person.claim(name, value(one)),
        (name, several) => person.claim(name, several.iter().map(|one| value(one)).collect::<Vec<_>>()),
    }
}

/// True and false are what they are called; all else is text.
fn value(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        text => Value::from(text),
    }
}
