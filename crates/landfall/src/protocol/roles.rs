//! The roles of a person, out of a claim: pure rules for the shapes that providers write them in.
//!
//! No standard says how a role is written, so each provider has its own way. What is read here is what is in use:
//!
//! | in the claim | the roles |
//! |---|---|
//! | a string | one role, spaces and all; with a separator those between it |
//! | a list of strings | each of them, read as a string is |
//! | an object | its keys: those whose value is `true` or an object; `false` and `null` take one back |
//! | `true` | the claim's own name, or the last part of its path; `false` is none |
//! | `null`, or nothing there | none |
//!
//! Whatever else is there is no role, and [`Trouble::Shape`]: a role must not come of a guess. A mapping then says what the
//! application makes of what was read.

use serde_json::{Map, Value};

/// The mapping's group that stands for whoever no other line matched.
pub(crate) const ANYBODY_ELSE: &str = "*";

/// Which claim holds the roles, and what is made of it.
#[derive(Clone, Debug)]
pub(crate) struct RoleRules {
    /// Its name, or its path with dots between.
    pub(crate) claim: String,
    /// Whether the application named it: only then is it missed.
    pub(crate) is_named: bool,
    /// What parts the roles in one string; `None` where a string is one role.
    pub(crate) separator: Option<char>,
    /// Group and role, a line each; empty where roles are taken as they come.
    pub(crate) mapping: Vec<(String, String)>,
}

impl Default for RoleRules {
    fn default() -> Self {
        Self { claim: "roles".to_owned(), is_named: false, separator: None, mapping: Vec::new() }
    }
}

/// What came of a look at somebody's claims.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Roles {
    /// Each once, in the order in which it was found, or mapped.
    pub(crate) roles: Vec<String>,
    /// What the operator is told.
    pub(crate) trouble: Option<Trouble>,
}

/// Why there may be fewer roles than was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// No such claim came.
    Missing,
    /// It came in a shape that is not read, or part of it did: what JSON calls that.
    Shape(&'static str),
}

impl RoleRules {
    /// The roles in these claims.
    ///
    /// With a mapping there are none but those of its lines. The line of `*` is for whoever matched no other, and not for
    /// somebody whose claim could not be read: what they are is not known.
    pub(crate) fn read(&self, claims: &Map<String, Value>) -> Roles {
        let mut found = Found { rules: self, roles: Vec::new(), wrong: None, is_there: false };
        // The whole name comes first: claims are often named by URLs, and those hold dots.
        match claims.get(&self.claim) {
            Some(value) => found.take(value, &self.claim),
            None => found.follow(claims, &self.claim),
        }
        let trouble = match (found.wrong, found.is_there) {
            (Some(shape), _) => Some(Trouble::Shape(shape)),
            (None, true) => None,
            (None, false) => Some(Trouble::Missing),
        };
        let roles = if self.mapping.is_empty() {
            found.roles
        } else {
            self.mapped(&found.roles, found.wrong.is_none())
        };
        Roles { roles, trouble }
    }

    /// The roles of these groups, each once.
    fn mapped(&self, groups: &[String], is_known: bool) -> Vec<String> {
        let of = |matches: &dyn Fn(&str) -> bool| {
            let mut roles = Vec::new();
            for (_, role) in self.mapping.iter().filter(|(group, _)| matches(group)) {
                push(&mut roles, role);
            }
            roles
        };
        let is_held = |group: &str| group != ANYBODY_ELSE && groups.iter().any(|held| held == group);
        let roles = of(&is_held);
        if roles.is_empty() && is_known { of(&|group| group == ANYBODY_ELSE) } else { roles }
    }
}

/// What was found on the way.
struct Found<'a> {
    rules: &'a RoleRules,
    roles: Vec<String>,
    wrong: Option<&'static str>,
    is_there: bool,
}

impl Found<'_> {
    /// Goes along a path, through lists to each of their objects.
    fn follow(&mut self, within: &Map<String, Value>, path: &str) {
        let Some((first, rest)) = path.split_once('.') else {
            if let Some(value) = within.get(path) {
                self.take(value, path);
            }
            return;
        };
        match within.get(first) {
            Some(Value::Object(object)) => self.follow(object, rest),
            Some(Value::Array(list)) => {
                list.iter().filter_map(Value::as_object).for_each(|object| self.follow(object, rest));
            }
            _ => {}
        }
    }

    /// What the claim holds. `name` is what it is called.
    fn take(&mut self, value: &Value, name: &str) {
        self.is_there = true;
        match value {
            Value::String(text) => self.text(text),
            Value::Bool(true) => push(&mut self.roles, name),
            Value::Bool(false) | Value::Null => {}
            Value::Array(list) => {
                for item in list {
                    match item {
                        Value::String(text) => self.text(text),
                        other => self.wrong = Some(shape(other, true)),
                    }
                }
            }
            // One that is something else would give the names of its members for roles.
            Value::Object(object) if !object.values().all(is_mark) => {
                self.wrong = Some("an object whose values are neither true nor objects");
            }
            Value::Object(object) => {
                let held = object.iter().filter(|(_, mark)| mark.is_object() || **mark == Value::Bool(true));
                held.for_each(|(key, _)| push(&mut self.roles, key));
            }
            Value::Number(_) => self.wrong = Some(shape(value, false)),
        }
    }

    fn text(&mut self, text: &str) {
        match self.rules.separator {
            Some(separator) => {
                text.split(separator).map(str::trim).for_each(|part| push(&mut self.roles, part));
            }
            None => push(&mut self.roles, text),
        }
    }
}

/// Whether a value says of its key that it is a role, or that it is none.
fn is_mark(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::Null | Value::Object(_))
}

/// Adds a role that is not there yet; no text is none.
fn push(roles: &mut Vec<String>, role: &str) {
    if !role.is_empty() && !roles.iter().any(|has| has == role) {
        roles.push(role.to_owned());
    }
}

/// What a value is called, for the log.
fn shape(value: &Value, in_list: bool) -> &'static str {
    match (value, in_list) {
        (Value::Number(_), false) => "a number",
        (Value::Object(_), _) => "a list of objects, whose key the path does not name",
        _ => "a list of something else than strings",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(claim: &str) -> RoleRules {
        RoleRules { claim: claim.to_owned(), ..RoleRules::default() }
    }

    fn claims() -> Map<String, Value> {
        let Value::Object(claims) = json!({
            "roles": ["a", "b", "a", ""], "role": "c d", "realm_access": { "roles": ["e"] },
            "https://app.example/roles": ["f"], "empty": { "roles": [] }, "nothing": null, "blank": "",
            "groups": [{ "id": 1, "name": "g" }, { "id": 2, "name": "h" }, "stray"],
            "project": { "admin": { "org": "x" }, "viewer": true, "editor": false, "gone": null },
            "is_admin": true, "is_guest": false, "flags": { "is_ops": true },
            "mixed": ["i", 7], "number": 7, "odd": { "admin": ["x"], "viewer": true },
        }) else {
            panic!()
        };
        claims
    }

    #[test]
    fn roles_are_read_in_each_shape_by_name_or_by_path() {
        for (name, expected) in [
            ("roles", &["a", "b"][..]),
            ("role", &["c d"]),
            ("realm_access.roles", &["e"]),
            ("https://app.example/roles", &["f"]),
            ("empty.roles", &[]),
            ("nothing", &[]),
            ("blank", &[]),
            ("groups.name", &["g", "h"]),
            ("project", &["admin", "viewer"]),
            ("is_admin", &["is_admin"]),
            ("is_guest", &[]),
            ("flags.is_ops", &["is_ops"]),
        ] {
            let read = rules(name).read(&claims());
            assert_eq!(
                (read.roles, read.trouble),
                (expected.iter().map(ToString::to_string).collect(), None),
                "{name}"
            );
        }
    }

    #[test]
    fn what_is_missing_and_what_has_another_shape_is_told_apart_and_gives_no_role() {
        for name in
            ["missing", "missing.roles", "realm_access.missing", "role.name", "groups.missing", "", "roles."]
        {
            let read = rules(name).read(&claims());
            assert_eq!(read, Roles { roles: Vec::new(), trouble: Some(Trouble::Missing) }, "{name}");
        }
        for (name, expected) in [
            ("number", &[][..]),
            ("odd", &[]),
            ("realm_access", &[]),
            ("mixed", &["i"]),
            ("groups", &["stray"]),
            ("groups.id", &[]),
        ] {
            let read = rules(name).read(&claims());
            assert!(matches!(read.trouble, Some(Trouble::Shape(_))), "{name}");
            assert_eq!(read.roles, expected, "{name}");
        }
    }

    #[test]
    fn a_string_is_one_role_unless_a_separator_is_said() {
        let spaced = RoleRules { separator: Some(' '), ..rules("role") };
        assert_eq!(spaced.read(&claims()).roles, ["c", "d"]);
        let comma = RoleRules { separator: Some(','), ..rules("role") };
        let Value::Object(claims) = json!({ "role": "x y, z,,x y" }) else { panic!() };
        assert_eq!(comma.read(&claims).roles, ["x y", "z"]);
    }

    #[test]
    fn a_mapping_gives_its_own_roles_alone_and_its_star_to_whoever_matched_no_other_line() {
        let lines =
            [("ops", "admin"), ("*", "viewer"), ("ops", "staff"), ("dev", "staff"), ("is_admin", "admin")];
        let mapping = lines.map(|(group, role)| (group.to_owned(), role.to_owned())).to_vec();
        let roles = |value: Value| {
            let rules = RoleRules { mapping: mapping.clone(), ..rules("groups") };
            let Value::Object(claims) = json!({ "groups": value }) else { panic!() };
            rules.read(&claims).roles
        };
        assert_eq!(roles(json!(["dev", "ops"])), ["admin", "staff"]);
        assert_eq!(
            roles(json!(["admin", "*"])),
            ["viewer"],
            "neither a role nor the star can be had by name"
        );
        assert_eq!(roles(json!([])), ["viewer"]);
        assert_eq!(RoleRules { mapping: mapping.clone(), ..rules("x") }.read(&Map::new()).roles, ["viewer"]);
        assert_eq!(roles(json!(["dev", 7])), ["staff"]);
        assert!(roles(json!(7)).is_empty() && roles(json!([7])).is_empty(), "nobody knows what these are");
    }
}
