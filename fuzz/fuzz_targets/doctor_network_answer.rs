//! Fuzzes what the doctor reads: network answers.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::doctor::network_answer(bytes));
