//! The inputs that fuzzing of the name server starts from, and those it once found, run as plain tests; and random rooms for answers.

use std::path::{Path, PathBuf};

use rand::{Rng, SeedableRng};

#[allow(unreachable_pub)]
#[path = "../../../../fuzz/src/names.rs"]
mod claims;

/// How many random rooms are tried, when not the few of every day.
const ROOMS: &str = "ONSHI_DNS_ROOMS";

fn run(target: &str, claim: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 3, "the corpus {target} is nearly empty");
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        assert!(std::panic::catch_unwind(|| claim(&bytes)).is_ok(), "{} breaks the claim", file.display());
    }
}

#[test]
fn corpus_of_packets() {
    let names = std::panic::AssertUnwindSafe(claims::Names::open());
    run("dns_packet", move |bytes| names.packet(bytes));
}

#[test]
fn corpus_of_lists() {
    run("dns_list", claims::list);
}

/// Every byte of every seed changed: whatever comes of it, the claims hold.
#[test]
fn packets_with_one_wrong_byte() {
    let names = claims::Names::open();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/dns_packet");
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for at in 0..bytes.len() {
            for byte in [0, 1, 0x29, 0x40, 0x80, 0xC0, 0xFF] {
                let mut changed = bytes.clone();
                changed[at] = byte;
                names.packet(&changed);
            }
            names.packet(&bytes[..at]);
        }
    }
}

/// Rows: DN-23
#[test]
fn nothing_is_left_out_of_any_room_without_a_word() {
    let rooms = std::env::var(ROOMS).ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let names = claims::Names::open();
    let mut dice = rand_chacha::ChaCha8Rng::seed_from_u64(23);
    for _ in 0..rooms {
        let rtype = [28, 1, 2, 6, 5, 255, 16][dice.random_range(0..7)];
        // Mostly where something is near the limit.
        let room = if dice.random_bool(0.5) { dice.random_range(0..=1300) } else { dice.random() };
        names.size(dice.random_range(0..1000), rtype, room);
    }
}
