//! Fuzzes the reading of configuration files of centers and clinics.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::doors::config_toml(bytes));
