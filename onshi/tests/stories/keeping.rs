//! The commands around a clinic's certificate, against a running center: how it stands, renewal, a copy and back, deletion, revocation.

use std::process::{Command, Output};

use manuals::situation::Situation;

use crate::world::{World, onshi, text};

fn certificate(world: &World, words: &[&str], password: &str) -> Output {
    let config = world.path("clinic/clinic.toml").display().to_string();
    let mut command = onshi(world.folder.path());
    command.args(["clinic", "certificate"]).args(words).args(["--config", &config]).env("ONSHI_PFX_PASSWORD", password);
    command.output().unwrap()
}

fn ask(world: &World) -> Output {
    world.run(&["ask", "--insurer", "06990014", "--symbol", "1", "--number", "1001", "--branch", "00", "--birthdate", "19800101"])
}

/// Rows: CA-21, CA-22, CA-31, RN-05
#[test]
fn a_clinic_sees_its_certificate_copies_it_deletes_it_and_gets_it_back() {
    let world = World::begin();
    let listed: serde_json::Value = serde_json::from_slice(&certificate(&world, &["list", "--json"], "").stdout).unwrap();
    assert_eq!((listed["days_left"].as_i64(), listed["ended"].as_bool()), (Some(1186), Some(false)), "{listed}");
    assert!(listed["issuer"].as_str().unwrap().contains("Online Billing NW Common Root CA"), "{listed}");
    let serial = listed["serial"].as_str().unwrap().to_owned();
    assert_eq!(serial, world.serial());

    let early = certificate(&world, &["renew"], "");
    assert!(!early.status.success() && text(&early).contains(Situation::RenewalNotOpen.get().desk), "{}", text(&early));
    let weak = certificate(&world, &["backup", "copy.pfx"], "0042");
    assert!(!weak.status.success() && text(&weak).contains("13 文字以上"), "{}", text(&weak));
    let copied = certificate(&world, &["backup", "copy.pfx", "--four-digits"], "0042");
    assert!(copied.status.success(), "{}", text(&copied));
    let opened = Command::new("openssl")
        .args(["pkcs12", "-in", "copy.pfx", "-passin", "pass:0042", "-nodes"])
        .current_dir(world.folder.path())
        .output()
        .unwrap();
    let inside = text(&opened);
    assert!(inside.contains("BEGIN PRIVATE KEY") && inside.matches("BEGIN CERTIFICATE").count() >= 2, "{inside}");

    let other = certificate(&world, &["delete", "--serial", "00"], "");
    assert!(!other.status.success() && text(&other).contains(&serial), "{}", text(&other));
    assert!(certificate(&world, &["delete", "--serial", &serial], "").status.success());
    assert_eq!(certificate(&world, &["list"], "").status.code(), Some(3));
    assert!(text(&ask(&world)).contains(Situation::BridgeNotEnrolled.get().code));
    let back = certificate(&world, &["restore", "copy.pfx"], "0042");
    assert!(back.status.success(), "{}", text(&back));
    assert_eq!(ask(&world).status.code(), Some(0));
    assert!(certificate(&world, &["trust"], "").status.success());
}

/// Rows: CA-23
#[test]
fn a_terminal_that_asks_for_its_revocation_is_refused_from_that_moment_on() {
    let world = World::begin();
    assert_eq!(ask(&world).status.code(), Some(0));
    let serial = world.serial();
    let wrong = certificate(&world, &["revoke", "--serial", &serial, "--mail", "だれか"], "");
    assert!(!wrong.status.success() && text(&wrong).contains(Situation::BadMailAddress.get().desk), "{}", text(&wrong));
    assert_eq!(ask(&world).status.code(), Some(0), "nothing was asked for yet");
    let asked = certificate(&world, &["revoke", "--serial", &serial, "--mail", "clinic@localhost"], "");
    assert!(asked.status.success() && text(&asked).contains("受け付けました"), "{}", text(&asked));
    let refused = ask(&world);
    assert!(!refused.status.success() && text(&refused).contains(Situation::BlockedTerminal.get().desk), "{}", text(&refused));
    let stopped = certificate(&world, &["renew"], "");
    assert!(!stopped.status.success() && text(&stopped).contains(Situation::BlockedTerminal.get().code), "{}", text(&stopped));
}

#[test]
fn a_certificate_is_fetched_with_and_without_the_word_get() {
    let folder = tempfile::tempdir().unwrap();
    for words in [&["get"][..], &[]] {
        let mut command = onshi(folder.path());
        command.args(["clinic", "certificate"]).args(words).args(["--config", "nowhere.toml", "--request-id", "202611210000001"]);
        let said = text(&command.env("ONSHI_REFERENCE_ID", "x").output().unwrap());
        assert!(said.contains("nowhere.toml"), "the first thing that it wants is the configuration: {said}");
    }
    // What the environment says of one of get's arguments is no fetching.
    let listed = onshi(folder.path()).args(["clinic", "certificate", "list"]).env("ONSHI_CLINIC_CONFIG", "elsewhere.toml").output();
    let said = text(&listed.unwrap());
    assert!(said.contains("elsewhere.toml"), "{said}");
}
