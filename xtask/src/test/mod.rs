//! `cargo xtask test`: everything, or the parts that are named, with only what they need.

mod needs;
mod parts;

use crate::group::{self, Group};
use crate::shell::{self, Failure};
use needs::Ready;
use parts::{EVERYTHING, PARTS, Part, Run};

/// What somebody asked for.
#[derive(Debug)]
pub(crate) struct Plan {
    parts: Vec<&'static Part>,
    /// For `cargo test`.
    arguments: Vec<String>,
}

impl Plan {
    /// Reads `[PART...] [-- ARGS]`.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut words = arguments.split(|word| word == "--");
        let names = words.next().unwrap_or_default();
        let parts = names.iter().map(|name| part(name)).collect::<Result<_, _>>()?;
        let arguments = arguments.iter().skip(names.len() + 1).cloned().collect();
        Ok(Self { parts, arguments })
    }

    fn parts(&self) -> &[&'static Part] {
        if self.parts.is_empty() { &[&EVERYTHING] } else { &self.parts }
    }
}

/// Runs it. Nothing is printed after the runner's last line.
pub(crate) fn run(plan: &Plan) -> Result<(), Failure> {
    group::stop_on_signal()?;
    let needs: Vec<_> = plan.parts().iter().flat_map(|part| part.needs).copied().collect();
    let ready = Ready::make(&needs, &plan.arguments)?;
    let mut runs: Vec<&Run> = Vec::new();
    for run in plan.parts().iter().flat_map(|part| part.runs) {
        if !runs.contains(&run) {
            runs.push(run);
        }
    }
    let outcomes: Vec<_> = runs.iter().map(|run| one(run, &plan.arguments, &ready)).collect();
    outcomes.into_iter().collect()
}

fn one(run: &Run, arguments: &[String], ready: &Ready) -> Result<(), Failure> {
    let mut command = shell::cargo(&["test", "--workspace", "--no-fail-fast"]);
    Group::run(command.args(run.arguments(arguments)).envs(ready.variables()))
}

fn part(name: &str) -> Result<&'static Part, Failure> {
    let unknown = || {
        let lines = PARTS.iter().map(|part| format!("  {:<9} {}", part.name, part.about));
        let parts = lines.collect::<Vec<_>>().join("\n");
        let message = format!("There is no part {name}. These are there:\n{parts}");
        Failure { message, code: 2 }
    };
    PARTS.iter().find(|part| part.name == name).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<Plan, Failure> {
        Plan::parse(&words.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn parts_come_first_and_what_follows_the_dashes_is_cargos() {
        let plan = parse("core stores -- return_to -- --nocapture").unwrap();
        assert_eq!(plan.parts.iter().map(|part| part.name).collect::<Vec<_>>(), ["core", "stores"]);
        assert_eq!(plan.arguments, ["return_to", "--", "--nocapture"]);
        let plan = parse("-- return_to").unwrap();
        assert_eq!((plan.parts()[0].name, plan.arguments.len()), (EVERYTHING.name, 1));
    }

    #[test]
    fn a_part_that_does_not_exist_is_told_with_those_that_do() {
        let told = parse("core store").unwrap_err().message;
        assert!(told.contains("no part store") && told.contains("stores"), "{told}");
        assert!(parse("--release").is_err());
    }
}
