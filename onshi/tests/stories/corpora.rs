//! The inputs that fuzzing of the doors starts from, and those that it once found, run as plain tests; and the list of strangers' bytes is whole.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[allow(unreachable_pub)]
#[path = "../../../fuzz/src/doors.rs"]
mod claims;
#[allow(unreachable_pub)]
#[path = "../../../fuzz/src/doctor.rs"]
mod doctor;
#[allow(unreachable_pub)]
#[path = "../../../fuzz/src/pages.rs"]
mod pages;
#[allow(unreachable_pub)]
#[path = "../../../fuzz/src/routers.rs"]
mod routers;
#[allow(unreachable_pub)]
#[path = "../../../fuzz/src/standard.rs"]
mod standard;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs a claim over every file of a corpus.
fn run(target: &str, claim: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(root().join("fuzz/corpus").join(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 3, "the corpus {target} is nearly empty");
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        assert!(std::panic::catch_unwind(|| claim(&bytes)).is_ok(), "{} breaks the claim", file.display());
    }
}

#[test]
fn corpus_of_configurations() {
    run("config_toml", claims::config_toml);
}

#[test]
fn corpus_of_admission_prefixes() {
    run("admission_prefix", claims::admission_prefix);
}

#[test]
fn corpus_of_line_ids() {
    run("line_id", claims::line_id);
}

#[test]
fn corpus_of_application_forms() {
    run("application_form", claims::application_form);
}

#[test]
fn corpus_of_certificate_requests() {
    let doors = std::panic::AssertUnwindSafe(claims::Doors::open());
    run("csr", move |bytes| doors.csr(bytes));
}

#[test]
fn corpus_of_forms_of_the_authority() {
    let pages = std::panic::AssertUnwindSafe(pages::Pages::open());
    run("certificate_form", move |bytes| pages.certificate_form(bytes));
}

#[test]
fn corpus_of_questions_about_certificates() {
    let doors = std::panic::AssertUnwindSafe(claims::Doors::open());
    run("ocsp_question", move |bytes| doors.ocsp_question(bytes));
}

#[test]
fn corpus_of_people_files() {
    let doors = std::panic::AssertUnwindSafe(claims::Doors::open());
    run("people_csv", move |bytes| doors.people_csv(bytes));
}

#[test]
fn corpus_of_line_tokens() {
    run("line_token", claims::line_token);
}

#[test]
fn corpus_of_line_forms() {
    let doors = std::panic::AssertUnwindSafe(claims::Doors::open());
    run("line_form", move |bytes| doors.line_form(bytes));
}

#[test]
fn corpus_of_acme_requests() {
    let doors = std::panic::AssertUnwindSafe(standard::Standard::open());
    run("acme_request", move |bytes| doors.acme_request(bytes));
}

#[test]
fn corpus_of_est_requests() {
    let doors = std::panic::AssertUnwindSafe(standard::Standard::open());
    run("est_request", move |bytes| doors.est_request(bytes));
}

#[test]
fn corpus_of_terminal_listings() {
    run("terminal_listing", claims::terminal_listing);
}

#[test]
fn corpus_of_copies_of_certificates() {
    run("pfx", claims::pfx);
}

#[test]
fn corpus_of_texts_of_the_system() {
    run("doctor_system_text", doctor::system_text);
}

#[test]
fn corpus_of_answers_to_the_doctor() {
    run("doctor_network_answer", doctor::network_answer);
}

#[test]
fn corpus_of_recordings() {
    run("doctor_recording", doctor::recording);
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_fuzz_target_is_named_in_the_list_of_strangers_bytes_and_has_a_corpus() {
    let list = std::fs::read_to_string(root().join("docs/bad-input.md")).unwrap();
    let rows = list.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| bytes"));
    let cells: Vec<Vec<&str>> = rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect();
    assert!(cells.len() >= 15 && cells.iter().all(|cells| cells.len() == 5), "bytes, reader, size, time, target");
    let named: BTreeSet<String> = cells
        .iter()
        .flat_map(|cells| cells[4].split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .filter(|name| !name.contains("::"))
        .collect();
    let targets = names("fuzz/fuzz_targets");
    assert_eq!(named, targets, "the list and fuzz/fuzz_targets name the same");
    let seeded = names("fuzz/corpus").into_iter().filter(|name| !name.starts_with('.')).collect();
    assert_eq!(targets, seeded, "each target has seeds");
    let manifest: toml::Table = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap().parse().unwrap();
    let built: BTreeSet<String> = manifest["bin"].as_array().unwrap().iter().map(|bin| bin["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(built, targets, "each target is built");
    // What is not fuzzed is told by a story: the cell names it, and it is there.
    for story in cells.iter().flat_map(|cells| cells[4].split('`').skip(1).step_by(2)).filter(|name| name.contains("::")) {
        let (module, name) = story.rsplit_once("::").unwrap();
        let module = module.rsplit("::").next().unwrap();
        let here = [
            "onshi/tests/stories",
            "chassis/tests/stories",
            "clinic/tests/stories",
            "center/authority/tests/stories",
            "center/registry/tests/stories",
            "center/lineauth/tests/stories",
            "center/network/tests/stories",
        ];
        let told = here.iter().any(|folder| {
            let file = root().join(folder).join(format!("{module}.rs"));
            std::fs::read_to_string(file).is_ok_and(|text| {
                text.contains(&format!("fn {name}(")) || text.contains(&format!("({name},")) || text.contains(&format!(" {name},"))
            })
        });
        assert!(told, "the story {story} is not told");
    }
}

#[test]
fn corpus_of_routers_configurations() {
    run("router_config", routers::router_config);
}

#[test]
fn corpus_of_the_centers_status() {
    run("center_status", routers::center_status);
}
