//! Explains what somebody reads on a screen: a code, a sentence, or a part of one; of the real network's pages and of everything our own servers say.

use super::table::{self, Cause};
use manuals::messages::{self, Message};
use manuals::{Owner, Situation, addresses};
use serde::Serialize;
use wire::code::Validity;

/// The longest text that is looked at.
pub const MAX_TEXT: usize = 16 * 1024;
/// A part of a sentence counts from this many characters on.
const LEAST_PART: usize = 6;

/// What a text means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Meaning {
    /// The key of the message or situation.
    pub key: &'static str,
    /// Its code, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// What is said on the screen.
    pub says: String,
    /// When that is said, or what it means, Japanese.
    pub means: String,
    /// What to do, Japanese; absent where nothing is wrong.
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    pub todo: Option<String>,
    /// For the engineer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engineer: Option<String>,
    /// Whose job it is; absent where nothing is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<&'static str>,
    /// In Japanese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_label: Option<&'static str>,
    /// Where the manuals tell of it.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub page: &'static str,
    /// The doctor's cause that looks like this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'static str>,
}

/// What a code or a text means; none where nothing is known of it.
#[must_use]
pub fn explain(typed: &str) -> Option<Meaning> {
    let end = typed.char_indices().nth(MAX_TEXT).map_or(typed.len(), |(at, _)| at);
    let typed = plain(typed.get(..end).unwrap_or_default());
    if typed.is_empty() {
        return None;
    }
    of_code(&typed).or_else(|| of_noise(&typed)).or_else(|| of_text(&typed)).or_else(|| of_answer(&typed)).or_else(|| of_cause(&typed))
}

/// Half-width small letters without blanks: as codes and texts are compared, however they were copied.
fn plain(text: &str) -> String {
    let half = |letter: char| match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        letter => letter,
    };
    text.chars().filter(|letter| !letter.is_whitespace()).map(half).flat_map(char::to_lowercase).collect()
}

/// What was typed as it may be shown again: one short line.
pub(super) fn plain_words(text: &str) -> String {
    let words: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(60).collect();
    words.trim().to_owned()
}

fn of_code(typed: &str) -> Option<Meaning> {
    let situation = Situation::ALL.iter().find(|situation| {
        let text = situation.get();
        text.key == typed || contains_code(typed, &text.code.to_lowercase())
    });
    if let Some(situation) = situation {
        return Some(of_situation(*situation));
    }
    let message = messages::all()
        .iter()
        .find(|message| message.key == typed || message.code.is_some_and(|code| contains_code(typed, &code.to_lowercase())));
    if let Some(message) = message {
        return Some(of_message(message));
    }
    table::by_key(typed).map(caused)
}

/// A code stands alone or among other words, and not inside a longer one.
fn contains_code(typed: &str, code: &str) -> bool {
    typed.match_indices(code).any(|(at, _)| {
        let before = typed.get(..at).and_then(|text| text.chars().next_back());
        let after = typed.get(at + code.len()..).and_then(|text| text.chars().next());
        let part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
        !part(before) && !part(after)
    })
}

/// Words of a lookup's screen that are no failure (DN-25).
fn of_noise(typed: &str) -> Option<Meaning> {
    let noise = addresses::lookup_noise().iter().find(|noise| typed.contains(&plain(noise)))?;
    Some(Meaning {
        key: "lookup-noise",
        code: None,
        says: (*noise).to_owned(),
        means: "名前を調べる画面の途中に出る言葉で、後に正しい答えが続いていれば異常ではありません。".to_owned(),
        todo: None,
        engineer: Some("逆引きの名前がない、または最初の問い合わせが時間切れになっただけです。続く答えを見てください。".to_owned()),
        owner: None,
        owner_label: None,
        page: "000 §2-5; 001 §2-1 手順7",
        cause: None,
    })
}

/// The longest text that stands in what was typed, or the shortest in which what was typed stands.
fn of_text(typed: &str) -> Option<Meaning> {
    let within = |text: &str| {
        let text = plain(text);
        if text.chars().count() >= 3 && typed.contains(&text) {
            return Some(text.len() + MAX_TEXT);
        }
        (typed.chars().count() >= LEAST_PART && text.contains(typed)).then(|| MAX_TEXT - text.len().min(MAX_TEXT))
    };
    let of_messages = messages::all().iter().filter_map(|message| {
        let texts = message.also.iter().chain(&message.heading).chain([&message.text]);
        texts.filter_map(|text| within(text)).max().map(|fit| (fit, of_message(message)))
    });
    let of_situations = Situation::ALL.iter().filter_map(|situation| {
        let text = situation.get();
        [text.desk, text.vendor].into_iter().filter_map(&within).max().map(|fit| (fit, of_situation(*situation)))
    });
    let of_causes = table::all()
        .iter()
        .filter_map(|cause| [cause.desk, cause.title].into_iter().filter_map(&within).max().map(|fit| (fit, caused(cause))));
    // Of equals the first counts: the manuals' words before ours.
    let mut best: Option<(usize, Meaning)> = None;
    for (fit, meaning) in of_messages.chain(of_situations).chain(of_causes) {
        if best.as_ref().is_none_or(|(known, _)| fit > *known) {
            best = Some((fit, meaning));
        }
    }
    best.map(|(_, meaning)| meaning)
}

/// What stands in an answer about a patient: no fault of machine or line.
fn of_answer(typed: &str) -> Option<Meaning> {
    let validity =
        Validity::ALL.iter().filter(|validity| typed.contains(&plain(validity.label()))).max_by_key(|validity| validity.label().len());
    let key = match validity {
        Some(Validity::Invalid | Validity::InvalidWithNewer) => "business.not-valid",
        Some(Validity::NotFound) => "business.nobody",
        Some(Validity::Several) => "business.several",
        _ if typed.contains('●') => "business.unknown-characters",
        _ => return None,
    };
    let mut meaning = caused(table::by_key(key)?);
    meaning.means = meaning.means.replace("{label}", validity.map_or("無効", |validity| validity.label()));
    Some(meaning)
}

/// A word of a cause: a receptionist's own way of saying it.
fn of_cause(typed: &str) -> Option<Meaning> {
    let cause = table::all().iter().find(|cause| typed.chars().count() >= 2 && plain(cause.title).contains(typed))?;
    Some(caused(cause))
}

/// The cause whose people see this message or situation.
fn cause_of(key: &str) -> Option<&'static Cause> {
    table::all().iter().find(|cause| cause.says.contains(&key))
}

fn of_situation(situation: Situation) -> Meaning {
    let text = situation.get();
    let cause = cause_of(text.key);
    let (means, todo) = halves(text.desk);
    Meaning {
        key: text.key,
        code: Some(text.code),
        says: text.desk.to_owned(),
        means,
        todo: Some(todo),
        engineer: Some(text.vendor.to_owned()),
        owner: Some(super::desk::owner_key(text.owner)),
        owner_label: Some(text.owner.label()),
        page: cause.map_or("", |cause| cause.page),
        cause: cause.map(|cause| cause.key),
    }
}

/// The first sentence says what is wrong, the rest what to do.
fn halves(text: &str) -> (String, String) {
    match text.split_once('。') {
        Some((first, rest)) if !rest.is_empty() => (format!("{first}。"), rest.to_owned()),
        _ => (text.to_owned(), "案内に従ってください。".to_owned()),
    }
}

fn of_message(message: &'static Message) -> Meaning {
    let cause = cause_of(message.key);
    let heading = message.heading.map(|heading| format!("{heading} ")).unwrap_or_default();
    Meaning {
        key: message.key,
        code: message.code,
        says: format!("{heading}{}", message.text),
        means: format!("{}。", message.when.trim_end_matches('。')),
        todo: message.todo.map(|todo| format!("{}。", todo.trim_end_matches('。'))),
        engineer: cause.map(|cause| cause.engineer.to_owned()),
        owner: message.owner.map(super::desk::owner_key),
        owner_label: message.owner.map(Owner::label),
        page: cause.map_or("", |cause| cause.page),
        cause: cause.map(|cause| cause.key),
    }
}

fn caused(cause: &'static Cause) -> Meaning {
    Meaning {
        key: cause.key,
        code: None,
        says: cause.title.to_owned(),
        means: cause.desk.to_owned(),
        todo: Some(cause.todo.to_owned()),
        engineer: Some(cause.engineer.to_owned()),
        owner: Some(super::desk::owner_key(cause.owner)),
        owner_label: Some(cause.owner.label()),
        page: cause.page,
        cause: Some(cause.key),
    }
}

/// It for people.
#[must_use]
pub fn text(meaning: &Meaning) -> String {
    let code = meaning.code.map(|code| format!("（{code}）")).unwrap_or_default();
    let mut lines = vec![format!("{}{code}", meaning.means)];
    match (&meaning.todo, meaning.owner_label) {
        (Some(todo), owner) => {
            lines.extend(owner.map(|owner| format!("  担当: {owner}")));
            lines.push(format!("  次にすること: {todo}"));
        }
        (None, _) => lines.push("  異常ではありません。そのままお使いください。".to_owned()),
    }
    lines.push(format!("  画面の言葉: {}", meaning.says));
    lines.extend(meaning.engineer.as_ref().map(|engineer| format!("  技術者向け: {engineer}")));
    if !meaning.page.is_empty() {
        lines.push(format!("  手引き: {}", manuals::provenance::in_words(meaning.page)));
    }
    lines.push(format!("  鍵: {}{}", meaning.key, meaning.cause.map(|cause| format!("（{cause}）")).unwrap_or_default()));
    lines.join("\n")
}

#[cfg(test)]
mod tests;
