//! Whatever the authority does stands in the audit log, once, even when it stopped before it could tell.

use authority::{Application, Decision, Profile, Reason, RevocationBy};
use chassis::audit::{self, Audit, AuditKeys, Settings};
use chassis::clock::Clock;
use chassis::db::Database;
use chassis::on_both;
use chassis::testing::Place;
use chassis::vault::Vault;
use serde_json::Value;

use crate::town::{CODE, Town, csr_der, day, now};

struct Log {
    db: Database,
    audit: Audit,
    heads: std::path::PathBuf,
}

impl Log {
    async fn begin(place: &Place) -> Self {
        let vault = Vault::open(&place.folder.path().join("audit-keys"), None).unwrap();
        let (db, heads) = (place.database().await, place.folder.path().join("heads"));
        let keys = AuditKeys::load_or_create(&vault).unwrap();
        let audit = Audit::open(db.clone(), keys, &heads, Clock::system(), Settings::default()).await.unwrap();
        Self { db, audit, heads }
    }

    /// The payloads of all records.
    async fn told(&self) -> Vec<Value> {
        let report = audit::verify(&self.db, std::slice::from_ref(self.audit.public_key()), &self.heads).await.unwrap();
        assert!(report.is_sound(), "{report:?}");
        let mut text = Vec::new();
        audit::export(&self.db, &mut text).await.unwrap();
        let lines = String::from_utf8(text).unwrap();
        let records = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        records.filter_map(|record| record.get("payload").cloned()).collect()
    }
}

on_both!(
    /// Rows: CA-06, RN-01
    every_deed_stands_in_the_audit_log_once_whenever_the_program_stopped,
    async |place| {
        let town = Town::begin(place).await;
        let wanted = Application {
            facility_code: CODE.into(),
            terminals: vec!["受付".into()],
            contact: "架空 花子".into(),
            mail: "hanako@example.jp".into(),
            form_id: "one".into(),
        };
        let number = town.authority.apply(&wanted, now()).await.unwrap().unwrap();
        let notice = town.authority.decide_application(&number, &Decision::Approve, now()).await.unwrap().remove(0);
        let proof = town.authority.prove(&notice.request_id, &notice.reference_id, None, now()).await.unwrap().unwrap();
        let first = town.authority.issue(&proof, &csr_der(), &Profile::Terminal, now()).await.unwrap().unwrap();
        let late = day(365 * 3 + 40);
        let holder = town.holder(&first.serial, late).await;
        let second = town.authority.renew_by_csr(&holder, &csr_der(), &Profile::Terminal, late).await.unwrap().unwrap();
        let holder = town.holder(&second.serial, late).await;
        let asked = town.authority.ask_revocation(RevocationBy::Possession(holder), "a@example.jp", late).await.unwrap().unwrap();
        town.authority.decide_revocation(&asked, &Decision::Refuse { reason: "見つかりました。".into() }, late).await.unwrap();
        town.authority.revoke(&second.serial, Reason::KeyCompromise, late).await.unwrap();
        town.authority.revoke(&second.serial, Reason::Superseded, late).await.unwrap();

        // Nothing was told yet: the program stops, and another tells it.
        let log = Log::begin(place).await;
        let town = town.restarted(late).await;
        let authority = town.authority.clone().with_audit(log.audit.clone());
        authority.chores(late).await.unwrap();
        authority.chores(late).await.unwrap();
        let told = log.told().await;
        let mut actions: Vec<&str> = told.iter().map(|deed| deed["action"].as_str().unwrap()).collect();
        actions.sort_unstable();
        let all = [
            "certificate.application",
            "certificate.application.approve",
            "certificate.issue",
            "certificate.notice",
            "certificate.renew",
            "certificate.renewal.ask",
            "certificate.revocation.ask",
            "certificate.revocation.refuse",
            "certificate.revoke",
        ];
        assert_eq!(actions, all);
        let deed = |action: &str| told.iter().find(|deed| deed["action"] == action).unwrap();
        assert_eq!(deed("certificate.issue")["terminal"], first.serial.as_str());
        assert_eq!(deed("certificate.issue")["order"], notice.request_id.as_str());
        assert_eq!(deed("certificate.renew")["renews"], first.serial.as_str());
        assert_eq!(deed("certificate.revoke")["reason"], 1, "the first reason counts");
        let text = serde_json::to_string(&told).unwrap();
        let secret = secrecy::ExposeSecret::expose_secret(&notice.reference_id);
        assert!(!text.contains(secret) && !text.contains("hanako"), "neither secrets nor people: {text}");

        // The log took a deed, and the program died before it could forget it: told again, it stands there once.
        town.db().execute("INSERT INTO unrecorded_deed (record_id, done_at, payload) VALUES ($1, 1, '{}')", &chassis::db::values![
            format!("certificate.revoke:{}", second.serial)
        ]).await.unwrap();
        authority.chores(late).await.unwrap();
        assert_eq!(log.told().await.len(), told.len());
        assert!(town.db().query("SELECT 1 FROM unrecorded_deed", &[]).await.unwrap().is_empty());
    }
);
