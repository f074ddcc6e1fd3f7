//! What proxies say about a request, line by line.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landfall::fuzzing::forwarded(data));
