//! Other people's clients get and renew a terminal's certificate, each unchanged: certbot, lego and dehydrated by ACME, curl and openssl by EST.

use std::path::{Path, PathBuf};

use authority::acme::name_of;
use authority::{IssuedFact, Notice};
use chassis::on_both;
use secrecy::ExposeSecret;

use crate::counter::origin;
use crate::hall::{Hall, ended, said};
use crate::town::CODE;

fn directory() -> String {
    manuals::certificate::page(manuals::certificate::sheet().standard.acme)
}

fn name(notice: &Notice) -> String {
    name_of(&notice.facility_code, &notice.terminal_name)
}

/// The terminal's certificates, oldest first.
async fn made(hall: &Hall) -> Vec<IssuedFact> {
    hall.town.authority.certificates().await.unwrap()
}

/// Holds a file of certificates to one of those that were made.
fn holds(file: &Path, made: &IssuedFact) {
    let text = std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let blocks = pem::parse_many(text).unwrap();
    assert_eq!(authority::fingerprint(blocks[0].contents()), authority::fingerprint(&made.der), "{}", file.display());
}

/// certbot, where the test's installer has put it.
fn certbot() -> Option<PathBuf> {
    let found = std::env::var_os("ONSHI_TEST_CERTBOT").map(PathBuf::from);
    assert!(
        found.is_some() || std::env::var_os("ONSHI_TEST_ALL").is_none(),
        "ONSHI_TEST_ALL wants certbot too: name it in ONSHI_TEST_CERTBOT"
    );
    found
}

on_both!(certbot_gets_a_certificate_and_renews_it_when_the_renewal_information_says_so, async |place| {
    let Some(certbot) = certbot() else { return };
    // When the clock is set right, 300 days are left: by days alone certbot would not renew yet.
    let hall = Hall::open(place, 300).await;
    let notice = hall.town.notice_at(hall.clock.now()).await;
    let run = |words: &[&str]| {
        let mut command = hall.program(&certbot);
        command.args(words).args(["--non-interactive", "--config-dir", "etc", "--work-dir", "work", "--logs-dir", "log"]);
        command
    };
    let (directory, name) = (directory(), name(&notice));
    let words = ["certonly", "--agree-tos", "--email", "it@clinic.example", "--no-eff-email", "--server", &directory];
    let binding = ["--eab-kid", &notice.binding.key_id, "--eab-hmac-key", notice.binding.mac_key.expose_secret()];
    let how = ["--manual", "--manual-auth-hook", "false", "--cert-name", "terminal", "-d", &name];
    said(run(&[&words[..], &binding, &how].concat())).await;
    let live = hall.folder.join("etc/live/terminal");
    holds(&live.join("fullchain.pem"), &made(&hall).await[0]);
    let now = hall.today();
    hall.town.authority.ask_replacement(&[made(&hall).await[0].serial.clone()], now).await.unwrap();
    let renewed = said(run(&["renew", "--no-random-sleep-on-renew"])).await;
    assert_eq!(made(&hall).await.len(), 2, "{renewed}");
    holds(&live.join("fullchain.pem"), &made(&hall).await[1]);
    assert_eq!(made(&hall).await[0].superseded_by.as_ref(), Some(&made(&hall).await[1].serial));
    let rested = said(run(&["renew", "--no-random-sleep-on-renew"])).await;
    assert!(rested.contains("not yet due") || rested.contains("not due"), "{rested}");
    let (output, early) = ended(run(&["renew", "--force-renewal", "--no-random-sleep-on-renew"])).await;
    assert!(!output.status.success() && early.contains("renewalInfo"), "{early}");
    assert_eq!(made(&hall).await.len(), 2);
    said(run(&["revoke", "--cert-name", "terminal", "--reason", "superseded", "--no-delete-after-revoke"])).await;
    assert!(made(&hall).await[1].revoked_at.is_some());
    hall.close().await;
});

on_both!(lego_gets_a_certificate_and_renews_it_in_its_last_thirty_days, async |place| {
    let hall = Hall::open(place, 20).await;
    let notice = hall.town.notice_at(hall.clock.now()).await;
    let name = name(&notice);
    let run = |words: &[&str]| {
        let mut command = hall.program("lego");
        command.args(["--server", &directory(), "--path", "lego", "--email", "it@clinic.example", "--accept-tos"]);
        // It files a certificate under its first name, and puts the common name first when it renews.
        command.args(["--domains", CODE, "--domains", &name]);
        command.args(["--http", "--eab", "--kid", &notice.binding.key_id, "--hmac", notice.binding.mac_key.expose_secret()]);
        command.args(words);
        command
    };
    said(run(&["run"])).await;
    let file = hall.folder.join(format!("lego/certificates/{CODE}.crt"));
    holds(&file, &made(&hall).await[0]);
    hall.today();
    said(run(&["renew", "--days", "30", "--no-random-sleep"])).await;
    assert_eq!(made(&hall).await.len(), 2);
    holds(&file, &made(&hall).await[1]);
    said(run(&["renew", "--days", "30", "--no-random-sleep"])).await;
    assert_eq!(made(&hall).await.len(), 2, "nothing is renewed before its time");
    hall.close().await;
});

on_both!(dehydrated_gets_a_certificate_and_renews_it_in_its_last_thirty_days, async |place| {
    let hall = Hall::open(place, 20).await;
    let notice = hall.town.notice_at(hall.clock.now()).await;
    let name = name(&notice);
    let settings = [
        format!("CA=\"{}\"", directory()),
        format!("EAB_KID=\"{}\"", notice.binding.key_id),
        format!("EAB_HMAC_KEY=\"{}\"", notice.binding.mac_key.expose_secret()),
        // Its own default, P-384, is no key of the field's profile.
        "KEY_ALGO=prime256v1".to_owned(),
        "CHALLENGETYPE=http-01".to_owned(),
        format!("BASEDIR=\"{}\"", hall.folder.display()),
        format!("WELLKNOWN=\"{}\"", hall.folder.display()),
    ];
    std::fs::write(hall.folder.join("config"), settings.join("\n")).unwrap();
    let run = |words: &[&str]| {
        let mut command = hall.program("dehydrated");
        command.args(["--config", "config"]).args(words);
        command
    };
    said(run(&["--register", "--accept-terms"])).await;
    said(run(&["--cron", "--domain", &name])).await;
    let file = hall.folder.join(format!("certs/{name}/fullchain.pem"));
    holds(&file, &made(&hall).await[0]);
    hall.today();
    said(run(&["--cron", "--domain", &name])).await;
    assert_eq!(made(&hall).await.len(), 2);
    holds(&file, &made(&hall).await[1]);
    said(run(&["--cron", "--domain", &name])).await;
    assert_eq!(made(&hall).await.len(), 2, "nothing is renewed before its time");
    hall.close().await;
});

/// curl, to one of the paths of EST.
fn curl(hall: &Hall, path: &str, words: &[&str]) -> std::process::Command {
    let mut command = hall.program("curl");
    command.args(["--silent", "--show-error", "--fail-with-body", "--cacert", "root.pem"]).args(words);
    command.arg(format!("{}{}/{path}", origin(), manuals::certificate::sheet().standard.est));
    command
}

fn openssl(hall: &Hall, words: &[&str]) -> std::process::Command {
    let mut command = hall.program("openssl");
    command.args(words);
    command
}

/// Unpacks an answer of EST and returns its certificates as PEM.
async fn unpacked(hall: &Hall, file: &str) -> String {
    said(openssl(hall, &["base64", "-d", "-in", file, "-out", "answer.p7"])).await;
    let text = said(openssl(hall, &["pkcs7", "-inform", "DER", "-in", "answer.p7", "-print_certs"])).await;
    std::fs::write(hall.folder.join(format!("{file}.pem")), &text).unwrap();
    text
}

on_both!(curl_and_openssl_get_a_certificate_by_est_and_renew_it_with_itself, async |place| {
    let hall = Hall::open(place, 20).await;
    let notice = hall.town.notice_at(hall.clock.now()).await;
    let numbers = format!("{}:{}", notice.request_id, notice.reference_id.expose_secret());
    said(curl(&hall, "cacerts", &["--output", "cacerts"])).await;
    let roots = unpacked(&hall, "cacerts").await;
    assert_eq!(roots.matches("BEGIN CERTIFICATE").count(), 2, "{roots}");
    for round in ["first", "second"] {
        let (key, csr) = (format!("{round}.key"), format!("{round}.csr"));
        let subject = format!("/CN={CODE}");
        let new =
            ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", &key, "-subj", &subject, "-outform", "DER", "-out", "csr.der"];
        said(openssl(&hall, &new)).await;
        said(openssl(&hall, &["base64", "-in", "csr.der", "-out", &csr])).await;
        let body = format!("@{csr}");
        let common = ["--header", "Content-Type: application/pkcs10", "--data-binary", &body, "--output", round];
        if round == "first" {
            said(curl(&hall, "simpleenroll", &[&common[..], &["--user", &numbers]].concat())).await;
            // The answer was lost: the same request brings the same certificate.
            said(curl(&hall, "simpleenroll", &[&common[..], &["--user", &numbers]].concat())).await;
        } else {
            hall.today();
            let shown = ["--cert", "first.pem", "--key", "first.key"];
            said(curl(&hall, "simplereenroll", &[&common[..], &shown].concat())).await;
        }
        unpacked(&hall, round).await;
        let verify = ["verify", "-purpose", "sslclient", "-no_check_time", "-CAfile", "cacerts.pem", &format!("{round}.pem")];
        said(openssl(&hall, &verify)).await;
        holds(&hall.folder.join(format!("{round}.pem")), made(&hall).await.last().unwrap());
    }
    let facts = made(&hall).await;
    assert_eq!((facts.len(), facts[0].superseded_by.as_ref()), (2, Some(&facts[1].serial)));
    // With the older one nothing is renewed any more: another request is refused in words.
    let again =
        ["--cert", "first.pem", "--key", "first.key", "--header", "Content-Type: application/pkcs10", "--data-binary", "@first.csr"];
    let (output, text) = ended(curl(&hall, "simplereenroll", &again)).await;
    assert!(!output.status.success() && text.contains("OQSC"), "{text}");
    hall.close().await;
});

on_both!(
    /// Rows: CA-16
    a_key_made_by_the_center_comes_with_its_certificate_by_est,
    async |place| {
    let hall = Hall::open(place, 300).await;
    let notice = hall.town.notice_at(hall.clock.now()).await;
    let numbers = format!("{}:{}", notice.request_id, notice.reference_id.expose_secret());
    let new = ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "own.key", "-subj", "/", "-outform", "DER", "-out", "csr.der"];
    said(openssl(&hall, &new)).await;
    said(openssl(&hall, &["base64", "-in", "csr.der", "-out", "csr"])).await;
    let words = ["--user", &numbers, "--header", "Content-Type: application/pkcs10", "--data-binary", "@csr", "--dump-header", "head"];
    let answer = said(curl(&hall, "serverkeygen", &words)).await;
    let head = std::fs::read_to_string(hall.folder.join("head")).unwrap();
    let boundary = head.split("boundary=").nth(1).unwrap().split_whitespace().next().unwrap();
    let parts: Vec<&str> = answer.split(&format!("--{boundary}")).collect();
    assert_eq!(parts.len(), 4, "{answer}");
    for (part, file, kind) in [(parts[1], "key", "application/pkcs8"), (parts[2], "certificate", "smime-type=certs-only")] {
        let (about, content) = part.split_once("\r\n\r\n").unwrap();
        assert!(about.contains(kind) && about.contains("base64"), "{about}");
        std::fs::write(hall.folder.join(file), content.trim_start()).unwrap();
    }
    unpacked(&hall, "certificate").await;
    holds(&hall.folder.join("certificate.pem"), &made(&hall).await[0]);
    said(openssl(&hall, &["base64", "-d", "-in", "key", "-out", "key.der"])).await;
    let of_key = said(openssl(&hall, &["pkey", "-inform", "DER", "-in", "key.der", "-pubout"])).await;
    let of_certificate = said(openssl(&hall, &["x509", "-in", "certificate.pem", "-noout", "-pubkey"])).await;
    assert_eq!(of_key, of_certificate);
    hall.close().await;
});
