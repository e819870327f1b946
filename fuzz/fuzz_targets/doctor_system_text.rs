//! Fuzzes what the doctor reads: system texts.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::doctor::system_text(bytes));
