//! A sealed cookie as it comes back from a browser.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landfall::fuzzing::cookie_open(data));
