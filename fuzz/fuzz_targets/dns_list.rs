//! Fuzzes the reading of list files for the name server.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::names::list(bytes));
