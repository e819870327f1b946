//! Fuzzes what the doctor reads: recordings.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::doctor::recording(bytes));
