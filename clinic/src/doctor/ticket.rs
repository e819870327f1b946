//! What a help desk asks a caller for, ready to be read out or sent: the fields of the manuals, the finding, and what was seen. Nothing of patients,
//! no password, no key; the line's id masked unless the site says otherwise.

use super::desk::{Desk, desk, network_desk};
use super::facts::japanese;
use super::reason::Diagnosis;
use super::recording::{Outcome, Recording, masked};
use super::report::sentence;
use jiff::Timestamp;
use manuals::support;
use std::fmt::Write;

/// Lines of what was seen that a desk can use.
const MOST_EVIDENCE: usize = 30;

/// The ticket's text.
#[must_use]
pub fn text(recording: &Recording, diagnosis: &Diagnosis, now: Timestamp, with_line_id: bool) -> String {
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _written = write(&mut out, recording, diagnosis, now, with_line_id);
    out
}

fn write(out: &mut String, recording: &Recording, diagnosis: &Diagnosis, now: Timestamp, with_line_id: bool) -> std::fmt::Result {
    let (said, _) = sentence(diagnosis);
    writeln!(out, "連絡票（onshi doctor {}）\n", recording.version)?;
    let line_id = match recording.site.line_id.as_deref() {
        None => "（設定にありません。契約の書類で確かめてください）".to_owned(),
        Some(id) if with_line_id => id.to_owned(),
        Some(id) => masked(id),
    };
    let values = [line_id, address(recording, diagnosis), japanese(recording.taken_at)];
    for (field, value) in support::sheet().ticket_fields.iter().zip(values) {
        writeln!(out, "{field}: {value}")?;
    }
    writeln!(out, "\n症状: {said}")?;
    match diagnosis.first() {
        None => writeln!(out, "診断: なし")?,
        Some(found) => {
            writeln!(
                out,
                "診断: {}（{}）、担当 {}、確からしさ {} %",
                found.cause.title,
                found.cause.key,
                found.cause.owner.label(),
                found.cause.confidence
            )?;
        }
    }
    for other in diagnosis.found.iter().skip(1) {
        writeln!(out, "ほかに: {}（{}）、担当 {}", other.cause.title, other.cause.key, other.cause.owner.label())?;
    }
    writeln!(out, "\n連絡先: {}", called(&desk(diagnosis.first(), diagnosis.state, now).unwrap_or_else(|| network_desk(now))))?;
    writeln!(out, "\n端末: {}", recording.machine.os_version.as_deref().unwrap_or("不明"))?;
    let region = recording.site.region.map_or("不明", manuals::Region::label);
    writeln!(out, "地域: {region}、回線の契約先: {}", recording.site.carrier.as_deref().unwrap_or("不明"))?;
    seen(out, recording, diagnosis)
}

/// This line's address as the portal sees it, else the machine's own.
fn address(recording: &Recording, diagnosis: &Diagnosis) -> String {
    let told = recording.probes.iter().find_map(|probe| match &probe.outcome {
        Outcome::Line { address, .. } => address.clone(),
        _ => None,
    });
    let own = diagnosis.facts.get("a.has-global").and_then(|fact| fact.values.get("address").cloned());
    told.or(own).unwrap_or_else(|| "なし（取得できていません）".to_owned())
}

fn called(desk: &Desk) -> String {
    let parts = [Some(desk.name.clone()), desk.phone.clone(), desk.hours.clone(), desk.otherwise.clone()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn seen(out: &mut String, recording: &Recording, diagnosis: &Diagnosis) -> std::fmt::Result {
    writeln!(out, "\n見えたもの:")?;
    let lines = diagnosis.facts.iter().flat_map(|(name, fact)| fact.evidence.iter().map(move |line| (name, line)));
    for (name, line) in lines.take(MOST_EVIDENCE) {
        writeln!(out, "  {name}: {line}")?;
    }
    if let Some(before) = &recording.before {
        writeln!(
            out,
            "前に正常だったとき: {}、その後の結果: {}",
            japanese(before.at),
            if before.since.is_empty() { "なし".to_owned() } else { before.since.join("、") }
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::recording::{Probe, Site, Text, What};

    /// Rows: SU-04
    #[test]
    fn the_desk_gets_what_the_manuals_ask_for_and_nothing_secret() {
        let site = Site { line_id: Some("CAF1234567890".to_owned()), ..Site::default() };
        let mut recording = Recording { taken_at: "2026-11-20T01:00:00Z".parse().unwrap(), site, ..Recording::default() };
        let outcome = Outcome::Line {
            captive: true,
            state: wire::line::LineState::Unknown,
            code: Some("P32031".to_owned()),
            message: None,
            address: Some("2408:210:1:200::10".to_owned()),
        };
        recording.probes.push(Probe { what: What::LinePortal, outcome, ms: 1 });
        recording.texts.push(Text { of: "cmdkey /list".to_owned(), text: "password=hunter2".to_owned() });
        let diagnosis = Diagnosis::of(&recording);
        let ticket = text(&recording, &diagnosis, recording.taken_at, false);
        for wanted in [
            "お客さまID: CAF********90",
            "IPv6アドレス: 2408:210:1:200::10",
            "アクセス日時: 2026年11月20日 10:00",
            "line.no-answer",
            "0120-220-571",
            "いま受付中",
        ] {
            assert!(ticket.contains(wanted), "{wanted} in {ticket}");
        }
        assert!(!ticket.contains("hunter2"));
        assert!(text(&recording, &diagnosis, recording.taken_at, true).contains("CAF1234567890"));
        let night = "2026-11-20T12:00:00Z".parse().unwrap();
        assert!(text(&recording, &diagnosis, night, false).contains("受付時間外"));
    }
}
