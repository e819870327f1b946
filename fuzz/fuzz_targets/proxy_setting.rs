//! Fuzzes the judgement of a terminal's proxy setting.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::proxy_and_time::proxy_setting(bytes));
