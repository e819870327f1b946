//! Fuzzes the reading of questions for the time.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::proxy_and_time::ntp_packet(bytes));
