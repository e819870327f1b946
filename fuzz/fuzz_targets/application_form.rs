//! Fuzzes the reading of the portal's application forms.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::doors::application_form(bytes));
