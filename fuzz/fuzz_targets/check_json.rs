//! Fuzzes the reading of questions and answers from JSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::check_json(bytes));
