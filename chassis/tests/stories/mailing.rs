//! Mail that was promised in a transaction arrives: in a folder, and at a real mail server that is busy, breaks off, or says no.

use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use chassis::clock::Clock;
use chassis::db::Database;
use chassis::lease::Leases;
use chassis::mail::{Config, Delivered, Mail, MailAddress, Outbox, Post, Security, Way, text_of};
use chassis::on_both;
use chassis::testing::Place;
use jiff::SignedDuration;
use serde_json::Value;

/// The interpreter for which Debian's aiosmtpd is installed.
const PYTHON: &str = "/usr/bin/python3";

fn clock() -> Clock {
    Clock::driven("2026-07-15T00:00:00Z".parse().unwrap())
}

async fn base(place: &Place) -> Database {
    place.database().await
}

fn to(address: &str) -> Mail {
    Mail { to: MailAddress::parse(address).unwrap(), subject: "受け付けました".to_owned(), text: "一行目\n二行目".to_owned() }
}

async fn promise(db: &Database, outbox: &Outbox, address: &str, clock: &Clock) {
    let mut tx = db.begin().await.unwrap();
    outbox.put(&mut tx, &to(address), clock.now()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn post(db: &Database, config: &Config, folder: &Path) -> Post {
    let outbox = Outbox::open(db.clone(), config).await.unwrap();
    Post::open(outbox, Leases::open(db.clone()).await.unwrap(), config, folder).unwrap()
}

fn mails(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "eml"))
        .collect()
}

on_both!(a_mail_is_sent_if_and_only_if_what_it_tells_of_was_committed, async |place| {
    let (db, clock, folder) = (base(place).await, clock(), place.folder.path().join("mail"));
    let post = post(&db, &Config::default(), &folder).await;
    let mut tx = db.begin().await.unwrap();
    post.outbox().put(&mut tx, &to("lost@example.jp"), clock.now()).await.unwrap();
    drop(tx);
    promise(&db, post.outbox(), "taro@example.jp", &clock).await;
    assert_eq!(post.deliver_due(&clock).await.unwrap(), Delivered { sent: 1, ..Delivered::default() });
    assert_eq!(post.deliver_due(&clock).await.unwrap(), Delivered::default());
    let kept = post.outbox().list().await.unwrap();
    assert_eq!((kept.len(), kept[0].state.as_str(), kept[0].to.as_str()), (1, "sent", "taro@example.jp"));
    assert_eq!(post.outbox().message(&kept[0].mail_id).await.unwrap(), None, "what was said is kept in the folder only");
    let read = post.read(&kept[0].mail_id).await.unwrap().unwrap();
    assert_eq!(text_of(&read).unwrap(), "一行目\n二行目");
    assert_eq!(mails(&folder).len(), 1);
    assert!(post.read("../../secret").await.unwrap().is_none());
});

on_both!(two_copies_deliver_each_mail_once, async |place| {
    let (db, clock, folder) = (base(place).await, clock(), place.folder.path().join("mail"));
    let (one, other) = (post(&db, &Config::default(), &folder).await, post(&db, &Config::default(), &folder).await);
    for number in 0..45 {
        promise(&db, one.outbox(), &format!("taro{number}@example.jp"), &clock).await;
    }
    let mut sent = 0;
    while sent < 45 {
        let (left, right) = tokio::join!(one.deliver_due(&clock), other.deliver_due(&clock));
        sent += left.unwrap().sent + right.unwrap().sent;
    }
    assert_eq!(mails(&folder).len(), 45);
    assert!(one.outbox().list().await.unwrap().iter().all(|mail| mail.tries == 1 && mail.state == "sent"));
});

on_both!(a_folder_that_cannot_be_written_is_tried_again_and_nothing_is_lost, async |place| {
    let (db, clock, folder) = (base(place).await, clock(), place.folder.path().join("mail"));
    let post = post(&db, &Config::default(), &folder).await;
    promise(&db, post.outbox(), "taro@example.jp", &clock).await;
    std::fs::remove_dir(&folder).unwrap();
    std::fs::write(&folder, "in the way").unwrap();
    assert_eq!(post.deliver_due(&clock).await.unwrap().later, 1);
    assert_eq!(post.deliver_due(&clock).await.unwrap(), Delivered::default(), "not before its next turn");
    std::fs::remove_file(&folder).unwrap();
    std::fs::create_dir(&folder).unwrap();
    clock.advance(SignedDuration::from_mins(1));
    assert_eq!(post.deliver_due(&clock).await.unwrap().sent, 1);
    assert_eq!(mails(&folder).len(), 1);
});

/// A mail server, until it is dropped.
struct Peer {
    child: Child,
    lines: Option<Lines<BufReader<ChildStdout>>>,
    port: u16,
}

impl Peer {
    /// None where aiosmtpd is not installed, unless everything must be tested.
    fn begin(arguments: &[&str]) -> Option<Self> {
        let there = Command::new(PYTHON).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status().is_ok_and(|ended| ended.success());
        if !there {
            assert!(std::env::var_os("ONSHI_TEST_ALL").is_none(), "ONSHI_TEST_ALL wants a mail server: install python3-aiosmtpd");
            return None;
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories/smtp_peer.py");
        let mut child = Command::new(PYTHON).arg(script).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.next().unwrap().unwrap().parse().unwrap();
        Some(Self { child, lines: Some(lines), port })
    }

    fn mail(&mut self) -> Value {
        serde_json::from_str(&self.lines.as_mut().unwrap().next().unwrap().unwrap()).unwrap()
    }

    fn config(&self) -> Config {
        Config {
            way: Way::Smtp,
            from: "窓口 <desk@center.example>".to_owned(),
            server: "127.0.0.1".to_owned(),
            port: self.port,
            security: Security::None,
            timeout_seconds: 5,
            ..Config::default()
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn message_id(mail: &Value) -> String {
    let written = data_encoding::BASE64.decode(mail["data"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(text_of(&written).unwrap(), "一行目\n二行目");
    let text = String::from_utf8(written).unwrap();
    text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap().to_owned()
}

/// A root's PEM, and a certificate for 127.0.0.1 with its key, as files.
fn certificates(folder: &Path, name: &str) -> [String; 3] {
    let root_key = rcgen::KeyPair::generate().unwrap();
    let mut root = rcgen::CertificateParams::default();
    root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    root.distinguished_name.push(rcgen::DnType::CommonName, name);
    let root_certificate = root.clone().self_signed(&root_key).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let issuer = rcgen::Issuer::new(root, root_key);
    let leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    [("root", root_certificate.pem()), ("certificate", leaf.pem()), ("key", key.serialize_pem())].map(|(part, pem)| {
        let path = folder.join(format!("{name}-{part}.pem"));
        std::fs::write(&path, pem).unwrap();
        path.display().to_string()
    })
}

#[tokio::test]
async fn a_mail_server_is_reached_over_tls_with_a_password_and_only_if_its_root_is_ours() {
    let place = Place::sqlite();
    let folder = place.folder.path();
    let [root, certificate, key] = certificates(folder, "ours");
    let [other_root, ..] = certificates(folder, "another");
    let password = folder.join("password");
    std::fs::write(&password, "open sesame\n").unwrap();
    for security in [Security::Starttls, Security::Tls] {
        let mut arguments = vec!["--certificate", &certificate, "--key", &key, "--user", "desk", "--password", "open sesame"];
        if security == Security::Tls {
            arguments.push("--wrapped");
        }
        let Some(mut peer) = Peer::begin(&arguments) else { return };
        let right = Config { security, roots: root.clone().into(), user: "desk".into(), password_file: password.clone(), ..peer.config() };
        let (db, clock) = (base(&place).await, clock());
        let wrong = post(&db, &Config { roots: other_root.clone().into(), ..right.clone() }, folder).await;
        promise(&db, wrong.outbox(), "taro@example.jp", &clock).await;
        assert_eq!(wrong.deliver_due(&clock).await.unwrap().later, 1);
        let problem = wrong.outbox().list().await.unwrap()[0].problem.clone().unwrap();
        assert!(problem.contains("certificate") && !problem.contains("taro"), "{problem}");
        clock.advance(SignedDuration::from_mins(1));
        let right = post(&db, &right, folder).await;
        assert_eq!(right.deliver_due(&clock).await.unwrap().sent, 1);
        let mail = peer.mail();
        assert_eq!((&mail["tls"], &mail["authenticated"]), (&Value::from(true), &Value::from(true)));
        assert_eq!((mail["from"].as_str(), mail["to"][0].as_str()), (Some("desk@center.example"), Some("taro@example.jp")));
        assert!(message_id(&mail).ends_with("@center.example>"));
    }
}

on_both!(a_busy_server_is_asked_again_and_a_refusal_for_good_is_given_up, async |place| {
    let Some(mut peer) = Peer::begin(&["--busy", "2"]) else { return };
    let (db, clock) = (base(place).await, clock());
    let post = post(&db, &peer.config(), place.folder.path()).await;
    promise(&db, post.outbox(), "taro@example.jp", &clock).await;
    for minutes in [1, 2] {
        assert_eq!(post.deliver_due(&clock).await.unwrap().later, 1);
        clock.advance(SignedDuration::from_mins(minutes));
    }
    assert_eq!(post.deliver_due(&clock).await.unwrap().sent, 1);
    assert_eq!(peer.mail()["to"][0], "taro@example.jp");
    promise(&db, post.outbox(), "nobody@example.jp", &clock).await;
    assert_eq!(post.deliver_due(&clock).await.unwrap().given_up, 1);
    let kept = post.outbox().list().await.unwrap();
    let given_up = kept.iter().find(|mail| mail.state == "given-up").unwrap();
    assert!(given_up.problem.as_deref().unwrap().contains("550"), "{given_up:?}");
    drop(peer);
    promise(&db, post.outbox(), "late@example.jp", &clock).await;
    assert_eq!(post.deliver_due(&clock).await.unwrap().later, 1, "nobody listens");
    clock.advance(SignedDuration::from_hours(24 * 5));
    assert_eq!(post.deliver_due(&clock).await.unwrap().given_up, 1, "not for ever");
});

#[tokio::test]
async fn a_connection_that_breaks_before_the_answer_costs_a_second_copy_of_the_same_mail() {
    let place = Place::sqlite();
    let Some(mut peer) = Peer::begin(&["--cut", "1"]) else { return };
    let (db, clock) = (base(&place).await, clock());
    let post = post(&db, &peer.config(), place.folder.path()).await;
    promise(&db, post.outbox(), "taro@example.jp", &clock).await;
    assert_eq!(post.deliver_due(&clock).await.unwrap().later, 1);
    clock.advance(SignedDuration::from_mins(1));
    assert_eq!(post.deliver_due(&clock).await.unwrap().sent, 1);
    assert_eq!(message_id(&peer.mail()), message_id(&peer.mail()), "the reader's program knows them for one");
}

#[tokio::test]
async fn a_copy_that_dies_while_it_sends_leaves_the_mail_to_the_next() {
    let place = Place::sqlite();
    let Some(mut peer) = Peer::begin(&["--silent"]) else { return };
    let (db, clock, folder) = (base(&place).await, clock(), place.folder.path().join("mail"));
    let dying = post(&db, &peer.config(), &folder).await;
    promise(&db, dying.outbox(), "taro@example.jp", &clock).await;
    let mut lines = peer.lines.take().unwrap();
    let asked = tokio::task::spawn_blocking(move || lines.next().unwrap().unwrap());
    tokio::select! {
        delivered = dying.deliver_due(&clock) => panic!("{delivered:?}"),
        // Dropped in the middle, as a killed process leaves it: the try is written down, the lease is held, the mail has not left.
        said = asked => assert_eq!(said.unwrap(), "silent"),
    }
    let next = post(&db, &Config::default(), &folder).await;
    assert_eq!(next.deliver_due(&clock).await.unwrap(), Delivered::default(), "it may still be at it");
    clock.advance(SignedDuration::from_mins(2));
    assert_eq!(next.deliver_due(&clock).await.unwrap().sent, 1);
    assert_eq!(mails(&folder).len(), 1);
}
