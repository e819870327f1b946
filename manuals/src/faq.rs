//! The questions that clinics ask, with the manuals' answers, to be searched by any words or found by what the doctor has found.

use crate::embedded;
use jiff::civil::Date;
use serde::Deserialize;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../data/faq.toml");
static SHEET: LazyLock<Sheet> = LazyLock::new(|| embedded::read(TEXT));

/// The longest search in characters that is looked at.
const MAX_SEARCH: usize = 200;
/// Half of a word's pairs of letters must be found for the word to count at all.
const LEAST: usize = 2;

/// A question with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Stable key.
    pub key: &'static str,
    /// The question, Japanese.
    pub asks: &'static str,
    /// The answer, Japanese.
    pub answers: &'static str,
    /// Manual and question.
    pub source: &'static str,
    /// Words that people use instead of the question's own.
    #[serde(borrow)]
    pub words: Vec<&'static str>,
    /// Keys of the doctor's causes that this answers.
    #[serde(borrow)]
    pub causes: Vec<&'static str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sheet {
    pub(crate) source: &'static str,
    pub(crate) from: Date,
    entry: Vec<Entry>,
}

pub(crate) fn sheet() -> &'static Sheet {
    &SHEET
}

/// Every question.
pub fn all() -> &'static [Entry] {
    &SHEET.entry
}

/// The question with this key; `None` for any other word.
pub fn by_key(key: &str) -> Option<&'static Entry> {
    SHEET.entry.iter().find(|entry| entry.key == key)
}

/// The questions that answer a cause of the doctor's.
pub fn by_cause(cause: &str) -> Vec<&'static Entry> {
    SHEET.entry.iter().filter(|entry| entry.causes.contains(&cause)).collect()
}

/// The questions that fit some words, the best first; every question when there are no words.
pub fn search(words: &str) -> Vec<&'static Entry> {
    let words: String = words.chars().take(MAX_SEARCH).collect();
    let words: Vec<String> = folded(&words).split_whitespace().map(str::to_owned).collect();
    if words.is_empty() {
        return SHEET.entry.iter().collect();
    }
    let mut found: Vec<(usize, &Entry)> =
        SHEET.entry.iter().map(|entry| (score(entry, &words), entry)).filter(|(score, _)| *score > 0).collect();
    // The sort is stable: of equal scores the manuals' order holds.
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    let best = found.first().map_or(0, |(score, _)| *score);
    found.into_iter().take_while(|(score, _)| *score * 4 >= best).map(|(_, entry)| entry).collect()
}

fn score(entry: &Entry, words: &[String]) -> usize {
    let (asks, answers) = (folded(entry.asks), folded(entry.answers));
    let typed: Vec<String> = entry.words.iter().map(|word| folded(word)).collect();
    words
        .iter()
        .map(|word| {
            within(&asks, word) * 4
                + typed.iter().map(|typed| within(typed, word).max(within(word, typed))).max().unwrap_or(0) * 4
                + within(&answers, word)
        })
        .sum()
}

/// How well a word is found in a text: whole, or by the pairs of its letters, since Japanese is written without spaces.
fn within(text: &str, word: &str) -> usize {
    if text.contains(word) {
        return 100;
    }
    let letters: Vec<char> = word.chars().collect();
    let pairs: Vec<String> = letters.windows(2).map(|pair| pair.iter().collect()).collect();
    let found = pairs.iter().filter(|pair| text.contains(pair.as_str())).count();
    if pairs.is_empty() || found * LEAST < pairs.len() { 0 } else { found * 60 / pairs.len() }
}

/// Letters as they are compared: small, half-width, without marks.
fn folded(text: &str) -> String {
    let half = |letter: char| match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        other => other,
    };
    let fold = |letter: char| match half(letter) {
        '\u{3000}' | '、' | '。' | '「' | '」' | '・' | '/' | '?' | '(' | ')' => ' ',
        other => other,
    };
    text.chars().map(fold).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(words: &str) -> &'static str {
        search(words).first().map_or("", |entry| entry.key)
    }

    /// Rows: LA-13, LN-14, LN-18, NW-13, SU-08
    #[test]
    fn every_question_of_both_guides_is_there_and_is_found_by_what_people_type() {
        assert_eq!(embedded::problem::<Sheet>(TEXT), None);
        assert!(all().len() >= 30);
        for (typed, key) in [
            ("Ｐ１１０１９", "p11019"),
            ("p32031 と出る", "p32031"),
            ("P11011", "p11011"),
            ("接続がプライベートではありません", "not-private"),
            ("ping", "ping"),
            ("急に使えなくなった", "sudden-loss"),
            ("ひかり電話 数分で切れる", "phone-drops"),
            ("薬局と回線を共用したい", "shared-line"),
            ("受付時間", "contact"),
            ("お客さまIDはどこに書いてありますか", "line-id"),
            ("v6オプション", "v6-option"),
            ("配信アプリ 接続失敗", "proxy-settings"),
            ("時計がずれている", "time"),
        ] {
            assert_eq!(first(typed), key, "{typed}: {:?}", search(typed).iter().map(|entry| entry.key).collect::<Vec<_>>());
        }
        assert!(search("zzzz qqqq").is_empty());
        assert_eq!(search("  ").len(), all().len());
    }

    #[test]
    fn keys_are_unique_and_causes_lead_to_their_answers() {
        for (place, entry) in all().iter().enumerate() {
            assert_eq!(by_key(entry.key), Some(entry));
            assert!(all().iter().skip(place + 1).all(|other| other.key != entry.key), "{}", entry.key);
            assert!(entry.causes.iter().all(|cause| by_cause(cause).contains(&entry)));
            assert!(!entry.asks.is_empty() && !entry.answers.is_empty() && !entry.source.is_empty() && !entry.words.is_empty());
        }
        assert!(by_cause("nothing").is_empty());
    }

    #[test]
    fn a_long_search_is_survived() {
        assert!(search(&"あ".repeat(100_000)).len() <= all().len());
    }
}
