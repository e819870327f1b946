//! A facility applies in the portal from outside, the mail lies in the mailbox, and an operator decides on the command line.

use std::process::Command;
use std::time::Duration;

use crate::world::{World, text, until};

const FORM: &str = "/apply/eligibility/new";

/// Sends a form as a browser would; returns the page and where it leads.
fn send(world: &World, path: &str, fields: &[(&str, &str)]) -> (String, String) {
    let host = manuals::hosts::application().name;
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "30", "--noproxy", "*", "--write-out", "\n%{redirect_url}"]);
    command.args(["--connect-to", &format!("{host}:443:127.0.0.1:{}", world.port)]);
    command.arg("--cacert").arg(world.path("clinic/keys/roots.pem"));
    for (name, value) in fields {
        command.args(["--data-urlencode", &format!("{name}={value}")]);
    }
    let output = command.arg(format!("https://{host}{path}")).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let said = String::from_utf8(output.stdout).unwrap();
    let (page, to) = said.rsplit_once('\n').unwrap();
    (page.to_owned(), to.to_owned())
}

/// Applies for a line; the answer is the application's number.
fn apply(world: &World, code: &str, line_id: &str) -> String {
    let mut fields = vec![("facility_code", code), ("line_id", line_id)];
    fields.extend([("name", "架空医院"), ("valid_from", "2026-04-01"), ("provider", "collaborator"), ("line_kind", "1")]);
    fields.extend([("line_type", "cross"), ("option6", "unknown"), ("applicant", "山田 太郎"), ("mail", "taro@example.jp")]);
    let (page, _) = send(world, FORM, &fields);
    let form_id = page.split_once("name=\"form_id\" value=\"").unwrap_or_else(|| panic!("{page}")).1.split_once('"').unwrap().0.to_owned();
    fields.extend([("form_id", form_id.as_str()), ("action", "send")]);
    let (page, to) = send(world, FORM, &fields);
    to.rsplit_once("/sent/").unwrap_or_else(|| panic!("{page}")).1.to_owned()
}

/// The texts of the mails that have come.
fn letters(world: &World) -> Vec<String> {
    let files = std::fs::read_dir(world.path("mail")).unwrap().map(|entry| entry.unwrap().path());
    let mails = files.filter(|path| path.extension().is_some_and(|end| end == "eml"));
    mails.map(|path| chassis::mail::text_of(&std::fs::read(path).unwrap()).unwrap()).collect()
}

/// Rows: ID-10, ID-12
#[test]
fn what_was_applied_for_outside_is_decided_on_the_command_line_and_told_by_mail() {
    let world = World::begin();
    let (first, second) = (apply(&world, "1312345678", "CAF1234567890"), apply(&world, "1312345679", "CAF1234567891"));
    let told = |number: &str, words: &str| {
        until(Duration::from_secs(20), || letters(&world).into_iter().find(|letter| letter.contains(number) && letter.contains(words)))
    };
    assert!(told(&first, "確認の言葉").contains("CAF1234567890"));
    let list = world.json(&["registry", "application", "list", "--json"]);
    let states: Vec<_> = list.as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states.iter().filter(|state| **state == "waiting").count(), 2, "{list}");
    let shown = world.json(&["registry", "application", "show", &first, "--json"]);
    assert_eq!((shown["content"]["line_id"].as_str(), shown["service"].as_str()), (Some("CAF1234567890"), Some("eligibility")));
    assert!(!shown.to_string().contains("secret"));

    let admit = ["registry", "admit", "--line-id", "CAF1234567890", "--prefix", "2408:210:aaaa:bb00::/64"];
    assert!(!world.run(&admit).status.success());
    let undated = world.run(&["registry", "application", "approve", &first, "--from", "someday"]);
    assert!(!undated.status.success() && text(&undated).contains("反映日"), "{}", text(&undated));
    world.json(&["registry", "application", "approve", &first, "--from", "now", "--json"]);
    assert!(world.run(&admit).status.success());
    told(&first, "承認しました");

    let refused = world.run(&["registry", "application", "refuse", &second, "--reason", "名義が異なります。"]);
    assert!(refused.status.success(), "{}", text(&refused));
    assert!(told(&second, "お受けできませんでした").contains("名義が異なります。"));
    let again = world.run(&["registry", "application", "approve", &second]);
    assert!(!again.status.success() && text(&again).contains("すでに処理されています"), "{}", text(&again));
}
