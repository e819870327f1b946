//! Lists and answers about certificates, as OpenSSL, Python's cryptography and curl read them, over the plain HTTP door.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use authority::{List, Reason, RevocationBy};
use chassis::clock::Clock;
use chassis::serve::{self, Limits, PlainDoor};
use chassis::testing::Place;
use registry::applications::LineApplication;

use crate::town::{CODE, Town, now};

/// Runs a program that must succeed; returns all it said.
fn said(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}: {text}");
    text
}

/// A town whose files lie in a folder: good.pem, bad.pem (revoked), held.pem, issuing.pem, root.pem.
async fn settled(place: &Place) -> Town {
    let town = Town::begin(place).await;
    let folder = place.folder.path();
    let (good, bad, held) = (town.terminal().await, town.terminal().await, town.terminal().await);
    for (name, issued) in [("good", &good), ("bad", &bad), ("held", &held)] {
        std::fs::write(folder.join(format!("{name}.pem")), &issued.certificate).unwrap();
    }
    let [issuing, root] = town.authority.ca_chain();
    std::fs::write(folder.join("issuing.pem"), authority::pem_of(&issuing)).unwrap();
    std::fs::write(folder.join("root.pem"), authority::pem_of(&root)).unwrap();
    std::fs::write(folder.join("chain.pem"), [authority::pem_of(&issuing), authority::pem_of(&root)].concat()).unwrap();
    town.authority.revoke(&bad.serial, Reason::KeyCompromise, now()).await.unwrap();
    let holder = town.holder(&held.serial, now()).await;
    town.authority.ask_revocation(RevocationBy::Possession(holder), "a@example.jp", now()).await.unwrap().unwrap();
    town
}

#[tokio::test]
async fn openssl_asks_about_certificates_and_believes_the_answers() {
    let place = Place::sqlite();
    let folder = place.folder.path();
    let town = settled(&place).await;
    let ask = async |arguments: &[&str]| {
        said(folder, "openssl", &[&["ocsp", "-no_nonce", "-issuer", "issuing.pem", "-reqout", "question"], arguments].concat());
        let question = std::fs::read(folder.join("question")).unwrap();
        std::fs::write(folder.join("answer"), town.authority.ocsp(&question, now()).await.unwrap()).unwrap();
        let read =
            ["ocsp", "-no_nonce", "-respin", "answer", "-issuer", "issuing.pem", "-CAfile", "chain.pem", "-validity_period", "99999999"];
        let at = now().as_second().to_string();
        said(folder, "openssl", &[&read[..], &["-attime", &at], arguments].concat())
    };
    let answered = ask(&["-cert", "good.pem", "-cert", "bad.pem", "-cert", "held.pem"]).await;
    assert!(answered.contains("Response verify OK") && !answered.contains("WARNING"), "{answered}");
    assert!(answered.contains("good.pem: good"), "{answered}");
    assert!(answered.contains("bad.pem: revoked") && answered.contains("Reason: keyCompromise"), "{answered}");
    assert!(answered.contains("held.pem: revoked") && answered.contains("Reason: certificateHold"), "{answered}");
    let by_sha256 = ask(&["-sha256", "-cert", "good.pem"]).await;
    assert!(by_sha256.contains("good.pem: good"), "{by_sha256}");
    // A serial number that nobody knows is not good.
    let unknown = ask(&["-serial", "0x4123456789abcdef0123"]).await;
    assert!(unknown.contains(": revoked") && unknown.contains("certificateHold"), "{unknown}");
    let foreign = {
        std::fs::write(folder.join("server-root.pem"), authority::pem_of(town.authority.server_root())).unwrap();
        said(folder, "openssl", &["ocsp", "-issuer", "server-root.pem", "-reqout", "question", "-serial", "1"]);
        town.authority.ocsp(&std::fs::read(folder.join("question")).unwrap(), now()).await.unwrap()
    };
    std::fs::write(folder.join("answer"), foreign).unwrap();
    let text = said(folder, "openssl", &["ocsp", "-respin", "answer", "-noverify", "-resp_text"]);
    assert!(text.contains("Cert Status: unknown"), "{text}");
    for garbage in [&b""[..], b"no question", &[0x30; 5000], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]] {
        assert_eq!(town.authority.ocsp(garbage, now()).await.unwrap(), [0x30, 3, 10, 1, 1], "malformed");
    }
}

#[tokio::test]
async fn openssl_finds_the_revoked_on_the_full_list_and_on_the_list_that_the_certificate_names() {
    let place = Place::sqlite();
    let folder = place.folder.path();
    let town = settled(&place).await;
    let at = now().as_second().to_string();
    for made in town.authority.certificates().await.unwrap() {
        let (_, parsed) = x509_parser::parse_x509_certificate(&made.der).unwrap();
        let shown = format!("{:?}", parsed.extensions());
        let path = format!("/crl/issuing-01-{:02}.crl", made.shard);
        assert!(shown.contains(&format!("http://crldownload.obn.managedpki.ne.jp{path}")), "{shown}");
        assert!(shown.contains("http://crldownload.obn.managedpki.ne.jp/ocsp"), "{shown}");
        let shard = town.authority.list_at(&path).unwrap();
        std::fs::write(folder.join("terminal.pem"), authority::pem_of(&made.der)).unwrap();
        for which in [List::Full, shard] {
            let list = town.authority.crl(which, now()).await.unwrap();
            std::fs::write(folder.join("list.der"), &list.der).unwrap();
            said(folder, "openssl", &["crl", "-inform", "DER", "-in", "list.der", "-out", "list.pem", "-CAfile", "chain.pem"]);
            let arguments =
                ["verify", "-attime", &at, "-crl_check", "-extended_crl", "-CRLfile", "list.pem", "-CAfile", "chain.pem", "terminal.pem"];
            let output = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
            let closed = made.revoked_at.is_some() || made.held_at.is_some();
            let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert_eq!(output.status.success(), !closed, "{which:?}: {text}");
            assert!(!closed || text.contains("certificate revoked"), "{text}");
        }
    }
}

/// Reads a list and an answer with another library, checks both signatures, and prints what they say.
const READER: &str = "
import sys
from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
issuing = x509.load_pem_x509_certificate(open('issuing.pem', 'rb').read())
key = issuing.public_key()
for name in ('full.crl', 'shard.crl'):
    crl = x509.load_der_x509_crl(open(name, 'rb').read())
    assert crl.is_signature_valid(key) and crl.issuer == issuing.subject
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number > 0
    print(name, sorted(format(entry.serial_number, 'x') for entry in crl))
point = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
print(point.critical, point.value.full_name[0].value)
bad = x509.load_pem_x509_certificate(open('bad.pem', 'rb').read())
if sys.argv[1] == 'ask':
    question = ocsp.OCSPRequestBuilder().add_certificate(bad, issuing, hashes.SHA256()).add_extension(x509.OCSPNonce(b'0123456789abcdef'), False).build()
    from cryptography.hazmat.primitives.serialization import Encoding
    open('question', 'wb').write(question.public_bytes(Encoding.DER))
else:
    answer = ocsp.load_der_ocsp_response(open('answer', 'rb').read())
    key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(answer.signature_hash_algorithm))
    assert answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b'0123456789abcdef'
    print(answer.response_status.name, answer.certificate_status.name, answer.revocation_reason.name, format(answer.serial_number, 'x'))
";

#[tokio::test]
async fn another_library_reads_lists_and_answers_and_their_signatures_hold() {
    let place = Place::sqlite();
    let folder = place.folder.path();
    let town = settled(&place).await;
    let certificates = town.authority.certificates().await.unwrap();
    let bad = certificates.iter().find(|made| made.revoked_at.is_some()).unwrap();
    let shard = List::Shard(bad.shard.try_into().unwrap());
    std::fs::write(folder.join("full.crl"), &town.authority.crl(List::Full, now()).await.unwrap().der).unwrap();
    std::fs::write(folder.join("shard.crl"), &town.authority.crl(shard, now()).await.unwrap().der).unwrap();
    std::fs::write(folder.join("read.py"), READER).unwrap();
    let lists = said(folder, "/usr/bin/python3", &["read.py", "ask"]);
    let answer = town.authority.ocsp(&std::fs::read(folder.join("question")).unwrap(), now()).await.unwrap();
    std::fs::write(folder.join("answer"), answer).unwrap();
    let told = said(folder, "/usr/bin/python3", &["read.py", "read"]);
    assert!(told.contains(&format!("SUCCESSFUL REVOKED key_compromise {}", bad.serial)), "{told}");
    assert_eq!(lists.matches(&bad.serial).count(), 2, "on both lists: {lists}");
    assert!(lists.contains(&format!("True http://crldownload.obn.managedpki.ne.jp/crl/issuing-01-{:02}.crl", bad.shard)), "{lists}");
}

/// Rows: CA-01, CA-12
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_plain_door_serves_lists_and_answers_to_admitted_lines_and_says_when_nothing_changed() {
    let place = Place::sqlite();
    let folder = place.folder.path();
    let town = settled(&place).await;
    let clock = Clock::driven(now());
    let routes = authority::publish::routes(town.authority.clone(), town.registry.clone(), clock.clone());
    let door = PlainDoor { host: "crldownload.obn.managedpki.ne.jp".into(), routes, limits: Limits::default() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let running = serve::open_plain(listener, door).unwrap();
    let at: SocketAddr = running.address;
    let curl = |path: &str, more: &[&str]| {
        let url = format!("http://{at}{path}");
        said(folder, "curl", &[&["-sS", "-o", "body", "-D", "-", url.as_str()], more].concat())
    };
    for path in ["/crl/issuing-01.crl", "/ca/issuing-01.cer", "/ocsp/AAAA"] {
        assert!(curl(path, &[]).starts_with("HTTP/1.1 403"), "outside the network there is nothing to be had");
    }
    let line = LineApplication { facility_code: CODE.into(), line_id: "CAF1111111111".into(), line_type: "next-family".into() };
    let application = town.registry.apply_for_line(&line, now()).await.unwrap();
    clock.set(town.registry.approve(&application, now()).await.unwrap());
    town.registry.admit(&line.line_id, "127.0.0.1/32", clock.now()).await.unwrap();
    let head = curl("/crl/issuing-01.crl", &[]);
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("content-type: application/pkix-crl"), "{head}");
    said(folder, "openssl", &["crl", "-inform", "DER", "-in", "body", "-noout", "-CAfile", "chain.pem"]);
    let etag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().trim().to_owned();
    assert!(curl("/crl/issuing-01.crl", &["-H", &format!("If-None-Match: {etag}")]).starts_with("HTTP/1.1 304"));
    let good = town.authority.certificates().await.unwrap().into_iter().find(|made| made.revoked_at.is_none()).unwrap();
    town.authority.revoke(&good.serial, Reason::Unspecified, clock.now()).await.unwrap();
    let changed = curl("/crl/issuing-01.crl", &["-H", &format!("If-None-Match: {etag}")]);
    assert!(changed.starts_with("HTTP/1.1 200"), "revoked a moment ago, and on the list: {changed}");
    for (path, status) in [
        ("/crl/issuing-01-07.crl", "200"),
        ("/crl/issuing-01-64.crl", "404"),
        ("/crl/other.crl", "404"),
        ("/ca/issuing-01.cer", "200"),
        ("/ocsp", "405"),
        ("/ocsp/AAAA", "200"),
        ("/ocsp/%", "400"),
    ] {
        let head = curl(path, &[]);
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {head}");
    }
    let url = format!("http://{at}/ocsp");
    let asked =
        ["ocsp", "-issuer", "issuing.pem", "-cert", "bad.pem", "-url", &url, "-CAfile", "chain.pem", "-validity_period", "99999999"];
    let seconds = clock.now().as_second().to_string();
    let told = said(folder, "openssl", &[&asked[..], &["-attime", &seconds]].concat());
    assert!(told.contains("Response verify OK") && told.contains("bad.pem: revoked"), "{told}");
    std::fs::write(folder.join("large"), vec![0x30; 5000]).unwrap();
    assert!(curl("/ocsp", &["--data-binary", "@large"]).starts_with("HTTP/1.1 413"));
    running.stop().await;
}
