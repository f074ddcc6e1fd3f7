//! A crate as its modules: what `layers`, `circles` and `figures` look at. `syn` parses it; nothing is built.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::reader;
use super::text::Lines;
use super::tree;
use crate::shell::Failure;

/// The published crates by the names of their folders, each parsed once a run.
pub(crate) fn published() -> Result<&'static [Crate], Failure> {
    static CRATES: OnceLock<Result<Vec<Crate>, String>> = OnceLock::new();
    match CRATES.get_or_init(|| read_all().map_err(|failure| failure.message)) {
        Ok(crates) => Ok(crates),
        Err(message) => Err(message.as_str().into()),
    }
}

/// The crate that everything else leans on.
pub(crate) fn core() -> Result<&'static Crate, Failure> {
    published()?.iter().find(|krate| krate.name == "landfall").ok_or_else(|| "no crates/landfall/src".into())
}

/// A file of one of them, by its path from `src/`.
pub(crate) fn file(name: &str, path: &str) -> Option<&'static File> {
    let krate = published().ok()?.iter().find(|krate| krate.name == name)?;
    krate.files.iter().find(|file| file.path == path)
}

fn read_all() -> Result<Vec<Crate>, Failure> {
    let mut sources: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for file in tree::rust()? {
        let inside = file.path.strip_prefix("crates/").and_then(|path| path.split_once("/src/"));
        if let Some((name, path)) = inside {
            sources.entry(name.to_owned()).or_default().insert(path.to_owned(), file.text);
        }
    }
    sources.into_iter().map(|(name, files)| reader::read(&name, files)).collect()
}

/// The modules and files below one `src/`, beginning with `lib.rs`.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    /// The name of its folder.
    pub(crate) name: String,
    /// The files that `mod` leads to.
    pub(crate) files: Vec<File>,
    /// All modules; the first is the root.
    pub(crate) modules: Vec<Module>,
    /// Files that no `mod` leads to: no compiler sees them.
    pub(crate) orphans: Vec<String>,
}

/// One file of a crate.
#[derive(Debug)]
pub(crate) struct File {
    /// From `src/`.
    pub(crate) path: String,
    /// Whether it is built for tests only.
    pub(crate) test: bool,
    /// What each of its lines is.
    pub(crate) lines: Lines,
    /// Every function outside tests.
    pub(crate) functions: Vec<Function>,
}

/// A function, from `fn` to its brace.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) first: usize,
    pub(crate) last: usize,
}

/// One module, in a file of its own or inline.
#[derive(Debug, Default)]
pub(crate) struct Module {
    pub(crate) name: String,
    pub(crate) parent: Option<usize>,
    /// The index of the file it stands in.
    pub(crate) file: usize,
    /// Whether it is built for tests only.
    pub(crate) test: bool,
    pub(crate) children: BTreeMap<String, usize>,
    /// What is defined here.
    pub(crate) items: BTreeSet<String>,
    /// What `use` brings in: the name here (none for `*`), and the path.
    pub(crate) uses: Vec<(Option<String>, Vec<String>)>,
    /// Every path that is written here, outside tests.
    pub(crate) mentions: Vec<Mention>,
}

/// A path in code, and its line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
}

/// A path that leads from one file to another.
#[derive(Debug)]
pub(crate) struct Import<'a> {
    /// The file it is written in.
    pub(crate) file: usize,
    pub(crate) mention: &'a Mention,
    /// The room it is written in, and the one it names.
    pub(crate) rooms: (&'a str, &'a str),
    /// The file that defines what it names, behind every re-export.
    pub(crate) home: usize,
}

impl Crate {
    /// Every import outside tests.
    pub(crate) fn imports(&self) -> Vec<Import<'_>> {
        let (mut imports, mut short) = (Vec::new(), Vec::new());
        for (index, module) in self.modules.iter().enumerate().filter(|(_, module)| !module.test) {
            for mention in &module.mentions {
                let Some(found) = self.resolve(index, &mention.path, &mut Vec::new()) else { continue };
                let rooms = (self.room(index), self.room(found.named));
                let import =
                    Import { file: module.file, mention, rooms, home: self.modules[found.home].file };
                let is_full = matches!(mention.path[0].as_str(), "crate" | "self" | "super");
                if is_full { imports.push(import) } else { short.push(import) }
            }
        }
        // A short path mostly goes on from a `use`, which has been counted.
        let ways = |import: &Import<'_>| (import.file, import.rooms.1.to_owned(), import.home);
        let known: BTreeSet<_> = imports.iter().map(ways).collect();
        imports.extend(short.into_iter().filter(|import| !known.contains(&ways(import))));
        imports.sort_by_key(|import| (&self.files[import.file].path, import.mention.line));
        imports
    }

    /// The rooms: what stands in `src/`, a file and the folder of its name being one. Tests are none.
    pub(crate) fn rooms(&self) -> BTreeSet<&str> {
        (0..self.modules.len()).filter(|&at| !self.modules[at].test).map(|at| self.room(at)).collect()
    }

    fn room(&self, mut module: usize) -> &str {
        while let Some(parent) = self.modules[module].parent.filter(|&parent| parent != 0) {
            module = parent;
        }
        if self.is_root(module) { "lib.rs" } else { &self.modules[module].name }
    }

    /// Whether a module stands in lib.rs: the root, and what is written out there.
    fn is_root(&self, module: usize) -> bool {
        self.modules[module].file == self.modules[0].file
    }

    /// Where a path leads to that is written in the module `from`: nowhere, if that is another crate.
    fn resolve(&self, from: usize, path: &[String], asked: &mut Vec<(usize, String)>) -> Option<Found> {
        let (first, rest) = path.split_first()?;
        let mut found = match first.as_str() {
            "crate" => Found::module(0),
            "self" => Found::module(from),
            "super" => Found::module(self.modules[from].parent?),
            name => self.look_up(from, name, asked)?.0,
        };
        for step in rest {
            if step == "super" {
                found = Found::module(self.modules[found.home].parent?);
                continue;
            }
            if !found.is_module {
                break;
            }
            let Some((next, defined_here)) = self.look_up(found.home, step, asked) else {
                if self.modules[found.home].uses.iter().any(|(alias, _)| alias.as_ref() == Some(step)) {
                    // Passed on from another crate.
                    return None;
                }
                // Made by a macro, most likely.
                return Some(Found { is_module: false, is_known: false, ..found });
            };
            found = match found.passed_on {
                true => Found { named: found.named, passed_on: true, ..next },
                false if defined_here => next,
                // What lib.rs passes on belongs to the room it comes from, anything else to the room that was asked.
                false if self.is_root(found.home) => Found { passed_on: true, ..next },
                false => Found { named: found.home, passed_on: true, ..next },
            };
        }
        Some(found)
    }

    /// What a name means inside a module, and whether it is defined there.
    fn look_up(&self, module: usize, name: &str, asked: &mut Vec<(usize, String)>) -> Option<(Found, bool)> {
        let here = &self.modules[module];
        if let Some(&child) = here.children.get(name) {
            return Some((Found::module(child), true));
        }
        if here.items.contains(name) {
            return Some((Found { is_module: false, ..Found::module(module) }, true));
        }
        // Two globs may lead to each other.
        let question = (module, name.to_owned());
        if asked.contains(&question) {
            return None;
        }
        asked.push(question);
        let found = here.uses.iter().find_map(|(alias, path)| match alias {
            Some(alias) if alias == name => self.resolve(module, path, asked),
            Some(_) => None,
            None => {
                self.resolve(module, path, asked).filter(|glob| glob.is_module && glob.is_known)?;
                let path = [path.as_slice(), &[name.to_owned()]].concat();
                self.resolve(module, &path, asked).filter(|found| found.is_known)
            }
        });
        asked.pop();
        found.map(|found| (found, false))
    }
}

/// Where a path led.
#[derive(Debug, Clone, Copy)]
struct Found {
    /// The module that was named.
    named: usize,
    /// Whether that module only passes it on.
    passed_on: bool,
    /// The module that defines it, behind every re-export.
    home: usize,
    /// Whether the path names that module itself.
    is_module: bool,
    /// Whether every step was found.
    is_known: bool,
}

impl Found {
    fn module(module: usize) -> Self {
        Self { named: module, passed_on: false, home: module, is_module: true, is_known: true }
    }
}
