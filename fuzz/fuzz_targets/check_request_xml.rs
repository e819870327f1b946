//! Fuzzes the reading of a clinic's question from an XML file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::check_request_xml(bytes));
