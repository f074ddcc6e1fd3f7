//! What cargo itself is asked: formatting, clippy, features, docs.

use serde_json::Value;

use crate::cold_builds::APPS;
use crate::shell::{self, Failure};

pub(crate) fn formatting() -> Result<(), Failure> {
    shell::run(&mut shell::cargo(&["fmt", "--all", "--check"]))?;
    shell::run(&mut shell::cargo(&["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))?;
    let benches = ["fmt", "--check", "--manifest-path", "benches/Cargo.toml", "--package", "landfall-bench"];
    shell::run(&mut shell::cargo(&benches))?;
    for app in APPS {
        let package = format!("bench-{}", app.folder);
        let manifest = app.manifest();
        let arguments = ["fmt", "--check", "--manifest-path", &manifest, "--package", &package];
        shell::run(&mut shell::cargo(&arguments))?;
    }
    Ok(())
}

pub(crate) fn clippy() -> Result<(), Failure> {
    let arguments =
        ["clippy", "--quiet", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
    shell::run(&mut shell::cargo(&arguments))
}

pub(crate) fn docs() -> Result<(), Failure> {
    let mut command = shell::cargo(&["doc", "--quiet", "--workspace", "--all-features", "--no-deps"]);
    shell::run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Every published crate by itself, so that nothing leans on a feature another crate turned on: without features,
/// with each alone, with all. Clippy, not check: it shares the dependencies built above.
pub(crate) fn features() -> Result<(), Failure> {
    let metadata = shell::metadata()?;
    let mut failed = Vec::new();
    for package in shell::packages(&metadata).filter(|package| is_published(package)) {
        let name = package["name"].as_str().unwrap_or_default();
        for choice in choices(package) {
            let mut arguments = vec!["clippy", "--quiet", "--package", name];
            arguments.extend(choice.iter().map(String::as_str));
            arguments.extend(["--", "-D", "warnings"]);
            if shell::run(&mut shell::cargo(&arguments)).is_err() {
                failed.push(format!("cargo {}", arguments.join(" ")));
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n").into()) }
}

fn is_published(package: &Value) -> bool {
    package["publish"].is_null()
}

/// The arguments of each combination worth a build.
fn choices(package: &Value) -> Vec<Vec<String>> {
    let features: Vec<&String> = package["features"]
        .as_object()
        .map(|features| features.keys().filter(|name| *name != "default").collect())
        .unwrap_or_default();
    let none = "--no-default-features".to_owned();
    let mut choices = vec![vec![none.clone()]];
    choices.extend(features.iter().map(|name| vec![none.clone(), format!("--features={name}")]));
    if features.len() > 1 {
        choices.push(vec!["--all-features".to_owned()]);
    }
    choices
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::choices;

    #[test]
    fn no_feature_each_feature_and_all_features_are_built() {
        let package = json!({ "features": { "default": ["a"], "a": [], "b": [] } });
        let choices: Vec<String> = choices(&package).iter().map(|choice| choice.join(" ")).collect();
        let alone = ["--no-default-features --features=a", "--no-default-features --features=b"];
        assert_eq!(choices, ["--no-default-features", alone[0], alone[1], "--all-features"]);
    }

    #[test]
    fn a_crate_without_features_is_built_once() {
        assert_eq!(choices(&json!({ "features": {} })).len(), 1);
    }
}
