//! What the adapters show of the core: all of it that an application may name, and both the same.

use std::collections::BTreeSet;
use std::fs;

use syn::{Attribute, Item, UseTree, Visibility};

use super::invariants::none;
use crate::shell::{self, Failure};

/// The core's module for those who write adapters: applications name nothing of it.
const FOR_ADAPTERS: &str = "adapter";

/// That an application needs no dependency on the core: each adapter re-exports whatever stands in its root, unless it
/// has a type of its own by that name, and both re-export the same.
pub(crate) fn of_the_adapters() -> Result<(), Failure> {
    let root = |name: &str| -> Result<Root, Failure> {
        let path = format!("crates/{name}/src/lib.rs");
        let text =
            fs::read_to_string(shell::root().join(&path)).map_err(|error| format!("{path}: {error}"))?;
        Root::read(&text).map_err(|error| format!("{path}: {error}").into())
    };
    let (core, axum, actix) = (root("landfall")?, root("landfall-axum")?, root("landfall-actix")?);
    none(&missing(&core, &[("landfall-axum", axum), ("landfall-actix", actix)]))
}

/// What the root of a crate makes public.
#[derive(Debug, Default)]
struct Root {
    /// Its own: what its modules define, and the modules themselves.
    own: BTreeSet<String>,
    /// What it re-exports of the core.
    cores: BTreeSet<String>,
}

impl Root {
    fn read(text: &str) -> syn::Result<Self> {
        let mut root = Self::default();
        for item in syn::parse_file(text)?.items {
            match item {
                Item::Use(item) if is_public(&item.vis) && !is_hidden(&item.attrs) => {
                    let of_core = matches!(&item.tree, UseTree::Path(path) if path.ident == "landfall");
                    leaves(&item.tree, if of_core { &mut root.cores } else { &mut root.own });
                }
                Item::Mod(item) if is_public(&item.vis) && !is_hidden(&item.attrs) => {
                    root.own.insert(item.ident.to_string());
                }
                _ => {}
            }
        }
        Ok(root)
    }
}

/// What the adapters lack, a line each.
fn missing(core: &Root, adapters: &[(&str, Root)]) -> Vec<String> {
    let anywhere: BTreeSet<_> = adapters.iter().flat_map(|(_, root)| &root.cores).collect();
    let needed = core.own.iter().filter(|name| *name != FOR_ADAPTERS);
    let needed: BTreeSet<_> = needed.chain(anywhere).collect();
    let lacks = |(adapter, root): &(&str, Root)| {
        let lacking = needed.iter().filter(|name| !root.cores.contains(**name) && !root.own.contains(**name));
        lacking.map(|name| format!("{adapter} does not show the core's {name}")).collect::<Vec<_>>()
    };
    adapters.iter().flat_map(lacks).collect()
}

/// The names that a `use` brings in.
fn leaves(tree: &UseTree, into: &mut BTreeSet<String>) {
    match tree {
        UseTree::Path(path) => leaves(&path.tree, into),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, into)),
        UseTree::Name(name) => _ = into.insert(name.ident.to_string()),
        UseTree::Rename(rename) => _ = into.insert(rename.rename.to_string()),
        UseTree::Glob(_) => _ = into.insert("*".to_owned()),
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Whether it stands in no documentation: then it is not for applications.
fn is_hidden(attributes: &[Attribute]) -> bool {
    let hidden = |attribute: &Attribute| {
        attribute.path().is_ident("doc")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|word| word == "hidden")
    };
    attributes.iter().any(hidden)
}

#[cfg(test)]
mod tests {
    use super::{Root, missing};

    fn root(text: &str) -> Root {
        Root::read(text).unwrap()
    }

    #[test]
    fn whatever_the_core_shows_both_adapters_show_or_have_of_their_own() {
        let core = root(
            "mod inside; pub mod danger; #[doc(hidden)] pub mod testing; pub mod adapter { pub use a::Step; }
             pub use inside::{Visit, deeper::Prompt}; pub(crate) use inside::Hidden;",
        );
        let whole = "pub use extract::Visit; pub use landfall::{Prompt, danger};";
        let adapters = |axum: &str, actix: &str| [("axum", root(axum)), ("actix", root(actix))];
        assert_eq!(missing(&core, &adapters(whole, whole)), <[String; 0]>::default());
        let less = "pub use extract::Visit; pub use landfall::danger;";
        assert_eq!(missing(&core, &adapters(whole, less)), ["actix does not show the core's Prompt"]);
        let more = "pub use extract::Visit; pub use landfall::{Prompt, danger, store::SessionStore};";
        assert_eq!(missing(&core, &adapters(more, whole)), ["actix does not show the core's SessionStore"]);
    }
}
