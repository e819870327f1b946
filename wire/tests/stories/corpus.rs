//! The inputs that fuzzing starts from, and those that it once found, run as plain tests.

use std::path::PathBuf;

#[allow(unreachable_pub)]
#[path = "../../../fuzz/src/messages.rs"]
mod claims;

/// Runs a claim over every file of a corpus.
fn run(target: &str, claim: fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 3, "the corpus {target} is nearly empty");
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        assert!(std::panic::catch_unwind(|| claim(&bytes)).is_ok(), "{} breaks the claim", file.display());
    }
}

#[test]
fn corpus_of_check_requests_in_xml() {
    run("check_request_xml", claims::check_request_xml);
}

#[test]
fn corpus_of_check_results_in_xml() {
    run("check_result_xml", claims::check_result_xml);
}

#[test]
fn corpus_of_checks_in_json() {
    run("check_json", claims::check_json);
}

#[test]
fn corpus_of_file_names() {
    run("filename", claims::filename);
}

#[test]
fn corpus_of_numbers() {
    run("numbers", claims::numbers);
}

#[test]
fn corpus_of_character_sets() {
    run("charset", claims::charset);
}

#[test]
fn corpus_of_enrolment_and_login() {
    run("enrolment_json", claims::enrolment_json);
}
