//! Fuzzes the decoding of bytes in a declared character set.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::charset(bytes));
