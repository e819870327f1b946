//! Fuzzes the reading of a center's answer or a face file from an XML file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::check_result_xml(bytes));
