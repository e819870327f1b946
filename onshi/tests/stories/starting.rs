//! The first start, the second start, a start anew, and the starts that cannot be.

use tempfile::TempDir;

use crate::world::{World, onshi, run, text};

#[test]
fn up_once_prints_the_right_answer_and_a_second_start_goes_on_with_the_same_data() {
    let folder = TempDir::new().unwrap();
    let first = run(folder.path(), &["up", "--once", "--port", "0"]);
    let said = text(&first);
    assert!(first.status.success(), "{said}");
    assert!(said.contains("有効") && said.contains("試験　有効") && said.contains("運用者: admin"), "{said}");
    assert!(said.contains("発行通知書から取得した証明書") && said.contains("期限の前に自動で更新した証明書"), "{said}");
    let certificate = |name: &str| std::fs::read(folder.path().join("onshi-data").join(name)).unwrap();
    let (root, terminal) = (certificate("center/certificates/server-root.pem"), certificate("clinic/keys/clinic.pem"));

    let second = run(folder.path(), &["up", "--once", "--port", "0"]);
    let said = text(&second);
    assert!(second.status.success() && said.contains("試験　有効"), "{said}");
    assert!(!said.contains("運用者: admin"), "the operator's password is shown once: {said}");
    assert_eq!((certificate("center/certificates/server-root.pem"), certificate("clinic/keys/clinic.pem")), (root.clone(), terminal));

    let fresh = run(folder.path(), &["up", "--once", "--fresh", "--port", "0"]);
    assert!(fresh.status.success() && text(&fresh).contains("運用者: admin"));
    assert_ne!(certificate("center/certificates/server-root.pem"), root);
}

#[test]
fn while_it_runs_status_says_what_and_where_and_afterwards_that_nothing_runs() {
    let world = World::begin();
    assert!(world.greeting.contains("https://hweb-api.oqs.onshikaku.org.localhost:"), "{}", world.greeting);
    let status = world.json(&["status", "--json"]);
    assert_eq!(status["running"], true);
    assert_eq!(status["https"], format!("127.0.0.1:{}", world.port));
    assert!(text(&world.run(&["status"])).contains("要求を置くフォルダ"));
    let folder = world.stop();
    let after = run(folder.path(), &["status", "--json"]);
    assert_eq!(after.status.code(), Some(3));
    assert!(text(&after).contains("\"running\": false"));
}

#[test]
fn a_second_run_on_the_same_data_or_port_is_told_what_to_do() {
    let world = World::begin();
    let same_data = world.run(&["up", "--once", "--port", "0"]);
    assert!(!same_data.status.success() && text(&same_data).contains("--data"), "{}", text(&same_data));
    let port = world.port.to_string();
    let same_port = world.run(&["up", "--once", "--data", "elsewhere", "--port", &port]);
    assert!(!same_port.status.success());
    assert!(text(&same_port).contains(&format!("ポート {port}")) && text(&same_port).contains("--port"), "{}", text(&same_port));
}

#[test]
fn with_a_passphrase_the_keys_are_sealed_and_without_it_nothing_opens() {
    let folder = TempDir::new().unwrap();
    let sealed = onshi(folder.path()).args(["up", "--once", "--port", "0"]).env("ONSHI_PASSPHRASE", "seal it").output().unwrap();
    assert!(sealed.status.success() && !text(&sealed).contains("封印されていません"), "{}", text(&sealed));
    let copy = run(folder.path(), &["up", "--once", "--port", "0"]);
    assert!(!copy.status.success() && text(&copy).contains("ONSHI_PASSPHRASE"), "{}", text(&copy));
    let wrong = onshi(folder.path()).args(["up", "--once", "--port", "0"]).env("ONSHI_PASSPHRASE", "guess").output().unwrap();
    assert!(!wrong.status.success() && text(&wrong).contains("パスフレーズが違います"), "{}", text(&wrong));
    let again = onshi(folder.path()).args(["up", "--once", "--port", "0"]).env("ONSHI_PASSPHRASE", "seal it").output().unwrap();
    assert!(again.status.success(), "{}", text(&again));
}
