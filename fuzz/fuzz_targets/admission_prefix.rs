//! Fuzzes the reading of prefixes for the admission list.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::doors::admission_prefix(bytes));
