//! A cookie key on loopback, kept beside an embedded store, so that a restart signs nobody out.
//!
//! For development, where sessions outlive the process in a file and nobody wants to manage a key. In production
//! keys are given: [`check_keys`](super::RelyingPartyBuilder::check_keys) comes here only if every base URL is on
//! loopback.
//!
//! Several processes may start at once with one store. Each writes a draft of its own and links it to the file's
//! name, which only one can do; the others read what that one wrote. So nobody ever reads half a key.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::crypto::seal::{CookieKey, MAKE_ONE};
use crate::crypto::secret::Secret;
use crate::error::ConfigError;

/// The key kept beside this store's file; made at the first time, readable for its owner alone. `setting` is what keys
/// are called in the warning.
///
/// # Errors
/// `cookie_keys`, where the file cannot be made or read, or holds no key.
pub(super) fn read_or_make(store: &Path, setting: &str) -> Result<CookieKey, ConfigError> {
    let mut name = store.as_os_str().to_owned();
    name.push(".key");
    let file = PathBuf::from(name);
    let failed = |error: &std::io::Error| {
        ConfigError::new(
            "cookie_keys",
            format!("missing, and {} cannot be used: {}", file.display(), why(error)),
            format!("{MAKE_ONE}; or mend the file"),
        )
    };
    match make(&file) {
        Ok(key) => {
            tracing::warn!(setting, file = %file.display(), "no cookie keys: a random one is used and kept there, for loopback alone");
            Ok(key)
        }
        // An earlier run's, or that of another process that was first.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let text = Secret::new(fs::read_to_string(&file).map_err(|error| failed(&error))?);
            CookieKey::parse(text.expose()).map_err(|error| {
                let problem = format!("{} in {}", error.problem, file.display());
                ConfigError::new(
                    error.setting,
                    problem,
                    "give the keys, or take the file away: a new one is made",
                )
            })
        }
        Err(error) => Err(failed(&error)),
    }
}

/// What is lacking, as far as the system says it.
fn why(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "its folder is not there",
        ErrorKind::PermissionDenied => "this user has no right to it",
        ErrorKind::ReadOnlyFilesystem => "its file system is read-only",
        ErrorKind::StorageFull => "its disk is full",
        _ => "it can be neither read nor made",
    }
}

/// Makes a key and its file, which has its name only when it is whole.
///
/// # Errors
/// `AlreadyExists` where there is one, from an earlier run or from another process that was first.
fn make(file: &Path) -> std::io::Result<CookieKey> {
    if file.exists() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let key = CookieKey::generate().map_err(|_| std::io::Error::from(ErrorKind::Other))?;
    let mut draft = file.as_os_str().to_owned();
    // Seeded by the operating system: no two drafts are one.
    draft.push(format!(".{:016x}", RandomState::new().hash_one(std::process::id())));
    let draft = PathBuf::from(draft);
    let mut open = private(&draft)?;
    let written = (|| {
        open.write_all(key.to_base64url().as_bytes())?;
        open.sync_all()?;
        // Unlike a rename, this fails where there is one already; but not every file system can do it.
        fs::hard_link(&draft, file).or_else(|error| match error.kind() {
            ErrorKind::AlreadyExists => Err(error),
            _ => fs::rename(&draft, file),
        })
    })();
    let _ = fs::remove_file(&draft);
    written.map(|()| key)
}

/// Opens a new file that its owner alone can read, from the moment it is there.
fn private(file: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_is_its_owners_alone() {
        let folder = std::env::temp_dir().join(format!("landfall-key-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let store = folder.join("sessions.db");
        let first = read_or_make(&store, "cookie_keys").unwrap();
        let again = read_or_make(&store, "cookie_keys").unwrap();
        assert_eq!(first.to_base64url(), again.to_base64url());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(folder.join("sessions.db.key")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "the draft is gone");
        fs::write(folder.join("sessions.db.key"), "rubbish").unwrap();
        assert!(
            read_or_make(&store, "cookie_keys").is_err(),
            "a spoilt key is not replaced behind anybody's back"
        );
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_key_that_cannot_be_kept_says_where_and_why() {
        let folder = std::env::temp_dir().join(format!("landfall-no-key-{}", std::process::id()));
        let error = read_or_make(&folder.join("sessions.db"), "cookie_keys").unwrap_err();
        assert!(error.problem.contains("sessions.db.key cannot be used: its folder is not there"), "{error}");
    }
}
