//! Facts about answers and about the card reader: what is no fault of line or machine.

use super::reach::said;
use super::{Facts, View};
use manuals::Situation;
use wire::code::{ProcessingStatus, Segment, Validity};

pub(super) fn look(view: &View<'_>, facts: &mut Facts) {
    reader(view, facts);
    seen(view, facts);
    let Some(answer) = &view.recording.machine.last_answer else { return };
    if answer.unknown_characters.is_some_and(|count| count > 0) {
        facts.note("q.unknown-characters", "回答に「●」がある（表せない文字）");
    }
    let code = answer.code.as_deref().unwrap_or_default();
    // A code of our own says what it was: no processing of the center's has gone wrong.
    let situation = Situation::ALL.iter().find(|situation| !code.is_empty() && situation.get().code == code);
    if let Some(name) = situation.and_then(|situation| said(situation.key())) {
        facts.note_with(name, format!("最後の回答のコード {code}"), "code", code);
        return;
    }
    if answer.segment.as_deref() == Some(Segment::Abnormal.code()) {
        facts.note_with("q.abnormal", format!("処理結果区分 9 {code}"), "code", code);
        return;
    }
    if answer.processing.as_deref().is_some_and(|status| status != ProcessingStatus::Normal.code()) {
        facts.note_with(
            "q.processing-error",
            format!("処理結果状況 {} {code}", answer.processing.as_deref().unwrap_or_default()),
            "code",
            code,
        );
        return;
    }
    let Some(validity) = answer.validity.as_deref() else { return };
    let label = Validity::from_code(validity).map_or("", Validity::label);
    let evidence = format!("資格有効性 {validity} {label}");
    match Validity::from_code(validity) {
        Some(Validity::Valid | Validity::ValidUnregistered) => facts.note("q.valid", evidence),
        Some(Validity::NotFound) => facts.note("q.nobody", evidence),
        Some(Validity::Several) => facts.note("q.several", evidence),
        Some(_) => facts.note_with("q.not-valid", evidence, "label", label),
        None => {}
    }
}

/// What the desk saw in an answer or on the reader, in its own words.
fn seen(view: &View<'_>, facts: &mut Facts) {
    for text in view.recording.texts.iter().filter(|text| text.of == super::line::SEEN).map(|text| text.text.as_str()) {
        let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if any(&["該当なし", "該当資格なし", "該当する資格"]) {
            facts.note("q.nobody", "画面に見えた言葉: 該当なし");
        } else if any(&["資格情報が無効", "資格が無効", "無効（"]) {
            facts.note_with("q.not-valid", "画面に見えた言葉: 無効", "label", Validity::Invalid.label());
        }
        if text.contains('●') {
            facts.note("q.unknown-characters", "画面に「●」が見えた");
        }
        if any(&["リーダー"]) && any(&["接続不良", "認証エラー", "接続されて", "認識"]) {
            facts.note("f.disconnected", "画面に見えた言葉: カードリーダーの接続不良");
        }
    }
}

fn reader(view: &View<'_>, facts: &mut Facts) {
    let Some(reader) = &view.recording.machine.reader else { return };
    if reader.connected == Some(false) {
        facts.note("f.disconnected", "顔認証付きカードリーダーが見えない");
    } else if reader.running == Some(false) {
        facts.note("f.stopped", "カードリーダーのプログラムが動いていない");
    }
    if reader.reaches_network == Some(false) {
        facts.note("f.alone", "端末は届くが、カードリーダーは届かない");
    }
    if let Some(says) = &reader.says {
        facts.note("f.says", format!("画面の表示: {says}"));
    }
}
