//! Fuzzes the reading of what portal and notifier sign for each other.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::doors::line_token(bytes));
