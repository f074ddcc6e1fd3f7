//! The path of a request, to guards by paths.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landfall::fuzzing::guard_path(data));
