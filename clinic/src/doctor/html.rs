//! The report as one page: the sentence, a drawing of the way with the broken hop marked, what to do, and the details for the engineer.
//!
//! It needs no script, no network and no other file, prints on one sheet, and reads at twice its size.

mod drawing;

use super::desk::desk;
use super::facts::japanese;
use super::reason::{Diagnosis, Found, State};
use super::recording::{Outcome, Recording};
use super::report::sentence;
use manuals::provenance::in_words;
use std::fmt::Write;

/// Details of a page.
const MOST_CAUSES: usize = 6;
const MOST_EVIDENCE: usize = 6;
/// Details that one sheet of paper holds; the rest is for the screen.
const PRINTED_OTHERS: usize = 5;
const PRINTED_CAUSES: usize = 3;
const PRINTED_EVIDENCE: usize = 3;

const STYLE: &str = "\
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0;background:#fff;color:#1a1a1a;font:1rem/1.6 'BIZ UDPGothic','Yu Gothic UI','Hiragino Sans','Noto Sans CJK JP',sans-serif;overflow-wrap:anywhere}
main{max-width:52rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;line-height:1.4;margin:.2rem 0 .8rem}
h2{font-size:1.1rem;margin:1.2rem 0 .4rem;border-bottom:1px solid #bbb}
h3{font-size:1rem;margin:.8rem 0 .2rem}
.head{border-left:.5rem solid #1b7f3b;padding:.4rem .8rem;background:#eef8f0}
.head.weak,.head.waiting{border-color:#b36b00;background:#fff6e5}
.head.broken,.head.could-not-look{border-color:#b3261e;background:#fdecea}
.do{font-size:1.15rem;border:2px solid #1a1a1a;border-radius:.4rem;padding:.6rem .8rem;margin:.8rem 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:.4rem 0}
dt{font-weight:bold}dd{margin:0}
ul{margin:.2rem 0;padding-left:1.2rem}
.small{font-size:.85rem;color:#333}
code{font-family:ui-monospace,Consolas,monospace;font-size:.9em}
svg{width:100%;height:auto;display:block}
@media (max-width:30rem){dl{grid-template-columns:1fr}dd{margin-left:1rem}}
@page{size:A4;margin:11mm}
@media print{body{font-size:9pt;line-height:1.35}main{padding:0;max-width:none}h1{font-size:15pt}h2{margin:.6rem 0 .2rem}.do{font-size:11pt;margin:.4rem 0}svg{max-height:34mm}h3,p{margin:.15rem 0}ul,dl{margin:.1rem 0}.small{font-size:8pt}.more{display:none}}
";

/// The page.
#[must_use]
pub fn page(recording: &Recording, diagnosis: &Diagnosis) -> String {
    let mut out = String::with_capacity(16 * 1024);
    // Writing into a string cannot fail.
    let _written = write(&mut out, recording, diagnosis);
    out
}

fn write(out: &mut String, recording: &Recording, diagnosis: &Diagnosis) -> std::fmt::Result {
    let (said, todo) = sentence(diagnosis);
    write!(
        out,
        "<!doctype html>\n<html lang=\"ja\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>診断の結果 {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        escaped(&japanese(diagnosis.at))
    )?;
    let sign = match diagnosis.state {
        State::Healthy => "○ 異常なし",
        State::Weak => "△ 直すところがあります",
        State::Waiting => "△ お待ちください",
        State::Broken => "× 使えないものがあります",
        State::CouldNotLook => "× 調べられませんでした",
    };
    writeln!(out, "<div class=\"head {}\"><strong>{sign}</strong>\n<h1>{}</h1></div>", diagnosis.state.key(), escaped(&said))?;
    out.push_str(&drawing::svg(diagnosis));
    if !todo.is_empty() {
        writeln!(out, "<p class=\"do\"><strong>次にすること</strong><br>{}</p>", escaped(&todo))?;
    }
    people(out, diagnosis)?;
    others(out, diagnosis)?;
    details(out, recording, diagnosis)?;
    out.push_str("</main>\n</body>\n</html>\n");
    Ok(())
}

fn people(out: &mut String, diagnosis: &Diagnosis) -> std::fmt::Result {
    let mut rows: Vec<(&str, String)> = Vec::new();
    if let Some(first) = diagnosis.first().filter(|_| diagnosis.state != State::Healthy) {
        rows.push(("担当", format!("{}（確からしさ {} %）", first.cause.owner.label(), first.cause.confidence)));
    }
    if let Some(desk) = desk(diagnosis.first(), diagnosis.state, diagnosis.at) {
        let phone = desk.phone.map(|phone| format!(" ☎ {phone}")).unwrap_or_default();
        rows.push(("連絡先", format!("{}{phone}", desk.name)));
        rows.extend(desk.hours.map(|hours| ("受付", format!("{hours}（調べたときの時刻で）"))));
    }
    rows.push(("調べた日時", japanese(diagnosis.at)));
    out.push_str("<dl>\n");
    for (label, value) in rows {
        writeln!(out, "<dt>{label}</dt><dd>{}</dd>", escaped(&value))?;
    }
    out.push_str("</dl>\n");
    Ok(())
}

fn others(out: &mut String, diagnosis: &Diagnosis) -> std::fmt::Result {
    let others: Vec<&Found> = diagnosis.found.iter().skip(1).collect();
    if others.is_empty() {
        return Ok(());
    }
    out.push_str("<h2>ほかに見つかったこと</h2>\n<ul>\n");
    for (at, other) in others.into_iter().enumerate() {
        let shown = beyond(at, PRINTED_OTHERS);
        writeln!(out, "<li{shown}>{}<br>→ {}（担当: {}）</li>", escaped(&other.desk), escaped(&other.todo), other.cause.owner.label())?;
    }
    out.push_str("</ul>\n");
    Ok(())
}

fn details(out: &mut String, recording: &Recording, diagnosis: &Diagnosis) -> std::fmt::Result {
    out.push_str("<h2>くわしい結果（技術者向け）</h2>\n<div class=\"small\">\n");
    for (at, found) in diagnosis.found.iter().enumerate().take(MOST_CAUSES) {
        writeln!(
            out,
            "<div{}>\n<h3>{} <code>{}</code></h3>\n<p>{}</p>",
            beyond(at, PRINTED_CAUSES),
            escaped(found.cause.title),
            found.cause.key,
            escaped(&found.engineer)
        )?;
        if !found.cause.page.is_empty() {
            writeln!(out, "<p>手引き: {}</p>", escaped(&in_words(found.cause.page)))?;
        }
        out.push_str("<ul>\n");
        for (at, line) in found.evidence.iter().enumerate().take(MOST_EVIDENCE) {
            writeln!(out, "<li{}>{}</li>", beyond(at, PRINTED_EVIDENCE), escaped(line))?;
        }
        if found.evidence.len() > MOST_EVIDENCE {
            writeln!(out, "<li>ほか {} 件</li>", found.evidence.len() - MOST_EVIDENCE)?;
        }
        out.push_str("</ul>\n");
        if !found.follow.is_empty() {
            let titles: Vec<&str> = found.follow.iter().map(|cause| cause.title).collect();
            writeln!(out, "<p>これが直れば消えるはずのもの: {}</p>", escaped(&titles.join("、")))?;
        }
        out.push_str("</div>\n");
    }
    let unfinished = recording.probes.iter().filter(|probe| probe.outcome == Outcome::Unfinished).count();
    writeln!(
        out,
        "<p>質問 {} 件（時間内に終わらなかったもの {unfinished} 件）、{} ミリ秒、版 {}</p>",
        recording.probes.len(),
        recording.took_ms,
        escaped(&recording.version)
    )?;
    for withheld in recording.machine.withheld.iter().take(MOST_EVIDENCE) {
        writeln!(out, "<p>見られなかったもの: {}</p>", escaped(withheld))?;
    }
    out.push_str("</div>\n");
    Ok(())
}

/// What does not fit on the sheet is left to the screen.
fn beyond(at: usize, printed: usize) -> &'static str {
    if at < printed { "" } else { " class=\"more\"" }
}

/// A text as it may stand in a page: whatever a strange server or a torn recording put into it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter if letter.is_control() && letter != '\n' => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::recording::{Probe, What};

    fn broken() -> Recording {
        let mut recording = Recording { taken_at: "2026-11-20T01:00:00Z".parse().unwrap(), ..Recording::default() };
        let refusal = Outcome::Page { status: 200, message: Some("line-intent".to_owned()), text: String::new() };
        recording.probes.push(Probe { what: What::LinePage, outcome: refusal, ms: 1 });
        recording.machine.withheld.push("<script>alert(1)</script>".to_owned());
        recording
    }

    #[test]
    fn the_page_says_what_is_wrong_marks_the_hop_and_needs_nothing_else() {
        let recording = broken();
        let diagnosis = Diagnosis::of(&recording);
        let page = page(&recording, &diagnosis);
        assert!(page.contains(diagnosis.first().unwrap().cause.desk) && page.contains("次にすること"), "{page}");
        assert!(page.contains("<svg") && page.contains("class=\"broken\""), "{page}");
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "{page}");
        for outside in ["http://", "https://", "src=", "url(", "<link", "onclick"] {
            let found = page.replace("http://www.w3.org/2000/svg", "").replace("https://www.lineauth.mnw", "");
            assert!(!found.contains(outside), "{outside}");
        }
    }

    #[test]
    fn a_healthy_page_marks_nothing() {
        let recording =
            Recording { probes: vec![Probe { what: What::Portal, outcome: Outcome::Connected, ms: 1 }], ..Recording::default() };
        let page = page(&recording, &Diagnosis::of(&recording));
        assert!(page.contains("異常は見つかりませんでした") && !page.contains("class=\"broken\""), "{page}");
    }
}
