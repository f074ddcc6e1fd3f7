//! Path and query of a request to the token proxy.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landfall::fuzzing::proxy_path(data));
