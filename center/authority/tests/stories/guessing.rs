//! Strangers guess, and send what is no request: each is refused, and nobody else is locked out by it.

use std::net::IpAddr;

use chassis::on_both;
use jiff::SignedDuration;
use manuals::situation::Situation;
use secrecy::SecretString;

use crate::town::{Town, csr, csr_der, now};

on_both!(who_guesses_rests_by_the_own_line_and_the_rightful_terminal_still_gets_its_certificate, async |place| {
    let town = Town::begin(place).await;
    let notice = town.notice().await;
    let address = |text: &str| Some(text.parse::<IpAddr>().unwrap());
    let (thief, neighbour, other) = (address("2001:db8:1:100::1"), address("2001:db8:1:1ff::9"), address("2001:db8:2::1"));
    let wrong: SecretString = "AAAAAAAAAA".into();
    let prove =
        async |reference: &SecretString, from, at| town.authority.prove(&notice.request_id, reference, from, at).await.unwrap().map(|_| ());
    for _ in 0..3 {
        assert_eq!(prove(&wrong, thief, now()).await, Err(Situation::NoticeUnknown));
    }
    assert_eq!(prove(&notice.reference_id, thief, now()).await, Err(Situation::AccountLocked));
    assert_eq!(prove(&notice.reference_id, neighbour, now()).await, Err(Situation::AccountLocked), "the same line, another address of it");
    assert_eq!(prove(&notice.reference_id, other, now()).await, Ok(()), "the rightful terminal is not locked out");
    assert_eq!(prove(&notice.reference_id, thief, now() + SignedDuration::from_mins(16)).await, Ok(()));
    // Guessing request ids gets the same words, and rests as well.
    let scanner = address("192.0.2.7");
    let mut words = Vec::new();
    for number in 0..16 {
        let id = format!("20260715{number:07}");
        words.push(town.authority.prove(&id, &wrong, scanner, now()).await.unwrap().map(|_| ()).unwrap_err());
    }
    assert_eq!(words[..15], [Situation::NoticeUnknown; 15]);
    assert_eq!(words[15], Situation::AccountLocked);
    assert_eq!(prove(&notice.reference_id, other, now()).await, Ok(()));
    town.authority.chores(now() + SignedDuration::from_hours(1)).await.unwrap();
    let kept = town.db().query("SELECT prefix FROM guess", &[]).await.unwrap();
    assert!(kept.is_empty(), "what strangers guessed is not kept for ever");
});

#[tokio::test]
async fn two_hundred_bad_requests_are_all_refused_and_the_notice_stays_good() {
    let place = chassis::testing::Place::sqlite();
    let town = Town::begin(&place).await;
    let notice = town.notice().await;
    let proof = town.proof(&notice).await;
    let good = csr_der();
    let mut bad: Vec<Vec<u8>> = (0..good.len())
        .map(|place| {
            let mut changed = good.clone();
            changed[place] ^= 0x55;
            changed
        })
        .collect();
    bad.extend((0..good.len()).step_by(9).map(|end| good[..end].to_vec()));
    bad.push([&good[..], b"more"].concat());
    bad.extend([csr(&rcgen::PKCS_ECDSA_P384_SHA384).1, csr(&rcgen::PKCS_ED25519).1].map(|text| authority::der_of(&text).unwrap()));
    assert!(bad.len() >= 200, "{}", bad.len());
    for (which, request) in bad.iter().enumerate() {
        let answer = town.authority.issue(&proof, request, &authority::Profile::Terminal, now()).await.unwrap().map(|issued| issued.serial);
        let place = which.min(good.len() - 1);
        assert!(
            matches!(answer, Err(Situation::BadCsr | Situation::WeakKey)),
            "{which} {answer:?} {:?}",
            &good[place.saturating_sub(4)..=place]
        );
    }
    assert!(town.authority.certificates().await.unwrap().is_empty());
    town.authority.issue(&proof, &good, &authority::Profile::Terminal, now()).await.unwrap().unwrap();
}

/// Requests over weak keys, as OpenSSL makes them.
#[tokio::test]
async fn weak_rsa_keys_are_refused_and_a_strong_one_is_taken_whatever_else_its_request_wishes() {
    let place = chassis::testing::Place::sqlite();
    let town = Town::begin(&place).await;
    let folder = place.folder.path();
    let made = |arguments: &[&str]| {
        let all =
            [&["req", "-new", "-batch", "-nodes", "-subj", "/CN=wish", "-keyout", "key", "-outform", "DER", "-out", "request"], arguments]
                .concat();
        let output = std::process::Command::new("openssl").args(&all).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read(folder.join("request")).unwrap()
    };
    let ask = async |request: &[u8]| {
        let proof = town.proof(&town.notice().await).await;
        town.authority.issue(&proof, request, &authority::Profile::Terminal, now()).await.unwrap().map(|issued| issued.der)
    };
    let small_exponent = made(&["-newkey", "rsa:2048", "-pkeyopt", "rsa_keygen_pubexp:3"]);
    assert_eq!(ask(&small_exponent).await, Err(Situation::WeakKey));
    assert_eq!(ask(&made(&["-newkey", "rsa:1024"])).await, Err(Situation::WeakKey));
    assert_eq!(ask(&made(&["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"])).await, Err(Situation::WeakKey));
    let wishes = [
        "-addext",
        "basicConstraints=critical,CA:TRUE",
        "-addext",
        "subjectAltName=DNS:www.example.jp",
        "-addext",
        "subjectKeyIdentifier=hash",
    ];
    let der = ask(&made(&[&["-newkey", "rsa:2048"], &wishes[..]].concat())).await.unwrap();
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).unwrap();
    assert!(!parsed.is_ca() && parsed.subject_alternative_name().unwrap().is_none());
    assert!(!parsed.subject().to_string().contains("wish"));
}
