//! Tells the crate what compiles it, since bytes and instructions are a compiler's work as well.

use std::env;
use std::process::Command;

fn main() {
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(compiler).arg("--version").output().map(|output| output.stdout);
    let version = version.ok().and_then(|text| String::from_utf8(text).ok()).unwrap_or_default();
    let target = env::var("TARGET").unwrap_or_default();
    // "rustc 1.95.0 (hash date)"
    let version = version.split(' ').nth(1).unwrap_or("unknown");
    println!("cargo:rustc-env=LANDFALL_REQUESTS_COMPILER={version} {target}");
    println!("cargo:rerun-if-changed=build.rs");
}
