//! Fuzzes what is asked of the forward proxy.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::proxy_and_time::proxy_request(bytes));
