//! A configuration file is checked before anything starts; a center runs from one, on PostgreSQL too.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use chassis::testing::Place;

use crate::world::{onshi, run, text, until};

#[test]
fn a_wrong_key_is_named_with_its_line_and_the_nearest_right_name() {
    let place = Place::sqlite();
    let folder = place.folder.path();
    for (name, delivered, right, wrong) in [
        ("center.toml", include_str!("../../../config/center.toml"), "session_minutes", "sesion_minutes"),
        ("clinic.toml", include_str!("../../../config/clinic.toml"), "lanes", "lane"),
    ] {
        std::fs::write(folder.join(name), delivered).unwrap();
        let good = run(folder, &["check-config", name]);
        assert!(good.status.success(), "{}", text(&good));
        std::fs::write(folder.join(name), delivered.replace(&format!("\n{right} ="), &format!("\n{wrong} ="))).unwrap();
        let bad = run(folder, &["check-config", name]);
        assert!(!bad.status.success());
        assert!(text(&bad).contains(&format!("「{right}」ではありませんか")) && text(&bad).contains("行目"), "{}", text(&bad));
    }
    let missing = run(folder, &["check-config", "nowhere.toml"]);
    assert!(!missing.status.success() && text(&missing).contains("nowhere.toml"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_center_runs_from_its_configuration_on_postgresql_and_takes_orders() {
    let Some(place) = Place::postgres() else { return };
    let folder = place.folder.path();
    let (database, audit) = (place.url().await, place.url().await);
    let config = format!("[center]\nlisten = \"127.0.0.1:0\"\ndatabase = \"{database}\"\naudit_database = \"{audit}\"\n");
    std::fs::write(folder.join("center.toml"), config).unwrap();
    let mut child = onshi(folder).args(["center", "serve", "--config", "center.toml"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let serving = lines.by_ref().map(Result::unwrap).any(|line| line.contains("動いています"));
    assert!(serving, "it ended before it served");
    let order = |arguments: &[&str]| {
        let output = run(folder, arguments);
        assert!(output.status.success(), "{}", text(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    until(std::time::Duration::from_secs(10), || run(folder, &["status"]).status.success().then_some(()));
    let applied = order(&["registry", "apply-facility", "--code", "1310099999", "--name", "架空医院", "--from", "2026-04-01", "--json"]);
    let applied: serde_json::Value = serde_json::from_str(&applied).unwrap();
    order(&["registry", "approve", applied["application_id"].as_str().unwrap()]);
    let notice = order(&["authority", "notice", "--code", "1310099999", "--terminal", "受付"]);
    assert!(notice.contains("リクエストID") && notice.contains("リファレンスID"), "{notice}");
    assert!(order(&["authority", "roots", "--json"]).contains("BEGIN CERTIFICATE"));
    assert!(order(&["audit", "verify"]).contains("異常はありません"));
    let unknown = run(folder, &["registry", "approve", "NOSUCHNUMBER"]);
    assert!(!unknown.status.success() && text(&unknown).contains("申請番号"), "{}", text(&unknown));
    std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(child.wait().unwrap().success());
}
