//! Fuzzes the reading of the center's status.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::routers::center_status(bytes));
