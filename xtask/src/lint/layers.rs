//! The layers of the core: which room may import which.

use super::invariants::none;
use super::krate::{self, Crate};
use crate::shell::Failure;

/// The rooms of `crates/landfall/src` from the top down, and what each is. A line imports only from the lines below it.
/// Rooms in one line stand side by side and know nothing of each other. Tests may import anything.
const LAYERS: Layers = &[
    &[("lib.rs", "the manual, and what the crate shows of itself")],
    &[("danger", "whatever weakens a default, and only here")],
    &[
        ("fuzzing", "the parsers, one function each, for the fuzzer"),
        ("native", "the way in for landfall-native"),
    ],
    &[("token_proxy", "the token proxy: pure rules for path, headers and location, and the exchange")],
    &[("builder", "configuration, checked when it is built")],
    // the front door
    &[("relying_party", "which path belongs to whom, and what the adapter is answered")],
    &[("visit", "one request, as the application's handler sees it")],
    // the trip
    &[("flow", "the legs of the trip, one a file: the order of things, no rules")],
    // what every leg shares
    &[("context", "what every leg shares: sites, settings, endpoints, destinations, the legs' state")],
    &[("guard", "what a request is, and what it gets")],
    &[("session", "sessions: record, seals, store, keeper")],
    &[("provider", "the provider, reached and remembered")],
    &[("browser", "what the browser keeps for us")],
    // the ground
    &[("protocol", "the rules of the standards: pure functions")],
    &[("address", "by which address a request came, and where it may land")],
    &[("runtime", "where outbound work runs")],
    &[("web", "requests, replies, pages, forms: the boundary to the adapters")],
    &[("crypto", "seals, secrets, digests")],
    &[("error", "failures by whose fault they are")],
    &[("clock", "time and randomness, as inputs")],
];

/// Lines of rooms, each with one sentence.
type Layers = &'static [&'static [(&'static str, &'static str)]];

/// No room of the core imports from above.
pub(crate) fn imports_point_down() -> Result<(), Failure> {
    none(&violations(krate::core()?, LAYERS))
}

fn violations(krate: &Crate, layers: Layers) -> Vec<String> {
    let rank = |room: &str| layers.iter().position(|layer| layer.iter().any(|(name, _)| *name == room));
    let rooms = krate.rooms();
    let mut wrong: Vec<String> = rooms
        .iter()
        .filter(|room| rank(room).is_none())
        .map(|room| format!("{room}: a room without a layer"))
        .collect();
    let gone = layers.iter().copied().flatten().filter(|(name, _)| !rooms.contains(name));
    wrong.extend(gone.map(|(name, _)| format!("{name}: a layer without its room")));
    for import in krate.imports() {
        let (from, to) = import.rooms;
        let (Some(own), Some(other)) = (rank(from), rank(to)) else { continue };
        if from != to && other <= own {
            let place = if other == own { "beside" } else { "above" };
            let (file, line) = (&krate.files[import.file].path, import.mention.line);
            wrong.push(format!(
                "{file}:{line}: {}, but {to} is {place} {from}",
                import.mention.path.join("::")
            ));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::super::staged;
    use super::{Layers, violations};

    const LAYERS: Layers =
        &[&[("lib.rs", "")], &[("top", "")], &[("left", ""), ("right", "")], &[("ground", "")]];

    /// A module that is written out in lib.rs is no room.
    const ROOT: &str = "mod top; mod left; mod right; mod ground; pub use top::Top; pub use ground::Ground;
        pub mod shown { pub use crate::{ground::Ground, left::Left}; }";

    /// What is found when `ground/deep.rs` is this.
    fn found_in(text: &str) -> Vec<String> {
        let files = [
            ("lib.rs", ROOT),
            ("top/mod.rs", "use crate::{left::Left, ground}; pub struct Top; pub use crate::ground::Ground;"),
            ("left.rs", "pub struct Left;"),
            ("right.rs", ""),
            ("ground/mod.rs", "mod deep; pub struct Ground; pub(crate) fn low() {}"),
            ("ground/deep.rs", text),
        ];
        violations(&staged("a", &files), LAYERS)
    }

    fn is_upward(text: &str) -> bool {
        let found = found_in(text);
        assert!(found.iter().all(|line| line.starts_with("ground/deep.rs:")), "{found:?}");
        !found.is_empty()
    }

    #[test]
    fn an_upward_import_is_told_with_its_place_and_a_downward_one_is_not() {
        let upward = found_in("\nuse crate::left::Left;\n");
        assert_eq!(upward, ["ground/deep.rs:2: crate::left::Left, but left is above ground"]);
        assert!(found_in("use crate::ground::low; use super::Ground; use std::fmt;").is_empty());
    }

    #[test]
    fn an_upward_import_is_seen_in_every_spelling() {
        for text in [
            "use crate::{ground::low, left::Left};",
            "use crate::{ground::{low, Ground}, left::{Left as L}};",
            "pub(crate) use crate::top;",
            "pub use crate::left::*;",
            "use crate::top::{self};",
            "use super::super::left::Left;",
            "fn a() { crate::left::b(); }",
            "fn a() -> crate::top::Top { b }",
            "fn a<T: crate::top::Tall>() {}",
            "fn a() { let b: Vec<super::super::left::Left> = c; }",
            "fn a() { let b = <B as crate::top::Tall>::C; }",
            "fn a() { fn b() { use crate::left::Left; } }",
            "fn a() { assert!(b, \"{}\", crate::left::c()); }",
            "macro_rules! a { () => { $crate::left::Left }; }",
            "#[derive(crate::top::Derived)] struct A;",
            "mod a { use super::super::super::left::Left; }",
            "#[cfg(any(test, feature = \"a\"))] use crate::left::Left;",
            "#[cfg(not(test))] use crate::left::Left;",
        ] {
            assert!(is_upward(text), "{text}");
        }
    }

    #[test]
    fn a_name_that_lib_rs_passes_on_belongs_to_the_room_it_comes_from() {
        assert!(is_upward("use crate::Top;"));
        assert!(!is_upward("use crate::Ground;"));
        assert!(is_upward("use crate::shown::Left;"));
        assert!(!is_upward("use crate::shown::Ground;"));
        // A room that passes a name on is asked for it, whoever made it.
        assert!(is_upward("use crate::top::Ground;"));
    }

    #[test]
    fn tests_comments_and_strings_may_name_anything() {
        for text in [
            "#[cfg(test)] mod tests { use crate::left::Left; }",
            "#[cfg(all(test, feature = \"a\"))] mod tests { fn a() { crate::left::b(); } }",
            "#[cfg(test)] use crate::left::Left;",
            "struct A; impl A { #[cfg(test)] fn b() { crate::left::c(); } }",
            "#[test] fn a() { crate::left::b(); }",
            "//! [`crate::left::Left`]\n// use crate::left::Left;\n/// [a](crate::left::Left)\nfn a() {}",
            "const A: &str = \"use crate::left::Left;\";",
            "use left::Left; use ::left::b; fn a() { ::left::c(); b!(::left::d); }",
        ] {
            assert!(!is_upward(text), "{text}");
        }
    }

    #[test]
    fn a_file_that_a_test_module_leads_to_is_a_test() {
        let files = [
            ("lib.rs", "mod top; mod left; mod right; mod ground;"),
            ("top.rs", ""),
            ("left.rs", ""),
            ("right.rs", ""),
            ("ground.rs", "#[cfg(test)] #[path = \"ground_tests.rs\"] mod tests; #[cfg(test)] mod keys;"),
            ("ground_tests.rs", "use crate::top; mod more;"),
            ("more.rs", "use crate::left;"),
            ("ground/keys.rs", "use crate::top;"),
        ];
        assert_eq!(violations(&staged("a", &files), LAYERS), Vec::<String>::new());
    }

    #[test]
    fn rooms_side_by_side_know_nothing_of_each_other() {
        let files = [
            ("lib.rs", "mod top; mod left; mod right; mod ground;"),
            ("top.rs", "use crate::{left, right};"),
            ("left.rs", "use crate::ground;"),
            ("right.rs", "use crate::left;"),
            ("ground.rs", ""),
        ];
        let beside = ["right.rs:1: crate::left, but left is beside right"];
        assert_eq!(violations(&staged("a", &files), LAYERS), beside);
    }

    #[test]
    fn every_room_has_a_layer_and_every_layer_its_rooms() {
        let files = [
            ("lib.rs", "mod top; mod left; mod right; mod cellar;"),
            ("top.rs", ""),
            ("left.rs", ""),
            ("right.rs", ""),
            ("cellar.rs", ""),
        ];
        let wrong = ["cellar: a room without a layer", "ground: a layer without its room"];
        assert_eq!(violations(&staged("a", &files), LAYERS), wrong);
    }
}
