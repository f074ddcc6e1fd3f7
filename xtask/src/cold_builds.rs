//! `cargo xtask bench --build`: what somebody waits for and ships who takes Landfall, beside the bare frameworks and
//! beside what else signs people in.
//!
//! Each application under `benches/build` is counted (crates), built once for release in an empty folder (seconds),
//! and weighed (its stripped program). Builds are bounded: one by [`PATIENCE`], all together by [`BOUND`].

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, process, thread};

use crate::group::{self, Group};
use crate::shell::{self, Failure};

/// What a cold build of an axum application with Landfall may compile.
const BUDGET: u32 = 136;
/// What all builds may take together; what does not fit is left out, and that is said.
const BOUND: Duration = Duration::from_secs(15 * 60);
/// What one build may take.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// How often it is looked whether a build has ended.
const GLANCE: Duration = Duration::from_millis(50);

/// A small application under `benches/build`.
pub(crate) struct App {
    /// Its folder; its package is called `bench-` and this. The bare ones and ours are members of the benches'
    /// workspace, so that both compile the same releases; others have a lock file of their own.
    pub(crate) folder: &'static str,
    /// The application that is nothing but its framework, with which it is compared: itself, or one before it.
    bare: &'static str,
}

/// All of them, each framework's bare one before those that are compared with it; ours before others, which are the
/// ones that the bound cuts off.
pub(crate) const APPS: &[App] = &[
    App { folder: "axum", bare: "axum" },
    App { folder: OURS, bare: "axum" },
    App { folder: "actix", bare: "actix" },
    App { folder: "actix-landfall", bare: "actix" },
    App { folder: "axum-login", bare: "axum" },
    App { folder: "axum-oidc", bare: "axum" },
    App { folder: "actix-web-openidconnect", bare: "actix" },
];

/// The application of the budget.
const OURS: &str = "axum-landfall";

/// What one build showed.
#[derive(Clone, Copy)]
struct Built {
    seconds: f64,
    /// Of all its processes, user and system.
    cpu: f64,
    /// Of the stripped program.
    kib: f64,
}

/// Counts, builds and weighs the applications of these names, or all of them, and prints the table. The bare ones that
/// they are compared with are always among them.
pub(crate) fn run(names: &[String]) -> Result<(), Failure> {
    if let Some(name) = names.iter().find(|name| APPS.iter().all(|app| app.folder != **name)) {
        let known: Vec<&str> = APPS.iter().map(|app| app.folder).collect();
        return Err(format!("there is no application {name}, but {}", known.join(", ")).into());
    }
    let chosen = |app: &&App| names.is_empty() || names.iter().any(|name| name == app.folder);
    let chosen: Vec<&App> = APPS.iter().filter(chosen).collect();
    let wanted =
        |app: &&App| chosen.iter().any(|other| other.folder == app.folder || other.bare == app.folder);
    let apps: Vec<&App> = APPS.iter().filter(wanted).collect();

    group::stop_on_signal()?;
    let folder = env::temp_dir().join(format!("landfall-builds-{}", process::id()));
    println!(
        "Builds for release, once and in an empty folder: {} applications, one or two minutes each on two idle cores; at \
         most {} minutes each and {} together. {} holds up to 1 GB meanwhile and is removed.",
        apps.len(),
        PATIENCE.as_secs() / 60,
        BOUND.as_secs() / 60,
        folder.display()
    );
    let host = host()?;
    for app in &apps {
        // Not a part of the build: how fast crates come over the network is no property of theirs.
        shell::run(app.cargo("fetch").args(["--target", &host]))?;
    }
    println!(
        "\n{:26} {:>13} {:>18} {:>18} {:>22}",
        "", "crates", "cold build", "its CPU", "stripped program"
    );
    let started = Instant::now();
    let mut bare = BTreeMap::new();
    for app in apps {
        let crates = app.crates()?;
        let built = app.build(&folder, PATIENCE.min(BOUND.saturating_sub(started.elapsed())))?;
        if app.bare == app.folder {
            bare.insert(app.folder, (crates, built));
        }
        print_row(app.folder, (crates, built), bare.get(app.bare).copied());
    }
    println!();
    print_budget()
}

/// Counts the crates of the smallest axum application with Landfall, and says whether that is within the budget.
pub(crate) fn print_budget() -> Result<(), Failure> {
    let Some(ours) = APPS.iter().find(|app| app.folder == OURS) else { return Ok(()) };
    let crates = ours.crates()?;
    let verdict = if crates <= BUDGET { "ok" } else { "OVER" };
    println!("crates of a cold axum app with Landfall: {crates}; budget {BUDGET} {verdict}");
    Ok(())
}

impl App {
    /// The manifest, seen from the root.
    pub(crate) fn manifest(&self) -> String {
        format!("benches/build/{}/Cargo.toml", self.folder)
    }

    fn cargo(&self, command: &str) -> Command {
        shell::cargo(&[command, "--quiet", "--locked", "--manifest-path", &self.manifest()])
    }

    /// How many crates it compiles, itself and build scripts' crates included.
    fn crates(&self) -> Result<u32, Failure> {
        let tree = ["--edges", "normal,build", "--prefix", "none", "--format", "{p}"];
        let text = shell::output(self.cargo("tree").args(tree))?;
        let crates: BTreeSet<&str> = text.lines().map(|line| line.trim_end_matches(" (*)")).collect();
        u32::try_from(crates.len()).map_err(|_| "more crates than there are".into())
    }

    /// Builds it in an empty folder, which is gone afterwards; `None` where there was not the time.
    fn build(&self, folder: &Path, patience: Duration) -> Result<Option<Built>, Failure> {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let times = folder.join("times");
        let note = File::create(&times).map_err(|error| format!("{}: {error}", times.display()))?;
        // The shell knows what all descendants used.
        let mut command = shell::program("sh");
        command.args(["-c", r#""$@"; code=$?; times; exit "$code""#, "sh"]);
        let cargo = self.cargo("build");
        command.arg(cargo.get_program()).args(cargo.get_args()).arg("--release");
        command.env("CARGO_TARGET_DIR", folder.join("target")).env("CARGO_PROFILE_RELEASE_STRIP", "symbols");
        // What keeps compiled crates elsewhere would answer for the compiler.
        command.env("RUSTC_WRAPPER", "").stdout(note);
        let started = Instant::now();
        let mut build = Group::spawn_with_folder(&mut command, folder.to_owned())?;
        while !build.has_ended() {
            if started.elapsed() > patience {
                return Ok(None);
            }
            thread::sleep(GLANCE);
        }
        let seconds = started.elapsed().as_secs_f64();
        let status = build.wait()?;
        if !status.success() {
            return Err(format!("{} was not built ({status})", self.folder).into());
        }
        let cpu = fs::read_to_string(&times).ok().and_then(|text| descendants(&text)).unwrap_or(f64::NAN);
        let program = folder.join("target/release").join(format!("bench-{}", self.folder));
        let size = fs::metadata(&program).map_err(|error| format!("{}: {error}", program.display()))?.len();
        let kib =
            u32::try_from(size / 1024).map_err(|_| format!("{} has {size} bytes", program.display()))?;
        Ok(Some(Built { seconds, cpu, kib: kib.into() }))
    }
}

/// One row: figures, and each as so many times the bare application's; of the program what is added to it.
fn print_row(name: &str, (crates, built): (u32, Option<Built>), bare: Option<(u32, Option<Built>)>) {
    let Some((bare_crates, bare)) = bare else { return };
    let ratio = |ours: f64, bare: f64| format!("{:.1}x", ours / bare);
    let crates = format!("{crates} {:>5}", ratio(crates.into(), bare_crates.into()));
    let Some(built) = built else {
        println!("{name:26} {crates:>13}   not built: there was not the time");
        return;
    };
    let beside =
        |of: fn(&Built) -> f64| bare.map_or_else(|| "?".to_owned(), |bare| ratio(of(&built), of(&bare)));
    let added = bare.map_or(f64::NAN, |bare| built.kib - bare.kib);
    println!(
        "{name:26} {crates:>13} {:>10.1} s {:>5} {:>10.1} s {:>5} {:>8.2} MiB, {:>+5.2}",
        built.seconds,
        beside(|built| built.seconds),
        built.cpu,
        beside(|built| built.cpu),
        built.kib / 1024.0,
        added / 1024.0
    );
}

/// The target that this machine builds for.
fn host() -> Result<String, Failure> {
    let text = shell::output(shell::program("rustc").arg("-vV"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc does not say what it builds for".into())
}

/// Seconds that a shell's descendants used, user and system, from the second line of its `times`: `1m2.5s 0m3.25s`.
fn descendants(times: &str) -> Option<f64> {
    let seconds = |text: &str| {
        let (minutes, seconds) = text.strip_suffix('s')?.split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    };
    times.lines().nth(1)?.split_whitespace().map(seconds).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shells_times_are_read_as_seconds() {
        let seconds = descendants("0m0.010000s 0m0.000000s\n1m2.500000s 0m3.250000s\n").unwrap();
        assert!((seconds - 65.75).abs() < 1e-9);
        assert_eq!(descendants("0m0.01s 0m0.00s\n"), None);
        assert_eq!(descendants("0m0.01s 0m0.00s\nsoon 0m1.00s\n"), None);
    }

    #[test]
    fn every_folder_of_benches_build_is_an_application_of_the_table() {
        let entries = fs::read_dir(shell::root().join("benches/build")).unwrap();
        let found: BTreeSet<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(found, APPS.iter().map(|app| app.folder.to_owned()).collect());
        for app in APPS {
            let manifest = fs::read_to_string(shell::root().join(app.manifest())).unwrap();
            assert!(manifest.contains(&format!("name = \"bench-{}\"", app.folder)));
        }
    }
}
