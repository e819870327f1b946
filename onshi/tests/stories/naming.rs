//! The name server as a process of its own, from the command line.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::world::{onshi, run, text};

struct Server {
    child: Child,
    at: String,
    figures: String,
}

impl Server {
    fn begin(folder: &TempDir, arguments: &[&str]) -> Self {
        let mut command = onshi(folder.path());
        command.args(["network", "dns", "serve", "--listen", "127.0.0.1:0", "--monitoring", "127.0.0.1:0"]).args(arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines: Vec<String> = BufReader::new(child.stdout.take().unwrap()).lines().take(2).map(Result::unwrap).collect();
        let [figures, greeting] = lines.as_slice() else { panic!("it ended before it was ready: {lines:?}") };
        let at = greeting.split([' ', '（']).find(|word| word.starts_with("127.0.0.1:")).unwrap_or_else(|| panic!("{greeting}"));
        let figures = figures.split(' ').find(|word| word.starts_with("http")).unwrap();
        Self { at: at.to_owned(), figures: figures.to_owned(), child }
    }

    fn dig(&self, arguments: &[&str]) -> String {
        let (ip, port) = self.at.split_once(':').unwrap();
        let output = Command::new("dig").arg(format!("@{ip}")).args(["-p", port, "+time=5"]).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Rows: DN-11, DN-21
#[test]
fn the_server_says_where_it_listens_answers_explains_itself_and_ends_when_asked() {
    let folder = TempDir::new().unwrap();
    let mut server = Server::begin(&folder, &["--region", "east"]);
    assert_eq!(server.dig(&["+short", "www.lineauth.mnw", "AAAA"]), "2404:1a8:f583:af0::1");
    assert_eq!(server.dig(&["+short", "pweb.base.oqs-pdl.org", "A"]).lines().count(), 16);
    let told = run(folder.path(), &["network", "dns", "explain", "pweb.base.oqs-pdl.org", "--at", &server.at, "--json"]);
    assert!(told.status.success(), "{}", text(&told));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!((&told["view"], &told["list"]), (&"east".into(), &"manuals 2024-02-01".into()));
    assert_eq!((&told["because"], &told["needs_tcp"]), (&"everybody gets this view".into(), &true.into()));
    assert_eq!(told["records"].as_array().unwrap().len(), 15, "the alias and fourteen addresses: {told}");
    let page = Command::new("curl").args(["--silent", "--noproxy", "*", &server.figures]).output().unwrap();
    let page = String::from_utf8(page.stdout).unwrap();
    assert!(page.contains("onshi_dns_list_info{version=\"manuals 2024-02-01\"} 1"), "{page}");
    assert!(page.contains("onshi_dns_packets_total{over=\"udp\",outcome=\"answered\"}"), "{page}");
    Command::new("kill").arg(server.child.id().to_string()).status().unwrap();
    assert!(server.child.wait().unwrap().success());
}

/// Rows: DN-27
#[test]
fn a_list_is_written_changed_checked_and_explained_before_it_is_served() {
    let folder = TempDir::new().unwrap();
    let within = |arguments: &[&str]| run(folder.path(), &[&["network", "dns"], arguments].concat());
    assert!(within(&["list", "--output", "list.toml"]).status.success());
    let file = folder.path().join("list.toml");
    let list = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, list.replace("2404:1a8:f583:af0::1", "2001:db8::7").replacen("manuals 2024-02-01", "ours", 1)).unwrap();
    let checked = within(&["check", "--list", "list.toml", "--json"]);
    let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!((&checked["list"], checked["views"].as_array().unwrap().len()), (&"ours".into(), 4));
    let server = "2404:1a8:f583:d00::53:1";
    let told = within(&["explain", "www.lineauth.mnw", "--list", "list.toml", "--server", server, "--asker", "2408:210::1", "--json"]);
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!((&told["view"], &told["why"], &told["because"]), (&"platform-east".into(), &"server".into(), &"尋ねられたアドレス".into()));
    assert_eq!(told["records"][0], "www.lineauth.mnw 300 AAAA 2001:db8::7");
    let west = within(&["explain", "www.lineauth.mnw", "--server", "2001:a7ff:f014:d00::53:2"]);
    assert!(text(&west).contains("platform-west") && text(&west).contains("2001:a7ff:f014:af0::1"), "{}", text(&west));
    let elsewhere = within(&["explain", "www.example.com"]);
    assert!(elsewhere.status.code() == Some(4) && text(&elsewhere).contains("REFUSED"), "{}", text(&elsewhere));
    let nobody = within(&["explain", "www.lineauth.mnw", "--server", "::2"]);
    assert!(text(&nobody).contains("ビューが、このアドレスにありません"), "{}", text(&nobody));
    std::fs::write(&file, list.replace("2404:1a8:f583:af0::1", "2001:db8::x")).unwrap();
    let refused = within(&["check", "--list", "list.toml"]);
    assert!(!refused.status.success() && text(&refused).contains("ゾーン lineauth.mnw: records"), "{}", text(&refused));
    let config = folder.path().join("network.toml");
    std::fs::write(&config, "[dns]\nlook_second = 1\n[proxy]\nanything = 1\n").unwrap();
    let wrong = within(&["check", "--config", "network.toml"]);
    assert!(text(&wrong).contains("look_seconds"), "{}", text(&wrong));
}

#[test]
fn the_shipped_configuration_says_the_defaults() {
    let folder = TempDir::new().unwrap();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/network.toml");
    let with = run(folder.path(), &["network", "dns", "check", "--json", "--config", shipped]);
    let without = run(folder.path(), &["network", "dns", "check", "--json"]);
    assert!(with.status.success(), "{}", text(&with));
    assert_eq!(with.stdout, without.stdout);
}
