//! Fuzzes the reading of routers' configurations.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::routers::router_config(bytes));
