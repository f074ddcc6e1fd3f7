//! The query of a callback: any bytes after the question mark.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landfall::fuzzing::callback_query(data));
