//! A kept look is judged, drawn, told to a help desk, and words on a screen are explained: without any network.

use crate::world::{run, text};

fn recording(probes: &str) -> String {
    format!(
        "{{\"schema\":1,\"taken_at\":\"2026-11-20T01:00:00Z\",\"version\":\"0.1.0\",\"site\":{{\"region\":\"east\",\"line_id\":\"CAF1234567890\"}},\"probes\":[{probes}]}}"
    )
}

const INTENT: &str = r#"{"what":{"ask":"line-page"},"outcome":{"is":"page","status":200,"message":"line-intent"},"ms":9}"#;
const ILL: &str = r#"{"what":{"ask":"web-api"},"outcome":{"is":"page","status":503,"message":"busy"},"ms":9}"#;
const CLOSED: &str =
    r#"{"what":{"ask":"proxy","host":"proxy.base.oqs-pdl.org"},"outcome":{"is":"closed","until":"2026-11-20T04:00:00Z"},"ms":9}"#;
const WELL: &str = r#"{"what":{"ask":"portal"},"outcome":{"is":"page","status":200},"ms":9}"#;

/// Rows: LA-18, PX-10, SU-04, SU-06
#[test]
fn the_exit_code_says_whose_job_it_is_and_the_first_line_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    for (name, probes, code, sentence) in [
        ("well", WELL, 0, "異常は見つかりませんでした"),
        ("line", INTENT, 1, "まだ利用の確認（回線認証）が済んでいません"),
        ("busy", ILL, 2, "センターが混み合っています"),
        ("closed", CLOSED, 3, "予定どおりの休止中です"),
        ("nothing", "", 4, "調べられませんでした"),
    ] {
        let file = format!("{name}.json");
        std::fs::write(folder.path().join(&file), recording(probes)).unwrap();
        let said = run(folder.path(), &["doctor", "replay", &file]);
        assert_eq!(said.status.code(), Some(code), "{name}: {}", text(&said));
        assert!(text(&said).lines().next().unwrap().contains(sentence), "{name}: {}", text(&said));
        let json = run(folder.path(), &["doctor", "replay", &file, "--json"]);
        let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!((json["schema"].as_u64(), json["exit"].as_i64()), (Some(1), Some(i64::from(code))), "{json:#}");
    }
}

#[test]
fn a_report_and_a_ticket_are_written_and_the_lines_id_stays_masked() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("look.json"), recording(INTENT)).unwrap();
    run(folder.path(), &["doctor", "replay", "look.json", "--html", "report.html"]);
    let page = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("「希望する」") && !page.contains("<script"), "{page}");
    let told = run(folder.path(), &["doctor", "ticket", "-", "--recording", "look.json"]);
    assert!(text(&told).contains("お客さまID: CAF********90") && text(&told).contains("0120-220-571"), "{}", text(&told));
    let whole = run(folder.path(), &["doctor", "ticket", "t.txt", "--recording", "look.json", "--with-line-id"]);
    assert!(whole.status.success(), "{}", text(&whole));
    assert!(std::fs::read_to_string(folder.path().join("t.txt")).unwrap().contains("CAF1234567890"));
}

#[test]
fn words_on_a_screen_are_explained_and_change_what_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(folder.path(), &["doctor", "explain", "エラーコード：P11019"]);
    assert!(said.status.success() && text(&said).contains("回線の契約先"), "{}", text(&said));
    assert_eq!(run(folder.path(), &["doctor", "explain", "ほげほげほげほげ"]).status.code(), Some(4));
    std::fs::write(folder.path().join("look.json"), recording(INTENT)).unwrap();
    let seen = run(folder.path(), &["doctor", "replay", "look.json", "--seen", "P11011", "--json"]);
    let seen: serde_json::Value = serde_json::from_slice(&seen.stdout).unwrap();
    assert_eq!(seen["causes"][0]["key"], "line.work-unfinished");
    std::fs::write(folder.path().join("torn.json"), "{\"probes\":[").unwrap();
    let torn = run(folder.path(), &["doctor", "replay", "torn.json"]);
    assert!(!torn.status.success() && text(&torn).contains("読み取れません"), "{}", text(&torn));
}
