//! An address that the token proxy's upstream names.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landfall::fuzzing::proxy_location(data));
