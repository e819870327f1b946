//! An installer writes a router's configuration, has it read, makes a mistake, and is told the line; a receptionist asks whether the desk is open.

use std::process::Output;

use clinic::doctor::table;
use manuals::faq;
use serde_json::Value;

use crate::world;

fn run(folder: &std::path::Path, words: &[&str]) -> (i32, String, Output) {
    let done = world::run(folder, words);
    (done.status.code().unwrap(), String::from_utf8_lossy(&done.stdout).into_owned(), done)
}

/// Rows: NW-04, NW-10, SU-07
#[test]
fn a_configuration_is_written_read_and_a_mistake_is_named_with_its_line() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let site = ["--prefecture", "shimane", "--services", "both", "--phone", "--internet", "pppoe"];
    let write: Vec<&str> = ["router", "write", "dnsmasq", "--out", "files"].into_iter().chain(site).collect();
    let (code, said, done) = run(folder, &write);
    assert_eq!(code, 0, "{done:?}");
    assert!(said.contains("dnsmasq.conf") && said.contains("試していないこと"), "{said}");
    let file = folder.join("files/dnsmasq.conf");
    let lint = ["router", "lint", "files/dnsmasq.conf", "--phone", "yes", "--json"];
    let (code, said, _) = run(folder, &lint);
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &report["region"], &report["services"]), (0, &Value::from("west"), &Value::from("both")), "{report}");
    assert!(report["findings"].as_array().unwrap().is_empty());

    let text = std::fs::read_to_string(&file).unwrap();
    let line = text.lines().position(|line| line.starts_with("server=/lineauth.mnw/")).unwrap() + 1;
    let server = manuals::addresses::platform_servers(manuals::Region::West).primary;
    std::fs::write(&file, text.replacen(&format!("server=/lineauth.mnw/{server}"), "server=/lineauth.mnw/192.168.1.1", 1)).unwrap();
    let (code, said, _) = run(folder, &lint);
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (code, &report["findings"][0]["key"], &report["findings"][0]["line"]),
        (1, &Value::from("asks-the-router-above"), &Value::from(line)),
        "{report}"
    );

    let plan: Vec<&str> = ["router", "plan", "yamaha"].into_iter().chain(site).collect();
    assert!(run(folder, &plan).1.contains("nslookup shimane.kokuho.kenshin.rece"));
    std::fs::write(folder.join("letter.txt"), "拝啓").unwrap();
    assert_eq!(run(folder, &["router", "lint", "letter.txt"]).0, 2);
    let (code, _, done) = run(folder, &["router", "write", "yamaha"]);
    assert!(code == 1 && String::from_utf8_lossy(&done.stderr).contains("--region"), "{done:?}");
    let (code, _, done) = run(folder, &["router", "write", "yamaha", "--prefecture", "tokyo", "--region", "west"]);
    assert!(code == 1 && String::from_utf8_lossy(&done.stderr).contains("東日本"), "{done:?}");
}

/// Rows: SU-01, SU-02, SU-03, SU-04
#[test]
fn the_desk_is_open_or_closed_at_any_minute() {
    let place = tempfile::tempdir().unwrap();
    let at = |time: &str| run(place.path(), &["support", "now", "--at", time, "--json"]);
    let (code, said, _) = at("2026-12-08 23:59");
    let desk: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &desk["open"], &desk["until"]), (0, &Value::from(true), &Value::from("2026-12-09 00:00")), "{desk}");
    let (code, said, _) = at("2026-12-28 17:00");
    let desk: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &desk["open"], &desk["opens"]), (1, &Value::from(false), &Value::from("2027-01-04 09:00")), "{desk}");
    assert_eq!(desk["have_ready"].as_array().unwrap().len(), 3);
    assert_eq!(run(place.path(), &["support", "now", "--at", "tomorrow"]).0, 1);
}

#[test]
fn what_the_doctor_finds_leads_to_the_manuals_answer_and_back() {
    for cause in table::all() {
        for key in &cause.faq {
            let entry = faq::by_key(key).unwrap_or_else(|| panic!("{} names the question {key}, which is not there", cause.key));
            assert!(entry.causes.contains(&cause.key), "the question {key} does not name {}", cause.key);
        }
    }
    for entry in faq::all() {
        for key in &entry.causes {
            let cause = table::by_key(key).unwrap_or_else(|| panic!("{} names the cause {key}, which is not there", entry.key));
            assert!(cause.faq.contains(&entry.key), "the cause {key} does not name {}", entry.key);
        }
    }
    let place = tempfile::tempdir().unwrap();
    let (code, said, _) = run(place.path(), &["support", "faq", "--cause", "line.ineligible"]);
    assert!(code == 0 && said.contains("P11019"), "{said}");
    assert_eq!(run(place.path(), &["support", "faq", "zzzz"]).0, 1);
}
