//! Paths and names, taken out of syntax.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, ImplItem, Item, TraitItem, UseTree};

use super::krate::Module;

/// One name that a `use` brings in.
pub(crate) struct Used {
    /// What it is called here; none for `*`.
    pub(crate) alias: Option<String>,
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
}

/// Every name of a `use`, out of its groups.
pub(crate) fn used(tree: &UseTree) -> Vec<Used> {
    let mut found = Vec::new();
    flatten(tree, &[], &mut found);
    found
}

fn flatten(tree: &UseTree, before: &[String], found: &mut Vec<Used>) {
    let with = |name: &syn::Ident| {
        // `use a::{self}` is `use a`.
        let own = (name != "self" || before.is_empty()).then(|| name.to_string());
        before.iter().cloned().chain(own).collect::<Vec<_>>()
    };
    match tree {
        UseTree::Path(step) => flatten(&step.tree, &with(&step.ident), found),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, found)),
        UseTree::Name(name) => {
            let path = with(&name.ident);
            found.push(Used { alias: path.last().cloned(), path, line: name.ident.span().start().line });
        }
        UseTree::Rename(name) => {
            let alias = Some(name.rename.to_string());
            found.push(Used { alias, path: with(&name.ident), line: name.ident.span().start().line });
        }
        UseTree::Glob(glob) => {
            let line = glob.star_token.spans[0].start().line;
            found.push(Used { alias: None, path: before.to_vec(), line });
        }
    }
}

/// Hands on every path in what a macro was given, which no parser can take apart.
pub(crate) fn in_tokens(tokens: TokenStream, each: &mut impl FnMut(Vec<String>, usize)) {
    let mut path: Vec<String> = Vec::new();
    let (mut line, mut colons, mut leading) = (0, 0, false);
    let mut end = |path: &mut Vec<String>, leading: bool, line| {
        if path.len() > 1 && !leading {
            each(std::mem::take(path), line);
        }
        path.clear();
    };
    let mut groups = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(name) => {
                if colons != 2 || path.is_empty() {
                    end(&mut path, leading, line);
                    (line, leading) = (name.span().start().line, colons == 2);
                }
                path.push(name.to_string());
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            other => {
                end(&mut path, leading, line);
                colons = 0;
                if let TokenTree::Group(group) = other {
                    groups.push(group.stream());
                }
            }
        }
    }
    end(&mut path, leading, line);
    for group in groups {
        in_tokens(group, each);
    }
}

/// The path of a module from the root.
pub(crate) fn from_root(modules: &[Module], module: usize) -> Vec<String> {
    match modules[module].parent {
        Some(parent) => [from_root(modules, parent), vec![modules[module].name.clone()]].concat(),
        None => vec!["crate".to_owned()],
    }
}

/// The name that an item gives to something.
pub(crate) fn defined(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// What stands before an item.
pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// What stands before an item of an `impl`.
pub(crate) fn attributes_in_impl(item: &ImplItem) -> &[Attribute] {
    match item {
        ImplItem::Const(item) => &item.attrs,
        ImplItem::Fn(item) => &item.attrs,
        ImplItem::Macro(item) => &item.attrs,
        ImplItem::Type(item) => &item.attrs,
        _ => &[],
    }
}

/// What stands before an item of a trait.
pub(crate) fn attributes_in_trait(item: &TraitItem) -> &[Attribute] {
    match item {
        TraitItem::Const(item) => &item.attrs,
        TraitItem::Fn(item) => &item.attrs,
        TraitItem::Macro(item) => &item.attrs,
        TraitItem::Type(item) => &item.attrs,
        _ => &[],
    }
}
