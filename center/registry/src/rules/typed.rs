//! Reads what people type or paste into a form: wide letters, look-alike hyphens and small letters are put right, and said (DN-26, ID-03).

use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization;

/// What was put right in something typed, so that the applicant sees it before sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Full-width letters or digits became half-width ones.
    Width,
    /// Blanks or hyphens of any glyph were taken out.
    Separators,
    /// Small letters became capitals.
    Capitals,
}

impl Repair {
    /// What was done, Japanese and English.
    #[must_use]
    pub fn said(self) -> (&'static str, &'static str) {
        match self {
            Self::Width => ("全角の文字を半角に直しました。", "Full-width characters were made half-width."),
            Self::Separators => ("空白やハイフンを取り除きました。", "Blanks and hyphens were taken out."),
            Self::Capitals => ("小文字を大文字に直しました。", "Small letters were made capitals."),
        }
    }
}

/// An id or code as it is meant: half-width, capitals, without separators; and what was put right to get there.
#[must_use]
pub fn code(typed: &str) -> (String, Vec<Repair>) {
    let mut repairs = Vec::new();
    let mut note = |repair| {
        if !repairs.contains(&repair) {
            repairs.push(repair);
        }
    };
    let mut out = String::new();
    // A blank before or after is nobody's mistake: pasting brings it along.
    for letter in typed.trim().chars() {
        if is_separator(letter) {
            note(Repair::Separators);
            continue;
        }
        let half = half_width(letter);
        if half != letter {
            note(Repair::Width);
        }
        if half.is_ascii_lowercase() {
            note(Repair::Capitals);
        }
        out.push(half.to_ascii_uppercase());
    }
    (out, repairs)
}

/// A line of text as it is meant: composed, without control characters and without blanks at its ends.
#[must_use]
pub fn words(typed: &str) -> String {
    let plain: String = typed.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    plain.trim().nfc().collect()
}

/// A mail address as it is meant: half-width, without blanks at its ends.
#[must_use]
pub fn address(typed: &str) -> String {
    typed.trim().chars().map(half_width).collect()
}

/// A day as browsers send it (`2026-04-01`) or as people write it (`2026/4/1`, wide digits, `2026年4月1日`).
#[must_use]
pub fn day(typed: &str) -> Option<Date> {
    let plain: String = typed.trim().chars().map(half_width).collect();
    let parts: Vec<&str> = plain.trim_end_matches('日').split(['-', '/', '.', '年', '月']).map(str::trim).collect();
    let [year, month, day] = parts.as_slice() else { return None };
    let short = |text: &str| text.len() <= 4 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if ![year, month, day].into_iter().all(|part| short(part)) {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

fn half_width(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        other => other,
    }
}

/// Blanks, and whatever looks like a hyphen in one font or another; and what cannot be seen at all.
fn is_separator(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || matches!(letter, '-' | '－' | 'ー' | 'ｰ' | '_' | '＿' | '・' | '\u{ad}' | '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}')
        || matches!(
            letter,
            '\u{2500}' | '\u{2501}' | '\u{3030}' | '\u{fe58}' | '\u{fe63}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    /// Rows: DN-26, ID-03
    #[test]
    fn pasted_ids_are_put_right_and_what_was_done_is_said() {
        use Repair::{Capitals, Separators, Width};
        assert_eq!(code("CAF1234567890"), ("CAF1234567890".to_owned(), vec![]));
        assert_eq!(code(" CAF1234567890\r\n"), ("CAF1234567890".to_owned(), vec![]));
        assert_eq!(code("ＣＡＦ１２３４５６７８９０"), ("CAF1234567890".to_owned(), vec![Width]));
        assert_eq!(code("caf1234567890"), ("CAF1234567890".to_owned(), vec![Capitals]));
        assert_eq!(code("ｃａｆ-1234 567890"), ("CAF1234567890".to_owned(), vec![Width, Capitals, Separators]));
        for hyphen in ['-', '－', '‐', '‑', '‒', '–', '—', '―', '−', 'ー', 'ｰ', '﹣', '─', '\u{ad}', '\u{200b}', '\u{feff}', '　']
        {
            assert_eq!(code(&format!("CAF{hyphen}1234567890")), ("CAF1234567890".to_owned(), vec![Separators]), "{hyphen:?}");
        }
        for repair in [Width, Separators, Capitals] {
            assert!(repair.said().0.ends_with('。') && repair.said().1.ends_with('.'));
        }
        // What is no mere spelling is left for the reader of ids to name.
        assert_eq!(code("CAF123456789O").0, "CAF123456789O");
        assert_eq!(code("〇１").0, "〇1");
    }

    #[test]
    fn days_are_read_as_people_write_them() {
        for good in ["2026-04-01", "2026/4/1", "２０２６／４／１", "2026年4月1日", " 2026.04.01 "] {
            assert_eq!(day(good), Some(date(2026, 4, 1)), "{good}");
        }
        for wrong in ["", "2026-02-30", "04-01", "2026-04-01-02", "R8.4.1", "2026-+4-1", "99999-1-1", "2026-４月-1"] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
        assert_eq!(words(" 架空\u{3099}医院\r\nBcc: x "), "架空\u{3099}医院  Bcc: x");
        assert_eq!(words("か\u{3099}"), "が");
    }
}
