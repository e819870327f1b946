//! Fuzzes the reading of file names in the exchange folder.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::filename(bytes));
