//! Fuzzes the reading of login and enrolment messages.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::enrolment_json(bytes));
