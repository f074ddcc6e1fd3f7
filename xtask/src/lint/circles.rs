//! Circles: rooms, or files, that import each other on some way around.

use std::collections::{BTreeMap, BTreeSet};

use super::invariants::none;
use super::krate::{self, Crate};
use crate::shell::Failure;

/// Of the imports that close a circle, this many pairs of rooms are shown.
const SHOWN: usize = 12;

/// No published crate has a circle between its rooms.
pub(crate) fn between_rooms() -> Result<(), Failure> {
    let found: Vec<String> = krate::published()?.iter().flat_map(room_circles).collect();
    none(&found)
}

/// Every circle of rooms, with the imports that would be the easiest to turn around.
fn room_circles(krate: &Crate) -> Vec<String> {
    let imports = krate.imports();
    let mut pairs: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for import in &imports {
        let place = format!("{}:{}", krate.files[import.file].path, import.mention.line);
        pairs.entry(import.rooms).or_default().push(format!("{place} {}", import.mention.path.join("::")));
    }
    let mut told = Vec::new();
    for circle in circles(pairs.keys().copied()) {
        let names = circle.iter().copied().collect::<Vec<_>>().join(", ");
        told.push(format!("crates/{}/src: a circle of {} rooms: {names}", krate.name, circle.len()));
        let inside = |(from, to): &(&str, &str)| from != to && circle.contains(from) && circle.contains(to);
        let mut pairs: Vec<_> = pairs.iter().filter(|(pair, _)| inside(pair)).collect();
        pairs.sort_by_key(|(_, places)| places.len());
        for ((from, to), places) in pairs.iter().take(SHOWN) {
            told.push(format!("  {from} -> {to} ({} times): {}", places.len(), places[0]));
        }
        if pairs.len() > SHOWN {
            told.push(format!("  and {} pairs that are named as often, or more often", pairs.len() - SHOWN));
        }
    }
    told
}

/// The rooms of the largest circle, and the files; nothing where there is none.
pub(crate) fn largest(krate: &Crate) -> (Vec<&str>, Vec<&str>) {
    let imports = krate.imports();
    let file = |index: usize| krate.files[index].path.as_str();
    let rooms = circles(imports.iter().map(|import| import.rooms));
    let files = circles(imports.iter().map(|import| (file(import.file), file(import.home))));
    let first = |found: Vec<BTreeSet<_>>| found.into_iter().next().unwrap_or_default().into_iter().collect();
    (first(rooms), first(files))
}

/// The sets in which each reaches each other one, the largest first.
fn circles<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<BTreeSet<&'a str>> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in pairs {
        next.entry(from).or_default().insert(to);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        next.keys().map(|from| (*from, reachable(from, &next))).collect();
    let mut found = BTreeSet::new();
    for (from, far) in &reached {
        let back = |to: &&&str| reached.get(**to).is_some_and(|reached| reached.contains(from));
        let circle: BTreeSet<&str> = far.iter().filter(back).copied().collect();
        if circle.len() > 1 {
            found.insert(circle);
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
    found
}

fn reachable<'a>(from: &'a str, next: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&str> = vec![from];
    while let Some(at) = waiting.pop() {
        let further = next.get(at).into_iter().flatten();
        waiting.extend(further.copied().filter(|to| reached.insert(*to)));
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::super::staged;
    use super::{BTreeSet, circles, largest, room_circles};

    #[test]
    fn a_circle_over_three_rooms_is_told_with_the_imports_that_close_it() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c; mod d; pub use c::C;"),
            ("a.rs", "use crate::b::B;"),
            ("b/mod.rs", "mod deep; pub struct B;"),
            ("b/deep.rs", "use crate::C;"),
            ("c.rs", "pub struct C; fn a() { crate::a::b(); }"),
            ("d.rs", "use crate::{a, b, c};"),
        ];
        let told = room_circles(&staged("x", &files));
        assert_eq!(told[0], "crates/x/src: a circle of 3 rooms: a, b, c");
        assert_eq!(told[1..].len(), 3);
        assert_eq!(told[2], "  b -> c (1 times): b/deep.rs:1 crate::C");
    }

    #[test]
    fn files_of_one_room_and_tests_make_no_circle_of_rooms() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a/mod.rs", "mod c; pub use c::C; pub struct A; use crate::b;"),
            ("a/c.rs", "use super::A; pub struct C;"),
            ("b.rs", "#[cfg(test)] mod tests { use crate::a; }"),
        ];
        let krate = staged("x", &files);
        assert_eq!(room_circles(&krate), Vec::<String>::new());
        let (rooms, files) = largest(&krate);
        assert!(rooms.is_empty());
        assert_eq!(files, ["a/c.rs", "a/mod.rs"]);
    }

    #[test]
    fn what_lib_rs_passes_on_from_another_crate_is_not_its_own() {
        let files = |root| [("lib.rs", root), ("a.rs", "use crate::Other; pub struct A;")];
        let other = staged("x", &files("mod a; pub use a::A; pub use other::Other;"));
        assert_eq!(room_circles(&other), Vec::<String>::new());
        let own = staged("x", &files("mod a; pub use a::A; pub struct Other;"));
        assert_eq!(room_circles(&own)[0], "crates/x/src: a circle of 2 rooms: a, lib.rs");
    }

    #[test]
    fn the_largest_circle_comes_first() {
        let pairs = [("a", "b"), ("b", "a"), ("c", "d"), ("d", "e"), ("e", "c"), ("a", "c"), ("f", "f")];
        let found = circles(pairs.into_iter());
        assert_eq!(found.iter().map(BTreeSet::len).collect::<Vec<_>>(), [3, 2]);
    }
}
