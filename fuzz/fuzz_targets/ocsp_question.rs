//! Fuzzes the reading of questions about certificates, by the room that answers them.
#![no_main]

use std::sync::LazyLock;

use fuzz::doors::Doors;

static DOORS: LazyLock<Doors> = LazyLock::new(Doors::open);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| DOORS.ocsp_question(bytes));
