//! Fuzzes the name server's packets.
#![no_main]

use std::sync::LazyLock;

use fuzz::names::Names;

static NAMES: LazyLock<Names> = LazyLock::new(Names::open);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| NAMES.packet(bytes));
