//! Fuzzes the reading of requests for a certificate, by the room that reads them.
#![no_main]

use std::sync::LazyLock;

use fuzz::doors::Doors;

static DOORS: LazyLock<Doors> = LazyLock::new(Doors::open);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| DOORS.csr(bytes));
