//! What holds of any input at the doors behind the messages: the claims that the fuzz targets attack and that the program's stories check
//! over the corpora.

use authority::Authority;
use chassis::db::Database;
use chassis::page::Language;
use chassis::serve::Limits;
use chassis::vault::Vault;
use eligibility::Eligibility;
use eligibility::people::ImportOptions;
use jiff::Timestamp;
use manuals::Region;
use manuals::domains::Service;
use manuals::situation::Situation;
use registry::rules::known::{self, Known};
use registry::rules::wish::{Notification, Wish};
use registry::rules::{form, told};
use registry::{Registry, rules};
use serde::Deserialize;

/// The sections of a center's configuration that its rooms read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[allow(dead_code, reason = "only read to see whether it can be")]
struct Rooms {
    limits: Limits,
    registry: registry::Config,
    authority: authority::Config,
    eligibility: eligibility::Config,
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

/// Rooms to hand things to, in a folder of their own.
pub struct Doors {
    runtime: tokio::runtime::Runtime,
    authority: Authority,
    eligibility: Eligibility,
    _folder: tempfile::TempDir,
}

impl Doors {
    /// Opens them.
    pub fn open() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let (authority, eligibility) = runtime.block_on(async {
            let at = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
            let db = Database::open(&at("center.db")).await.expect("a database");
            let registry = Registry::open(db.clone(), registry::Config::default()).await.expect("a registry");
            let vault = Vault::open(&folder.path().join("keys"), None).expect("a vault");
            let config = authority::Config::default();
            let authority = Authority::open(db, registry, &vault, folder.path(), config, now()).await.expect("an authority");
            let register = Database::open(&at("register.db")).await.expect("a database");
            let eligibility = Eligibility::open(register, eligibility::Config::default()).await.expect("a register");
            (authority, eligibility)
        });
        Self { runtime, authority, eligibility, _folder: folder }
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

    /// A people CSV is taken whole or refused whole, each refused line with words that say why.
    pub fn people_csv(&self, bytes: &[u8]) {
        let options = ImportOptions { replace: true, ..ImportOptions::default() };
        let before = self.persons();
        let report = self.runtime.block_on(self.eligibility.import(bytes, options, now(), |_| ())).expect("the register can answer");
        assert!(!report.applied || report.refusals.is_empty(), "taken in spite of a refused line");
        assert!(report.refusals.iter().all(|refusal| !refusal.problem.is_empty()));
        assert_eq!(self.persons(), if report.applied { report.persons } else { before });
    }

    fn persons(&self) -> u64 {
        self.runtime.block_on(self.eligibility.count()).expect("the register can answer").persons
    }
}

fn now() -> Timestamp {
    Timestamp::constant(1_784_073_600, 0)
}
