//! What was asked stands in the audit log, once a drop, without a patient's name or number; a change to it is found.

use std::collections::HashSet;

use serde_json::Value;

use crate::world::{World, question_xml, run, text};

fn payloads(exported: &str) -> Vec<Value> {
    exported.lines().filter_map(|line| serde_json::from_str::<Value>(line).unwrap().get("payload").cloned()).collect()
}

#[test]
fn each_drop_is_recorded_once_and_no_patient_can_be_read_from_the_log() {
    let world = World::begin();
    let xml = question_xml("06990014", Some("1"), "1001", Some("00"), "19800101");
    for place in 0..5 {
        world.drop_file(&format!("OQSsiquc01req_audit{place:04}"), xml.as_bytes(), "xml");
    }
    let exported = world.run(&["audit", "export"]);
    let exported = String::from_utf8(exported.stdout).unwrap();
    let (records, deeds): (Vec<Value>, Vec<Value>) = payloads(&exported).into_iter().partition(|record| record["action"] == "check");
    let drops: HashSet<&str> = records.iter().filter_map(|record| record["drop"].as_str()).collect();
    let person = records[0]["person"].as_str().unwrap();
    let theirs = records.iter().filter(|record| record["person"] == person).count();
    // Five of this story and the example of the start are about one person; the start's other examples are about others.
    assert_eq!((theirs, drops.len()), (6, records.len()), "one person has one pseudonym, one drop one record: {exported}");
    let issued = deeds.iter().find(|deed| deed["action"] == "certificate.issue").expect("the terminal's certificate is recorded too");
    assert_eq!(issued["terminal"], records[0]["terminal"]);
    // Four digits stand in many a hash by chance; as a word of their own they would be the patient's number.
    let words: HashSet<&str> = exported.split(|letter: char| !letter.is_alphanumeric()).collect();
    assert!(!words.contains("1001"), "1001 stands in the log");
    // The terminal's name begins like the patients', and stands among the authority's deeds.
    let checks = serde_json::to_string(&records).unwrap();
    for private in ["試験", "19800101", "06990014"] {
        assert!(!checks.contains(private), "{private} stands in the log");
    }
    let verified = world.run(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", text(&verified));
}

#[test]
fn a_record_changed_behind_our_back_is_found_even_with_the_center_stopped() {
    let world = World::begin();
    let xml = question_xml("06990014", Some("2"), "1002", Some("00"), "19800202");
    world.drop_file("OQSsiquc01req_tamper", xml.as_bytes(), "xml");
    let folder = world.stop();
    let sound = run(folder.path(), &["audit", "verify"]);
    assert!(sound.status.success(), "{}", text(&sound));
    let script = "import sqlite3; db = sqlite3.connect('onshi-data/center/audit.db'); \
t = [n for (n,) in db.execute(\"select name from sqlite_master where type = 'table'\") if 'record' in n][0]; \
c = [r[1] for r in db.execute(f'pragma table_info({t})') if 'payload' in r[1]][0]; \
n = db.execute(f\"update {t} set {c} = replace({c}, '\\\"outcome\\\":\\\"2\\\"', '\\\"outcome\\\":\\\"1\\\"')\").rowcount; db.commit(); print(n)";
    let changed = std::process::Command::new("python3").args(["-c", script]).current_dir(folder.path()).output().unwrap();
    assert!(changed.status.success(), "{}", text(&changed));
    let found = run(folder.path(), &["audit", "verify"]);
    assert_eq!(found.status.code(), Some(2), "{}", text(&found));
}
