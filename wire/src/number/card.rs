//! Symbol, number and branch on an insured person's card (記号・番号・枝番), in the form in which they are compared.

use super::{NumberMistake, digits};
use crate::kana;
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// Most characters of a symbol or a number as typed (interface §2.1).
const MAX_CHARACTERS: usize = 20;

/// One spelling for all spellings of a symbol or number (§6.8, R16): compatibility forms and full width become plain, blanks and hyphens
/// of every glyph vanish, kana become large katakana, letters capital, and zeros on the left go, as receipt computers compare.
fn matching_form(text: &str) -> Result<String, NumberMistake> {
    if text.trim().chars().count() > MAX_CHARACTERS {
        return Err(NumberMistake::TooLong(MAX_CHARACTERS));
    }
    let form = if text.is_ascii() { plain_form(text) } else { folded_form(text) };
    match form.trim_start_matches('0') {
        "" if form.is_empty() => Err(NumberMistake::Missing),
        "" => Ok("0".to_owned()),
        significant => Ok(significant.to_owned()),
    }
}

/// [`folded_form`] of the letters and digits that nearly every card has: nothing of them is ever composed.
fn plain_form(text: &str) -> String {
    text.chars().filter(|sign| !sign.is_whitespace() && !is_hyphen(*sign)).map(|sign| sign.to_ascii_uppercase()).collect()
}

/// The one spelling, zeros on the left included.
fn folded_form(text: &str) -> String {
    let plain: String = text.nfkc().filter(|sign| !sign.is_whitespace() && !is_hyphen(*sign)).collect();
    let large = kana::to_large_katakana(&kana::to_katakana(&plain));
    let mut form = String::with_capacity(large.len());
    // Composed once more, since a voiced mark that stood apart, or after a small kana, now has its kana before it.
    for sign in large.chars().flat_map(char::to_uppercase).nfkc() {
        // A long vowel mark belongs to a kana before it; elsewhere someone typed it for a hyphen.
        if sign != 'ー' || form.chars().last().is_some_and(|before| matches!(before, 'ァ'..='ヺ' | 'ー')) {
            form.push(sign);
        }
    }
    form.nfkc().collect()
}

/// Whether a sign is one of the many dashes that keyboards and converters produce for a hyphen.
fn is_hyphen(sign: char) -> bool {
    matches!(
        sign,
        '-' | '\u{AD}' | '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{2500}' | '\u{2501}' | '\u{30A0}' | '\u{FE63}' | '\u{FF0D}'
    )
}

macro_rules! compared_text {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The form in which it is compared; many spellings share one form.
            ///
            /// # Errors
            /// More than 20 characters, or nothing but blanks and hyphens ([`NumberMistake::Missing`]).
            pub fn parse(text: &str) -> Result<Self, NumberMistake> {
                matching_form(text).map(Self)
            }

            /// The compared form: for keys, never for showing.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

compared_text! {
    /// 記号: which group of the insurer's members. Never printed: it helps to identify a patient.
    CardSymbol
}

compared_text! {
    /// 番号: which household of the group. Never printed: it helps to identify a patient.
    CardNumber
}

/// 枝番: which person of the household, 0 to 99, compared as a number (§6.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Branch(u8);

impl Branch {
    /// Reads one or two digits in half or full width.
    ///
    /// # Errors
    /// Nothing, something other than digits, or more than two digits.
    pub fn parse(text: &str) -> Result<Self, NumberMistake> {
        let digits = digits(text)?;
        match digits.parse() {
            Ok(number) if digits.len() <= 2 => Ok(Self(number)),
            _ => Err(NumberMistake::Length("2桁")),
        }
    }

    /// The number.
    pub fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Branch {
    /// Two digits, as cards and files write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> String {
        CardSymbol::parse(text).unwrap().as_str().to_owned()
    }

    #[test]
    fn r16_the_same_symbol_in_any_width_with_any_hyphen_is_one_symbol() {
        for typed in ["99-1", "９９－１", "９９‐１", "９９−１", "99ー1", "９９ー１", "99ｰ1", " 9 9 – 1", "９９　１", "0991", "００９９１"]
        {
            assert_eq!(form(typed), "991", "{typed}");
        }
    }

    #[test]
    fn kana_symbols_are_one_in_any_script_and_size() {
        for typed in ["キョウ", "ｷｮｳ", "きょう", "ｷﾖｳ", "キヨウ"] {
            assert_eq!(form(typed), "キヨウ", "{typed}");
        }
        assert_eq!(form("ガース"), form("ｶﾞｰｽ"));
        assert_eq!(form("ガース"), form("か゛ーす"));
        assert_ne!(form("ガース"), form("ガス"));
        assert_eq!(form("ａｂ①"), "AB1");
    }

    #[test]
    fn the_short_way_for_letters_and_digits_leads_to_the_same_form() {
        let every: String = ('\0'..='\u{7F}').collect();
        assert_eq!(plain_form(&every), folded_form(&every));
        for text in ["", "0012a-B", " 9 9 - 1\t"] {
            assert_eq!(plain_form(text), folded_form(text), "{text}");
        }
    }

    #[test]
    fn zeros_count_when_nothing_else_is_there() {
        assert_eq!(form("000"), "0");
        assert_eq!(form("公立東京0012"), "公立東京0012");
    }

    #[test]
    fn blanks_and_hyphens_alone_are_nothing() {
        for typed in ["", "  ", "　", "-", "－－", "ー"] {
            assert_eq!(CardNumber::parse(typed), Err(NumberMistake::Missing), "{typed}");
        }
    }

    #[test]
    fn twenty_characters_fit_and_no_more() {
        assert!(CardNumber::parse("１２３４５６７８９０１２３４５６７８９０").is_ok());
        assert_eq!(CardNumber::parse("123456789012345678901"), Err(NumberMistake::TooLong(20)));
    }

    #[test]
    fn a_branch_is_compared_without_its_zeros() {
        assert_eq!(Branch::parse("01"), Branch::parse("１"));
        assert_eq!(Branch::parse("00").unwrap().number(), 0);
        assert_eq!(Branch::parse("7").unwrap().to_string(), "07");
        assert_eq!(Branch::parse("001"), Err(NumberMistake::Length("2桁")));
        assert_eq!(Branch::parse("a"), Err(NumberMistake::NotDigits));
    }

    #[test]
    fn debug_shows_no_number() {
        assert_eq!(format!("{:?}{:?}", CardSymbol::parse("123"), CardNumber::parse("456")), "Ok(CardSymbol(…))Ok(CardNumber(…))");
    }
}
