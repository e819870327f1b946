//! Fuzzes the name server's packets.
#![no_main]

use std::cell::OnceCell;

libfuzzer_sys::fuzz_target!(
    init: { },
    |bytes: &[u8]| NAMES.with(|names| names.get_or_init(fuzz::names::Names::open).packet(bytes))
);

thread_local! {
    /// Compiled once.
    static NAMES: OnceCell<fuzz::names::Names> = const { OnceCell::new() };
}
