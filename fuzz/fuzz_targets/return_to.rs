//! A destination as an outsider would like to write it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| landfall::fuzzing::return_to(data));
