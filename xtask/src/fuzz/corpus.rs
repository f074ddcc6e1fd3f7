//! What the fuzzer starts from, and what it found.
//!
//! Seeds stand in the repository, few and written by hand. What is found stays under `fuzz/target`, reduced after each
//! run, so that the next one starts where this one ended. `--keep` copies a few of those to the seeds.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::Built;
use crate::group::Group;
use crate::shell::{self, Failure};

/// So many inputs of a target are kept in one go at most, and none that is longer.
const MOST: usize = 16;
const LONGEST: u64 = 1024;

/// The folder of the seeds.
pub(super) fn seeds(target: &str) -> PathBuf {
    shell::root().join("fuzz/corpus").join(target)
}

/// The folder for what is found; it is there afterwards.
pub(super) fn found(target: &str) -> Result<PathBuf, Failure> {
    made(shell::root().join("fuzz/target/corpus").join(target))
}

/// Leaves of what was found the smallest inputs that reach as much.
pub(super) fn reduce(built: &Built, target: &str) -> Result<(), Failure> {
    let (found, merged) = (found(target)?, empty(target)?);
    merge(built, target, &[], &merged, &found)?;
    let moved = fs::remove_dir_all(&found).and_then(|()| fs::rename(&merged, &found));
    moved.map_err(|error| format!("{}: {error}", found.display()).into())
}

/// Copies the smallest inputs that reach an edge that no seed does to the seeds.
pub(super) fn keep(built: &Built, target: &str) -> Result<(), Failure> {
    let (seeds, found, merged) = (seeds(target), found(target)?, empty(target)?);
    let known = names(&seeds)?;
    for name in &known {
        copy(&seeds.join(name), &merged.join(name))?;
    }
    // Edges alone, however often they are taken.
    merge(built, target, &["-use_counters=0"], &merged, &found)?;
    let mut new = Vec::new();
    for name in names(&merged)?.difference(&known) {
        let size = fs::metadata(merged.join(name)).map_err(|error| format!("{name}: {error}"))?.len();
        new.push((size, name.clone()));
    }
    let kept = smallest(new.clone());
    for name in &kept {
        let short = name.get(..12).unwrap_or(name);
        copy(&merged.join(name), &seeds.join(format!("found_{short}")))?;
    }
    println!("{target}: {} of {} inputs that reach what no seed does are kept", kept.len(), new.len());
    Ok(())
}

/// Adds to one folder what it needs to reach all that the other one reaches.
fn merge(built: &Built, target: &str, how: &[&str], to: &Path, from: &Path) -> Result<(), Failure> {
    let mut command = built.command(target)?;
    command.arg("-merge=1").args(how).args([to, from]).stdout(Stdio::null()).stderr(Stdio::null());
    Group::run(&mut command).map_err(|_| format!("{target}: its inputs could not be merged").into())
}

/// A folder to merge into.
fn empty(target: &str) -> Result<PathBuf, Failure> {
    let folder = shell::root().join("fuzz/target/merged").join(target);
    // Left by a run that was stopped.
    let _ = fs::remove_dir_all(&folder);
    made(folder)
}

/// Which of these, each with its size, are worth a place in the repository.
fn smallest(mut inputs: Vec<(u64, String)>) -> Vec<String> {
    inputs.retain(|(size, _)| *size <= LONGEST);
    inputs.sort();
    inputs.truncate(MOST);
    inputs.into_iter().map(|(_, name)| name).collect()
}

fn names(folder: &Path) -> Result<BTreeSet<String>, Failure> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
}

fn made(folder: PathBuf) -> Result<PathBuf, Failure> {
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::copy(from, to).map_err(|error| format!("{}: {error}", to.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, MOST, smallest};

    #[test]
    fn few_and_small_inputs_are_kept() {
        let inputs = (0..100).map(|size| (LONGEST + 20 - size, format!("{size:03}")));
        let kept = smallest(inputs.collect());
        assert_eq!(kept.len(), MOST);
        assert_eq!(kept.first().map(String::as_str), Some("099"));
        assert_eq!(smallest(vec![(LONGEST + 1, "long".to_owned())]), Vec::<String>::new());
    }
}
