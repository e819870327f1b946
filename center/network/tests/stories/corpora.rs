//! The inputs that fuzzing of the proxy, the time server and the snapshots starts from, and those that it once found, run as plain tests.

use std::path::{Path, PathBuf};

#[allow(unreachable_pub)]
#[path = "../../../../fuzz/src/proxy_and_time.rs"]
mod claims;

/// Runs a claim over every file of a corpus.
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
fn corpus_of_proxy_requests() {
    run("proxy_request", claims::proxy_request);
}

#[test]
fn corpus_of_questions_for_the_time() {
    run("ntp_packet", claims::ntp_packet);
}

#[test]
fn corpus_of_signed_snapshots() {
    run("signed_snapshot", claims::signed_snapshot);
}

#[test]
fn corpus_of_proxy_settings() {
    run("proxy_setting", claims::proxy_setting);
}
