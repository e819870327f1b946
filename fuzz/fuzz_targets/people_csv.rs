//! Fuzzes the reading of people CSV files, by the room that reads them.
#![no_main]

use std::sync::LazyLock;

use fuzz::doors::Doors;

static DOORS: LazyLock<Doors> = LazyLock::new(Doors::open);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| DOORS.people_csv(bytes));
