//! A provider's metadata document.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landfall::fuzzing::discovery(data));
