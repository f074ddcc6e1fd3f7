//! The invariants of ARCHITECTURE.md that reading the tree can assert.

use super::text::Line;
use super::tree::{self, Part, Source};
use super::{figures, krate};
use crate::shell::{self, Failure};

/// Of tests and tools, as they are; what is published is held to `figures::LONGEST_FILE`.
const LONGEST_FILE: usize = 600;
const LONGEST_EXAMPLE: usize = 100;

/// A crate, and what its tree of dependencies must not name.
const KEPT_OUT: &[(&str, &[&str])] = &[
    (
        "landfall",
        &[
            "axum",
            "axum-core",
            "actix-web",
            "actix-http",
            "actix-router",
            "ntex",
            "poem",
            "rocket",
            "salvo",
            "salvo_core",
            "tide",
            "warp",
        ],
    ),
    ("landfall-axum", &["axum", "actix-web", "actix-http"]),
    ("landfall-actix", &["axum", "axum-core"]),
];

const IMPURE: &[&str] = &["async", "await", "tokio", "reqwest", "SystemTime", "Instant", "SystemRandom"];

/// The core's own, which must be found there: a list that names nothing would forbid nothing.
const OUR_IMPURE: &[&str] =
    &["Clock", "SystemClock", "Entropy", "SystemEntropy", "HttpClient", "SessionStore"];

const NOT_FOR_ADAPTERS: &[&str] = &[
    "SameSite",
    "HttpOnly",
    "Max-Age",
    "Set-Cookie",
    "set-cookie",
    "__Host-",
    "state=",
    "code=",
    "nonce=",
    "redirect_uri",
    "code_verifier",
    "code_challenge",
    "client_secret",
    "id_token",
    "Sec-Fetch-Site",
    "sec-fetch-site",
];

/// The core, and each adapter, without the frameworks it must not know.
pub(crate) fn frameworks() -> Result<(), Failure> {
    let mut found = Vec::new();
    for (package, kept_out) in KEPT_OUT {
        let arguments =
            ["tree", "--package", package, "--edges", "normal", "--all-features", "--prefix", "none"];
        let tree = shell::output(&mut shell::cargo(&arguments))?;
        let named = |framework: &&&str| tree.lines().any(|line| line.split(' ').next() == Some(**framework));
        found.extend(
            kept_out.iter().filter(named).map(|framework| format!("{package} depends on {framework}")),
        );
    }
    none(&found)
}

/// Every published crate by itself, without features: in a program that has it, lines reach a logger of the `log`
/// crate, whatever else the program is made of. In the workspace's own tests a dependency turns that on for all.
pub(crate) fn lines_reach_log() -> Result<(), Failure> {
    let mut found = Vec::new();
    for krate in krate::published()? {
        let name = krate.name.as_str();
        let arguments = [
            "tree",
            "--package",
            name,
            "--edges",
            "normal",
            "--no-default-features",
            "--prefix",
            "none",
            "--format",
            "{p} {f}",
        ];
        let tree = shell::output(&mut shell::cargo(&arguments))?;
        let is_tracing = |line: &&str| line.starts_with("tracing v");
        let speaks = |line: &str| {
            line.split(' ').nth(2).is_some_and(|features| features.split(',').any(|feature| feature == "log"))
        };
        if !tree.lines().filter(is_tracing).any(speaks) {
            found.push(format!("{name} alone has tracing without its feature log"));
        }
    }
    none(&found)
}

/// Invariant 1.
pub(crate) fn protocol_is_pure() -> Result<(), Failure> {
    let core = krate::core()?;
    let defined = |name: &&&str| core.modules.iter().any(|module| module.items.contains(**name));
    let gone: Vec<String> = OUR_IMPURE
        .iter()
        .filter(|name| !defined(name))
        .map(|name| {
            format!("the core has no {name} any more: name the new one in xtask/src/lint/invariants.rs")
        })
        .collect();
    none(&gone)?;
    let words = [IMPURE, OUR_IMPURE].concat();
    absent(|path| path.starts_with("crates/landfall/src/protocol/"), Part::Library, &words)
}

/// Invariant 4.
pub(crate) fn adapters_are_thin() -> Result<(), Failure> {
    for adapter in ["crates/landfall-axum/src/", "crates/landfall-actix/src/"] {
        absent(|path| path.starts_with(adapter), Part::Library, NOT_FOR_ADAPTERS)?;
    }
    Ok(())
}

/// A provider that takes any password must not be reachable.
pub(crate) fn testkit_binds_loopback() -> Result<(), Failure> {
    absent(
        |path| path.starts_with("crates/landfall-testkit/src/"),
        Part::Library,
        &["0.0.0.0", "UNSPECIFIED", "[::]"],
    )
}

/// No file of a published crate over 420 lines without comments and inline tests, no other file over 600, no example
/// over 100; and none that no compiler sees.
pub(crate) fn short_files() -> Result<(), Failure> {
    let mut found = Vec::new();
    for krate in krate::published()? {
        let name = &krate.name;
        let code = krate.files.iter().filter(|file| !file.test);
        for file in code {
            let kinds =
                [("lines", Line::Code, figures::LONGEST_FILE), ("lines of tests", Line::Test, LONGEST_FILE)];
            for (what, kind, most) in kinds {
                let lines = file.lines.count(kind);
                if lines > most {
                    found.push(format!("crates/{name}/src/{}: {lines} {what}, at most {most}", file.path));
                }
            }
        }
        found.extend(
            krate.orphans.iter().map(|path| format!("crates/{name}/src/{path}: no `mod` leads here")),
        );
    }
    let is_published = |path: &str| {
        let inside = path.strip_prefix("crates/").and_then(|path| path.split_once("/src/"));
        let file = inside.and_then(|(name, path)| krate::file(name, path));
        file.is_some_and(|file| !file.test)
    };
    let too_long = |file: &Source| {
        let lines = file.text.lines().count();
        let example = file.path.starts_with("examples/") && file.path.ends_with("/main.rs");
        let longest = if example { LONGEST_EXAMPLE } else { LONGEST_FILE };
        (lines > longest).then(|| format!("{}: {lines} lines, at most {longest}", file.path))
    };
    let others = tree::rust()?;
    found.extend(others.iter().filter(|file| !is_published(&file.path)).filter_map(too_long));
    none(&found)
}

/// No placeholder, no leftover, no test that is never run.
pub(crate) fn nothing_unfinished() -> Result<(), Failure> {
    absent(
        |path| !path.starts_with("xtask/"),
        Part::All,
        &["todo!(", "unimplemented!(", "dbg!(", "#[ignore", "FIXME"],
    )
}

/// Invariant 11.
pub(crate) fn no_test_sleeps() -> Result<(), Failure> {
    absent(|path| !path.starts_with("xtask/"), Part::Tests, &["thread::sleep", "time::sleep", "sleep_until"])
}

/// Nothing that only means something on the machine where it was written.
pub(crate) fn nothing_local() -> Result<(), Failure> {
    // In two halves, so that this file does not name them.
    let homes =
        [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/"), concat!("C:\\Us", "ers")];
    let mut found = Vec::new();
    for file in tree::files()? {
        let locks = file.path.ends_with("Cargo.lock") || file.path.ends_with("package-lock.json");
        for (number, line) in (1..).zip(file.text.lines()) {
            let local =
                if locks { names_a_registry(line) } else { homes.iter().any(|home| line.contains(home)) };
            if local {
                found.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    none(&found)
}

/// Whether a lock file's line names any registry but cargo's own; npm's lock needs to name none at all.
fn names_a_registry(line: &str) -> bool {
    let line = line.trim();
    let cargo = line.strip_prefix("source = ");
    cargo.is_some_and(|source| !source.starts_with("\"registry+https://github.com/rust-lang/"))
        || line.starts_with("\"resolved\": \"http")
}

/// That no code in these files names one of `words`.
fn absent(within: impl Fn(&str) -> bool, part: Part, words: &[&str]) -> Result<(), Failure> {
    let mut files = tree::rust()?;
    files.retain(|file| within(&file.path));
    if files.is_empty() {
        return Err("no file there any more: name the new place in xtask/src/lint/invariants.rs".into());
    }
    none(&files.iter().flat_map(|file| file.naming(part, words)).collect::<Vec<_>>())
}

/// That nothing was found.
pub(crate) fn none(found: &[String]) -> Result<(), Failure> {
    if found.is_empty() { Ok(()) } else { Err(found.join("\n").into()) }
}

#[cfg(test)]
mod tests {
    use super::{Part, absent, names_a_registry};

    #[test]
    fn a_check_whose_files_have_moved_away_does_not_pass() {
        assert!(absent(|path| path == "xtask/src/main.rs", Part::Library, &["tokio"]).is_ok());
        assert!(absent(|path| path == "xtask/src/main.rs", Part::Library, &["main"]).is_err());
        assert!(absent(|path| path == "a/room/that/is/gone.rs", Part::Library, &["tokio"]).is_err());
    }

    #[test]
    fn a_lock_file_may_name_the_default_registry_only() {
        assert!(!names_a_registry("source = \"registry+https://github.com/rust-lang/an-index\""));
        assert!(names_a_registry("source = \"registry+https://mirror.example/index\""));
        assert!(names_a_registry("      \"resolved\": \"https://mirror.example/koa.tgz\","));
        assert!(!names_a_registry("name = \"landfall\""));
    }
}
