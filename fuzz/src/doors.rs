//! What holds of any input at the doors behind the messages: the claims that the fuzz targets attack and that the program's stories check
//! over the corpora.

use std::collections::HashMap;

use authority::Authority;
use axum::Router;
use axum::body::Body;
use chassis::clock::Clock;
use chassis::db::Database;
use chassis::page::Language;
use chassis::serve::{Caller, Limits};
use chassis::tls::PeerCertificate;
use chassis::vault::Vault;
use eligibility::Eligibility;
use eligibility::people::ImportOptions;
use http::{Request, StatusCode, header};
use jiff::Timestamp;
use lineauth::claims;
use lineauth::portal::{self, Carrier};
use lineauth::token::{Claims, PeerKey, SigningKey};
use lineauth::{CarrierLine, Lines, Link, Notifier, Portal, V6Option, notifier};
use manuals::Region;
use manuals::domains::Service;
use manuals::situation::Situation;
use registry::rules::known::{self, Known};
use registry::rules::wish::{Notification, Wish};
use registry::rules::{form, told};
use registry::{Registry, rules};
use serde::Deserialize;
use tower::ServiceExt;

/// The sections of a center's configuration that its rooms read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[allow(dead_code, reason = "only read to see whether it can be")]
struct Rooms {
    limits: Limits,
    registry: registry::Config,
    authority: authority::Config,
    eligibility: eligibility::Config,
    lineauth: lineauth::Config,
    notifier: lineauth::NotifierConfig,
}

/// A configuration is read, or its mistake is named in Japanese; the same text read twice says the same.
pub fn config_toml(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let nothing = std::iter::empty;
    if let Err(error) = chassis::config::parse::<Rooms>(text, "center.toml", "NONE__", nothing()) {
        assert!(error.to_string().starts_with("設定 center.toml"), "{error}");
    }
    match chassis::config::parse::<clinic::config::Config>(text, "clinic.toml", "NONE__", nothing()) {
        Ok(config) => {
            let written = toml::to_string(&config).expect("what was read can be written");
            assert!(chassis::config::parse::<clinic::config::Config>(&written, "clinic.toml", "NONE__", nothing()).is_ok());
        }
        Err(error) => assert!(error.to_string().starts_with("設定 clinic.toml"), "{error}"),
    }
}

/// A prefix that was read means the same when it is written and read again, and holds its own address.
pub fn admission_prefix(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(prefix) = rules::admission_prefix(text) {
        assert!(prefix.prefix_len() > 0, "nobody admits everybody");
        assert_eq!(rules::admission_prefix(&prefix.to_string()).ok(), Some(prefix));
        assert!(rules::admission_keys(prefix.addr()).contains(&prefix.to_string()));
    }
}

/// A line id that was read is exactly what was typed; any other is told why in Japanese.
pub fn line_id(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for region in [Region::East, Region::West] {
        match manuals::line_id::parse(text, region) {
            Ok(line) => assert_eq!(line.as_str(), text),
            Err(mistake) => assert!(mistake.to_string().ends_with('。'), "{mistake}"),
        }
    }
}

/// A form of the portal is read into something clean, or each mistake is named with its reason; nothing of it can break a mail or a page.
pub fn application_form(bytes: &[u8]) {
    let Some(fields) = form::fields(bytes) else { return };
    let today = chassis::clock::japan_date(now());
    for service in Service::ALL {
        for notification in Notification::of(service) {
            match form::read(service, notification, &fields, today) {
                Ok(read) => {
                    let wish = read.wish;
                    let written = serde_json::to_string(&wish).expect("a wish can be written");
                    assert_eq!(serde_json::from_str::<Wish>(&written).ok().as_ref(), Some(&wish));
                    let lines = told::content(&wish, Language::Japanese);
                    assert!(lines.iter().all(|(_, value)| !value.chars().any(char::is_control)), "{lines:?}");
                    assert!(manuals::line_id::parse(&wish.line_id, wish.region()).is_ok());
                    assert!(chassis::mail::MailAddress::parse(&wish.mail).is_some());
                    assert!(known::compare(&wish, &Known::default(), today).iter().all(|mistake| !mistake.japanese.is_empty()));
                }
                Err(mistakes) => {
                    assert!(!mistakes.is_empty());
                    assert!(mistakes.iter().all(|mistake| !mistake.japanese.is_empty() && !mistake.english.is_empty()));
                }
            }
        }
    }
}

/// Nobody's bytes are believed; what is well formed comes back from a token as it went in, under its own key and purpose only.
pub fn line_token(bytes: &[u8]) {
    fn attack<T: Claims + PartialEq + std::fmt::Debug>(text: &str, ours: &SigningKey) {
        assert!(ours.public().read::<T>(text).is_err(), "a stranger was believed");
        if let Ok(claims) = serde_json::from_str::<T>(text) {
            let token = ours.sign(&claims);
            assert_eq!(ours.public().read::<T>(&token).ok(), Some(claims));
            let (payload, signature) = token.split_once('.').expect("two halves");
            assert!(ours.public().read::<T>(&format!("{payload}A.{signature}")).is_err());
            assert!(key(2).public().read::<T>(&token).is_err());
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let ours = key(1);
    attack::<claims::Request>(text, &ours);
    attack::<claims::Consent>(text, &ours);
    attack::<claims::Ask>(text, &ours);
    attack::<claims::Answer>(text, &ours);
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).expect("32 bytes are a key")
}

/// A listing of a terminal's addresses is read whatever it holds, and every adapter is judged.
pub fn terminal_listing(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for adapter in clinic::line::listing::read(&text) {
        for region in Region::ALL {
            let mistakes = clinic::line::listing::judge(&adapter, region, None);
            assert_eq!(mistakes.is_empty(), mistakes.iter().all(|mistake| mistake.to_string().is_empty()));
        }
    }
}

/// A PKCS#12 file opens with its key and its certificates, or is refused in words.
pub fn pfx(bytes: &[u8]) {
    match chassis::pfx::read(bytes, &secrecy::SecretString::from("4071")) {
        Ok(opened) => assert!(!opened.private_key.is_empty() && !opened.certificates.is_empty()),
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
}

/// Rooms to hand things to, in a folder of their own.
pub struct Doors {
    runtime: tokio::runtime::Runtime,
    authority: Authority,
    eligibility: Eligibility,
    registry: Registry,
    portal: Router,
    notifier: Router,
    _folder: tempfile::TempDir,
}

impl Doors {
    /// Opens them.
    pub fn open() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let (authority, eligibility, registry, (portal, notifier)) = runtime.block_on(async {
            let at = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
            let db = Database::open(&at("center.db")).await.expect("a database");
            let registry = Registry::open(db.clone(), registry::Config::default()).await.expect("a registry");
            let vault = Vault::open(&folder.path().join("keys"), None).expect("a vault");
            let config = authority::Config::default();
            let lines = line_doors(&registry, db.clone()).await;
            let authority = Authority::open(db, registry.clone(), &vault, folder.path(), config, now()).await.expect("an authority");
            let register = Database::open(&at("register.db")).await.expect("a database");
            let eligibility = Eligibility::open(register, eligibility::Config::default()).await.expect("a register");
            (authority, eligibility, registry, lines)
        });
        Self { runtime, authority, eligibility, registry, portal, notifier, _folder: folder }
    }

    /// A request for a certificate from a stranger is refused with one of three words, whatever it carries; nothing is issued.
    pub fn csr(&self, bytes: &[u8]) {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let reference = "stranger".to_owned().into();
        let asked = self.authority.issue_by_csr("0000000000", &reference, text, now());
        let refused = self.runtime.block_on(asked).expect("the authority can answer").err();
        let expected = [Situation::BadCsr, Situation::WeakKey, Situation::NoticeUnknown];
        assert!(refused.is_some_and(|refused| expected.contains(&refused)), "{refused:?}");
    }

    /// A question about certificates gets an answer that is one: "malformed", or a signed word on each certificate, and "good" on none.
    pub fn ocsp_question(&self, bytes: &[u8]) {
        let answer = self.runtime.block_on(self.authority.ocsp(bytes, now())).expect("the authority can answer");
        assert!(answer == [0x30, 3, 10, 1, 1] || (answer.len() > 100 && answer.first() == Some(&0x30)), "{answer:?}");
        if let Ok(text) = std::str::from_utf8(bytes)
            && let Some(question) = authority::publish::question_of_path(text)
        {
            assert!(question.len() <= text.len());
        }
    }

    /// A people CSV is taken whole or refused whole, each refused line with words that say why.
    pub fn people_csv(&self, bytes: &[u8]) {
        let options = ImportOptions { replace: true, ..ImportOptions::default() };
        let before = self.persons();
        let report = self.runtime.block_on(self.eligibility.import(bytes, options, now(), |_| ())).expect("the register can answer");
        assert!(!report.applied || report.refusals.is_empty(), "taken in spite of a refused line");
        assert!(report.refusals.iter().all(|refusal| !refusal.problem.is_empty()));
        assert_eq!(self.persons(), if report.applied { report.persons } else { before });
    }

    /// What a stranger sends to portal and notifier, as address, form or question, ends on a page of theirs and admits nobody.
    pub fn line_form(&self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let path: String = text.chars().filter(|letter| letter.is_ascii_graphic() && *letter != '#').collect();
        let form = |uri: &str| Request::post(uri).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let asked = [
            (&self.portal, form("/choice").body(Body::from(bytes.to_vec()))),
            (&self.portal, Request::get(format!("/{path}")).body(Body::empty())),
            (&self.notifier, Request::get(format!("/notify?request={path}")).body(Body::empty())),
            (&self.notifier, form("/identity").body(Body::from(bytes.to_vec()))),
        ];
        for (door, request) in asked {
            // Not every text is an address.
            let Ok(mut request) = request else { continue };
            let host = manuals::hosts::line_portal().name.into();
            request.extensions_mut().insert(Caller { address: TERMINAL, host, certificate: PeerCertificate::Absent });
            let answer = self.runtime.block_on(door.clone().oneshot(request)).expect("a door always answers");
            assert_ne!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        }
        assert!(!self.runtime.block_on(self.registry.is_admitted(TERMINAL)).expect("the registry can answer"));
    }

    fn persons(&self) -> u64 {
        self.runtime.block_on(self.eligibility.count()).expect("the register can answer").persons
    }
}

fn now() -> Timestamp {
    Timestamp::constant(1_784_073_600, 0)
}

const TERMINAL: std::net::IpAddr = std::net::IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);

/// Portal and notifier with a line behind which the stranger sits.
async fn line_doors(registry: &Registry, db: Database) -> (Router, Router) {
    let (lines, clock) = (Lines::open(db).await.expect("a table"), Clock::driven(now()));
    let line = CarrierLine {
        line_id: "CAF0123456789".to_owned(),
        region: Region::East,
        line_type: "next-family".to_owned(),
        reseller: String::new(),
        v6_option: V6Option::On,
        applied_on: jiff::civil::date(2024, 4, 1),
        work_completed: Some(jiff::civil::date(2024, 5, 1)),
        prefixes: vec!["::1/128".to_owned()],
    };
    lines.put(vec![line]).await.expect("a line");
    let peer = |seed| PeerKey::new(&key(seed).public().text(), std::path::Path::new("nowhere"), "none").expect("a key");
    let notifier = Notifier::with_keys(Region::East, lines, key(2), peer(1));
    let carriers = HashMap::from([(Region::East, Carrier { key: peer(2), link: Link::Here(notifier.clone()) })]);
    let portal = Portal::with_keys(registry.clone(), key(1), carriers, lineauth::Config::default(), clock.clone());
    (portal::pages::routes(portal), notifier::pages::routes(notifier, clock))
}
