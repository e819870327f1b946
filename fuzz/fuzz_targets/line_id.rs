//! Fuzzes the reading of line ids as people type them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::doors::line_id(bytes));
