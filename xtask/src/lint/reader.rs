//! Reads a crate from `lib.rs` on, as the compiler does: along its `mod`s. Every `cfg` but `test` is taken as on.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, ItemMod, Meta, Token, TraitItem};

use super::krate::{Crate, File, Function, Mention, Module};
use super::paths;
use super::text::{Lines, Span};
use crate::shell::Failure;

/// Parses every file that a `mod` leads to; `files` are the texts by their paths from `src/`.
pub(crate) fn read(name: &str, mut files: BTreeMap<String, String>) -> Result<Crate, Failure> {
    let mut krate = Crate { name: name.to_owned(), ..Crate::default() };
    krate.modules.push(Module::default());
    let mut waiting = vec![Waiting { module: 0, paths: vec!["lib.rs".to_owned()], is_given: false }];
    while let Some(Waiting { module, paths, is_given }) = waiting.pop() {
        let Some((path, text)) = paths.iter().find_map(|path| files.remove_entry(path)) else {
            return Err(format!("crates/{name}/src: no file {}", paths.join(" or ")).into());
        };
        let parsed = parse(&text).map_err(|error| {
            Failure::from(format!("crates/{name}/src/{path}:{}: {error}", error.span().start().line))
        })?;
        let (beside, stem) = path.rsplit_once('/').unwrap_or(("", &path));
        let folder = match stem.trim_end_matches(".rs") {
            "lib" | "mod" => beside.to_owned(),
            _ if is_given => beside.to_owned(),
            stem => below(beside, stem),
        };
        let file = krate.files.len();
        krate.modules[module].file = file;
        let test = krate.modules[module].test;
        let (modules, waiting) = (&mut krate.modules, &mut waiting);
        let (tests, functions) = (Vec::new(), Vec::new());
        let mut reader = Reader { modules, waiting, module, file, beside, folder, tests, functions };
        reader.visit_file(&parsed.file);
        let Reader { tests, functions, .. } = reader;
        let lines = Lines::of(&text, &tests, &parsed.long_literals);
        krate.files.push(File { path, test, lines, functions });
    }
    krate.orphans = files.into_keys().collect();
    Ok(krate)
}

/// A module whose file has still to be read: the first of these that is there.
struct Waiting {
    module: usize,
    paths: Vec<String>,
    /// Whether `#[path]` named it.
    is_given: bool,
}

struct Parsed {
    file: syn::File,
    long_literals: Vec<Span>,
}

fn parse(text: &str) -> syn::Result<Parsed> {
    let tokens: TokenStream = text.parse()?;
    let mut long_literals = Vec::new();
    find_long_literals(tokens.clone(), &mut long_literals);
    Ok(Parsed { file: syn::parse2(tokens)?, long_literals })
}

/// Strings that span several lines: what looks like a comment in them is none.
fn find_long_literals(tokens: TokenStream, found: &mut Vec<Span>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => find_long_literals(group.stream(), found),
            TokenTree::Literal(literal) => {
                let span = lines(literal.span());
                found.extend((span.start() < span.end()).then_some(span));
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

fn lines(span: proc_macro2::Span) -> Span {
    span.start().line..=span.end().line
}

fn below(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Collects what one file says about its modules.
struct Reader<'a> {
    modules: &'a mut Vec<Module>,
    waiting: &'a mut Vec<Waiting>,
    /// The module that is being read.
    module: usize,
    file: usize,
    /// The folder that the file is in.
    beside: &'a str,
    /// The folder that the files of the module's own modules are in.
    folder: String,
    tests: Vec<Span>,
    functions: Vec<Function>,
}

impl Reader<'_> {
    fn here(&mut self) -> &mut Module {
        &mut self.modules[self.module]
    }

    /// Whether an item is built for tests only; if so, notes where it stands.
    fn passes(&mut self, attributes: &[Attribute], item: &impl Spanned) -> bool {
        let test = attributes.iter().any(is_for_tests);
        if test {
            self.tests.push(lines(item.span()));
        }
        !test
    }

    fn mention(&mut self, path: Vec<String>, line: usize) {
        self.here().mentions.push(Mention { path, line });
    }

    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        if self.here().test {
            return;
        }
        let (first, last) = (signature.span().start().line, block.brace_token.span.close().end().line);
        self.functions.push(Function { name: signature.ident.to_string(), first, last });
    }

    fn child(&mut self, item: &ItemMod) {
        let test = self.here().test || item.attrs.iter().any(is_for_tests);
        let name = item.ident.to_string();
        let (child, parent) = (self.modules.len(), self.module);
        self.modules.push(Module {
            name: name.clone(),
            parent: Some(parent),
            file: self.file,
            test,
            ..Module::default()
        });
        self.here().children.insert(name.clone(), child);
        let folder = below(&self.folder, &name);
        if let Some((_, items)) = &item.content {
            let outer = std::mem::replace(&mut self.folder, folder);
            self.module = child;
            for item in items {
                self.visit_item(item);
            }
            (self.module, self.folder) = (parent, outer);
        } else {
            let given = item.attrs.iter().find_map(given_path);
            let is_given = given.is_some();
            let paths = match given {
                Some(path) => vec![below(self.beside, &path)],
                None => vec![format!("{folder}.rs"), format!("{folder}/mod.rs")],
            };
            self.waiting.push(Waiting { module: child, paths, is_given });
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let passes = self.passes(paths::attributes(item), item);
        if let Item::Mod(item) = item {
            // Also one for tests: its files are known then, and what they are.
            self.child(item);
        } else if passes {
            let name = paths::defined(item);
            self.here().items.extend(name.clone());
            if let (Item::Macro(item), Some(name)) = (item, name)
                && item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export"))
            {
                let path = [paths::from_root(self.modules, self.module), vec![name.clone()]].concat();
                self.modules[0].uses.push((Some(name), path));
            }
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        if self.passes(paths::attributes_in_impl(item), item) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        if self.passes(paths::attributes_in_trait(item), item) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if self.passes(&field.attrs, field) {
            visit::visit_field(self, field);
        }
    }

    fn visit_field_value(&mut self, field: &'ast syn::FieldValue) {
        if self.passes(&field.attrs, field) {
            visit::visit_field_value(self, field);
        }
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if self.passes(&local.attrs, local) {
            visit::visit_local(self, local);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if item.leading_colon.is_none() {
            for used in paths::used(&item.tree) {
                self.mention(used.path.clone(), used.line);
                self.here().uses.push((used.alias, used.path));
            }
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() && path.segments.len() > 1 {
            let steps = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.mention(steps, path.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invoked: &'ast syn::Macro) {
        self.visit_path(&invoked.path);
        paths::in_tokens(invoked.tokens.clone(), &mut |path, line| self.mention(path, line));
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            paths::in_tokens(list.tokens.clone(), &mut |path, line| self.mention(path, line));
        }
    }
}

/// `#[test]`, `#[tokio::test]`, and `#[cfg(…)]` that holds in tests only.
fn is_for_tests(attribute: &Attribute) -> bool {
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            list.parse_args().is_ok_and(|condition| needs_test(&condition))
        }
        meta => meta.path().segments.last().is_some_and(|segment| segment.ident == "test"),
    }
}

fn needs_test(condition: &Meta) -> bool {
    let Meta::List(list) = condition else { return condition.path().is_ident("test") };
    let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).unwrap_or_default();
    let mut parts = parts.iter().map(needs_test);
    if list.path.is_ident("all") {
        parts.any(|needs| needs)
    } else {
        list.path.is_ident("any") && parts.len() > 0 && parts.all(|needs| needs)
    }
}

/// What `#[path = "…"]` says.
fn given_path(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    match &pair.value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }) if pair.path.is_ident("path") => {
            Some(path.value())
        }
        _ => None,
    }
}
