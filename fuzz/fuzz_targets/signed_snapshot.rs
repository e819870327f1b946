//! Fuzzes the reading of the registry's signed snapshots.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::proxy_and_time::signed_snapshot(bytes));
