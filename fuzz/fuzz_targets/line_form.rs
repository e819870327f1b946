//! Fuzzes the forms, addresses and questions that strangers send to portal and notifier.
#![no_main]

use std::sync::LazyLock;

static DOORS: LazyLock<fuzz::doors::Doors> = LazyLock::new(fuzz::doors::Doors::open);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| DOORS.line_form(bytes));
