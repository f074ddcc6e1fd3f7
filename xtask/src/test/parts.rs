//! The parts of the tests: what each needs, and what cargo is to run of it.

use super::needs::{BROWSER, EXAMPLES, MODULE, Need, PAGE, PROVIDER, PROXY, STORES};

/// Turns on the tests that need more than cargo.
pub(crate) const REAL: &str = "landfall-redis/real,landfall-sqlx/real,landfall-tests/real";
/// Without it: the tests that need nothing but cargo.
const PLAIN: &str = "";

/// A part that can be run by itself.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) needs: &'static [&'static Need],
    pub(crate) runs: &'static [Run],
}

/// One call of `cargo test`, for the whole workspace: what it depends on is then built once for all parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    features: &'static str,
    /// The binaries, as cargo selects them; none for all of them.
    targets: &'static [&'static str],
    /// What one of must stand in a test's path, unless somebody names tests.
    only: &'static [&'static str],
    /// What must not.
    skip: &'static [&'static str],
}

const ALL: Run = Run { features: REAL, targets: &[], only: &[], skip: &[] };

/// What runs if no part is named: all there is, each once.
pub(crate) const EVERYTHING: Part = Part {
    name: "everything",
    about: "every test, documentation included",
    needs: &[&STORES, &BROWSER, &PROVIDER, &MODULE, &PAGE, &PROXY, &EXAMPLES],
    runs: &[ALL],
};

/// Every test is in one of them at least.
pub(crate) const PARTS: &[Part] = &[
    Part {
        name: "core",
        about: "every crate's own tests, the examples in the documentation, the seeds of the fuzz targets, the search for secrets in what is logged, what a request allocates",
        needs: &[],
        runs: &[
            Run {
                features: PLAIN,
                targets: &[
                    "--lib",
                    "--bins",
                    "--test=memory_store",
                    "--test=corpora",
                    "--test=traces",
                    "--test=log_lines",
                    "--test=counts",
                ],
                ..ALL
            },
            Run { features: PLAIN, targets: &["--doc"], ..ALL },
        ],
    },
    Part {
        name: "axum",
        about: "scenarios and attacks on axum, with cookies, memory and SQLite, and what it stands among",
        needs: &[],
        runs: &[Run {
            features: PLAIN,
            targets: &["--test=scenarios", "--test=attacks", "--test=works_with"],
            skip: &["::actix"],
            ..ALL
        }],
    },
    Part {
        name: "actix",
        about: "scenarios and attacks on actix-web, with cookies, memory and SQLite, and what it stands among",
        needs: &[],
        runs: &[Run {
            features: PLAIN,
            targets: &["--test=scenarios", "--test=attacks", "--test=works_with"],
            skip: &["::axum"],
            ..ALL
        }],
    },
    Part {
        name: "stores",
        about: "Redis, PostgreSQL and SQLite: the stores' own tests, engines that die, and the scenarios and attacks on both frameworks",
        needs: &[&STORES],
        runs: &[
            Run { targets: &["--test=real", "--test=sqlite", "--test=real_stores"], ..ALL },
            Run {
                targets: &["--test=scenarios", "--test=attacks", "--test=traces"],
                skip: &["_with_cookies", "_with_memory"],
                ..ALL
            },
        ],
    },
    Part {
        name: "browser",
        about: "Chromium, without the single-page example",
        needs: &[&BROWSER, &EXAMPLES],
        runs: &[Run { targets: &["--test=real_browser"], skip: &["spa"], ..ALL }],
    },
    Part {
        name: "provider",
        about: "the certified provider, and applications behind nginx",
        needs: &[&STORES, &PROVIDER, &PROXY, &EXAMPLES],
        runs: &[Run { targets: &["--test=real_provider", "--test=real_front"], ..ALL }],
    },
    Part {
        name: "native",
        about: "applications on somebody's own machine: alone, in Chromium and at the certified provider",
        needs: &[&BROWSER, &PROVIDER],
        runs: &[
            Run { targets: &["--test=native", "--test=ways"], ..ALL },
            Run { targets: &["--test=real_browser", "--test=real_provider"], only: &["native::"], ..ALL },
        ],
    },
    Part {
        name: "spa",
        about: "single-page applications: the module for browsers, the example behind Vite and as it is built",
        needs: &[&BROWSER, &MODULE, &PAGE, &EXAMPLES],
        runs: &[
            Run { targets: &["--test=real_browser"], only: &["spa"], ..ALL },
            Run { features: PLAIN, targets: &["--test=scenarios"], only: &["single_page::"], ..ALL },
        ],
    },
];

impl Run {
    /// What follows `cargo test --workspace`. What somebody `given` comes last on both sides of `--`.
    pub(crate) fn arguments(&self, given: &[String]) -> Vec<String> {
        let mut sides = given.splitn(2, |word| word == "--");
        let [for_cargo, for_tests] = [sides.next(), sides.next()].map(Option::unwrap_or_default);
        let names_tests = names_tests(given);
        let features = (!self.features.is_empty()).then(|| format!("--features={}", self.features));
        let only = self.only.iter().filter(|_| !names_tests).map(|&word| word.to_owned());
        let skip = self.skip.iter().map(|word| format!("--skip={word}"));
        features
            .into_iter()
            .chain(self.targets.iter().map(|&target| target.to_owned()))
            .chain(for_cargo.iter().cloned())
            .chain(["--".to_owned()])
            .chain(only)
            .chain(skip)
            .chain(for_tests.iter().cloned())
            .collect()
    }
}

/// Options whose value is a word of its own.
const VALUED: [&str; 10] = [
    "-j",
    "-p",
    "--color",
    "--format",
    "--jobs",
    "--package",
    "--profile",
    "--skip",
    "--target-dir",
    "--test-threads",
];

/// Whether one of these words is a test's name: neither an option nor the value of one.
fn names_tests(given: &[String]) -> bool {
    let before = std::iter::once("").chain(given.iter().map(String::as_str));
    given.iter().zip(before).any(|(word, before)| !word.starts_with('-') && !VALUED.contains(&before))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::shell;

    fn words(words: &str) -> Vec<String> {
        words.split_whitespace().map(str::to_owned).collect()
    }

    /// How cargo selects this target, and whether only its features make it exist.
    fn selectors(target: &Value) -> impl Iterator<Item = (String, bool)> {
        let is = |kind: &str| target["kind"].as_array().unwrap().iter().any(|other| other == kind);
        let name = match target["name"].as_str().unwrap() {
            _ if is("lib") => "--lib".to_owned(),
            _ if is("bin") => "--bins".to_owned(),
            name => format!("--test={name}"),
        };
        let real = target["required-features"].as_array().is_some_and(|all| all.contains(&"real".into()));
        let tested = (target["test"] == true).then_some((name, real));
        let documented = (target["doctest"] == true).then(|| ("--doc".to_owned(), false));
        tested.into_iter().chain(documented)
    }

    #[test]
    fn every_test_binary_of_the_workspace_belongs_to_a_part_that_can_run_it() {
        let metadata = shell::metadata().unwrap();
        let targets = shell::packages(&metadata).flat_map(|package| package["targets"].as_array().unwrap());
        let wanted: BTreeSet<_> = targets.flat_map(selectors).collect();
        assert!(wanted.contains(&("--test=real_browser".to_owned(), true)), "{wanted:?}");
        let runs: Vec<_> = PARTS.iter().flat_map(|part| part.runs).collect();
        for (target, real) in wanted {
            let runs_it =
                |run: &&Run| run.targets.contains(&target.as_str()) && (!real || run.features == REAL);
            assert!(runs.iter().any(runs_it), "{target} is in no part");
        }
    }

    #[test]
    fn every_part_has_its_name_alone_and_what_it_needs_is_needed_by_everything() {
        let names: BTreeSet<_> = PARTS.iter().map(|part| part.name).collect();
        assert_eq!(names.len(), PARTS.len());
        let known = |need: &Need| EVERYTHING.needs.iter().any(|other| **other == *need);
        assert!(PARTS.iter().flat_map(|part| part.needs).all(|need| known(need)));
    }

    #[test]
    fn what_somebody_gives_goes_to_cargo_and_to_the_tests_beside_the_parts_own() {
        let run = Run { features: PLAIN, targets: &["--test=a"], only: &["b"], skip: &["c"] };
        assert_eq!(run.arguments(&[]), words("--test=a -- b --skip=c"));
        let given = words("--release -- --nocapture");
        assert_eq!(run.arguments(&given), words("--test=a --release -- b --skip=c --nocapture"));
        let given = words("--jobs 1 -- --test-threads 1");
        assert_eq!(run.arguments(&given), words("--test=a --jobs 1 -- b --skip=c --test-threads 1"));
        // Two names would be one or the other.
        assert_eq!(run.arguments(&words("return_to")), words("--test=a return_to -- --skip=c"));
        assert_eq!(ALL.arguments(&[]), words(&format!("--features={REAL} --")));
    }
}
