//! Facts about the line: what its state or its page says.

use super::{Facts, View};
use crate::doctor::explain;
use crate::doctor::recording::{Outcome, What};
use manuals::messages;
use wire::line::LineState;

/// A text of this name is what somebody saw on a screen.
pub(super) const SEEN: &str = "seen";

pub(super) fn look(view: &View<'_>, facts: &mut Facts) {
    for (_, outcome) in view.outcomes(|what| matches!(what, What::LinePortal | What::LinePage)) {
        match outcome {
            Outcome::Line { captive, state, code, message, address } => {
                let evidence = format!(
                    "回線認証: {}{}{}",
                    words(*state),
                    code.as_deref().map(|code| format!("（{code}）")).unwrap_or_default(),
                    address.as_deref().map(|address| format!("、見えているアドレス {address}")).unwrap_or_default()
                );
                // A code or a message says more than the state beside it.
                let told = code.as_deref().and_then(by_code).or_else(|| message.as_deref().and_then(fact));
                let of_state = match state {
                    LineState::Admitted => "l.admitted",
                    LineState::NotAuthenticated => "l.not-authenticated",
                    LineState::Ineligible => "l.ineligible",
                    LineState::WorkUnfinished => "l.work-unfinished",
                    LineState::Unknown if *captive => "l.unknown",
                    LineState::Unknown => continue,
                };
                facts.note(told.unwrap_or(of_state), evidence);
            }
            Outcome::Page { status, message: Some(key), .. } => {
                if let Some(name) = fact(key) {
                    facts.note(name, format!("回線認証の画面: {key}（HTTP {status}）"));
                }
            }
            Outcome::Page { status, message: None, .. } if *status >= 500 => {
                facts.note("l.system-error", format!("回線認証の画面: HTTP {status}"));
            }
            _ => {}
        }
    }
    // What was seen on a screen before the line was admitted is over.
    let admitted = facts.has("l.admitted");
    for text in view.recording.texts.iter().filter(|text| text.of == SEEN && !admitted) {
        // Word for word, else as people copy it: in wide letters, in small ones.
        let word_for_word = messages::recognise(&text.text).map(|message| (message.key, message.code));
        let as_copied = || explain::explain(&text.text).map(|meaning| (meaning.key, meaning.code));
        let known = word_for_word.or_else(as_copied);
        if let Some((name, key, code)) = known.and_then(|(key, code)| Some((fact(key)?, key, code))) {
            facts.note(name, format!("画面に見えた言葉: {}", code.unwrap_or(key)));
        }
    }
    match view.recording.site.v6_option {
        Some(false) => facts.note("l.no-v6-option", "回線にフレッツ・v6オプションがない（設定による）"),
        Some(true) => facts.note("l.has-v6-option", "回線にフレッツ・v6オプションがある（設定による）"),
        None => {}
    }
}

fn by_code(code: &str) -> Option<&'static str> {
    messages::all().iter().find(|message| message.code == Some(code)).and_then(|message| fact(message.key))
}

fn fact(key: &str) -> Option<&'static str> {
    Some(match key {
        "line-already" | "line-success" => "l.admitted",
        "line-intent" | "line-wish" | "line-no-wish" => "l.not-authenticated",
        "line-not-wished" => "l.not-wished",
        "line-back-button" => "l.back-button",
        "line-no-answer" => "l.no-answer",
        "line-failed" => "l.failed",
        "line-system-error" => "l.system-error",
        "line-try-later" => "l.try-later",
        "line-ineligible" => "l.ineligible",
        "line-work-unfinished" => "l.work-unfinished",
        _ => return None,
    })
}

fn words(state: LineState) -> &'static str {
    match state {
        LineState::Admitted => "認証済み",
        LineState::NotAuthenticated => "未認証",
        LineState::Ineligible => "接続対象外の回線",
        LineState::WorkUnfinished => "工事完了処理がまだ",
        LineState::Unknown => "不明",
    }
}
