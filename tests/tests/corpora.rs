//! Every seed of the fuzz targets, and whatever a fuzzer once found, replayed.

use std::fs;
use std::path::Path;

use landfall::fuzzing;

type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 11] = [
    ("callback_query", fuzzing::callback_query),
    ("cookie_open", fuzzing::cookie_open),
    ("discovery", fuzzing::discovery),
    ("forwarded", fuzzing::forwarded),
    ("guard_path", fuzzing::guard_path),
    ("id_token", fuzzing::id_token),
    ("jwks", fuzzing::jwks),
    ("logout_token", fuzzing::logout_token),
    ("proxy_location", fuzzing::proxy_location),
    ("proxy_path", fuzzing::proxy_path),
    ("return_to", fuzzing::return_to),
];

fn fuzz() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz"))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_seed_keeps_the_properties_of_its_target() {
    for (target, run) in TARGETS {
        let folder = fuzz().join("corpus").join(target);
        let seeds = names(&folder);
        assert!(seeds.len() >= 5, "{target} has {} seeds", seeds.len());
        for seed in seeds {
            println!("{target}/{seed}");
            run(&fs::read(folder.join(&seed)).unwrap());
        }
    }
}

#[test]
fn every_target_is_replayed_and_has_seeds() {
    let targets = TARGETS.map(|(target, _)| target);
    let files = names(&fuzz().join("fuzz_targets"));
    assert_eq!(files, targets.map(|target| format!("{target}.rs")));
    assert_eq!(names(&fuzz().join("corpus")), targets);
}
