//! A logout token as anybody may post it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landfall::fuzzing::logout_token(data));
