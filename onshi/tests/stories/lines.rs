//! The line before everything else: refused at every door, authenticated by consent, asked again when its prefix changes.

use manuals::messages;
use manuals::situation::Situation;
use serde_json::Value;

use tempfile::TempDir;

use crate::copies::Copy;
use crate::world::{LOGIN, SEARCH, World, onshi, run, text};

const PORTAL: &str = "www.lineauth.mnw";
const ELSEWHERE: [&str; 2] = ["--interface", "127.0.0.9"];
const LINE: &str = "CAF0000099999";

/// A page of portal or notifier as a browser would get it, from another line.
fn browse(world: &World, url: &str, more: &[&str]) -> String {
    let (host, path) = url.strip_prefix("https://").unwrap().split_once('/').unwrap();
    let host = host.split(':').next().unwrap();
    let mut arguments = vec!["--header", "Accept: text/html", "--include"];
    arguments.extend(ELSEWHERE);
    arguments.extend(more);
    world.get(host, &format!("/{path}"), &arguments)
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}")).1.split_once(end).unwrap().0
}

fn walk(world: &World) -> String {
    let begin = browse(world, &format!("https://{PORTAL}/"), &[]);
    let Some(location) = begin.lines().find_map(|line| line.to_lowercase().starts_with("location:").then(|| line[9..].trim())) else {
        return begin;
    };
    let intent = browse(world, location, &[]);
    if !intent.contains("name=\"consent\"") {
        return intent;
    }
    let form = format!("choice=wish&consent={}", between(&intent, "name=\"consent\" value=\"", "\""));
    browse(world, between(&intent, "action=\"", "\""), &["--data", &form])
}

/// Rows: X-10
#[test]
fn every_browser_sees_the_same_page_whatever_it_calls_itself() {
    let world = World::begin();
    let edge =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0";
    let others = [
        "Mozilla/5.0 (Windows NT 10.0; Trident/7.0; rv:11.0) like Gecko",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "",
    ];
    let page = |agent: &str| world.get(PORTAL, "/", &["--header", "Accept: text/html", "--user-agent", agent]);
    let seen = page(edge);
    assert!(seen.contains("回線認証"), "{seen}");
    for other in others {
        assert_eq!(page(other), seen, "{other}");
    }
}

/// Rows: LA-09, LA-12, LA-17, LA-18
#[test]
fn a_terminal_on_a_new_prefix_is_refused_everywhere_until_its_line_is_authenticated_again() {
    let world = World::begin();
    assert!(walk_here(&world).contains(messages::by_key("line-already").unwrap().text), "onshi up has walked the line");
    let (_, body) = world.curl(LOGIN.0, LOGIN.1, "{}", &ELSEWHERE);
    let refusal: Value = serde_json::from_str::<Value>(&body).unwrap();
    assert_eq!(refusal["status"], Situation::UnadmittedLine.get().code);
    assert!(walk(&world).contains("P11019"), "no line of this carrier");

    // The line moves there: the carrier knows it first.
    let moved = world.run(&["carrier", "line", "prefix", LINE, "127.0.0.9/32"]);
    assert!(moved.status.success(), "{}", text(&moved));
    assert!(walk(&world).contains(messages::by_key("line-success").unwrap().text));
    let (_, body) = world.curl(LOGIN.0, LOGIN.1, "{}", &ELSEWHERE);
    assert!(body.contains(Situation::NoCertificate.get().code), "the line is no longer in the way: {body}");
    // The old prefix is nobody's any more, on every host.
    for (host, path) in [LOGIN, SEARCH, ("cert.obn.managedpki.ne.jp", "/api/certificates")] {
        let (_, body) = world.curl(host, path, "{}", &[]);
        assert!(body.contains(Situation::UnadmittedLine.get().code), "{host}: {body}");
    }
}

fn walk_here(world: &World) -> String {
    world.get(PORTAL, "/", &["--header", "Accept: text/html"])
}

/// Rows: LA-18
#[test]
fn an_unadmitted_browser_gets_a_page_that_leads_to_the_portal_and_learns_nothing_else() {
    let world = World::begin();
    for (host, path) in [LOGIN, SEARCH, ("cert.obn.managedpki.ne.jp", "/p/cert"), ("cert.obn.managedpki.ne.jp", "/no-such-page")] {
        let page = browse(&world, &format!("https://{host}{path}"), &[]);
        let refused = Situation::UnadmittedLine.get();
        assert!(page.contains("403") && page.contains(refused.desk) && page.contains(refused.owner.label()), "{host}{path}: {page}");
        assert!(page.contains(&format!("https://{PORTAL}/")) && page.contains("127.0.0.9"), "{page}");
    }
    let mut arguments = vec!["--header", "Accept: application/json"];
    arguments.extend(ELSEWHERE);
    let answer: Value = serde_json::from_str(&world.get("cert.obn.managedpki.ne.jp", "/no-such-page", &arguments)).unwrap();
    assert_eq!((answer["owner"].as_str(), answer["see"].as_str()), (Some("医療機関等"), Some("https://www.lineauth.mnw/")));
}

/// Rows: LA-03, LA-13
#[test]
fn the_clinics_commands_show_the_state_and_authenticate_without_a_browser_or_a_certificate() {
    let world = World::begin();
    let config = world.path("clinic/clinic.toml").display().to_string();
    let line = |command: &str| run(world.folder.path(), &["clinic", "line", command, "--json", "--config", &config]);
    let said =
        |output: &std::process::Output| serde_json::from_slice::<Value>(&output.stdout).unwrap_or_else(|_| panic!("{}", text(output)));
    std::fs::remove_file(world.path("clinic/keys/clinic.pem")).unwrap();
    let status = line("status");
    assert_eq!((status.status.code(), &said(&status)["line-state"]), (Some(0), &"admitted".into()));
    assert!(world.run(&["registry", "dismiss", "127.0.0.1/32"]).status.success());
    let status = line("status");
    assert_eq!((status.status.code(), &said(&status)["line-state"]), (Some(5), &"not-authenticated".into()));
    let done = line("authenticate");
    assert_eq!((done.status.code(), &said(&done)["key"]), (Some(0), &"line-success".into()));
    assert_eq!(said(&line("authenticate"))["key"], "line-already");
    assert!(world.run(&["carrier", "line", "option", LINE, "--v6", "off"]).status.success());
    assert!(world.run(&["registry", "dismiss", "127.0.0.1/32"]).status.success());
    let refused = line("authenticate");
    assert_eq!((refused.status.code(), &said(&refused)["code"]), (Some(5), &"P11019".into()));
    assert!(text(&world.run(&["carrier", "line", "list"])).contains(LINE));
}

/// A program that serves part of the center in a folder, and where.
fn serve(folder: &TempDir, name: &str, config: &str) -> (Copy, String) {
    std::fs::write(folder.path().join(format!("{name}.toml")), config).unwrap();
    let copy = Copy::ready(Copy::begin(folder.path(), name));
    let address = copy.said.lines().last().unwrap().rsplit_once(' ').unwrap().1.to_owned();
    (copy, address)
}

/// Rows: LA-08, LA-20
#[test]
fn the_carriers_notifier_is_a_process_of_its_own_that_the_portal_knows_by_its_key() {
    let folder = TempDir::new().unwrap();
    let carrier = "[center]\nlisten = \"127.0.0.1:0\"\nrooms = [\"notifier\"]\ndata = \"b\"\nshared = \"a/center\"\n";
    let (notifier, at) = serve(&folder, "carrier", carrier);
    let center = format!(
        "[center]\nlisten = \"127.0.0.1:0\"\nrooms = [\"registry\", \"authority\", \"eligibility\", \"lineauth\"]\ndata = \"a\"\n\
        [lineauth]\nnotifier_addresses = {{ \"assv.asc.flets-east.jp\" = \"{at}\" }}\n"
    );
    let (_center, portal_at) = serve(&folder, "center", &center);
    let command = |arguments: &[&str]| {
        let output = onshi(folder.path()).args(arguments).env("ONSHI_PASSPHRASE", "あいことば").output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        output
    };
    command(&["registry", "--data", "a", "apply-facility", "--code", "1310099999", "--name", "架空", "--from", "2020-04-01"]);
    let approve = || {
        let listed = command(&["registry", "--data", "a", "applications", "--json"]);
        let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
        let waiting = listed.as_array().unwrap().iter().find(|application| application["state"] == "waiting").unwrap();
        command(&["registry", "--data", "a", "approve", waiting["application_id"].as_str().unwrap()]);
    };
    approve();
    command(&["registry", "--data", "a", "apply-line", "--code", "1310099999", "--line-id", LINE, "--line-type", "next-family"]);
    approve();
    let applied = ["--applied-on", "2026-01-05", "--work-completed", "2026-02-01", "--prefix", "127.0.0.1/32"];
    command(&[&["carrier", "--data", "b", "line", "add", LINE], &applied[..]].concat());

    let ask = |host: &str, path: &str, more: &[&str]| {
        let mut curl = std::process::Command::new("curl");
        curl.args(["--silent", "--show-error", "--max-time", "60", "--noproxy", "*", "--header", "Accept: application/json"])
            .args(["--connect-to", &format!("{PORTAL}:443:{portal_at}"), "--connect-to", &format!("assv.asc.flets-east.jp:443:{at}")])
            .arg("--cacert")
            .arg(folder.path().join("a/center/certificates/server-root.pem"))
            .args(more)
            .arg(format!("https://{host}{path}"));
        let output = curl.output().unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)))
    };
    let intent = || {
        let begin = ask(PORTAL, "/", &[]);
        let url = begin["next"]["url"].as_str().unwrap_or_else(|| panic!("{begin}")).to_owned();
        let (host, path) = url.strip_prefix("https://").unwrap().split_once('/').unwrap();
        let page = ask(host, &format!("/{path}"), &[]);
        format!("choice=wish&consent={}", page["next"]["consent"].as_str().unwrap_or_else(|| panic!("{page}")))
    };
    assert_eq!(ask(PORTAL, "/choice", &["--data", &intent()])["key"], "line-success");
    assert_eq!(ask(PORTAL, "/captive", &[])["line-state"], "admitted");
    command(&["registry", "--data", "a", "dismiss", "127.0.0.1/32"]);
    let form = intent();
    drop(notifier);
    let silent = ask(PORTAL, "/choice", &["--data", &form]);
    assert_eq!((silent["code"].as_str(), silent["stage"].as_str()), (Some("P32031"), Some("notifier")));
    assert_eq!(ask(PORTAL, "/captive", &[])["line-state"], "unknown");
}
