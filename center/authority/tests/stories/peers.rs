//! Other people's programs accept what the authority makes: OpenSSL, Java's keytool and NSS, for certificates and PKCS#12 files.

use std::path::Path;
use std::process::{Command, Output};

use chassis::pfx::Strength;
use chassis::testing::Place;
use manuals::situation::Situation;
use rcgen::PKCS_ECDSA_P256_SHA256;

use crate::town::{CODE, Town, csr, now};

fn run(folder: &Path, program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).current_dir(folder).output().unwrap_or_else(|error| panic!("{program} cannot be run: {error}"))
}

/// Runs a program that must succeed; returns all it said.
fn said(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let output = run(folder, program, arguments);
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}: {text}");
    text
}

#[tokio::test]
async fn openssl_verifies_the_chain_of_a_terminal_and_of_a_host() {
    let place = Place::sqlite();
    let folder = place.folder.path();
    let town = Town::begin(&place).await;
    let notice = town.notice().await;
    let (_, request) = csr(&PKCS_ECDSA_P256_SHA256);
    let issued = town.authority.issue_by_csr(&notice.request_id, &notice.reference_id, &request, now()).await.unwrap().unwrap();
    std::fs::write(folder.join("terminal.pem"), &issued.certificate).unwrap();
    std::fs::write(folder.join("chain.pem"), &issued.chain).unwrap();
    std::fs::write(folder.join("root.pem"), authority::pem_of(&town.authority.client_roots()[0])).unwrap();
    let at = now().as_second().to_string();
    let verify = ["verify", "-x509_strict", "-attime", &at, "-purpose", "sslclient", "-CAfile", "root.pem", "-untrusted", "chain.pem"];
    said(folder, "openssl", &[&verify[..], &["terminal.pem"]].concat());
    let as_server = ["verify", "-attime", &at, "-purpose", "sslserver", "-CAfile", "root.pem", "-untrusted", "chain.pem", "terminal.pem"];
    assert!(!run(folder, "openssl", &as_server).status.success(), "a terminal's certificate must not serve as a host's");

    let inside = town.authority.host_identity(&["hweb-api.oqs.onshikaku.org".into()], now()).unwrap();
    let outside = town.authority.host_identity(&["www.mhlw.go.jp".into()], now()).unwrap();
    std::fs::write(folder.join("inside.pem"), authority::pem_of(&inside.chain[0])).unwrap();
    std::fs::write(folder.join("outside.pem"), authority::pem_of(&outside.chain[0])).unwrap();
    std::fs::write(folder.join("server-root.pem"), authority::pem_of(town.authority.server_root())).unwrap();
    let verify = ["verify", "-x509_strict", "-attime", &at, "-purpose", "sslserver", "-CAfile", "server-root.pem"];
    said(folder, "openssl", &[&verify[..], &["inside.pem"]].concat());
    let refused = run(folder, "openssl", &[&verify[..], &["outside.pem"]].concat());
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(text.contains("permitted subtree violation"), "our root must be no impostor of others: {text}");
    said(folder, "openssl", &["crl", "-in", &list(&town, folder).await, "-CAfile", "chain.pem", "-noout", "-text"]);
}

async fn list(town: &Town, folder: &Path) -> String {
    let path = folder.join("list.pem");
    std::fs::write(&path, town.authority.revocation_list(now()).await.unwrap()).unwrap();
    path.display().to_string()
}

async fn pfx(town: &Town, folder: &Path, strength: Strength) -> String {
    let notice = town.notice().await;
    let file = town.pfx(&notice, "4071", strength).await.unwrap();
    let path = folder.join(format!("{strength:?}.p12"));
    std::fs::write(&path, file).unwrap();
    path.display().to_string()
}

/// Rows: CA-15, CA-16
#[tokio::test]
async fn openssl_java_and_nss_open_both_kinds_of_pfx_with_the_four_digits() {
    let place = Place::sqlite();
    let folder = place.folder.path();
    let town = Town::begin(&place).await;
    std::fs::create_dir(folder.join("nss")).unwrap();
    said(folder, "certutil", &["-N", "-d", "sql:nss", "--empty-password"]);
    for strength in [Strength::Modern, Strength::Compatible] {
        let file = pfx(&town, folder, strength).await;
        let text = said(folder, "openssl", &["pkcs12", "-in", &file, "-passin", "pass:4071", "-noenc"]);
        assert!(text.contains(CODE) && text.contains("BEGIN PRIVATE KEY"), "{text}");
        assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 3);
        let info = said(folder, "openssl", &["pkcs12", "-in", &file, "-passin", "pass:4071", "-info", "-noout", "-nokeys"]);
        assert!(info.contains("MAC"), "{info}");
        assert!(!run(folder, "openssl", &["pkcs12", "-in", &file, "-passin", "pass:4072", "-noout"]).status.success());
        let listed = said(folder, "keytool", &["-list", "-v", "-storetype", "PKCS12", "-keystore", &file, "-storepass", "4071"]);
        assert!(listed.contains("PrivateKeyEntry") && listed.contains(CODE), "{listed}");
        let imported = said(folder, "pk12util", &["-i", &file, "-d", "sql:nss", "-W", "4071", "-K", ""]);
        assert!(imported.contains("SUCCESSFUL"), "{imported}");
    }
    let keys = said(folder, "certutil", &["-K", "-d", "sql:nss"]);
    assert_eq!(keys.matches("rsa").count(), 2, "{keys}");
}

#[tokio::test]
async fn keytool_and_nss_take_the_certificate_itself() {
    let place = Place::sqlite();
    let folder = place.folder.path();
    let town = Town::begin(&place).await;
    let notice = town.notice().await;
    let (_, request) = csr(&PKCS_ECDSA_P256_SHA256);
    let issued = town.authority.issue_by_csr(&notice.request_id, &notice.reference_id, &request, now()).await.unwrap().unwrap();
    std::fs::write(folder.join("terminal.pem"), &issued.certificate).unwrap();
    std::fs::write(folder.join("root.pem"), authority::pem_of(&town.authority.client_roots()[0])).unwrap();
    let printed = said(folder, "keytool", &["-printcert", "-file", "terminal.pem"]);
    assert!(printed.contains(CODE) && printed.contains("clientAuth"), "{printed}");
    std::fs::create_dir(folder.join("nss")).unwrap();
    said(folder, "certutil", &["-N", "-d", "sql:nss", "--empty-password"]);
    said(folder, "certutil", &["-A", "-d", "sql:nss", "-n", "root", "-t", "CT,C,C", "-i", "root.pem"]);
    let (_, issuing) = issued.chain.split_at(0);
    std::fs::write(folder.join("issuing.pem"), issuing.split_inclusive("-----END CERTIFICATE-----").next().unwrap()).unwrap();
    said(folder, "certutil", &["-A", "-d", "sql:nss", "-n", "issuing", "-t", ",,", "-i", "issuing.pem"]);
    said(folder, "certutil", &["-A", "-d", "sql:nss", "-n", "terminal", "-t", ",,", "-i", "terminal.pem"]);
    let at = now().strftime("%y%m%d%H%M%SZ").to_string();
    said(folder, "certutil", &["-V", "-d", "sql:nss", "-n", "terminal", "-u", "C", "-b", &at]);
}

/// Rows: CA-15
#[tokio::test]
async fn a_password_of_full_width_digits_is_refused_and_the_notice_stays_good() {
    let place = Place::sqlite();
    let town = Town::begin(&place).await;
    let notice = town.notice().await;
    for wrong in ["４０７１", "407", "40711", "abcd"] {
        assert_eq!(town.pfx(&notice, wrong, Strength::Modern).await.unwrap_err(), Situation::BadPfxPassword, "{wrong}");
    }
    assert!(town.pfx(&notice, "4071", Strength::Modern).await.is_ok());
}
