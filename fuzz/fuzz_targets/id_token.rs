//! An ID token as the token endpoint answers it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landfall::fuzzing::id_token(data));
