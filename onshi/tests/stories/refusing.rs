//! Who lacks something is refused with words that say what to do: no certificate, a foreign or blocked one, no admitted line, no token.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use manuals::situation::Situation;
use serde_json::Value;

use crate::world::{LOGIN, SEARCH, World, question, text};

fn said(body: &str, situation: Situation) {
    assert!(body.contains(situation.get().code), "expected {}: {body}", situation.key());
    assert!(body.contains(situation.get().desk), "expected the words of {}: {body}", situation.key());
}

fn valid() -> String {
    question("06990014", Some("1"), "1001", Some("00"), "19800101").to_string()
}

#[test]
fn a_log_in_without_a_certificate_of_ours_or_from_elsewhere_is_refused_with_the_right_words() {
    let world = World::begin();
    let (status, body) = world.curl(LOGIN.0, LOGIN.1, "{}", &[]);
    assert_eq!(status, Situation::NoCertificate.get().status.to_string());
    said(&body, Situation::NoCertificate);

    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "f.key", "-out", "f.pem"])
        .args(["-subj", "/CN=1310099999", "-days", "30"])
        .current_dir(world.folder.path())
        .output()
        .unwrap();
    assert!(made.status.success());
    let foreign = ["f.pem", "f.key"].map(|name| world.folder.path().join(name).display().to_string());
    let (_, body) = world.curl(LOGIN.0, LOGIN.1, "{}", &["--cert", &foreign[0], "--key", &foreign[1]]);
    said(&body, Situation::ForeignCertificate);

    let (_, body) = world.curl(LOGIN.0, LOGIN.1, "{}", &["--interface", "127.0.0.2"]);
    said(&body, Situation::UnadmittedLine);
    let (_, body) = world.curl("cert.obn.managedpki.ne.jp", "/api/certificates", "{}", &["--interface", "127.0.0.2"]);
    said(&body, Situation::UnadmittedLine);

    let certificate = world.certificate();
    let more: Vec<&str> = certificate.iter().map(String::as_str).collect();
    let wrong = serde_json::json!({ "userId": world.account(), "password": "wrong" }).to_string();
    let (_, body) = world.curl(LOGIN.0, LOGIN.1, &wrong, &more);
    said(&body, Situation::LoginRefused);
    assert!(!body.contains("wrong"));
}

#[test]
fn a_question_without_a_good_token_is_refused_in_the_shape_of_an_answer() {
    let world = World::begin();
    let (status, body) = world.curl(SEARCH.0, SEARCH.1, &valid(), &[]);
    assert_eq!(status, "401");
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answer["XmlMsg"]["MessageHeader"]["SegmentOfResult"], "9");
    assert_eq!(answer["XmlMsg"]["MessageHeader"]["ErrorCode"], Situation::NoToken.get().code);
    let (_, body) = world.curl(SEARCH.0, SEARCH.1, &valid(), &["--header", "Authorization: invented"]);
    said(&body, Situation::UnknownToken);
    let token = format!("Authorization: {}", world.token());
    let (_, body) = world.curl(SEARCH.0, SEARCH.1, &valid(), &["--header", &token, "--interface", "127.0.0.2"]);
    said(&body, Situation::UnadmittedLine);
    let (status, _) = world.curl(SEARCH.0, SEARCH.1, &valid(), &["--header", &token]);
    assert_eq!(status, "200");
}

#[test]
fn an_expired_token_is_named_as_expired() {
    let world = World::begin_with(&[("ONSHI_CENTER__REGISTRY__SESSION_MINUTES", "0")]);
    let token = format!("Authorization: {}", world.token());
    let (_, body) = world.curl(SEARCH.0, SEARCH.1, &valid(), &["--header", &token]);
    said(&body, Situation::ExpiredToken);
}

#[tokio::test]
async fn a_blocked_terminal_is_refused_within_a_second_on_a_kept_open_connection() {
    let world = World::begin();
    let token = world.token();
    let keys = world.path("clinic/keys");
    let read = |name: &str| std::fs::read_to_string(keys.join(name)).unwrap();
    let client = chassis::http::client(&chassis::http::ClientConfig {
        roots_pem: read("roots.pem").into_bytes(),
        identity_pem: Some(format!("{}{}", read("clinic.pem"), read("clinic.key")).into()),
        resolve: vec![(SEARCH.0.to_owned(), format!("127.0.0.1:{}", world.port).parse().unwrap())],
        connect_timeout: Duration::from_secs(5),
        timeout: Duration::from_secs(10),
    })
    .unwrap();
    let ask = async || {
        let request = client.post(format!("https://{}:{}{}", SEARCH.0, world.port, SEARCH.1)).header("Authorization", &token).body(valid());
        request.send().await.unwrap().text().await.unwrap()
    };
    assert!(ask().await.contains("\"QualificationValidity\":\"1\""));
    let blocked = world.run(&["registry", "block", &world.serial()]);
    assert!(blocked.status.success(), "{}", text(&blocked));
    // The very next request, on the same connection: the client kept it open.
    said(&ask().await, Situation::BlockedTerminal);
    let certificate = world.certificate();
    let more: Vec<&str> = certificate.iter().map(String::as_str).collect();
    let (_, body) = world.curl(LOGIN.0, LOGIN.1, "{}", &more);
    said(&body, Situation::BlockedTerminal);
    assert!(world.run(&["registry", "unblock", &world.serial()]).status.success());
    assert!(ask().await.contains("\"QualificationValidity\":\"1\""));
}

#[test]
fn names_that_are_not_ours_and_paths_that_are_not_there_get_words_too() {
    let world = World::begin();
    let (status, body) = world.curl(SEARCH.0, "/nothing", "{}", &[]);
    assert_eq!(status, "404");
    said(&body, Situation::NotFound);
    let (status, body) = world.curl(SEARCH.0, SEARCH.1, "{}", &["--header", "Host: www.lineauth.mnw"]);
    assert_eq!(status, "421");
    assert!(body.contains("窓口"), "{body}");
}

/// Rows: CA-12, CA-23
#[test]
fn a_certificate_revoked_on_the_command_line_is_on_the_published_list_and_refused_within_a_second() {
    let world = World::begin();
    let run: Value = serde_json::from_slice(&std::fs::read(world.path("run.json")).unwrap()).unwrap();
    let url = format!("http://{}/crl/issuing-01.crl", run["lists"].as_str().unwrap());
    let listed = || {
        let here = world.folder.path();
        let curl = Command::new("curl").args(["--silent", "--fail", "--noproxy", "*", "--output", "list", &url]).current_dir(here).status();
        assert!(curl.unwrap().success());
        let shown = Command::new("openssl").args(["crl", "-inform", "DER", "-in", "list", "-noout", "-text"]).current_dir(here).output();
        String::from_utf8(shown.unwrap().stdout).unwrap().to_lowercase()
    };
    let serial = world.serial();
    assert!(!listed().contains(&serial));
    let mut kept_open = KeptOpen::begin(&world, LOGIN.0);
    assert!(kept_open.ask(LOGIN.1).starts_with("HTTP/1.1 400"), "let in, and the message is read");
    let (status, body) = world.curl(LOGIN.0, LOGIN.1, "{}", &world.certificate().each_ref().map(String::as_str));
    assert_eq!(status, "400", "let in, and the message is read: {body}");
    let revoked = world.run(&["authority", "revoke", &serial]);
    assert!(revoked.status.success(), "{}", text(&revoked));
    let begun = chassis::clock::instant();
    assert!(listed().contains(&serial), "{}", listed());
    let (status, body) = world.curl(LOGIN.0, LOGIN.1, "{}", &world.certificate().each_ref().map(String::as_str));
    assert_eq!(status, "403");
    said(&body, Situation::BlockedTerminal);
    let answer = kept_open.ask(LOGIN.1);
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains(Situation::BlockedTerminal.get().code), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

/// One TLS connection with the terminal's certificate, held by openssl for as long as this lives.
struct KeptOpen {
    openssl: Child,
    host: &'static str,
    answers: BufReader<ChildStdout>,
}

impl KeptOpen {
    fn begin(world: &World, host: &'static str) -> Self {
        let mut openssl = Command::new("openssl")
            .args(["s_client", "-quiet", "-servername", host, "-connect", &format!("127.0.0.1:{}", world.port)])
            .args(["-CAfile", "roots.pem", "-cert", "clinic.pem", "-key", "clinic.key", "-verify_return_error"])
            .current_dir(world.path("clinic/keys"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let answers = BufReader::new(openssl.stdout.take().unwrap());
        Self { openssl, host, answers }
    }

    /// Sends an empty question and gives the whole answer.
    fn ask(&mut self, path: &str) -> String {
        let request =
            format!("POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}", self.host);
        self.openssl.stdin.as_mut().unwrap().write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        while !answer.ends_with("\r\n\r\n") {
            assert!(self.answers.read_line(&mut answer).unwrap() > 0, "the connection ended: {answer}");
        }
        let length = answer.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok()).unwrap();
        let mut body = vec![0; length];
        self.answers.read_exact(&mut body).unwrap();
        answer + &String::from_utf8(body).unwrap()
    }
}

impl Drop for KeptOpen {
    fn drop(&mut self) {
        self.openssl.kill().unwrap();
        self.openssl.wait().unwrap();
    }
}
