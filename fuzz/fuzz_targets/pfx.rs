//! Fuzzes the opening of a PKCS#12 file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::doors::pfx(bytes));
