//! Fuzzes the forms that strangers send to the authority's pages.
#![no_main]

use std::sync::LazyLock;

static PAGES: LazyLock<fuzz::pages::Pages> = LazyLock::new(fuzz::pages::Pages::open);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| PAGES.certificate_form(bytes));
