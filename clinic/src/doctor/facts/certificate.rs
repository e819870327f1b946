//! Facts about this machine's own certificate: there, whole, the right one, in time, and alone.

use super::{Facts, View, japanese};
use crate::doctor::recording::{CertificateFact, Outcome, What};
use jiff::Timestamp;

pub(super) fn look(view: &View<'_>, facts: &mut Facts) {
    if let Some(Outcome::Listed { revoked: true, .. }) = view.outcome(&What::Lists) {
        facts.note("c.revoked", "失効リストにこの端末の証明書が載っている");
    }
    let Some(all) = &view.recording.machine.certificates else { return };
    let ours: Vec<&CertificateFact> = all.iter().filter(|certificate| certificate.of_authority).collect();
    let Some(current) = current(&ours, view.now) else {
        match all.iter().find(|certificate| certificate.in_use) {
            Some(foreign) => facts.note_with("c.foreign", format!("発行者 {}", foreign.issuer), "issuer", foreign.issuer.clone()),
            None => facts.note("c.missing", format!("共通認証局の証明書が入っていない（ほかの証明書 {} 枚）", all.len())),
        }
        return;
    };
    let until = japanese(current.not_after);
    let shown = format!("番号 {}、{until} まで（{}）", current.serial, current.store);
    if current.not_after < view.now {
        facts.note_with("c.expired", shown.clone(), "until", until.clone());
    } else if current.not_before > view.now {
        facts.note_with("c.not-yet", format!("{} から有効", japanese(current.not_before)), "from", japanese(current.not_before));
    } else {
        facts.note("c.valid", shown.clone());
        let days = current.not_after.duration_since(view.now).as_hours() / 24;
        let first = manuals::certificate::sheet().renewal.notice_days.iter().copied().max().unwrap_or_default();
        if days <= i64::from(first) {
            facts.note_with("c.expiring", shown.clone(), "days", days.to_string());
            facts.note_with("c.expiring", shown.clone(), "until", until);
        }
    }
    if current.has_key == Some(false) {
        facts.note("c.no-key", format!("秘密鍵がない: {shown}"));
    }
    if current.facility_fits == Some(false) {
        facts.note("c.of-other-facility", "証明書の医療機関コードが設定と違う");
    }
    if current.shared == Some(true) {
        facts.note("c.shared", format!("ほかの端末でも使われている: {shown}"));
    }
    old_ones(&ours, current, view.now, facts);
    let before = view.recording.before.as_ref().and_then(|before| before.certificate_serial.as_deref());
    if before.is_some_and(|before| before != current.serial) {
        facts.note("c.changed", "前に正常だったときと証明書が違う");
    }
}

/// The one in use, else the one that holds longest.
fn current<'a>(ours: &[&'a CertificateFact], now: Timestamp) -> Option<&'a CertificateFact> {
    let used = ours.iter().find(|certificate| certificate.in_use);
    let valid = |certificate: &&&CertificateFact| certificate.not_before <= now && now <= certificate.not_after;
    let longest = ours.iter().filter(valid).max_by_key(|certificate| certificate.not_after);
    used.or(longest).or_else(|| ours.iter().max_by_key(|certificate| certificate.not_after)).copied()
}

/// Others of the authority beside the current one: after a renewal the older one is to be deleted (RN-14), and two that hold are mistaken for one another.
fn old_ones(ours: &[&CertificateFact], current: &CertificateFact, now: Timestamp, facts: &mut Facts) {
    let same_store = |other: &&&CertificateFact| other.store == current.store && other.fingerprint != current.fingerprint;
    for other in ours.iter().filter(same_store) {
        let evidence = format!("番号 {}、{} まで", other.serial, japanese(other.not_after));
        if other.not_after < now {
            facts.note("c.old-left", evidence);
        } else {
            facts.note("c.duplicates", evidence);
        }
    }
}
