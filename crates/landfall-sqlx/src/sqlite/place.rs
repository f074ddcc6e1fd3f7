//! [`Place`]: where an address or a path leads, a file or memory.

use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;

/// Where the sessions are kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    Memory,
    File {
        path: PathBuf,
        /// Whether it is made if it is not there.
        made: bool,
        /// How SQLite reaches it, where that is no matter of course.
        vfs: Option<String>,
    },
}

impl Place {
    /// What `path` says: an address of SQLite (`sqlite:…`, `file:…`), or a path.
    pub(super) fn of(path: &Path) -> Result<Self, String> {
        match path.to_str() {
            Some(text) if text == ":memory:" || text.starts_with("sqlite:") || text.starts_with("file:") => {
                Self::read(text)
            }
            _ => Ok(Self::file(path.to_path_buf())),
        }
    }

    /// Reads `sqlite:path`, `sqlite://path`, `sqlite:///path`, and `file:` in place of the scheme or behind it, each with
    /// parameters as SQLite's URIs and sqlx have them. No error repeats more than the path.
    pub(super) fn read(address: &str) -> Result<Self, String> {
        let (name, parameters) = address.split_once('?').unwrap_or((address, ""));
        let name = name.strip_prefix("sqlite:").unwrap_or(name);
        let name = name.strip_prefix("//").unwrap_or(name);
        let name = name.strip_prefix("file:").map_or(Ok(name), local)?;
        let mut place = match name {
            // Without a file, unless the parameters say memory, it would be one that SQLite removes.
            "" => Self::file(PathBuf::new()),
            ":memory:" => Self::Memory,
            name => Self::file(decoded(name)?),
        };
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            place = place.with(parameter.split_once('=').unwrap_or((parameter, "")))?;
        }
        match place {
            Self::File { path, .. } if path.as_os_str().is_empty() => Err(MALFORMED.to_owned()),
            place => Ok(place),
        }
    }

    fn file(path: PathBuf) -> Self {
        Self::File { path, made: true, vfs: None }
    }

    fn with(self, parameter: (&str, &str)) -> Result<Self, String> {
        let only_read = |place: &Self, said: &str| {
            Err(match place {
                Self::Memory => "memory that may only be read keeps no sessions".to_owned(),
                Self::File { path, .. } => format!(
                    "SQLite's file {} may only be read as the address has it ({said}), and sessions are written: \
                     take mode=rwc, which makes the file where it is not there, or mode=rw",
                    super::error::shown(path)
                ),
            })
        };
        match (self, parameter) {
            (_, ("mode", "memory")) => Ok(Self::Memory),
            (Self::File { path, vfs, .. }, ("mode", mode @ ("rw" | "rwc"))) => {
                Ok(Self::File { path, made: mode == "rwc", vfs })
            }
            (place, ("mode", "ro")) => only_read(&place, "mode=ro"),
            (place, ("immutable", "1" | "true")) => only_read(&place, "immutable"),
            // Connections of one process share no cache here, whatever is said: one would hold up the others.
            (place, ("mode", "rw" | "rwc") | ("cache", "private" | "shared") | ("immutable", "0" | "false")) => {
                Ok(place)
            }
            (Self::File { path, made, .. }, ("vfs", name)) if !name.is_empty() => {
                Ok(Self::File { path, made, vfs: Some(name.to_owned()) })
            }
            (_, ("mode", _)) => Err("the store's address has a `mode` that is none of rwc, rw and memory".to_owned()),
            _ => Err("the store's address has a parameter that is none of mode, cache, immutable and vfs, or a value \
                      that it cannot have"
                .to_owned()),
        }
    }
}

const MALFORMED: &str = "the store's address does not read sqlite:path";

/// The path of a `file:` URI, which may name this machine.
fn local(name: &str) -> Result<&str, String> {
    let Some(rest) = name.strip_prefix("//") else { return Ok(name) };
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    if rest.starts_with('/') {
        Ok(rest)
    } else {
        Err("the store's address names a file of another machine".to_owned())
    }
}

/// A path from its percent-encoded form.
fn decoded(name: &str) -> Result<PathBuf, String> {
    let options: SqliteConnectOptions = format!("sqlite:{name}").parse().map_err(|_| MALFORMED.to_owned())?;
    let path = options.get_filename();
    // To SQLite these would mean something else than a file of that name.
    if path == Path::new(":memory:") || path.to_string_lossy().starts_with("file:") {
        return Err(MALFORMED.to_owned());
    }
    Ok(path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, made: bool) -> Place {
        Place::File { path: path.into(), made, vfs: None }
    }

    #[test]
    fn an_address_is_read_as_sqlx_and_sqlite_write_it() {
        for (address, place) in [
            ("sqlite:sessions.db", file("sessions.db", true)),
            ("sqlite://sessions.db", file("sessions.db", true)),
            ("sqlite:/srv/sessions.db", file("/srv/sessions.db", true)),
            ("sqlite:///srv/of%20all.db", file("/srv/of all.db", true)),
            ("sqlite:///srv/sessions.db?mode=rwc", file("/srv/sessions.db", true)),
            ("sqlite:///srv/sessions.db?mode=rw&cache=private", file("/srv/sessions.db", false)),
            ("sqlite://sessions.db?cache=shared&mode=rwc&immutable=0", file("sessions.db", true)),
            ("file:sessions.db", file("sessions.db", true)),
            ("file:/srv/sessions.db?mode=rwc", file("/srv/sessions.db", true)),
            ("file:///srv/sessions.db", file("/srv/sessions.db", true)),
            ("sqlite:file://localhost/srv/sessions.db?mode=rw", file("/srv/sessions.db", false)),
            ("sqlite://file:sessions.db", file("sessions.db", true)),
            (
                "sqlite:///srv/sessions.db?vfs=unix-excl",
                Place::File { path: "/srv/sessions.db".into(), made: true, vfs: Some("unix-excl".into()) },
            ),
            ("sqlite::memory:", Place::Memory),
            ("sqlite://:memory:", Place::Memory),
            (":memory:", Place::Memory),
            ("file::memory:?cache=shared", Place::Memory),
            ("sqlite://?mode=memory", Place::Memory),
            ("sqlite:shared.db?mode=memory&cache=shared", Place::Memory),
        ] {
            assert_eq!(Place::of(Path::new(address)), Ok(place), "{address}");
        }
        // A path is no address.
        for path in ["sessions.db", "/srv/what?.db", "100%25.db"] {
            assert_eq!(Place::of(Path::new(path)), Ok(file(path, true)));
        }
    }

    #[test]
    fn an_address_that_would_only_be_read_says_so_with_the_path() {
        for address in ["sqlite:///srv/sessions.db?mode=ro", "file:/srv/sessions.db?immutable=1"] {
            let said = Place::of(Path::new(address)).unwrap_err();
            assert!(
                said.contains("/srv/sessions.db may only be read") && said.contains("mode=rwc"),
                "{said}"
            );
        }
    }
}
