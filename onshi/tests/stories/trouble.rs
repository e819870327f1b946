//! Strangers and accidents: slow, half-open and lying connections, old TLS, a wrong clock, a damaged database.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use manuals::situation::Situation;

use crate::world::{LOGIN, SEARCH, World, question, question_xml, run, text};

fn valid() -> String {
    question("06990014", Some("1"), "1001", Some("00"), "19800101").to_string()
}

/// A connection to the center that says what it is told and no more.
fn plain(world: &World) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", world.port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// Whether the other side has hung up: an end, or a reset when we had more to say.
fn hung_up(mut stream: &TcpStream) -> bool {
    match stream.read(&mut [0; 4096]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

/// A Python program that talks TLS by hand, as other people's clients do; it gets the port, the host and the root.
fn python(world: &World, script: &str, more: &[&str]) -> String {
    let roots = world.path("clinic/keys/roots.pem");
    let prelude = r"
import socket, ssl, sys, time
port, host, roots = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl.create_default_context(cafile=roots)
def connect():
    return context.wrap_socket(socket.create_connection(('127.0.0.1', port), 30), server_hostname=host)
def rest(stream):
    said = b''
    while True:
        try:
            part = stream.recv(65536)
        except (ConnectionResetError, ssl.SSLError):
            return said
        if not part:
            return said
        said += part
";
    let mut command = Command::new("python3");
    command.args(["-c", &format!("{prelude}{script}")]).arg(world.port.to_string()).arg(SEARCH.0).arg(roots).args(more);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn slow_silent_and_half_open_callers_are_sent_away_and_stop_nobody() {
    let world = World::begin_with(&[
        ("ONSHI_CENTER__LIMITS__HANDSHAKE_SECONDS", "1"),
        ("ONSHI_CENTER__LIMITS__HEADER_SECONDS", "1"),
        ("ONSHI_CENTER__LIMITS__REQUEST_SECONDS", "4"),
    ]);
    let token = world.token();
    // Two hundred that never begin their handshake, and one that stops in the middle of it.
    let silent: Vec<TcpStream> = (0..200).map(|_| plain(&world)).collect();
    let mut half = plain(&world);
    half.write_all(&[0x16, 3, 1, 2, 0, 1]).unwrap();
    let header = format!("Authorization: {token}");
    let (status, body) = world.curl(SEARCH.0, SEARCH.1, &valid(), &["--header", &header]);
    assert_eq!(status, "200", "others are answered meanwhile: {body}");
    assert!(silent.iter().all(hung_up) && hung_up(&half), "who does not shake hands is sent away");
    // A header that never ends, line after line; a body that never comes; a body that drips.
    let script = r"
path, token = sys.argv[4], sys.argv[5]
begin = ('POST %s HTTP/1.1\r\nHost: %s\r\n' % (path, host)).encode()
ask = begin + b'Authorization: ' + token.encode() + b'\r\nContent-Length: 1000\r\n\r\n'
slow, silent, drip = connect(), connect(), connect()
slow.sendall(begin)
silent.sendall(ask)
drip.sendall(ask)
slow.settimeout(0.3)
begun, ended, dripping = time.monotonic(), None, True
while dripping and time.monotonic() - begun < 20:
    if ended is None:
        try:
            slow.sendall(b'X-A: b\r\n')
            if slow.recv(4096) == b'':
                ended = time.monotonic() - begun
        except TimeoutError:
            pass
        except OSError:
            ended = time.monotonic() - begun
    else:
        time.sleep(0.1)
    drip.sendall(b' ')
    dripping = time.monotonic() - begun < 3
print('header', ended is not None and ended < 3)
print('silent', rest(silent)[:12].decode())
print('drip', rest(drip)[:12].decode())
";
    let said = python(&world, script, &[SEARCH.1, &token]);
    assert_eq!(said, "header True\nsilent HTTP/1.1 503\ndrip HTTP/1.1 503\n");
    let (status, _) = world.curl(SEARCH.0, SEARCH.1, &valid(), &["--header", &header]);
    assert_eq!(status, "200");
}

/// S4 counts characters where bytes are wanted, so what it sends is longer than it says.
#[test]
fn a_body_longer_than_announced_is_refused_with_400_and_the_connection_closed() {
    let world = World::begin();
    let token = world.token();
    let script = r"
path, token, body = sys.argv[4], sys.argv[5], sys.argv[6].encode()
head = 'POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\nContent-Length: %s\r\n%s\r\n'
def ask(length, more=''):
    stream = connect()
    stream.sendall((head % (path, host, token, length, more)).encode() + body)
    said = rest(stream)
    print(said.split(b'\r\n')[0].decode(), said.count(b'HTTP/1.1 200'))
ask(len(body.decode()))
ask('many')
ask('-1')
ask(str(len(body)) + '\r\nContent-Length: 5')
ask(str(len(body)), 'Transfer-Encoding: chunked\r\n')
";
    let body = question("06990014", Some("１−１"), "1001", Some("00"), "19800101").to_string();
    let said = python(&world, script, &[SEARCH.1, &token, &body]);
    assert_eq!(said.lines().count(), 5, "{said}");
    for line in said.lines() {
        assert!(line.starts_with("HTTP/1.1 400") && line.ends_with(" 0"), "{said}");
    }
}

#[test]
fn old_tls_and_plain_http_are_refused_and_new_tls_is_spoken() {
    let world = World::begin();
    let offered = |version: &str| {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-connect", &format!("127.0.0.1:{}", world.port), "-servername", SEARCH.0]);
        // The oldest need the client's own guard taken down first.
        command.args([version, "-cipher", "ALL:@SECLEVEL=0"]).stdin(std::process::Stdio::null());
        let output = command.output().unwrap();
        text(&output)
    };
    for old in ["-tls1", "-tls1_1"] {
        let said = offered(old);
        assert!(said.contains("SSL alert number") && said.contains("Cipher is (NONE)"), "{old}: {said}");
    }
    for new in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let said = offered(new.0);
        assert!(said.contains(new.1) && !said.contains("Cipher is (NONE)"), "{said}");
    }
    let mut http = plain(&world);
    http.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut said = Vec::new();
    let _reset_or_end = http.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP/"), "nothing is answered in the clear");
}

#[test]
fn bodies_too_large_too_deep_or_full_of_tricks_are_refused_at_every_door_and_by_the_bridge() {
    let world = World::begin();
    let large = "x".repeat(5 << 20);
    let certificate = world.certificate();
    let with: Vec<&str> = certificate.iter().map(String::as_str).collect();
    let (status, body) = world.curl(LOGIN.0, LOGIN.1, &large, &with);
    assert_eq!(status, Situation::TooLarge.get().status.to_string(), "{body}");
    let (status, body) = world.curl("cert.obn.managedpki.ne.jp", "/api/certificates", &large, &[]);
    assert_eq!(status, Situation::TooLarge.get().status.to_string(), "{body}");
    let deep = "[".repeat(100_000);
    let (status, body) = world.curl(LOGIN.0, LOGIN.1, &deep, &with);
    assert!(status.starts_with('4'), "{status} {body}");
    let right = question_xml("06990014", Some("1"), "1001", Some("00"), "19800101");
    let entity = |declaration: &str, used: &str| {
        right.replace("<XmlMsg>", &format!("<!DOCTYPE XmlMsg [{declaration}]><XmlMsg>")).replace("STORY", used)
    };
    let tricks = [
        ("entity", entity("<!ENTITY a \"b\">", "&a;"), Situation::DtdRefused),
        ("outside", entity("<!ENTITY a SYSTEM \"file:///etc/passwd\">", "&a;"), Situation::DtdRefused),
        ("laughs", entity("<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">", "&b;"), Situation::DtdRefused),
        ("deep", right.replace("STORY", &"<a>".repeat(2000)), Situation::TooDeep),
        ("undeclared", right.replace("STORY", "&undeclared;"), Situation::MalformedMessage),
    ];
    std::thread::scope(|together| {
        for (name, xml, situation) in &tricks {
            let world = &world;
            together.spawn(move || {
                let said = String::from_utf8(world.drop_file(&format!("OQSsiquc01req_{name}"), xml.as_bytes(), "err")).unwrap();
                assert!(said.contains(situation.get().code), "{name}: {said}");
                assert!(!said.contains("root:"), "{name}");
            });
        }
    });
}

#[test]
fn a_damaged_database_is_named_at_the_start_and_nothing_is_written_over_it() {
    let world = World::begin();
    let folder = world.stop();
    let center = folder.path().join("onshi-data/center");
    // What still stands in the log beside the file is brought into it, so that the damage below is not mended from there.
    let settle = "import sqlite3, sys\nfor path in sys.argv[1:]: sqlite3.connect(path).execute('PRAGMA journal_mode = DELETE').fetchall()";
    let paths = ["center.db", "register.db", "audit.db"].map(|name| center.join(name));
    let settled = Command::new("python3").args(["-c", settle]).args(&paths).output().unwrap();
    assert!(settled.status.success(), "{}", text(&settled));
    for path in &paths {
        let sound = std::fs::read(path).unwrap();
        let mut garbage = sound.clone();
        garbage[..4096].fill(0x5A);
        for damaged in [garbage, sound[..sound.len() / 2].to_vec()] {
            std::fs::write(path, &damaged).unwrap();
            let refused = run(folder.path(), &["up", "--once", "--port", "0"]);
            let (said, name) = (text(&refused), path.display());
            assert!(!refused.status.success(), "{name}: {said}");
            assert!(said.contains("データベース") && said.contains("壊れ"), "{name}: {said}");
            assert!(std::fs::read(path).unwrap() == damaged, "{name} is left as it was");
        }
        std::fs::write(path, sound).unwrap();
    }
    let sound = run(folder.path(), &["up", "--once", "--port", "0"]);
    assert!(sound.status.success(), "{}", text(&sound));
}

#[test]
fn a_note_of_a_run_or_a_clinics_file_that_is_damaged_is_named() {
    let world = World::begin();
    let folder = world.stop();
    let data = folder.path().join("onshi-data");
    for damaged in ["", "{", "{\"pid\":\"many\"}", "\u{0}\u{0}"] {
        std::fs::write(data.join("run.json"), damaged).unwrap();
        let refused = run(folder.path(), &["status"]);
        assert!(!refused.status.success() && text(&refused).contains("run.json を読めません"), "{}", text(&refused));
    }
    std::fs::remove_file(data.join("run.json")).unwrap();
    std::fs::write(data.join("clinic/clinic.toml"), "facility_code = [").unwrap();
    let refused = run(folder.path(), &["up", "--once", "--port", "0"]);
    assert!(!refused.status.success() && text(&refused).contains("clinic.toml"), "{}", text(&refused));
}
