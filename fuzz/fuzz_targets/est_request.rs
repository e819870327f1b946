//! Fuzzes what is sent to the authority's door for EST clients, by the door itself.
#![no_main]

use std::sync::LazyLock;

use fuzz::standard::Standard;

static DOORS: LazyLock<Standard> = LazyLock::new(Standard::open);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| DOORS.est_request(bytes));
