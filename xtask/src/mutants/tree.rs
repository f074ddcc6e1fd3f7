//! The copy of the repository in which mistakes are made.
//!
//! One of its own, and always the same: what was built there stays good from one call to the next, and nobody finds a
//! mistake in what they work on when a call was killed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::{self, Failure};

/// All that is kept from one call to the next.
pub(super) fn state() -> PathBuf {
    shell::root().join("target/mutants")
}

/// The copy.
pub(super) fn folder() -> PathBuf {
    state().join("tree")
}

/// Makes the copy what the repository is, with what is not committed yet. What is the same is not touched, or all of it
/// would be built again.
pub(super) fn refresh() -> Result<(), Failure> {
    let mut list = shell::program("git");
    list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let list = shell::output(&mut list)?;
    let root = shell::root();
    let files: BTreeSet<PathBuf> =
        list.split('\0').map(PathBuf::from).filter(|file| root.join(file).is_file()).collect();
    copy(&files, &root, &folder()).map_err(|error| format!("target/mutants/tree: {error}").into())
}

fn copy(files: &BTreeSet<PathBuf>, from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for file in present(to, Path::new(""))? {
        if !files.contains(&file) {
            fs::remove_file(to.join(file))?;
        }
    }
    for file in files {
        let (source, copy) = (from.join(file), to.join(file));
        if fs::read(&copy).ok() != Some(fs::read(&source)?) {
            if let Some(folder) = copy.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::copy(source, copy)?;
        }
    }
    Ok(())
}

/// The files there, apart from what was built.
fn present(root: &Path, below: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        if !entry.file_type()?.is_dir() {
            files.push(path);
        } else if path != Path::new("target") {
            files.extend(present(root, &path)?);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_becomes_what_the_repository_is_and_keeps_what_was_built() {
        let folder = std::env::temp_dir().join(format!("landfall-mutants-{}", std::process::id()));
        let (from, to) = (folder.join("from"), folder.join("to"));
        for (file, text) in
            [("from/a/b.rs", "now"), ("to/a/b.rs", "mistaken"), ("to/a/gone.rs", ""), ("to/target/built", "")]
        {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        copy(&BTreeSet::from(["a/b.rs".into()]), &from, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("a/b.rs")).unwrap(), "now");
        assert!(!to.join("a/gone.rs").exists() && to.join("target/built").exists());
        fs::remove_dir_all(folder).unwrap();
    }
}
