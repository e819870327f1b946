//! The program is really killed, at random moments, while it issues, renews and revokes: what it said it did is done, and nothing else is left.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use authority::{Config, Decision, List, RevocationBy};
use chassis::pfx::Strength;

use crate::town::{Town, csr, csr_der, now};

/// Where the program to be killed works.
const FOLDER: &str = "ONSHI_KILLED_IN";
/// How often it is killed: a few times here, a thousand times by the proof.
const KILLS: &str = "ONSHI_KILLS";
const FEW: usize = 12;

async fn town(folder: &Path) -> Town {
    let config = Config { demonstration: true, renew_days: 2000, pool_keys: 2, ..Config::default() };
    Town::at(folder, config, now()).await
}

/// Says that something is done, so that it is heard whatever happens next.
fn say(words: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n{words}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

#[tokio::test]
#[ignore = "the story below starts it, and kills it"]
async fn works_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let town = town(Path::new(&folder)).await;
    say("ready");
    loop {
        let notice = town.notice().await;
        let (_, request) = csr(&rcgen::PKCS_ECDSA_P256_SHA256);
        let issued = town.authority.issue_by_csr(&notice.request_id, &notice.reference_id, &request, now()).await.unwrap().unwrap();
        say(&format!("issued {}", issued.serial));
        let (holder, request) = (town.holder(&issued.serial, now()).await, csr_der());
        let renewed = town.authority.renew_by_csr(&holder, &request, &authority::Profile::Terminal, now()).await.unwrap().unwrap();
        say(&format!("renewed {} {}", issued.serial, renewed.serial));
        let holder = town.holder(&renewed.serial, now()).await;
        let order = town.authority.begin_renewal(&holder, now()).await.unwrap().unwrap().order.request_id;
        say(&format!("begun {order}"));
        while town.authority.advance(&order, now()).await.unwrap() != authority::State::Issued {}
        town.authority.download_key(&holder, &order, &"0417".into(), Strength::Modern, now()).await.unwrap().unwrap();
        let newest = town.authority.certificates().await.unwrap().into_iter().find(|made| made.request_id == order).unwrap().serial;
        say(&format!("renewed {} {newest}", renewed.serial));
        let by = RevocationBy::Possession(town.holder(&newest, now()).await);
        let number = town.authority.ask_revocation(by, "desk@example.jp", now()).await.unwrap().unwrap();
        say(&format!("asked {newest}"));
        town.authority.decide_revocation(&number, &Decision::Approve, now()).await.unwrap();
        say(&format!("revoked {newest}"));
        town.authority.chores(now()).await.unwrap();
    }
}

/// Rows: RN-09, RN-13
#[tokio::test]
async fn what_was_said_before_a_kill_is_done_and_nothing_is_stuck_doubled_or_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let kills = std::env::var(KILLS).ok().and_then(|text| text.parse().ok()).unwrap_or(FEW);
    let mut said: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for _ in 0..kills {
        for words in one_life(folder.path()) {
            let mut words = words.split(' ').map(str::to_owned);
            said.entry(words.next().unwrap()).or_default().push(words.collect());
        }
    }
    let town = town(folder.path()).await;
    for _ in 0..3 {
        town.authority.chores(now()).await.unwrap();
    }
    let certificates = town.authority.certificates().await.unwrap();
    let by_serial: BTreeMap<&str, _> = certificates.iter().map(|made| (made.serial.as_str(), made)).collect();
    let of = |kind: &str| said.get(kind).cloned().unwrap_or_default();
    for words in of("issued") {
        assert!(by_serial.contains_key(words[0].as_str()), "a certificate was forgotten");
    }
    for words in of("renewed") {
        assert_eq!(by_serial[words[0].as_str()].superseded_by.as_deref(), Some(words[1].as_str()), "a renewal was forgotten");
    }
    for words in of("asked").iter().chain(&of("revoked")) {
        let made = by_serial[words[0].as_str()];
        assert!(made.revoked_at.is_some() || made.held_at.is_some(), "a revocation was forgotten");
    }
    for words in of("revoked") {
        assert!(by_serial[words[0].as_str()].revoked_at.is_some(), "a completed revocation was forgotten");
    }
    let orders: BTreeSet<&str> = certificates.iter().map(|made| made.request_id.as_str()).collect();
    assert_eq!(orders.len(), certificates.len(), "no order has two certificates");
    let keys: BTreeSet<&str> = certificates.iter().map(|made| made.key_hash.as_str()).collect();
    assert_eq!(keys.len(), certificates.len(), "no key has two certificates");
    let successors: Vec<&str> = certificates.iter().filter_map(|made| made.superseded_by.as_deref()).collect();
    assert_eq!(successors.iter().collect::<BTreeSet<_>>().len(), successors.len(), "nobody was renewed twice");
    let stuck = town.db().query("SELECT request_id FROM notice WHERE state IN ('key', 'requested')", &[]).await.unwrap();
    assert!(stuck.is_empty(), "nothing is under way any more");
    let let_in: BTreeMap<String, bool> = {
        let terminals = town.registry.terminals(Some(crate::town::CODE)).await.unwrap();
        terminals.into_iter().map(|terminal| (terminal.serial, !terminal.blocked)).collect()
    };
    for made in &certificates {
        let barred = made.revoked_at.is_some() || made.held_at.is_some();
        assert_eq!(let_in.get(&made.serial), Some(&!barred), "the doors know every certificate as it is");
    }
    let list = town.authority.crl(List::Full, now()).await.unwrap();
    let (_, parsed) = x509_parser::parse_x509_crl(&list.der).unwrap();
    let barred = certificates.iter().filter(|made| made.revoked_at.is_some() || made.held_at.is_some()).count();
    assert_eq!(parsed.iter_revoked_certificates().count(), barred);
    assert!(of("revoked").len() >= kills / 20, "it lived long enough to do something: {} revocations", of("revoked").len());
    println!(
        "{kills} kills: {} certificates, {} renewals and {} revocations were said to be done, and are",
        of("issued").len(),
        of("renewed").len(),
        of("revoked").len()
    );
}

/// Starts the program, kills it after a random while, and gives what it had said.
fn one_life(folder: &Path) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killing::works_until_it_is_killed", "--ignored", "--nocapture", "--test-threads", "1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("ready") {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "it did not start again after a kill");
    }
    let moment = u16::from_be_bytes(chassis::random::bytes().unwrap()) % 500;
    std::thread::sleep(Duration::from_millis(u64::from(moment)));
    child.kill().unwrap();
    child.wait().unwrap();
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    let known = ["issued ", "renewed ", "begun ", "asked ", "revoked "];
    // The last line may have been cut off: it was not said.
    let whole = rest.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().filter(|line| known.iter().any(|word| line.starts_with(word))).map(str::to_owned).collect()
}
