//! The invariants of ARCHITECTURE.md that reading the tree can assert.

use crate::shell::{self, Failure};
use crate::tree::{self, Part, Source};

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

const IMPURE: &[&str] = &[
    "async",
    "await",
    "tokio",
    "reqwest",
    "Clock",
    "SystemClock",
    "SystemTime",
    "Instant",
    "Entropy",
    "SystemEntropy",
    "SystemRandom",
    "HttpClient",
    "SessionStore",
];

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

/// Invariant 1.
pub(crate) fn protocol_is_pure() -> Result<(), Failure> {
    absent(|path| path.starts_with("crates/landfall/src/protocol/"), Part::Library, IMPURE)
}

/// Invariant 4.
pub(crate) fn adapters_are_thin() -> Result<(), Failure> {
    let adapters = ["crates/landfall-axum/src/", "crates/landfall-actix/src/"];
    absent(|path| adapters.iter().any(|adapter| path.starts_with(adapter)), Part::Library, NOT_FOR_ADAPTERS)
}

/// A provider that takes any password must not be reachable.
pub(crate) fn testkit_binds_loopback() -> Result<(), Failure> {
    absent(
        |path| path.starts_with("crates/landfall-testkit/src/"),
        Part::Library,
        &["0.0.0.0", "UNSPECIFIED", "[::]"],
    )
}

/// No file over 600 lines, no example over 100.
pub(crate) fn short_files() -> Result<(), Failure> {
    let too_long = |file: &Source| {
        let lines = file.text.lines().count();
        let example = file.path.starts_with("examples/") && file.path.ends_with("/main.rs");
        let longest = if example { LONGEST_EXAMPLE } else { LONGEST_FILE };
        (lines > longest).then(|| format!("{}: {lines} lines, at most {longest}", file.path))
    };
    none(&tree::rust()?.iter().filter_map(too_long).collect::<Vec<_>>())
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
    let files = tree::rust()?;
    let found: Vec<String> =
        files.iter().filter(|file| within(&file.path)).flat_map(|file| file.naming(part, words)).collect();
    none(&found)
}

fn none(found: &[String]) -> Result<(), Failure> {
    if found.is_empty() { Ok(()) } else { Err(found.join("\n").into()) }
}

#[cfg(test)]
mod tests {
    use super::names_a_registry;

    #[test]
    fn a_lock_file_may_name_the_default_registry_only() {
        assert!(!names_a_registry("source = \"registry+https://github.com/rust-lang/an-index\""));
        assert!(names_a_registry("source = \"registry+https://mirror.example/index\""));
        assert!(names_a_registry("      \"resolved\": \"https://mirror.example/koa.tgz\","));
        assert!(!names_a_registry("name = \"landfall\""));
    }
}
