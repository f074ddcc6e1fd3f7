//! Addresses, and places that may only be read.

use std::path::Path;
use std::sync::Arc;

use landfall::SystemClock;
use landfall::store::{RecordKey, SessionStore as _, StoreOpener as _};
use landfall_sqlx::{SqliteStore, opener};
use tempfile::TempDir;

#[tokio::test]
async fn an_address_with_parameters_is_taken_wherever_a_store_is_opened() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("of all.db");
    let written = path.display().to_string().replace(' ', "%20");
    for address in [
        format!("sqlite://{written}?mode=rwc"),
        format!("sqlite:{written}?mode=rwc&cache=private"),
        format!("sqlite://{written}?mode=rw"),
        format!("sqlite:file:{written}?mode=rwc"),
        format!("file://{written}?immutable=0"),
    ] {
        let store = SqliteStore::open(&address);
        store.migrate().await.unwrap();
        assert!(store.remember_once([1; 32], std::time::Duration::from_hours(1)).await.is_ok());
        assert_eq!(store.file().as_deref(), Some(path.as_path()), "{address}");
        if address.starts_with("sqlite:") {
            let opened = opener().open(&address, Arc::new(SystemClock)).unwrap();
            assert_eq!(opened.load(RecordKey([1; 32])).await.unwrap(), None, "{address}");
            assert_eq!(opened.file().as_deref(), Some(path.as_path()), "{address}");
        }
    }
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| name.to_str().unwrap().starts_with("of all.db")), "{names:?}");
    for address in ["sqlite::memory:", "sqlite://:memory:", "sqlite://?mode=memory", ":memory:"] {
        let store = SqliteStore::open(address);
        store.migrate().await.unwrap();
        assert_eq!((store.load(RecordKey([1; 32])).await.unwrap(), store.file()), (None, None), "{address}");
    }
}

#[tokio::test]
async fn an_address_that_makes_no_file_or_only_reads_one_says_so_before_anything_is_asked() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sessions.db").display().to_string();
    for (parameter, told) in
        [("mode=rw", "is not there, and mode=rw makes none"), ("mode=ro", "may only be read")]
    {
        let address = format!("sqlite://{path}?{parameter}");
        let opened = opener().open(&address, Arc::new(SystemClock)).unwrap_err().to_string();
        let store = SqliteStore::open(&address);
        let migrated = store.migrate().await.unwrap_err().to_string();
        for said in [opened, migrated, store.load(RecordKey([1; 32])).await.unwrap_err().to_string()] {
            assert!(said.contains(told) && said.contains(&path) && !said.contains('\n'), "{said}");
        }
    }
    assert!(!Path::new(&path).exists());
}

/// Root may write everywhere: the test is then run once more, as somebody else.
#[cfg(unix)]
#[tokio::test]
async fn a_place_that_may_not_be_written_is_one_line_at_the_start_with_its_path_and_what_is_missing() {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, chown};
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    const NOBODY: u32 = 65534;
    const NAME: &str =
        "places::a_place_that_may_not_be_written_is_one_line_at_the_start_with_its_path_and_what_is_missing";

    let folder = TempDir::new().unwrap();
    let id = Command::new("id").arg("-u").output().unwrap().stdout;
    if id.trim_ascii() == b"0" {
        let program = folder.path().join("test");
        std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        for path in [folder.path(), &program] {
            chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let mut again = Command::new(program);
        again.args(["--exact", NAME]).uid(NOBODY).gid(NOBODY).current_dir("/").env("TMPDIR", folder.path());
        let ran = again.output().unwrap();
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let permit = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let start = |path: &Path| opener().open(&format!("sqlite://{}", path.display()), Arc::new(SystemClock));
    let (closed, open) = (folder.path().join("closed"), folder.path().join("open"));
    for folder in [&closed, &open] {
        std::fs::create_dir(folder).unwrap();
        std::fs::write(folder.join("there.db"), "").unwrap();
    }
    permit(&open.join("there.db"), 0o400);
    permit(&closed, 0o500);
    for (path, missing) in [
        (closed.join("new.db"), format!("has no right to make files in {}", closed.display())),
        (
            closed.join("there.db"),
            format!(
                "its write-ahead log beside it: this user has no right to make files in {}",
                closed.display()
            ),
        ),
        (open.join("there.db"), "this user has no right to write to it".to_owned()),
    ] {
        let said = start(&path).unwrap_err().to_string();
        assert!(said.contains(&missing) && said.contains(&path.display().to_string()), "{said}");
        assert!(!said.contains('\n'), "{said}");
        let later = SqliteStore::open(&path).migrate().await.unwrap_err().to_string();
        assert!(later.contains(&missing), "{later}");
    }
    // A link's own folder may be closed: the files are made where it leads to.
    permit(&closed, 0o700);
    std::os::unix::fs::symlink(open.join("linked.db"), closed.join("link.db")).unwrap();
    permit(&closed, 0o500);
    assert!(start(&closed.join("link.db")).is_ok());
    SqliteStore::open(closed.join("link.db")).migrate().await.unwrap();
    permit(&closed, 0o700);
    assert!(start(&closed.join("new.db")).is_ok());
}
