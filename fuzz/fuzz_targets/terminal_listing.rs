//! Fuzzes the reading of a terminal's listing of its addresses.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::doors::terminal_listing(bytes));
