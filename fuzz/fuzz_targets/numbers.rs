//! Fuzzes the reading of numbers and dates as people type them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::numbers(bytes));
