//! A storage in a file that only its owner can read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use landfall::Secret;

use super::contract::{StorageError, TokenStorage};

/// The largest file that is read, in bytes. No sign-in is as large: what is larger is somebody else's file.
const LARGEST: u64 = 1024 * 1024;

/// Keeps a sign-in in a file that only its owner can read (mode 0600 on Unix). The folder is made if it is missing
/// (0700), and a change replaces the file as a whole.
///
/// ```
/// use landfall_native::{FileStorage, NativeClient};
///
/// let builder = NativeClient::builder("https://acme.example", "client-id")
///     .storage(FileStorage::new("state/example/sign-in"));
/// # let _ = builder;
/// ```
#[derive(Debug)]
pub struct FileStorage {
    path: PathBuf,
}

impl FileStorage {
    /// Keeps the sign-in in this file, which need not exist. Nothing is opened yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    fn failed(&self, error: io::Error) -> StorageError {
        StorageError::new(self.path.display().to_string(), error)
    }

    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        make_folder(folder)?;
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        // One writer at a time: two programs that write at once leave the work of one of them.
        name.push(format!(".{}.new", std::process::id()));
        let draft = folder.join(name);
        let written = write(&draft, bytes).and_then(|()| fs::rename(&draft, &self.path));
        if written.is_err() {
            // What is left of it would hold tokens.
            let _ = fs::remove_file(&draft);
        }
        written?;
        // So that the name survives the machine, too; not every system can.
        if let Ok(folder) = File::open(folder) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

impl TokenStorage for FileStorage {
    fn load(&self) -> Result<Option<Secret<Vec<u8>>>, StorageError> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed(error)),
            Ok(about) if about.len() > LARGEST => return Ok(None),
            Ok(about) => warn_if_others_can_read(&self.path, &about),
        }
        match fs::read(&self.path) {
            Ok(bytes) => Ok(Some(Secret::new(bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn save(&self, bytes: &Secret<Vec<u8>>) -> Result<(), StorageError> {
        self.replace(bytes.expose()).map_err(|error| self.failed(error))
    }

    fn remove(&self) -> Result<(), StorageError> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.failed(error)),
            _ => Ok(()),
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A draft that a program left when it was killed.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = for_its_owner(OpenOptions::new().write(true).create_new(true)).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(unix)]
fn for_its_owner(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn for_its_owner(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(unix)]
fn warn_if_others_can_read(path: &Path, about: &fs::Metadata) {
    use std::os::unix::fs::PermissionsExt;
    if about.permissions().mode() & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "others can read the tokens in this file: chmod 600");
    }
}

#[cfg(not(unix))]
fn warn_if_others_can_read(_: &Path, _: &fs::Metadata) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn storage() -> (tempfile::TempDir, FileStorage) {
        let folder = tempfile::tempdir().unwrap();
        let storage = FileStorage::new(folder.path().join("deep/er/sign-in"));
        (folder, storage)
    }

    #[test]
    fn what_is_kept_is_given_back_and_replaced_and_forgotten() {
        let (_folder, storage) = storage();
        assert!(storage.load().unwrap().is_none());
        storage.remove().unwrap();
        for bytes in [b"one".to_vec(), b"two, which is longer".to_vec(), Vec::new()] {
            storage.save(&Secret::new(bytes.clone())).unwrap();
            assert_eq!(storage.load().unwrap().unwrap().expose(), &bytes);
        }
        storage.remove().unwrap();
        assert!(storage.load().unwrap().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_file_and_no_draft_is_left() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, storage) = storage();
        storage.save(&Secret::new(b"tokens".to_vec())).unwrap();
        storage.save(&Secret::new(b"tokens".to_vec())).unwrap();
        assert_eq!(fs::metadata(&storage.path).unwrap().permissions().mode() & 0o777, 0o600);
        let folder = storage.path.parent().unwrap();
        assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_can_be_no_sign_in_is_not_read() {
        let (_folder, storage) = storage();
        storage.save(&Secret::new(b"tokens".to_vec())).unwrap();
        let file = OpenOptions::new().write(true).open(&storage.path).unwrap();
        file.set_len(LARGEST + 1).unwrap();
        assert!(storage.load().unwrap().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_place_of_the_draft_leads_nothing_elsewhere() {
        let (folder, storage) = storage();
        let (victim, place) = (folder.path().join("victim"), storage.path.parent().unwrap());
        fs::write(&victim, "theirs").unwrap();
        fs::create_dir_all(place).unwrap();
        let draft = place.join(format!("sign-in.{}.new", std::process::id()));
        std::os::unix::fs::symlink(&victim, draft).unwrap();
        storage.save(&Secret::new(b"tokens".to_vec())).unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "theirs");
        assert!(fs::symlink_metadata(&storage.path).unwrap().is_file());
    }

    #[test]
    fn what_cannot_be_replaced_leaves_what_was_kept_and_no_draft() {
        let (folder, _) = storage();
        // A folder with something in it, where the file should be.
        let storage = FileStorage::new(folder.path().join("taken"));
        fs::create_dir_all(folder.path().join("taken/inside")).unwrap();
        let error = storage.save(&Secret::new(b"PLANTED".to_vec())).unwrap_err();
        assert!(!error.to_string().contains("PLANTED"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
