//! `cargo xtask spa`: the single-page example, with the backend that signs its people in.

use std::env::consts::EXE_EXTENSION;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::group::{self, Group};
use crate::npm::{Npm, SPA};
use crate::programs;
use crate::shell::{self, Failure};

/// Where Vite shows the page: its own default, and what is registered at the provider.
const VITE: &str = "http://localhost:5173";
const BEAT: Duration = Duration::from_millis(100);

/// Starts it and stays until Ctrl-C: behind Vite, which shows every change at once, or as it would be delivered.
pub(crate) fn run(production: bool) -> Result<(), Failure> {
    group::stop_on_signal()?;
    let npm = Npm::of(&programs::find(Npm::PROGRAMS)?)?;
    npm.install(SPA)?;
    Group::run(&mut shell::cargo(&["build", "--package", "example-axum"]))?;
    let mut backend = backend()?;
    if production {
        npm.build_spa()?;
        return Group::run(backend.env("LANDFALL_SPA", format!("{SPA}/dist")));
    }
    let backend = Group::spawn(backend.env("LANDFALL_SPA", VITE))?;
    let vite = Group::spawn(&mut npm.command(SPA, &["run", "--silent", "dev"]))?;
    until_one_ends([("the backend", backend), ("Vite", vite)])
}

/// The example for axum, as it was built.
fn backend() -> Result<Command, Failure> {
    let metadata = shell::metadata()?;
    let target = metadata["target_directory"].as_str().ok_or("cargo metadata names no target directory")?;
    Ok(shell::program(Path::new(target).join("debug/example-axum").with_extension(EXE_EXTENSION)))
}

/// One without the other is no use. Both say themselves what befell them.
fn until_one_ends(mut both: [(&str, Group); 2]) -> Result<(), Failure> {
    loop {
        for (name, group) in &mut both {
            if group.has_ended() {
                return Err(format!("{name} has ended").into());
            }
        }
        thread::sleep(BEAT);
    }
}
