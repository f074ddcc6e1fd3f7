//! What SQLite's errors mean: which file it is, and which right is missing.

use std::io::{Error, ErrorKind};
use std::path::Path;

use landfall::store::StoreError;

use crate::error::Told;

/// The file of a store; `None` for one in memory.
pub(super) struct File<'a>(pub(super) Option<&'a Path>);

impl Told for File<'_> {
    fn name(&self) -> String {
        match self.0 {
            Some(file) => format!("SQLite's file {}", shown(file)),
            None => "SQLite".to_owned(),
        }
    }

    /// Of the extended codes, the last byte is the code that they belong to.
    fn meaning(&self, _: &str, code: &str, _: &str) -> Option<String> {
        let meaning = match code.parse::<u32>().ok()? & 0xff {
            8 => {
                "may only be read: this user needs the right to write to it, and to make files in its folder"
            }
            10 => "cannot be read or written: its disk answered with an error (it has to be a local one)",
            11 => "is damaged: put a backup in its place, or take it away, and everybody signs in again",
            13 => "cannot grow: its disk is full",
            14 => {
                "cannot be opened: this user needs the right to read and write it, and to make files in its folder"
            }
            26 => "is no SQLite database: name another file",
            _ => return None,
        };
        Some(meaning.to_owned())
    }
}

/// The error of a file that could not be made, or be opened to be written.
pub(super) fn unmade(file: &Path, doing: &str, makes: bool, error: &Error) -> StoreError {
    let lacking = if !makes && error.kind() == ErrorKind::NotFound {
        "is not there, and mode=rw makes none: take mode=rwc".to_owned()
    } else {
        lacking(file, error)
    };
    StoreError::new(format!("{doing}: SQLite's file {} {lacking}", shown(file)))
}

/// The error of a file that may be written, in a folder in which no other may be made.
pub(super) fn closed(file: &Path, doing: &str, error: &Error) -> StoreError {
    let (name, folder) = (shown(file), folder(file));
    let lacking = match error.kind() {
        ErrorKind::PermissionDenied => format!("this user has no right to make files in {folder}"),
        ErrorKind::ReadOnlyFilesystem => format!("the file system of {folder} is read-only"),
        ErrorKind::StorageFull => "its disk is full".to_owned(),
        other => format!("none can be made in {folder}: {other}"),
    };
    StoreError::new(format!("{doing}: SQLite's file {name} needs its write-ahead log beside it: {lacking}"))
}

/// The folder of a file.
fn folder(file: &Path) -> String {
    let whole = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
    shown(whole.parent().unwrap_or(&whole))
}

/// What is missing, as it goes on behind the file's name.
fn lacking(file: &Path, error: &Error) -> String {
    let shown = folder(file);
    match error.kind() {
        ErrorKind::NotFound => {
            format!("cannot be made: its folder {shown} is not there; make it, or name another place")
        }
        ErrorKind::PermissionDenied if file.exists() => {
            "cannot be written: this user has no right to write to it".to_owned()
        }
        ErrorKind::PermissionDenied => {
            format!("cannot be made: this user has no right to make files in {shown}")
        }
        ErrorKind::ReadOnlyFilesystem => "cannot be written: its file system is read-only".to_owned(),
        ErrorKind::IsADirectory => "is a folder: name a file in it".to_owned(),
        ErrorKind::NotADirectory => format!("cannot be made: a part of {shown} is no folder"),
        ErrorKind::StorageFull => "cannot be made: its disk is full".to_owned(),
        other => format!("cannot be opened: {other}"),
    }
}

/// A path from its root: what a relative one begins at is not seen in a log.
pub(super) fn shown(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_made_is_told_with_its_path_and_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let (here, gone) = (folder.path().join("sessions.db"), folder.path().join("gone/sessions.db"));
        std::fs::write(&here, "").unwrap();
        for (file, kind, missing) in [
            (&gone, ErrorKind::NotFound, "gone is not there; make it"),
            (&gone, ErrorKind::PermissionDenied, "no right to make files in"),
            (&here, ErrorKind::PermissionDenied, "no right to write to it"),
            (&here, ErrorKind::ReadOnlyFilesystem, "read-only"),
            (&here, ErrorKind::IsADirectory, "is a folder"),
        ] {
            let said = unmade(file, "load", true, &kind.into()).to_string();
            assert!(said.contains(missing) && said.contains(&file.display().to_string()), "{said}");
        }
    }

    #[test]
    fn a_code_is_told_by_what_is_missing_whether_it_is_an_extended_one_or_not() {
        let file = File(Some(Path::new("/srv/sessions.db")));
        for (code, meaning) in [
            ("8", "may only be read"),
            ("1544", "may only be read"),
            ("14", "cannot be opened"),
            ("526", "cannot be opened"),
            ("26", "no SQLite database"),
            ("13", "disk is full"),
        ] {
            assert!(file.meaning("load", code, "PLANTED").unwrap().contains(meaning), "{code}");
        }
        assert_eq!(file.meaning("load", "19", "PLANTED"), None);
        assert_eq!(file.name(), "SQLite's file /srv/sessions.db");
    }
}
